"""What goes on at the chargers of this node, and who of those that were asked to go is back: as PostgreSQL has it."""

import time
from collections.abc import Mapping

import asyncpg

from voltring_core.domain.draining import Limbo, Rank
from voltring_core.store.queries import load
from voltring_node.commanding import Commander
from voltring_node.connection import Connection

SQL = load("voltring_node", "draining.sql")
LOOKED_S, RANKED_S = 3.0, 10.0
"""How old may be what PostgreSQL said, asked each second and every three: after it nobody is closed."""
CHUNK = 500
JOB_S, START_S = 3600.0, 120.0
"""Seconds after which a job of which nothing is heard, and a start that became no session, don't hold a charger."""
NEVER = float("-inf")


class Sorting:
    """Ranks, and returns; one for each drain or recall."""

    def __init__(self, pool: asyncpg.Pool, connections: Mapping[str, Connection], commander: Commander) -> None:
        self._pool = pool
        self._connections = connections
        self._commander = commander
        self._ranks: dict[str, Rank] = {}
        self._ranked_at = self._looked_at = NEVER

    def is_fresh(self, now: float) -> bool:
        """Whether PostgreSQL has said it lately."""
        return self._looked_at > now - LOOKED_S and self._ranked_at > now - RANKED_S

    @property
    def is_known(self) -> bool:
        """Whether PostgreSQL was asked for ranks at all."""
        return self._ranked_at > NEVER

    def rank(self, connection: Connection) -> Rank:
        """As PostgreSQL knows it, and at least busy while an exchange is open."""
        known = self._ranks.get(connection.id, Rank.IDLE)
        is_busy = connection.is_busy or self._commander.is_dispatching(connection)
        return max(known, Rank.BUSY) if is_busy else known

    async def sort(self) -> None:
        """Ask what goes on at each charger."""
        found: dict[str, Rank] = {}
        ids = list(self._connections)
        for start in range(0, len(ids), CHUNK):
            rows = await self._pool.fetch(SQL["ranks"], ids[start : start + CHUNK], JOB_S, START_S)
            found |= {row["charger_id"]: Rank(row["rank"]) for row in rows}
        self._ranks, self._ranked_at = found, time.monotonic()

    async def look_back(self, limbo: Limbo) -> int:
        """Ask who of the closed ones was seen again, and how many those are."""
        held = limbo.held()
        rows = await self._pool.fetch(SQL["returned"], [one[0] for one in held], [one[1] for one in held])
        before = limbo.returned
        limbo.back(row["charger_id"] for row in rows)
        limbo.age(time.monotonic())
        self._looked_at = time.monotonic()
        return limbo.returned - before
