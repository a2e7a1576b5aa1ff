"""The recall, carried out: chargers that the router would send elsewhere are asked to go while nothing goes on there.

What is decided is `domain/recalling.py`; who is misplaced `misplacing.py`; how a socket is closed `parting.py`.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import asyncpg

from voltring_core.domain.draining import Candidate, Limbo, Rank, first
from voltring_core.domain.recalling import Recall, RecallOrder, RecallPhase, RecallSeen, begin, renewed, step
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.misplacing import Misplacing
from voltring_node.neighbours import Neighbours
from voltring_node.parting import Parting, keep_looking
from voltring_node.sorting import Sorting

logger = logging.getLogger("voltring.recalling")
TICK_S = 0.2
LOOK_S, RANKS_S = 1.0, 3.0
WHY = "recall"


class Recaller:
    """The recalls of one node, one at a time; `run` is to be supervised."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        parting: Parting,
        connections: dict[str, Connection],
        commander: Commander,
        neighbours: Neighbours,
        misplacing: Misplacing,
        commit_p99_s: Callable[[], float],
        is_draining: Callable[[], bool],
        *,
        limbo_s: float,
        lots: random.Random | None = None,
    ) -> None:
        """`lots` decides among equals."""
        self._sorted_anew = partial(Sorting, pool, connections, commander)
        self._sorting = self._sorted_anew()
        self._parting = parting
        self._connections = connections
        self._neighbours = neighbours
        self._misplacing = misplacing
        self._commit_p99_s = commit_p99_s
        self._is_draining = is_draining
        self._limbo_s = limbo_s
        self._lots = lots or random.Random()  # noqa: S311 - for fairness, not for secrets
        self._sent: dict[str, str] = {}  # who was asked to go, by (charger, connection)
        self._begun = asyncio.Event()
        self.recall: Recall | None = None
        """The latest one, also one that is over."""
        self.limbo = Limbo(limbo_s)

    @property
    def is_running(self) -> bool:
        """Whether chargers are recalled now."""
        return self.recall is not None and self.recall.phase is RecallPhase.RECALLING

    def begin(self, order: RecallOrder) -> None:
        """Start to recall; a recall that runs goes on under this order."""
        now = time.monotonic()
        if self.recall is not None and self.is_running:
            self.recall = renewed(self.recall, order, now)
            return
        self.limbo, self._sorting, self._sent = Limbo(self._limbo_s), self._sorted_anew(), {}
        self.recall = begin(order, self._seen(now))
        logger.info("chargers that belong elsewhere are recalled: %s", order.reason)
        self._begun.set()

    async def run(self) -> None:
        """Recall when it is asked for."""
        while True:
            await self._begun.wait()
            self._begun.clear()
            looking = asyncio.create_task(self._keep_looking(), name="look around for the recall")
            try:
                while self.is_running or len(self.limbo):
                    self._tick()
                    await asyncio.sleep(TICK_S)
            finally:
                looking.cancel()

    def _tick(self) -> None:
        assert self.recall is not None
        before = self.recall.phase
        done = step(self.recall, self._seen(time.monotonic()))
        self.recall = done.recall
        if self.recall.phase is not before:
            logger.info("the recall is %s: %s", self.recall.phase.value, self.recall.note)
        if done.closes:
            self._let_go(done.closes)

    def _seen(self, now: float) -> RecallSeen:
        return RecallSeen(
            now=now,
            misplaced=Counter(map(self._sorting.rank, self._misplaced())),
            leaving=self._parting.open,
            limbo=len(self.limbo) + self._parting.open,
            came_back=self.came_back,
            same_since=self._misplacing.same_since,
            peers=self._neighbours.peers,
            connections=len(self._connections),
            commit_p99_s=self._commit_p99_s(),
            is_sorted=self._sorting.is_fresh(now),
            is_draining=self._is_draining(),
        )

    @property
    def came_back(self) -> int:
        """Chargers that were asked to go and are here again."""
        here = ((self._connections.get(one), connection_id) for one, connection_id in self._sent.items())
        return sum(1 for one, connection_id in here if one is not None and one.connection_id != connection_id)

    def ranks(self) -> list[Rank]:
        """What goes on at each misplaced charger."""
        return list(map(self._sorting.rank, self._misplaced()))

    @property
    def knows_ranks(self) -> bool:
        """Whether PostgreSQL was asked for them in this recall."""
        return self._sorting.is_known

    def _misplaced(self) -> list[Connection]:
        """Those who belong elsewhere and were not asked to go, and who own: nobody could see the others again."""
        ids = self._misplacing.ids or frozenset()
        return [one for one in self._parting.staying() if one.id in ids and one.epoch and one.id not in self._sent]

    def _let_go(self, closes: int) -> None:
        idle = (one for one in self._misplaced() if self._sorting.rank(one) is Rank.IDLE)
        candidates = (Candidate(one.id, Rank.IDLE, lot=self._lots.random()) for one in idle)
        chosen = [self._connections[charger_id] for charger_id in first(candidates, closes)]
        self._sent |= {one.id: one.connection_id for one in chosen}
        self._parting.let_go(chosen, self.limbo, WHY)

    async def _keep_looking(self) -> None:
        """Look at the other nodes, at who is misplaced, and at what PostgreSQL knows of the chargers."""
        await keep_looking(
            "recall",
            (self._neighbours.look, LOOK_S),
            (self._misplacing.cycle, LOOK_S),
            (self._look_back, LOOK_S),
            (self._sort, RANKS_S),
        )

    async def _look_back(self) -> None:
        await self._sorting.look_back(self.limbo)

    async def _sort(self) -> None:
        await self._sorting.sort()  # a recall that begins before the last one's looking is over sorts anew
