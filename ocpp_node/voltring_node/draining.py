"""The drain, carried out: looks at the chargers and the other nodes, asks `domain/draining.py`, closes who is to go.

For one socket: no command is taken for it any more, its route says `draining`, outstanding calls in both directions
end, it is closed with 1001. Where it went is seen at the fence: a higher epoch is a newer socket, wherever.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.domain.draining import (
    LEAVING,
    REFUSING,
    Candidate,
    Cause,
    Drain,
    Limbo,
    Order,
    Phase,
    Rank,
    Seen,
    begin,
    first,
    over,
    renewed,
    step,
)
from voltring_core.domain.ownership import RouteState
from voltring_core.domain.window import Peer
from voltring_core.metrics import CLOSED, DRAIN_CLOSED, DRAIN_RETURNED
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.queries import load
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.gate import Gate
from voltring_node.neighbours import Neighbours
from voltring_node.sockets import GOING_AWAY

logger = logging.getLogger("voltring.draining")
SQL = load("voltring_node", "draining.sql")
TICK_S, GLANCE_S = 0.2, 0.05
LOOK_S, RANKS_S = 1.0, 3.0
PATIENCE_S = 5.0
LOOKED_S, RANKED_S = 3.0, 10.0
"""How old may be what PostgreSQL said, asked each second and every three: after it nobody is closed."""
CHUNK = 500
JOB_S, START_S = 3600.0, 120.0
"""Seconds after which a job of which nothing is heard, and a start that became no session, don't hold a charger."""
WHY = "drain"


