"""How the node stands among the others: ready or not, its lease, its status, its drain, and being alone.

Orders come here from the admin port, SIGTERM from `app.py`; what they mean is `draining.py`, `recalling.py` and
`isolation.py`.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import asyncpg
from redis.asyncio import Redis

from voltring_core.admin import Act
from voltring_core.cluster.backlog import Heard
from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import waiting
from voltring_core.cluster.leases import NodeLease
from voltring_core.cluster.ownership import Ownership
from voltring_core.domain.draining import Cause, Firmware, Order, Phase, Rank
from voltring_core.domain.recalling import RecallOrder
from voltring_core.errors import Conflict
from voltring_core.metrics import (
    DOORBELLS,
    DRAIN_LIMBO,
    DRAIN_PHASE,
    DRAIN_RATE,
    DRAIN_REMAINING,
    DRAIN_WINDOW,
    FAULTS,
    HANDSHAKES,
    MESSAGES,
)
from voltring_core.settings import NodeSettings
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.database import is_ready
from voltring_node import status as documents
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.draining import WHY, Drainer
from voltring_node.draining_order import merged, merged_recall, read, read_recall
from voltring_node.figures import Figures
from voltring_node.gate import Gate
from voltring_node.isolation import ASK_S, PROBE_S, UNREADY_S, Away, Isolation, Probe
from voltring_node.misplacing import Misplacing
from voltring_node.neighbours import Neighbours
from voltring_node.parting import Parting
from voltring_node.recalling import Recaller
from voltring_node.recorder import Recorder
from voltring_node.sampling import Commits, Cpu, Faults, LoopLag, PerSecond, total
from voltring_node.status import NodeStatus

logger = logging.getLogger("voltring.node")
VERSION = version("voltring")
SAMPLE_S, LOOK_S = 1.0, 5.0
NOTABLE_QUEUE_S = 0.5
"""A queue of which drains elsewhere should hear at once."""
PROPAGATE, QUIET = 1 / 5, 1 / 15
"""Of the time that a process has to end, for the router to learn of it; and how long without a handshake says so."""
STOPPING = "the node is stopping"
DRAINS = "the node drains: all of its chargers go"
NO_ROUTER = "where chargers belong is not known: VOLTRING_MAX_NODES is not set, or the node's name ends with no ordinal"


class Standing:
    """The node as others see it."""

    def __init__(
        self,
        settings: NodeSettings,
        uid: str,
        pool: asyncpg.Pool,
        redis: Redis,
        connections: dict[str, Connection],
        commander: Commander,
        recorder: Recorder,
        gate: Gate,
    ) -> None:
        self._settings = settings
        self._uid = uid
        self._connections = connections
        self._commander = commander
        self._recorder = recorder
        self._gate = gate
        self._started_at = datetime.now(UTC)
        self._told: tuple[Any, ...] = ()
        self.news = asyncio.Event()
        """Set when the lease should be written at once."""
        self.admin_url = ""
        self.is_ending = False
        self.neighbours = Neighbours(redis, uid)
        self.lag, self.commits, self._cpu = LoopLag(), Commits(), Cpu()
        self.figures = Figures(self.lag)
        self._faults = Faults(lambda: total(MESSAGES) + total(HANDSHAKES), lambda: total(FAULTS))
        self.heard = heard = Heard()
        """How far the node's doorbells are read."""
        self._hear: Callable[[], Awaitable[int]] = lambda: waiting(redis, uid, heard)
        self._unheard: int | None = None
        self._refusals = PerSecond(self._refused)
        self._postgres = Probe(lambda: is_ready(pool), POSTGRES_AWAY)
        self._redis = Probe(redis.ping, REDIS_AWAY)
        parting = Parting(Ownership(redis, uid), connections, commander, settings.quiesce_seconds)
        self.drainer = Drainer(
            pool,
            parting,
            connections,
            commander,
            gate,
            self.neighbours,
            self.commits.p99_s,
            self.news.set,
            limbo_s=settings.limbo_seconds,
        )
        self.misplacing = Misplacing(
            settings.node_name, settings.max_nodes, connections, self.neighbours, lambda: not self.reasons()
        )
        self.recaller = Recaller(
            pool,
            parting,
            connections,
            commander,
            self.neighbours,
            self.misplacing,
            self.commits.p99_s,
            lambda: self.is_leaving,
            limbo_s=settings.limbo_seconds,
        )
        self.isolation = Isolation(
            lambda: min(self._postgres.result.seconds(), self._redis.result.seconds()),
            lambda: self.neighbours.last,
            lambda: self.drainer.cause is Cause.ISOLATION,
            self._leave_alone,
            self.drainer.undrain,
            settings.isolation_seconds,
        )

    @property
    def away(self) -> Mapping[str, Away]:
        """Since when each server is away."""
        return {"postgres": self._postgres.result, "redis": self._redis.result}

    @property
    def is_leaving(self) -> bool:
        """Whether no new charger should come."""
        return self.is_ending or self.drainer.is_leaving

    async def is_ready(self) -> bool:
        """Whether new chargers may come."""
        return not self.reasons()

    def reasons(self) -> list[str]:
        """Why they should not."""
        found = documents.reasons(
            self.drainer.phase,
            is_leaving=self.drainer.is_leaving,
            postgres_away_s=self._postgres.result.seconds(),
            unready_s=UNREADY_S,
        )
        return [*found, STOPPING] if self.is_ending else found

    def lease(self) -> NodeLease:
        """What the other nodes are told."""
        door = self._accepting()
        return NodeLease(
            self._uid,
            self._settings.node_name,
            len(self._connections),
            self.is_leaving,
            self.admin_url,
            VERSION,
            self.drainer.phase.value,
            not self.reasons(),
            round(door.capacity_per_s, 1),
            round(door.arrivals_per_s, 1),
            round(door.queue_s, 2),
            round(door.refused_per_s, 2),
            **asdict(self.figures.told()),
            postgres=self._postgres.result.seconds() == 0,
        )

    def status(self) -> dict[str, Any]:
        """The status document."""
        return documents.rounded(asdict(self._document()))

    def acts(self) -> Mapping[str, Act]:
        """What may be done to the node, by path."""
        return {"/drain": self._order, "/undrain": self._undrain, "/recall": self._recall}

    def work(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What has to run, by name; each to be supervised."""
        return [
            ("drain", self.drainer.run),
            ("recall", self.recaller.run),
            ("loop lag", self.lag.run),
            ("neighbours", lambda: _always(self._look, LOOK_S)),
            ("misplaced chargers", lambda: _always(self.misplacing.cycle, LOOK_S)),
            ("samples", lambda: _always(self._sample, SAMPLE_S)),
            ("doorbells that wait", lambda: _always(self._listen, LOOK_S)),
            ("is PostgreSQL there", lambda: _always(self._postgres.cycle, PROBE_S)),
            ("is Redis there", lambda: _always(self._redis.cycle, PROBE_S)),
            ("isolation", lambda: _always(self.isolation.cycle, min(ASK_S, self._settings.isolation_seconds / 4))),
        ]

    async def wait_for_news(self, seconds: float) -> None:
        """Return when the lease should be written: at once, or when it is time anyway."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), seconds)
        self.news.clear()

    async def end(self, hurry: asyncio.Event) -> None:
        """Move the chargers to other nodes, in the time that the process has; `hurry` cuts it short."""
        seconds = self._settings.stop_seconds
        if seconds > 0 and self._connections and not hurry.is_set():
            until = time.monotonic() + seconds
            await self.neighbours.look()
            left = max(until - time.monotonic(), 0.0)  # without Redis the look has taken a while
            order = Order(
                Cause.STOP,
                "the process ends",
                firmware=Firmware.FORCE,
                deadline_s=left,
                quiet_s=seconds * QUIET,
                propagate_s=seconds * PROPAGATE,
            )
            await self.drainer.begin(order)
            waits = [asyncio.ensure_future(event.wait()) for event in (self.drainer.ended, hurry)]
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for one in waits:
                one.cancel()
        self.is_ending = True

    async def _order(self, body: Mapping[str, Any]) -> Any:
        asked, now, drain = read(body), time.monotonic(), self.drainer.drain
        self._must_go_on()
        if drain is not None and self.drainer.cause is Cause.ORDER:
            order = merged(asked, drain.order, now, drain.deadline_at - now)
        else:
            order = merged(asked, Order(), now)
        await self.drainer.begin(order)
        return self.status()

    async def _undrain(self, body: Mapping[str, Any]) -> Any:
        self._must_go_on()
        await self.drainer.undrain()
        return self.status()

    async def _recall(self, body: Mapping[str, Any]) -> Any:
        asked, now, recall = read_recall(body), time.monotonic(), self.recaller.recall
        self._must_go_on()
        if self.is_leaving:
            raise Conflict(DRAINS)
        if not self.misplacing.is_possible:
            raise Conflict(NO_ROUTER)
        if recall is not None and self.recaller.is_running:
            order = merged_recall(asked, recall.order, now, recall.deadline_at - now)
        else:
            order = merged_recall(asked, RecallOrder(), now)
        self.recaller.begin(order)
        return self.status()

    def _must_go_on(self) -> None:
        if self.is_ending or self.drainer.cause is Cause.STOP:
            raise Conflict(STOPPING)

    async def _leave_alone(self) -> None:
        await self.drainer.begin(Order(Cause.ISOLATION, "PostgreSQL and Redis are away here", deadline_s=float("inf")))

    async def _sample(self) -> str:
        """Once a second."""
        for one in (self.commits, self._refusals, self._cpu, self._faults, self.figures):
            one.sample()
        self._show()
        door = self._accepting()
        told = (self.reasons(), door.queue_s > NOTABLE_QUEUE_S, door.refused_per_s > 0)
        # While it goes badly drains elsewhere hear of it each second.
        if told != self._told or any(told[1:]):
            self._told = told
            self.news.set()
        return ""

    def _show(self) -> None:
        """The drain, in the metrics."""
        for phase in Phase:
            DRAIN_PHASE.labels(phase.value).set(phase is self.drainer.drain_phase)
        drain = self.drainer.drain if self.drainer.is_leaving else None
        ranks = Counter(self.drainer.ranks() if drain else ())
        for rank in Rank:
            DRAIN_REMAINING.labels(rank.name.lower()).set(ranks[rank])
        DRAIN_LIMBO.set(len(self.drainer.limbo))
        DRAIN_WINDOW.set(drain.pace.window if drain else 0)
        DRAIN_RATE.set(drain.pace.rate if drain else 0)

    async def _look(self) -> str:
        """Remember who the others are, for when Redis is away."""
        await self.neighbours.look()
        return ""

    async def _listen(self) -> str:
        """How many doorbells wait; without Redis nobody knows."""
        try:
            self._unheard = await self._hear()
        except REDIS_AWAY:
            self._unheard = None
        DOORBELLS.set(self._unheard or 0)
        return ""

    def _refused(self) -> float:
        return sum(count for reason, count in self._gate.status().refused.items() if reason != WHY)

    def _accepting(self) -> documents.Accepting:
        gate = self._gate.status()
        return documents.Accepting(
            capacity_per_s=gate.capacity_per_s,
            arrivals_per_s=gate.accepts_per_s,
            refused_per_s=self._refusals.rate(),
            in_progress=gate.in_progress,
            queue=gate.waiting,
            queue_s=max(gate.longest_wait_s, gate.waiting / max(gate.capacity_per_s, 1.0)),
        )

    def _document(self) -> NodeStatus:
        here, reasons, drainer = list(self._connections.values()), self.reasons(), self.drainer
        return NodeStatus(
            name=self._settings.node_name,
            uid=self._uid,
            version=VERSION,
            started_at=self._started_at,
            phase=drainer.phase,
            ready=not reasons,
            reasons=reasons,
            connections=documents.versions(here),
            owned=sum(1 for one in here if one.epoch),
            accepting=self._accepting(),
            cpu=self._cpu.cores(),
            loop_lag=self.lag.look(),
            recorder=documents.Recording(len(self._recorder), self._recorder.oldest_wait_s, self.commits.p99_s()),
            commands=documents.Commanding(
                self._commander.dispatching,
                sum(1 for one in here if one.conversation.outstanding is not None),
                self._unheard,
            ),
            errors=self._faults.look(),
            limbo=len(drainer.limbo) + len(self.recaller.limbo),
            misplaced=self.misplacing.count,
            counted=self.misplacing.counted,
            drain=self._draining(),
            recall=self._recalling(),
            neighbours=len(self.neighbours.last),
            others_asked=self.isolation.asked,
            redis=documents.Server(self._redis.result.since),
            postgres=documents.Server(self._postgres.result.since),
        )

    def _draining(self) -> documents.Draining | None:
        """The drain that goes on, or the last one; None when there never was one."""
        drainer = self.drainer
        if drainer.drain is None:
            return None
        now, is_known = time.monotonic(), drainer.knows_ranks
        return documents.draining(drainer.drain, drainer.limbo, drainer.ranks(), now, is_known=is_known)

    def _recalling(self) -> documents.Recalling | None:
        """The recall that goes on, or the last one; None when there never was one."""
        recaller = self.recaller
        if recaller.recall is None:
            return None
        ranks, now, is_known = recaller.ranks(), time.monotonic(), recaller.knows_ranks
        return documents.recalling(recaller.recall, recaller.limbo, ranks, recaller.came_back, now, is_known=is_known)


async def _always(cycle: Callable[[], Awaitable[str]], seconds: float) -> None:
    """Run `cycle` for ever, also while the process is asked to end; log what it says."""
    while True:
        if sentence := await cycle():
            logger.warning(sentence)
        await asyncio.sleep(seconds)
