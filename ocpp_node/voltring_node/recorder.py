"""The recorder: acknowledged is committed.

Messages of many chargers are decided and written in one PostgreSQL transaction; their answers are released after
the commit. While one group commits the next one gathers, so a group is as large as the load is high. When
PostgreSQL is away the group is tried again until its messages are too old; those stay unanswered, nothing of them
is acknowledged, and the charger keeps them.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import asyncpg

from voltring_core import tracing
from voltring_core.domain.authorization import Concurrency
from voltring_core.metrics import COMMIT_SECONDS, COMMIT_WAIT_SECONDS, FAULTS, GROUP_SIZE, MESSAGES_LOST, POISONED
from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.codes import Code
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY
from voltring_core.tracing import Span
from voltring_node import reading, spans
from voltring_node.counting import MESSAGE, count_group
from voltring_node.deciding import FAULT, Asked, Decided, decide, encode, needs
from voltring_node.facts import Outcome, Refusal
from voltring_node.handlers.transactions import least_answer
from voltring_node.publishing import Publisher
from voltring_node.remembering import Remembered
from voltring_node.timing import ACQUIRE, COMMIT, DECIDE, READ, WRITE, Stopwatch
from voltring_node.writing import UNWRITABLE, Overtaken, write

logger = logging.getLogger("voltring.recorder")
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
STOP_CHECK = 0.1
KEPT_S = 0.05
"""Seconds that frames nobody waits for may wait for company: a commit for each heartbeat would be a waste."""
GROUPS_BEHIND = 20
POISON = "poison"
BUSY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, Overtaken)


Done = Callable[[Decided | None], None]


@dataclass(slots=True)
class Entry:
    """A message in the recorder; `done` gets what was decided once it is committed, None if it is given up."""

    asked: Asked
    deadline: float
    """On the loop's monotonic clock."""
    done: Done | None
    trace: Span | None = None


