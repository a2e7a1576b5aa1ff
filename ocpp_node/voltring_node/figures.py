"""What operators see of the node at a glance: how much chargers say, how soon they are answered, how late it wakes up.

It goes into the node's lease, so that the dashboard has it without a Prometheus.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client import Histogram

from voltring_core.metrics import ACKNOWLEDGEMENT_SECONDS, MESSAGES
from voltring_node.sampling import LoopLag, PerSecond, total

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Told:
    """As the lease has it."""

    messages_per_s: float
    ack_p50_s: float | None
    ack_p99_s: float | None
    lag_p99_s: float


class Figures:
    """The node at a glance; `sample` is to be called once a second."""

    def __init__(self, lag: LoopLag) -> None:
        self._lag = lag
        self._messages = PerSecond(lambda: total(MESSAGES))
        self._answers = Times(ACKNOWLEDGEMENT_SECONDS)

    def sample(self) -> None:
        """Remember how much there is by now."""
        self._messages.sample()
        self._answers.sample()

    def told(self) -> Told:
        """Of the last seconds; times of the last minute."""
        new = self._answers.new()
        return Told(
            round(self._messages.rate(), 1),
            _rounded(quantile(new, 0.5)),
            _rounded(quantile(new, 0.99)),
            round(self._lag.look().p99_s, 4),
        )


class Times:
    """What a histogram has seen over the last minute, all of its labels together."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._seen: deque[dict[float, float]] = deque(maxlen=WINDOW_S + 1)

    def sample(self) -> None:
        """Remember how many there were by now."""
        found: dict[float, float] = {}
        for metric in self._histogram.collect():
            for one in metric.samples:
                if one.name.endswith("_bucket"):
                    limit = float(one.labels["le"])
                    found[limit] = found.get(limit, 0.0) + one.value
        self._seen.append(found)

    def new(self) -> dict[float, float]:
        """By the limit of each bucket, how many took no longer."""
        if not self._seen:
            return {}
        first, last = self._seen[0], self._seen[-1]
        return {limit: count - first.get(limit, 0.0) for limit, count in sorted(last.items())}


def quantile(counts: Mapping[float, float], part: float) -> float | None:
    """The time within which `part` of them ended, even within its bucket, as Prometheus' histogram_quantile has it.

    None when there were none; the highest limit for what took longer.
    """
    everything = max(counts.values(), default=0.0)
    if everything <= 0:
        return None
    wanted = part * everything
    for (low, before), (high, until) in pairwise([(0.0, 0.0), *sorted(counts.items())]):
        if until >= wanted:
            if high == float("inf"):
                return low
            return low + (high - low) * (wanted - before) / (until - before) if until > before else high
    return None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 5)
