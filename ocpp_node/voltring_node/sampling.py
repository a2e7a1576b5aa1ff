"""What the node measures of itself: how late its event loop wakes up, how long commits take, how often it refuses, how
much of a core it uses, how much ends in a fault of ours."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from voltring_core.metrics import COMMIT_SECONDS, LOOP_LAG

NAP_S = 0.1
KEPT = 600
"""Naps that are remembered: a minute."""
COMMITS_S = 10
RATE_S = 5
CPU_S = 15
"""As long as the operator waits between two looks: a burst of a second makes no fleet grow."""
FAULTS_S = 60


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds by which the event loop woke up late, over the last minute."""

    p50_s: float
    p99_s: float
    max_s: float


class LoopLag:
    """Sleeps for a moment, again and again, and looks how long it took; `run` is to be supervised."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """Sample for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + NAP_S
            await asyncio.sleep(NAP_S)
            self.note(max(0.0, loop.time() - due))

    def note(self, late_s: float) -> None:
        """One sample."""
        LOOP_LAG.observe(late_s)
        self._late.append(late_s)

    def look(self) -> Lag:
        """The last minute."""
        late = sorted(self._late)
        return Lag(quantile(late, 0.5), quantile(late, 0.99), late[-1] if late else 0.0)


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which `part` of them lie; 0 of none."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class Commits:
    """How long commits took lately, from the histogram's buckets; `sample` is to be called once a second."""

    def __init__(self, histogram: Histogram = COMMIT_SECONDS) -> None:
        self._histogram = histogram
        self._seen: deque[dict[float, float]] = deque(maxlen=COMMITS_S + 1)

    def sample(self) -> None:
        """Remember how many commits there were by now."""
        samples = next(iter(self._histogram.collect())).samples
        self._seen.append({float(one.labels["le"]): one.value for one in samples if one.name.endswith("_bucket")})

    def p99_s(self) -> float:
        """At most so long took 99 of 100 commits of the last ten seconds; 0 without any."""
        if len(self._seen) < 2:
            return 0.0
        first, last = self._seen[0], self._seen[-1]
        new = {limit: last[limit] - first[limit] for limit in sorted(last)}
        enough = 0.99 * max(new.values())
        finite = [limit for limit in new if limit != float("inf")]
        return 0.0 if enough <= 0 else next((limit for limit in finite if new[limit] >= enough), 2 * finite[-1])


class PerSecond:
    """How fast a count grows; `sample` is to be called once a second."""

    def __init__(self, count: Callable[[], float]) -> None:
        self._count = count
        self._seen: deque[float] = deque(maxlen=RATE_S + 1)

    def sample(self) -> None:
        """Remember how high it is by now."""
        self._seen.append(self._count())

    def rate(self) -> float:
        """A second, over the last five."""
        return (self._seen[-1] - self._seen[0]) / (len(self._seen) - 1) if len(self._seen) > 1 else 0.0


class Cpu:
    """How much of a core the process uses; `sample` is to be called once a second."""

    def __init__(
        self, spent: Callable[[], float] = time.process_time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`spent`: seconds of all cores that the process has used so far; `clock`: seconds that have passed."""
        self._spent = spent
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=CPU_S + 1)

    def sample(self) -> None:
        """Remember how much it is by now."""
        self._seen.append((self._spent(), self._clock()))

    def cores(self) -> float | None:
        """Cores in use over the last seconds; None as long as too little is seen."""
        return cores(self._seen[0], self._seen[-1]) if self._seen else None


def cores(first: tuple[float, float], last: tuple[float, float]) -> float | None:
    """What was used between two looks at (seconds used, seconds passed); None when no time lies between them."""
    used, passed = last[0] - first[0], last[1] - first[1]
    return max(used, 0.0) / passed if passed > 0 else None


@dataclass(frozen=True, slots=True)
class Errors:
    """What chargers asked for over the last minute, and what of it ended in a fault of ours."""

    asked: int
    faults: int
    share: float | None
    """None when nobody asked for anything."""


class Faults:
    """How much of what chargers ask for ends in a fault of ours; `sample` is to be called once a second."""

    def __init__(self, asked: Callable[[], float], faults: Callable[[], float]) -> None:
        self._counts = asked, faults
        self._seen: deque[tuple[float, float]] = deque(maxlen=FAULTS_S + 1)

    def sample(self) -> None:
        """Remember how many there are by now."""
        asked, faults = self._counts
        self._seen.append((asked(), faults()))

    def look(self) -> Errors:
        """The last minute."""
        return errors(self._seen[0], self._seen[-1]) if self._seen else Errors(0, 0, None)


def errors(first: tuple[float, float], last: tuple[float, float]) -> Errors:
    """What came between two looks at (asked, faults)."""
    asked, faults = int(last[0] - first[0]), int(last[1] - first[1])
    # A fault may be that of a message which came before the minute began.
    return Errors(asked, faults, faults / max(asked, faults) if asked or faults else None)


def total(counter: Counter) -> float:
    """Of a metric, all of its labels together."""
    samples = (sample for metric in counter.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name.endswith("_total"))
