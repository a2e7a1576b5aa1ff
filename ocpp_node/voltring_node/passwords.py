"""The password that a charger is being given: kept as a digest beside the one it has, until one of them is settled.

It is stored before the command leaves, for the charger may come back with it before it answers (SE-04). Only a refusal
takes it back; silence, a reboot to come and answers that say nothing leave both good until the new one is used.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from voltring_core.domain.secrets import canonical, digest
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.passwords import is_kept, new_password
from voltring_core.ocpp.versions import Version
from voltring_core.store.queries import load

SQL = load("voltring_node", "passwords.sql")


@dataclass(frozen=True, slots=True)
class Pending:
    """Digests: of the password that is on its way, and of the one that was pending before it."""

    hash: bytes
    previous: bytes | None = None


def password_hash(version: Version, action: str, payload: Any) -> bytes | None:
    """The digest of the password that this command sets; None when it sets none."""
    password = new_password(version, action, payload)
    return None if password is None else digest(canonical(password))


async def expect(pool: asyncpg.Pool, charger_id: str, epoch: int, new: bytes) -> Pending | None:
    """Let the charger in with the new password too; None when this epoch does not own it any more."""
    row = await pool.fetchrow(SQL["expect"], charger_id, new, epoch)
    return None if row is None else Pending(new, row["previous"])


async def forget_refused(pool: asyncpg.Pool, charger_id: str, pending: Pending, asked: Any, answer: Answered) -> None:
    """Take the new password back if the charger refused it: what was pending before is pending again."""
    if not is_kept(answer.call.action, asked, None if answer.code else answer.payload):
        await pool.execute(SQL["forget"], charger_id, pending.hash, pending.previous)
