"""The fleet in numbers, counted at most once a second, however many dashboards ask.

What changes by the second is one statement. What takes longer and changes slowly is counted every ten seconds, each
part for itself and within a budget: a part that takes too long shows its last numbers, and does not hold up the rest.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import asyncpg

from voltring_api.models.fleet import Fleet, Node, Servers, SiteFleet, SiteNamed
from voltring_api.presence import ONLINE, Live, Presence
from voltring_api.statements import bind, include
from voltring_core.cluster.leases import NodeLease
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

T = TypeVar("T")
SQL = load("voltring_api", "counting.sql")
COUNT, SITES = (include(SQL[name], online=ONLINE) for name in ("count", "sites"))
SLOW_PARTS = ("energy", "answers", "commands", "firmware", "flagged", "waiting")
BELIEVED_S = 1.0
SLOW_BELIEVED_S = 10.0
BUDGET_S = 2.0
"""Seconds for what the answer can't do without."""
SLOW_BUDGET_S = 0.5
"""Seconds for each slow part: all of them and the count end before the request's deadline."""
AT_ONCE = 2
"""Connections that counting may take at a time."""
SITES_REMEMBERED = 200
EMPTY: dict[str, Any] = {
    "by_node": {},
    "by_version": {},
    "by_status": {},
    "faults": [],
    "faults_by_code": [],
    "faults_by_vendor": [],
}
logger = logging.getLogger("voltring.api")


class Believed(Generic[T]):
    """A value that is believed for some seconds, and made once however many ask when they are over."""

    def __init__(self, make: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._made: list[T] = []
        self._until = float("-inf")

    async def get(self) -> T:
        """The value, fresh enough. Raises what making it raises."""
        async with self._lock:
            if time.monotonic() >= self._until:
                self._made = [await self._make()]
                self._until = time.monotonic() + self._seconds
            return self._made[0]


class SlowPart:
    """One statement, and the numbers that it had last: a dict of the Fleet's fields."""

    def __init__(self, pool: asyncpg.Pool, name: str, site: str | None, turns: asyncio.Semaphore) -> None:
        self.name = name
        self.fields: dict[str, Any] = {}
        self.is_late = False
        self._pool = pool
        self._turns = turns
        self._statement, self._values = bind(SQL[name], site=site)
        self._until = float("-inf")

    async def refresh(self) -> None:
        """Count again when it is time; what takes too long is late until the next time."""
        if time.monotonic() < self._until:
            return
        async with self._turns:
            try:
                row = await self._pool.fetchrow(self._statement, *self._values, timeout=SLOW_BUDGET_S)
            except TimeoutError:
                self.is_late = True
                logger.warning("counting %s took longer than %g s and was given up", self.name, SLOW_BUDGET_S)
            else:
                self.fields, self.is_late = dict(row), False
        self._until = time.monotonic() + SLOW_BELIEVED_S


class Counter:
    """Counts the fleet, each site that is asked for, and all sites side by side."""

    def __init__(self, pool: asyncpg.Pool, presence: Presence) -> None:
        self._pool = pool
        self._presence = presence
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._fleets: dict[str | None, Believed[Fleet]] = {}
        self._sites = Believed(self._count_sites, BELIEVED_S)

    async def count(self, site: str | None = None) -> Fleet:
        """The fleet, or one site's part of it. NotFound for a site that is not; else what PostgreSQL raises."""
        if site not in self._fleets:
            await self._named(site)
            if len(self._fleets) >= SITES_REMEMBERED:
                del self._fleets[next(iter(self._fleets))]
            self._fleets[site] = self._counted(site)
        return await self._fleets[site].get()

    async def sites(self) -> list[SiteFleet]:
        """Every site by id, the chargers without one last."""
        return await self._sites.get()

    async def _named(self, site: str | None) -> SiteNamed | None:
        if site is None:
            return None
        row = await self._pool.fetchrow(SQL["site"], site, timeout=BUDGET_S)
        if row is None:
            raise NotFound(f"there is no site {site!r}")
        return SiteNamed.model_validate(dict(row))

    def _counted(self, site: str | None) -> Believed[Fleet]:
        parts = [SlowPart(self._pool, name, site, self._turns) for name in SLOW_PARTS]

        async def count() -> Fleet:
            named = await self._named(site)
            live = await self._presence.live()
            statement, values = bind(COUNT, site=site, **live.values())
            row = await self._pool.fetchrow(statement, *values, timeout=BUDGET_S)
            await asyncio.gather(*(part.refresh() for part in parts))
            slow = {name: value for part in parts for name, value in part.fields.items()}
            late = [part.name for part in parts if part.is_late]
            return fleet_of({**row, **slow, "late": late}, live, named)

        return Believed(count, BELIEVED_S)

    async def _count_sites(self) -> list[SiteFleet]:
        live = await self._presence.live()
        statement, values = bind(SITES, **live.values())
        rows = await self._pool.fetch(statement, *values, timeout=BUDGET_S)
        sites = [SiteFleet.model_validate(dict(row)) for row in rows]
        return sorted(sites, key=lambda site: (site.id is None, site.id or ""))


def fleet_of(row: Mapping[str, Any], live: Live, site: SiteNamed | None = None) -> Fleet:
    """The fleet from a row of `counting.sql`, what the slow parts told, and the nodes that live."""
    nodes = [node_of(lease) for lease in live.nodes]
    counts = {name: row[name] or nothing for name, nothing in EMPTY.items()}
    idle = {node.name: 0 for node in live.nodes}
    more = {
        "site": site,
        "online_percent": round(100 * row["online"] / row["total"], 1) if row["total"] else None,
        "by_node": idle | counts["by_node"],
        "nodes": nodes,
        "messages_per_s": _sum(lease.messages_per_s for lease in live.nodes),
        "servers": Servers(postgres=all(lease.postgres is not False for lease in live.nodes), redis=not live.unsure),
    }
    return Fleet.model_validate({**row, **counts, **more})


def node_of(lease: NodeLease) -> Node:
    """A node as it says of itself."""
    return Node(
        name=lease.name,
        uid=lease.uid,
        connections=lease.connections,
        draining=lease.draining,
        messages_per_s=lease.messages_per_s,
        ack_p50_ms=_ms(lease.ack_p50_s),
        ack_p99_ms=_ms(lease.ack_p99_s),
        loop_lag_ms=_ms(lease.lag_p99_s),
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


def _sum(numbers: Iterable[float | None]) -> float | None:
    """Of those that are known; None when none is."""
    known = [number for number in numbers if number is not None]
    return round(sum(known), 1) if known else None
