"""Commands as rows: the truth of each one, and the queue of each charger (docs/adr/0001)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from voltring_core.domain.commands import MAX_QUEUED, CommandClass, State
from voltring_core.domain.compensating import compensation
from voltring_core.domain.superseding import supersede_key, supersedes
from voltring_core.errors import Conflict, NotFound, TooMany
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.versions import Version
from voltring_core.store.queries import load

SQL = load("voltring_core.store", "commands.sql")
NEWEST = 2**63 - 1
"""Above every number that the table gives."""
OURSELVES = "voltring"
"""Who asked for a command that no operator asked for."""
Record = Any
"""A row of `commands` (an asyncpg.Record), read by column name."""


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command that was checked and is to be queued."""

    id: UUID
    charger_id: str
    action: str
    payload: Mapping[str, Any]
    command_class: CommandClass
    lane: int
    deadline_s: float
    created_by: str
    idempotency_key: str | None = None
    reply_to: str | None = None
    asked: Mapping[str, Any] | None = None
    request_id: int | None = None
    traceparent: str | None = None
    """Where its trace goes on; None: it is not traced."""
    in_haste: bool = False
    """Whether its commit need not wait for the disk: nobody is told of it before `settle_down` or its being SENT."""

    @property
    def request_hash(self) -> bytes:
        """What must be equal when an idempotency key comes again."""
        asked = [self.charger_id, self.action, self.payload if self.asked is None else self.asked]
        return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()

    @property
    def supersede_key(self) -> str | None:
        """What it is about: while it waits, a newer command of its charger and key may replace it."""
        return supersede_key(self.action, self.payload)


class Commands:
    """The operators' side of the table."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def queue(self, new: NewCommand) -> tuple[Record, bool]:
        """Insert a command, or find the one its key made before; True when it is new.

        A new one has `replaced`: those that it replaced, each with `id`, `action`, `payload` and `reply_to`, or None.
        Raises NotFound when the charger does not exist, Conflict when the key came with another request, TooMany when
        MAX_QUEUED of its lane wait already.
        """
        key = new.supersede_key
        replaces = key is not None and supersedes(new.action, new.payload)
        try:
            row = await self._pool.fetchrow(
                SQL["insert"],
                new.id,
                new.charger_id,
                new.action,
                new.payload,
                new.command_class,
                new.lane,
                new.idempotency_key,
                new.request_hash,
                new.reply_to,
                new.created_by,
                new.deadline_s,
                new.request_id,
                key,
                MAX_QUEUED,
                replaces,
                # Who waits for what it replaces is told at once that this is CANCELLED.
                new.in_haste and not replaces,
                new.traceparent,
            )
        except asyncpg.ForeignKeyViolationError:
            raise NotFound(f"there is no charger {new.charger_id!r}") from None
        if row is not None:
            for one in row["replaced"] or ():
                await forget_secrets(self._pool, UUID(one["id"]), one["action"], one["payload"])
            return row, True
        before = await self._pool.fetchrow(SQL["by_key"], new.created_by, new.idempotency_key)
        if before is None:
            raise TooMany(
                f"{MAX_QUEUED} commands wait for the charger {new.charger_id!r} already: wait until it has taken some,"
                " or cancel what is not wanted any more"
            )
        if before["request_hash"] != new.request_hash:
            raise Conflict("this Idempotency-Key was used for another request")
        return before, False

    async def settle_down(self, command_id: UUID) -> None:
        """Have a command that was queued in haste on the disk, before somebody is told of it."""
        await self._pool.execute(SQL["settle_down"], command_id)

    async def get(self, command_id: UUID) -> Record | None:
        """One command."""
        return await self._pool.fetchrow(SQL["get"], command_id)

    async def cancel(self, command_id: UUID) -> Record:
        """Cancel a queued command: CANCELLED, or UNKNOWN where it was sent before and waited to be repeated.

        Raises NotFound, or Conflict with its state and what undoes it when it is too late.
        """
        row = await self._pool.fetchrow(SQL["cancel"], command_id)
        if row is not None:
            await forget_secrets(self._pool, command_id, row["action"], row["payload"])
            return row
        found = await self.get(command_id)
        if found is None:
            raise NotFound(f"there is no command {command_id}")
        raise Conflict(_too_late(found))

    async def resolve(self, command_id: UUID, state: State, who: str, note: str) -> Record:
        """COMPLETED or FAILED, because an operator knows; NotFound, or Conflict unless it is UNKNOWN or ACCEPTED."""
        row = await self._pool.fetchrow(SQL["resolve"], command_id, state.value, who, note)
        if row is not None:
            return row
        found = await self.get(command_id)
        if found is None:
            raise NotFound(f"there is no command {command_id}")
        raise Conflict(f"the command is {found['state']}; only what is UNKNOWN or ACCEPTED can be resolved by hand")

    async def page(
        self,
        charger_id: str | None = None,
        state: str | None = None,
        before_seq: int | None = None,
        limit: int = 50,
    ) -> list[Record]:
        """Commands, the newest first."""
        before = before_seq if before_seq is not None else NEWEST
        if charger_id is None and state == State.UNKNOWN:
            return list(await self._pool.fetch(SQL["page_unknown"], before, limit))
        if charger_id is None:
            return list(await self._pool.fetch(SQL["page"], state, before, limit))
        return list(await self._pool.fetch(SQL["page_of_charger"], state, before, limit, charger_id))


def _too_late(row: Record) -> str:
    if row["state"] != State.SENT:
        return f"the command is {row['state']} already"
    hint = compensation(row["action"])
    return "the command is SENT and can't be called back" + (f"; undo it with {hint}" if hint else "")


async def forget_secrets(pool: asyncpg.Pool, command_id: UUID, action: str, payload: Mapping[str, Any]) -> None:
    """Replace the secrets in the payload of a command that is over: the charger has them, nobody else needs them."""
    told = redact_payload(Version.V21, action, payload)
    if told is not payload:
        await pool.execute(SQL["forget_secrets"], command_id, told)