class Recorder:
    """Gathers, decides, commits, releases."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        publisher: Publisher,
        *,
        window: float,
        most: int,
        patience: float,
        spacing: float = 0.0,
        on_commit: Callable[[list[Decided]], None] = lambda group: None,
        concurrency: Concurrency = Concurrency.ALLOWED,
    ) -> None:
        """`window`, `patience` and `spacing` (from one commit's begin to the next one's, unless a group is full) in
        seconds; `most` messages in a group. `on_commit` gets each group that is
        committed, after its answers are on their way. `concurrency` is that of tokens that have none of their own."""
        self._pool = pool
        self._publisher = publisher
        self._window = window
        self._most = most
        self._patience = patience
        self._spacing = spacing
        self._began_at = float("-inf")  # when the last commit began
        self._on_commit = on_commit
        self._concurrency = concurrency
        self._queue: deque[Entry] = deque()
        self._filled = asyncio.Event()
        self._awaited = asyncio.Event()  # somebody waits for the commit of what is in the queue
        self._remembered = Remembered()
        self._waits = Saying(logger)
        self._away_at = float("-inf")  # when PostgreSQL was away last, on the clock of the deadlines

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    @property
    def oldest_wait_s(self) -> float:
        """Seconds that the oldest of them waits; what is being written now is not counted."""
        return self._patience - (self._queue[0].deadline - time.monotonic()) if self._queue else 0.0

    @property
    def is_behind(self) -> bool:
        """Whether so much waits that what could be answered at once has to wait as well: memory is bounded."""
        return len(self._queue) >= GROUPS_BEHIND * self._most

    async def record(self, asked: Asked) -> Decided | None:
        """Commit a message and return what was decided; None when it could not be committed in time."""
        future: asyncio.Future[Decided | None] = asyncio.get_running_loop().create_future()
        self.submit(asked, lambda decided: None if future.done() else future.set_result(decided))
        return await future

    def submit(self, asked: Asked, done: Done) -> None:
        """Commit a message and call `done` with what was decided, or with None when that was not done in time."""
        self._put(asked, done)

    def keep(self, asked: Asked) -> None:
        """Keep a frame that nobody waits for: written when its turn comes."""
        self._put(asked, None)

    def _put(self, asked: Asked, done: Done | None) -> None:
        trace = None if done is None else tracing.current()
        self._queue.append(Entry(asked, time.monotonic() + self._patience, done, trace))
        self._filled.set()
        if done is not None:
            self._awaited.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Commit groups until `stop` is set and nothing waits; to be supervised."""
        while not (stop.is_set() and not self._queue):
            try:
                async with asyncio.timeout(STOP_CHECK):
                    await self._filled.wait()
            except TimeoutError:
                continue
            if (self._window or self._spacing) and len(self._queue) < self._most and not stop.is_set():
                await self._company()
            group = self._next_group()
            await self._settle(group, stop)

    async def _company(self) -> None:
        """Wait for more messages: a group makes a commit cheaper."""
        if not self._awaited.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(KEPT_S):
                    await self._awaited.wait()
        await asyncio.sleep(max(self._window, self._began_at + self._spacing - time.monotonic()))

    def _next_group(self) -> list[Entry]:
        if len(self._queue) > self._most:
            return [self._queue.popleft() for _ in range(self._most)]
        group = list(self._queue)
        self._queue.clear()
        self._filled.clear()
        self._awaited.clear()
        return group

    async def _settle(self, group: list[Entry], stop: asyncio.Event) -> None:
        """Commit a group, however often it takes, or give up what is too old."""
        pause = FIRST_PAUSE
        while group := self._still_wanted(group):
            try:
                await self._commit(group)
                self._waits.over("messages are committed again")
                return
            except UNWRITABLE as error:
                await self._isolate(group, error, stop)
                return
            except (*AWAY, *BUSY) as error:
                if not isinstance(error, BUSY):
                    self._away_at = time.monotonic()
                self._waits.met("%d messages wait for PostgreSQL: %s", len(group), error or type(error).__name__)
                if stop.is_set():
                    self._give_up(group)
                    return
            except Exception as error:
                # A fault of ours in one message must not stop the others: it is found and set apart.
                logger.exception("a group of %d can't be committed", len(group))
                await self._isolate(group, error, stop)
                return
            except BaseException:
                self._give_up(group)
                raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _commit(self, group: list[Entry]) -> None:
        began, watch = time.monotonic(), Stopwatch()
        self._began_at = began
        waited_s = began + self._patience - group[0].deadline
        asked = [entry.asked for entry in group]
        wanted = needs(asked)
        async with self._pool.acquire() as connection, connection.transaction():
            watch.lap(ACQUIRE)
            version = await reading.lock(connection, wanted)
            replies = await reading.repeats(connection, wanted, asked[-1].message.received_at)
            known = await reading.know(connection, wanted, self._remembered, self._concurrency)
            watch.lap(READ)
            decided = decide(asked, known, replies)
            watch.lap(DECIDE)
            moved = await write(connection, decided, known)
            watch.lap(WRITE)
        watch.lap(COMMIT)
        self._remembered.put(moved, version)
        watch.whole(COMMIT_SECONDS)
        COMMIT_WAIT_SECONDS.observe(waited_s)
        GROUP_SIZE.observe(len(group))
        self._release(group, decided)
        count_group(decided, known.found)
        spans.committed(group, self._patience, began, watch.at)

    def _release(self, group: list[Entry], decided: list[Decided]) -> None:
        for entry, one in zip(group, decided, strict=True):
            if FAULT in one.flags:
                FAULTS.labels(MESSAGE).inc()
            _tell(entry, one)
        self._publisher.committed(decided)
        try:
            self._on_commit(decided)
        except Exception:
            # It is committed: what follows from it must not bring it a second time.
            logger.exception("what follows from a commit is not done")

    async def _isolate(self, group: list[Entry], error: Exception, stop: asyncio.Event) -> None:
        """One row can't be written: halve the group until it stands alone, so that the others go on."""
        if len(group) > 1:
            middle = len(group) // 2
            await self._settle(group[:middle], stop)
            await self._settle(group[middle:], stop)
            return
        entry = group[0]
        message = entry.asked.message
        logger.error(
            "a %s of %s can't be written: %s",
            message.action,
            message.charger_id,
            error,
            extra={"charger": message.charger_id},
        )
        POISONED.inc()
        FAULTS.labels(MESSAGE).inc(entry.done is not None and POISON not in message.flags)
        if POISON in message.flags:
            self._give_up(group)
            return
        await self._settle([Entry(_only_frame(entry.asked), entry.deadline, entry.done, entry.trace)], stop)

    def _still_wanted(self, group: list[Entry]) -> list[Entry]:
        now = time.monotonic()
        if group and group[0].deadline >= now:  # the oldest one
            return group
        late = [entry for entry in group if entry.deadline < now]
        FAULTS.labels(MESSAGE).inc(sum(map(self._is_our_fault, late)))
        self._give_up(late)
        return [entry for entry in group if entry.deadline >= now] if late else group

    def _is_our_fault(self, entry: Entry) -> bool:
        """Whether somebody waited for it in vain although PostgreSQL was there all the time."""
        return entry.done is not None and self._away_at < entry.deadline - self._patience

    def _give_up(self, group: list[Entry]) -> None:
        for entry in group:
            MESSAGES_LOST.inc(entry.done is None)
            _tell(entry, None)


def _tell(entry: Entry, decided: Decided | None) -> None:
    if entry.done is None:
        return
    try:
        entry.done(decided)
    except Exception:
        # One connection's fault must not keep the others from their answers.
        logger.exception(
            "%s can't be answered", entry.asked.message.charger_id, extra={"charger": entry.asked.message.charger_id}
        )


def _only_frame(asked: Asked) -> Asked:
    """A message reduced to its frame, flagged; a transaction message is acknowledged all the same (TX-24)."""
    message = replace(asked.message, said=None, natural_key=None, flags=(*asked.message.flags, POISON))
    answer = least_answer(message.action or "") if message.action in TRANSACTION_ACTIONS else None
    outcome = Outcome(answer if answer is not None else Refusal(Code.INTERNAL, "the message can't be stored"))
    reply = None if message.message_id is None or asked.only_kept else encode(message, outcome)
    return Asked(message, answered=asked.answered or reply, only_kept=True)
