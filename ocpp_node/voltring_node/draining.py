"""The drain, carried out: looks at the chargers and the other nodes, asks `domain/draining.py`, closes who is to go.

How one socket is closed is `parting.py`, what goes on at each charger `sorting.py`. Where it went is seen at the fence:
a higher epoch is a newer socket, wherever.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import asyncpg

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
from voltring_core.domain.window import Peer
from voltring_core.metrics import DRAIN_CLOSED, DRAIN_RETURNED
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.gate import Gate
from voltring_node.neighbours import Neighbours
from voltring_node.parting import Parting, keep_looking
from voltring_node.sorting import Sorting

logger = logging.getLogger("voltring.draining")
TICK_S = 0.2
LOOK_S, RANKS_S = 1.0, 3.0
WHY = "drain"


class Drainer:
    """The drain of one node; `run` is to be supervised."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        parting: Parting,
        connections: dict[str, Connection],
        commander: Commander,
        gate: Gate,
        neighbours: Neighbours,
        commit_p99_s: Callable[[], float],
        on_phase: Callable[[], None],
        *,
        limbo_s: float,
        lots: random.Random | None = None,
    ) -> None:
        """`on_phase` is called when others should learn of a new phase. `lots` decides among equals."""
        self._sorted_anew = partial(Sorting, pool, connections, commander)
        self._sorting = self._sorted_anew()
        self._parting = parting
        self._connections = connections
        self._gate = gate
        self._neighbours = neighbours
        self._commit_p99_s = commit_p99_s
        self._on_phase = on_phase
        self._limbo_s = limbo_s
        self._lots = lots or random.Random()  # noqa: S311 - for fairness, not for secrets
        self._lot: dict[str, float] = {}
        self._arrived_at = float("-inf")
        self._known: set[str] = set()  # connections that were here at the start
        self._late: set[str] = set()  # and those that came after it
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
        self.limbo, self._sorting, self._lot = Limbo(self._limbo_s), self._sorted_anew(), {}
        self._arrived_at = float("-inf")
        self._known, self._late = {one.connection_id for one in self._connections.values()}, set()
        self.drain = begin(order, self._seen(time.monotonic(), order.cause))
        logger.info("the node drains: %s", order.reason or order.cause.value)
        self._on_phase()
        self._begun.set()

    async def undrain(self, note: str = "") -> None:
        """Serve again, whatever the drain has come to."""
        if self.drain is not None and self.drain.phase is not Phase.SERVING:
            self._take(over(self.drain, Phase.SERVING, note))
            self._serve()

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
            self._serve()
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
        waiting = Counter(map(self._sorting.rank, self._parting.staying()))
        return Seen(
            now=now,
            waiting=waiting,
            leaving=len(self._connections) - waiting.total(),
            limbo=len(self.limbo) + self._parting.open,
            arrived_at=self._arrived_at,
            peers=self._peers(cause),
            commit_p99_s=self._commit_p99_s(),
            is_sorted=self._sorting.is_fresh(now),
        )

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
        return [self._sorting.rank(one) for one in self._connections.values()]

    @property
    def knows_ranks(self) -> bool:
        """Whether PostgreSQL was asked for them in this drain."""
        return self._sorting.is_known

    def _choose(self, closes: int, *, everybody: bool) -> list[Connection]:
        """Who goes first. Those that are not owned yet are left alone: nobody could see them again."""
        here, rank = self._parting.staying(), self._sorting.rank
        if not everybody:
            here = [one for one in here if one.epoch and rank(one) is not Rank.HELD]
        candidates = (
            Candidate(
                one.id,
                rank(one),
                one.connection_id in self._late,
                self._lot.setdefault(one.id, self._lots.random()),
            )
            for one in here
        )
        return [self._connections[charger_id] for charger_id in first(candidates, closes)]

    def _let_go(self, chosen: list[Connection]) -> None:
        for one in chosen:
            DRAIN_CLOSED.labels(self._sorting.rank(one).name.lower()).inc()
        self._parting.let_go(chosen, self.limbo, WHY)

    def _serve(self) -> None:
        """New chargers may come, commands are taken again for those who are still here."""
        self._gate.admit()
        self._parting.keep()

    async def _keep_looking(self) -> None:
        """Look at the other nodes, and at what PostgreSQL knows of the chargers."""
        looks = ((self._neighbours.look, LOOK_S), (self._look_back, LOOK_S), (self._sort, RANKS_S))
        await keep_looking("drain", *looks)

    async def _sort(self) -> None:
        """What goes on at each charger."""
        await self._sorting.sort()

    async def _look_back(self) -> None:
        """Who of the closed ones was seen again."""
        DRAIN_RETURNED.inc(await self._sorting.look_back(self.limbo))
