"""API keys: random, known here by their SHA-256 only.

A key is found by an index on its digest: what is compared is a hash of what was presented, so the time that takes
says nothing about a key. What was found is believed for a few seconds; a key that is deleted or changed through
another replica lives that much longer.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from voltring_api.policy import Role
from voltring_core.domain.secrets import digest, new_secret
from voltring_core.errors import SettingsError
from voltring_core.store.queries import load

SQL = load("voltring_api", "keys.sql")
BELIEVED_S = 5.0
REMEMBERED = 10_000
BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a key's name (which stands in the audit log) and role."""

    key_id: UUID
    name: str
    role: Role


def new_key() -> str:
    """A fresh key; the prefix tells people and secret scanners what it is."""
    return f"vtr_{new_secret()}"


class Keys:
    """Finds who presents a key. `clock` is in seconds and monotonic."""

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def find(self, token: str) -> Principal | None:
        """Whose key it is; None when it is nobody's, or over. Raises what PostgreSQL raises when it is away."""
        # A header may hold any byte; what can't be encoded is no key of ours.
        hashed = digest(token.encode("utf-8", "replace"))
        known = self._known.get(hashed)
        if known is not None and self._clock() < known[0]:
            return known[1]
        self._known.pop(hashed, None)
        row = await self._pool.fetchrow(SQL["find"], hashed)
        return None if row is None else self._remember(hashed, row)

    def forget(self) -> None:
        """Believe nothing that was found before: a key has changed."""
        self._known.clear()

    async def install_bootstrap(self, token: str) -> None:
        """Make the token the admin key `bootstrap`, in place of an earlier one."""
        try:
            await self._pool.execute(SQL["install"], BOOTSTRAP, Role.ADMIN, digest(token))
        except asyncpg.UniqueViolationError:
            raise SettingsError("VOLTRING_BOOTSTRAP_TOKEN is another API key already") from None
        self.forget()

    def _remember(self, hashed: bytes, row: asyncpg.Record) -> Principal:
        found = Principal(row["id"], row["name"], Role(row["role"]))
        self._known[hashed] = (self._clock() + BELIEVED_S, found)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found
