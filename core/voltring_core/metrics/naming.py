"""How a metric is named: with all that docs/metrics.md tells of it, and with its labels' values bound.

A label has values that are known when the code is written, or is of a kind whose number something small bounds
(`Kind`). Counters and histograms exist at zero from the start: what is born at 1 is no increase to `rate()`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each counter, which nobody reads
M = TypeVar("M", bound=MetricWrapperBase)
OTHER = "other"
"""What is none of a label's values."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Limits of buckets, where nothing better is known."""


class Quick(Counter):
    """A counter of one thread: a lock for each message is what counting costs most."""

    def inc(self, amount: float = 1, exemplar: Mapping[str, str] | None = None) -> None:
        """As `Counter.inc`, of what is never negative."""
        self._value._value += amount


class QuickHistogram(Histogram):
    """A histogram of one thread."""

    def observe(self, amount: float, exemplar: Mapping[str, str] | None = None) -> None:
        """As `Histogram.observe`."""
        self._sum._value += amount
        self._buckets[bisect_left(self._upper_bounds, amount)]._value += 1


class Kind(str):
    """What a label's values are, where they are not known by name; few in any case."""

    __slots__ = ()


Values = Sequence[str] | Kind


@dataclass(frozen=True, slots=True)
class Told:
    """A metric, and what is told of it."""

    metric: MetricWrapperBase
    name: str
    """As Prometheus has it."""
    type: str
    labels: Mapping[str, Values]
    unit: str
    meaning: str
    use: str
    """What to do with it, in a few words."""


CATALOGUE: dict[str, Told] = {}
"""Every metric by its name."""


def counter(
    name: str, meaning: str, use: str, labels: Mapping[str, Values] | None = None, *, unit: str = "", zero: bool = True
) -> Counter:
    """Name a counter. `zero`: all of its children are there from the start."""
    return _told(Quick(name, meaning, list(labels or ())), name, "counter", meaning, use, labels, unit, zero)


def gauge(
    name: str, meaning: str, use: str, labels: Mapping[str, Values] | None = None, *, unit: str = "", zero: bool = False
) -> Gauge:
    """Name a gauge; without `zero` a child is there once it is set: what is not known is not zero."""
    return _told(Gauge(name, meaning, list(labels or ())), name, "gauge", meaning, use, labels, unit, zero)


def histogram(
    name: str,
    meaning: str,
    use: str,
    labels: Mapping[str, Values] | None = None,
    *,
    unit: str = "seconds",
    buckets: Sequence[float] = SECONDS,
    zero: bool = True,
) -> Histogram:
    """Name a histogram."""
    made = QuickHistogram(name, meaning, list(labels or ()), buckets=buckets)
    return _told(made, name, "histogram", meaning, use, labels, unit, zero)


def words(values: Iterable[str]) -> tuple[str, ...]:
    """Values of a label, in order and once each."""
    return tuple(sorted({str(one) for one in values}))


def _told(
    metric: M,
    name: str,
    kind: str,
    meaning: str,
    use: str,
    labels: Mapping[str, Values] | None,
    unit: str,
    zero: bool,
) -> M:
    labels = dict(labels or {})
    CATALOGUE[name] = Told(metric, name, kind, labels, unit, meaning, use)
    known = [one for one in labels.values() if not isinstance(one, Kind)]
    if zero and labels and len(known) == len(labels):
        for values in product(*known):
            metric.labels(*values)
    return metric
