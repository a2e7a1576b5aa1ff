"""The fleet in numbers, counted at most once a second, however many dashboards ask."""

import asyncio
import time
from typing import Any

import asyncpg

from voltring_api.models.fleet import Fleet, Node
from voltring_api.presence import ONLINE, Live, Presence
from voltring_api.statements import bind, include
from voltring_core.store.queries import load

SQL = load("voltring_api", "counting.sql")
COUNT = include(SQL["count"], online=ONLINE)
BELIEVED_S = 1.0
ENERGY_BELIEVED_S = 10.0


class Counter:
    """Counts, and remembers for a second; the day's energy for ten."""

    def __init__(self, pool: asyncpg.Pool, presence: Presence) -> None:
        self._pool = pool
        self._presence = presence
        self._lock = asyncio.Lock()
        self._fleet: Fleet | None = None
        self._until = float("-inf")
        self._energy = 0.0
        self._energy_until = float("-inf")

    async def count(self) -> Fleet:
        """The fleet in numbers, at most a second old. Raises what PostgreSQL raises when it is away."""
        async with self._lock:
            if self._fleet is None or time.monotonic() >= self._until:
                self._fleet = await self._count()
                self._until = time.monotonic() + BELIEVED_S
            return self._fleet

    async def _count(self) -> Fleet:
        live = await self._presence.live()
        statement, values = bind(COUNT, **live.values())
        row = await self._pool.fetchrow(statement, *values)
        assert row is not None
        return fleet_of({**row, "energy_today_wh": await self._energy_today()}, live)

    async def _energy_today(self) -> float:
        if time.monotonic() >= self._energy_until:
            self._energy = float(await self._pool.fetchval(SQL["energy_today"]))
            self._energy_until = time.monotonic() + ENERGY_BELIEVED_S
        return self._energy


def fleet_of(row: dict[str, Any], live: Live) -> Fleet:
    """The fleet from a row of `counting.sql` and the nodes that live."""
    nodes = [
        Node(name=node.name, uid=node.uid, connections=node.connections, draining=node.draining) for node in live.nodes
    ]
    empty = {name: row[name] or {} for name in ("by_node", "by_version", "by_status")}
    idle = {node.name: 0 for node in live.nodes}
    counts = {**empty, "by_node": idle | empty["by_node"], "faults": row["faults"] or []}
    return Fleet.model_validate({**row, **counts, "nodes": nodes})