class Drainer:
    """The drain of one node; `run` is to be supervised."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        ownership: Ownership,
        connections: dict[str, Connection],
        commander: Commander,
        gate: Gate,
        neighbours: Neighbours,
        commit_p99_s: Callable[[], float],
        on_phase: Callable[[], None],
        *,
        quiesce_s: float,
        limbo_s: float,
        lots: random.Random | None = None,
    ) -> None:
        """`on_phase` is called when others should learn of a new phase. `lots` decides among equals."""
        self._pool = pool
        self._ownership = ownership
        self._connections = connections
        self._commander = commander
        self._gate = gate
        self._neighbours = neighbours
        self._commit_p99_s = commit_p99_s
        self._on_phase = on_phase
        self._quiesce_s = quiesce_s
        self._limbo_s = limbo_s
        self._lots = lots or random.Random()  # noqa: S311 - for fairness, not for secrets
        self._lot: dict[str, float] = {}
        self._ranks: dict[str, Rank] = {}
        self._ranked_at = self._looked_at = self._arrived_at = float("-inf")
        self._known: set[str] = set()  # connections that were here at the start
        self._late: set[str] = set()  # and those that came after it
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._moving: set[asyncio.Task[None]] = set()
        self._begun = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when nobody is left, or nobody is to be waited for."""
        self.drain: Drain | None = None
        """The latest drain, also one that is over."""
        self.limbo = Limbo(limbo_s)

    @property
    def phase(self) -> Phase:
        """Where the node stands: a drain that gave up left it serving."""
        return Phase.SERVING if self.drain_phase is Phase.ABORTED else self.drain_phase

    @property
    def drain_phase(self) -> Phase:
        """Where the latest drain stands; `Serving` when there was none."""
        return Phase.SERVING if self.drain is None else self.drain.phase

    @property
    def is_leaving(self) -> bool:
        """Whether no new charger should come."""
        return self.phase in LEAVING

    @property
    def cause(self) -> Cause | None:
        """Why it drains; None when it does not."""
        return self.drain.order.cause if self.drain is not None and self.is_leaving else None

    async def begin(self, order: Order) -> None:
        """Start to drain; a drain that runs goes on under this order."""
        if self.drain is not None and self.is_leaving:
            self._take(renewed(self.drain, order, self._seen(time.monotonic(), order.cause)))
            return
        self.ended.clear()
        self.limbo, self._ranks, self._lot = Limbo(self._limbo_s), {}, {}
        self._ranked_at = self._looked_at = self._arrived_at = float("-inf")
        self._known, self._late = {one.connection_id for one in self._connections.values()}, set()
        self.drain = begin(order, self._seen(time.monotonic(), order.cause))
        logger.info("the node drains: %s", order.reason or order.cause.value)
        self._on_phase()
        self._begun.set()

    async def undrain(self, note: str = "") -> None:
        """Serve again, whatever the drain has come to."""
        if self.drain is not None and self.drain.phase is not Phase.SERVING:
            self._take(over(self.drain, Phase.SERVING, note))
            await self._serve()

    async def run(self) -> None:
        """Drain when it is asked for."""
        while True:
            await self._begun.wait()
            looking = asyncio.create_task(self._keep_looking(), name="look around for the drain")
            try:
                while self.is_leaving:
                    await self._tick()
                    await asyncio.sleep(TICK_S)
            finally:
                looking.cancel()
            self._begun.clear()
            if self.is_leaving:  # asked for anew in this very moment
                self._begun.set()

    async def _tick(self) -> None:
        assert self.drain is not None
        seen = self._seen(time.monotonic(), self.drain.order.cause)
        done = step(self.drain, seen)
        chosen = self._choose(done.closes, everybody=done.everybody) if done.closes else []
        self._take(done.drain)
        if self.drain.phase is Phase.ABORTED:
            await self._serve()
        elif done.at_once or self.drain.phase is Phase.DRAINED:
            self.ended.set()  # who is left is closed by the one who waits for this
        elif chosen:
            self._let_go(chosen)

    def _take(self, drain: Drain) -> None:
        """Go on from here; what a new phase means at once is done at once."""
        before, self.drain = self.drain_phase, drain
        if drain.phase in REFUSING and not self._gate.is_refusing:
            self._gate.refuse(WHY)
        if drain.phase is not before:
            logger.info("the drain is %s%s", drain.phase.value, f": {drain.note}" if drain.note else "")
            self._on_phase()

    def _seen(self, now: float, cause: Cause) -> Seen:
        self._note_arrivals(now)
        waiting = Counter(self._rank(one) for one in self._staying())
        return Seen(
            now=now,
            waiting=waiting,
            leaving=len(self._connections) - waiting.total(),
            limbo=len(self.limbo) + sum(1 for one in self._leaving if one.is_open),
            arrived_at=self._arrived_at,
            peers=self._peers(cause),
            commit_p99_s=self._commit_p99_s(),
            is_sorted=self._looked_at > now - LOOKED_S and self._ranked_at > now - RANKED_S,
        )

    def _staying(self) -> list[Connection]:
        """Those who are not asked to go."""
        return [one for one in self._connections.values() if one.is_open and one not in self._leaving]

    def _peers(self, cause: Cause) -> tuple[Peer, ...] | None:
        """The other nodes. A node that ends and never heard of another one is alone, whether Redis is there or not."""
        is_lonely = cause is Cause.STOP and not self._neighbours.last
        return () if is_lonely else self._neighbours.peers

    def _note_arrivals(self, now: float) -> None:
        if self.phase not in (Phase.CORDONED, Phase.PROPAGATING):
            return
        here = {one.connection_id for one in self._connections.values()}
        if new := here - self._known - self._late:
            self._late |= new
            self._arrived_at = now

    def ranks(self) -> list[Rank]:
        """What goes on at each charger that is here."""
        return [self._rank(one) for one in self._connections.values()]

    @property
    def knows_ranks(self) -> bool:
        """Whether PostgreSQL was asked for them in this drain."""
        return self._ranked_at > float("-inf")

    def _rank(self, connection: Connection) -> Rank:
        """As PostgreSQL knows it, and at least busy while an exchange is open."""
        known = self._ranks.get(connection.id, Rank.IDLE)
        return max(known, Rank.BUSY) if self._is_busy(connection) else known

    def _is_busy(self, connection: Connection) -> bool:
        return connection.is_busy or self._commander.is_dispatching(connection)

    def _choose(self, closes: int, *, everybody: bool) -> list[Connection]:
        """Who goes first. Those that are not owned yet are left alone: nobody could see them again."""
        here = self._staying()
        if not everybody:
            here = [one for one in here if one.epoch and self._rank(one) is not Rank.HELD]
        candidates = (
            Candidate(
                one.id,
                self._rank(one),
                one.connection_id in self._late,
                self._lot.setdefault(one.id, self._lots.random()),
            )
            for one in here
        )
        return [self._connections[charger_id] for charger_id in first(candidates, closes)]

    def _let_go(self, chosen: Sequence[Connection]) -> None:
        for one in chosen:
            DRAIN_CLOSED.labels(self._rank(one).name.lower()).inc()
            one.is_leaving = True
            task = asyncio.create_task(self._close(one), name=f"drain {one.id}")
            self._leaving[one] = task
            task.add_done_callback(partial(self._left, one))
        self._route(chosen, RouteState.DRAINING)

    def _left(self, connection: Connection, _: asyncio.Task[None]) -> None:
        self._leaving.pop(connection, None)

    async def _close(self, connection: Connection) -> None:
        """Close a socket once its outstanding calls are answered, or have had their time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._quiesce_s):
                while connection.is_open and self._is_busy(connection):  # noqa: ASYNC110 - few, and not for long
                    await asyncio.sleep(GLANCE_S)
        if connection.is_open:
            self.limbo.add(connection.id, connection.epoch, time.monotonic())
            CLOSED.labels(WHY).inc()
            await connection.socket.close(*GOING_AWAY)

    async def _serve(self) -> None:
        """New chargers may come, commands are taken again for those who are still here."""
        self._gate.admit()
        for one, task in list(self._leaving.items()):
            if one.is_open:  # the goodbye of the others is on its way and ends
                task.cancel()
        here = [one for one in self._connections.values() if one.is_leaving and one.is_open]
        for one in here:
            one.is_leaving = False
            self._commander.ready(one)
        self._route(here, RouteState.LIVE)

    def _route(self, connections: Iterable[Connection], state: RouteState) -> None:
        sockets = [Socket(one.id, one.connection_id, one.epoch) for one in connections if one.epoch]
        if sockets:
            task = asyncio.create_task(self._move(sockets, state), name=f"routes {state.value}")
            self._moving.add(task)
            task.add_done_callback(self._moving.discard)

    async def _move(self, sockets: Sequence[Socket], state: RouteState) -> None:
        try:
            await self._ownership.move(sockets, state)
        except REDIS_AWAY as error:
            logger.info("%d routes do not say %s: %s", len(sockets), state.value, error)

    async def _keep_looking(self) -> None:
        """Look at the other nodes, and at what PostgreSQL knows of the chargers; one that hangs holds up no other."""
        async with asyncio.TaskGroup() as group:
            for look, pause in ((self._neighbours.look, LOOK_S), (self._look_back, LOOK_S), (self._sort, RANKS_S)):
                group.create_task(_again(look, pause), name=f"drain: {look.__name__}")

    async def _sort(self) -> None:
        """What goes on at each charger."""
        found: dict[str, Rank] = {}
        ids = list(self._connections)
        for start in range(0, len(ids), CHUNK):
            rows = await self._pool.fetch(SQL["ranks"], ids[start : start + CHUNK], JOB_S, START_S)
            found |= {row["charger_id"]: Rank(row["rank"]) for row in rows}
        self._ranks, self._ranked_at = found, time.monotonic()

    async def _look_back(self) -> None:
        """Who of the closed ones was seen again."""
        held = self.limbo.held()
        rows = await self._pool.fetch(SQL["returned"], [one[0] for one in held], [one[1] for one in held])
        before = self.limbo.returned
        self.limbo.back(row["charger_id"] for row in rows)
        self.limbo.age(time.monotonic())
        DRAIN_RETURNED.inc(self.limbo.returned - before)
        self._looked_at = time.monotonic()


async def _again(look: Callable[[], Any], pause: float) -> None:
    """Look again and again, whatever is away."""
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await look()
        except POSTGRES_AWAY as error:
            logger.info("the drain can't look at its chargers: %s", error or type(error).__name__)
        except Exception:  # without a look nothing is closed; the next one may do
            logger.exception("the drain can't look at its chargers")
        await asyncio.sleep(pause)
