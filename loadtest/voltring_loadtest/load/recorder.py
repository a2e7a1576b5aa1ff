"""Figures of a run over time: bounded, however long it is and however many messages there are.

Times are kept in classes 2 % apart, so a quantile is right within 1 %.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from voltring_loadtest.load.batches import Batch, Example

STEP = math.log(1.02)
LEAST_MS = 0.01
SLOTS = 1200
"""Points of a plot, at most."""
RESTLESS = 2.0
"""Seconds after the last charger is back in which what it had kept is still on its way."""


class Times:
    """How long something took, in milliseconds."""

    __slots__ = ("_classes", "count", "longest")

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self.count = 0
        self.longest = 0.0

    def add(self, took_ms: float) -> None:
        self._classes[int(math.log(max(took_ms, LEAST_MS) / LEAST_MS) / STEP)] += 1
        self.count += 1
        self.longest = max(self.longest, took_ms)

    def merge(self, other: "Times") -> None:
        self._classes.update(other._classes)
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def at(self, share: float) -> float:
        """The quantile, e.g. 0.99; 0 when there is none."""
        wanted, seen = share * self.count, 0
        for number in sorted(self._classes):
            seen += self._classes[number]
            if seen >= wanted:
                return min(self.longest, LEAST_MS * math.exp((number + 0.5) * STEP))
        return 0.0

    def shares(self) -> list[tuple[float, float]]:
        """(milliseconds, share that took at most as long), rising: a distribution to draw."""
        seen, points = 0, []
        for number in sorted(self._classes):
            seen += self._classes[number]
            points.append((LEAST_MS * math.exp((number + 1) * STEP), seen / self.count))
        return points


@dataclass(slots=True)
class Slot:
    """Some seconds of the run."""

    connected: int = 0
    accepted: int = 0
    charging: int = 0
    messages: int = 0
    failures: int = 0
    acks: Times = field(default_factory=Times)


class Recorder:
    """Takes batches of all shards; times are seconds since `began`, Unix seconds."""

    def __init__(self, began: float, expected_seconds: float, calm_with: int = 0) -> None:
        """`calm_with`: acknowledgements are measured while at least so many chargers are accepted, and have been for
        two seconds: what a storm does to them is what the storm's own limit is about."""
        self.began = began
        self._calm_with = calm_with
        self._restless_until = 0.0
        self._is_restless = False
        self.width = max(1.0, expected_seconds / SLOTS)
        self.slots: dict[int, Slot] = {}
        self.acks = Times()
        """Of the measured part."""
        self.by_name: dict[tuple[str, str], Times] = {}
        self.failures: Counter[tuple[str, str, str]] = Counter()
        """By kind, name, and what was wrong: of the whole run."""
        self.examples: list[Example] = []
        self.turned_away: Counter[str] = Counter()
        self.back: list[float] = []
        self.executed: Counter[tuple[str, str]] = Counter()
        self.lag = Times()
        self.messages = 0
        """Acknowledged in the measured part."""
        self.measured_from: float | None = None
        self.measured_to: float | None = None
        self.marks: list[tuple[float, str]] = []
        """What happened when, for the plots."""
        self._latest: dict[int, Batch] = {}

    def take(self, shard: int, batch: Batch) -> None:
        """A batch came."""
        self._latest[shard] = batch
        slot = self._slot(batch.at)
        for name in ("connected", "accepted", "charging"):
            setattr(slot, name, self.now(name))
        if self.now("accepted") < self._calm_with:
            self._restless_until = batch.at + RESTLESS
        self._is_restless = batch.at <= self._restless_until
        measuring = self.is_measuring(batch.at)
        for kind, name, took, _, wrong in batch.samples:
            self.sample(slot, kind, name, took, wrong, measuring=measuring)
        self.turned_away.update(batch.turned_away)
        self.back += batch.back
        self.executed.update(batch.executed)
        self.examples += batch.examples
        self.lag.add(batch.lag_ms)

    def sample(self, slot: Slot, kind: str, name: str, took: float, wrong: str | None, *, measuring: bool) -> None:
        """One answer, or one thing that went wrong."""
        if wrong is not None:
            self.failures[kind, name, wrong] += 1
            slot.failures += 1
            return
        self.by_name.setdefault((kind, name), Times()).add(took)
        if kind.startswith("ocpp"):
            slot.messages += 1
            slot.acks.add(took)
            if measuring:
                self.messages += 1
                if not self._is_restless:
                    self.acks.add(took)

    def command(self, name: str, took_ms: float, wrong: str | None, now: float) -> None:
        """A command's round trip through the REST API."""
        self.sample(self._slot(now), "api", name, took_ms, wrong, measuring=False)

    def fail(self, kind: str, name: str, wrong: str, now: float) -> None:
        """Something of the load test itself went wrong."""
        self.sample(self._slot(now), kind, name, 0.0, wrong, measuring=False)

    def mark(self, now: float, what: str) -> None:
        """Something happened that the plots should show."""
        self.marks.append((now - self.began, what))

    def is_measuring(self, now: float) -> bool:
        return self.measured_from is not None and now >= self.measured_from and self.measured_to is None

    def now(self, what: str) -> int:
        """`connected`, `accepted` or `charging`, of all shards as they told last."""
        return sum(getattr(batch, what) for batch in self._latest.values())

    def forget(self, shard: int) -> None:
        """A shard has ended: nobody of it is connected any more."""
        if shard in self._latest:
            self._latest[shard].connected = self._latest[shard].accepted = self._latest[shard].charging = 0

    @property
    def shard_cpu_s(self) -> float:
        """CPU of all shards."""
        return sum(batch.cpu_s for batch in self._latest.values())

    @property
    def failed(self) -> int:
        return self.failures.total()

    def times(self, kinds: Iterable[str]) -> Times:
        """Of all names of these kinds, over the whole run."""
        found = Times()
        for (kind, _), times in self.by_name.items():
            if kind in kinds:
                found.merge(times)
        return found

    def series(self) -> Mapping[float, Slot]:
        """By seconds since the begin, in order."""
        return {(number + 0.5) * self.width: self.slots[number] for number in sorted(self.slots)}

    def _slot(self, now: float) -> Slot:
        number = max(0, int((now - self.began) / self.width))
        if number not in self.slots:
            self.slots[number] = Slot()
        return self.slots[number]
