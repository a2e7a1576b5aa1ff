"""What the operator measures: its looks, what it does, and the fleets as it saw them last.

The figures of a fleet are shown together, between two looks at the metrics: a fleet that is gone, or that another
operator looks after by now, has none. Their labels are the fleets of one namespace and words of the code.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Gauge

from voltring_core import metrics
from voltring_core.domain.draining import Phase
from voltring_operator.actions import Action, WriteDrain
from voltring_operator.drains import ENDED, DrainState
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.kube import KubeError, Refused
from voltring_operator.model import Observed
from voltring_operator.reporting import WAITING

GAUGES = (
    metrics.FLEET_NODES,
    metrics.FLEET_CONNECTIONS,
    metrics.FLEET_CAPACITY,
    metrics.FLEET_MISPLACED,
    metrics.FLEET_WITHOUT,
    metrics.FLEET_CONDITION,
    metrics.OPERATION_PHASE,
    metrics.OPERATION_REMAINING,
    metrics.OPERATION_LIMBO,
    metrics.OPERATION_DEADLINE,
)
TRUTH = {"True": 1.0, "False": 0.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of a fleet."""

    gauge: Gauge
    labels: tuple[str, ...]
    value: float


def samples(seen: Observed, status: FleetStatus) -> Iterator[Sample]:
    """A fleet's figures. What is not known has none: it is never zero."""
    name = seen.fleet.name
    for state, number in _nodes(seen, status).items():
        yield Sample(metrics.FLEET_NODES, (name, state), number)
    for gauge, known in (
        (metrics.FLEET_CONNECTIONS, status.connections),
        (metrics.FLEET_CAPACITY, status.capacity),
        (metrics.FLEET_MISPLACED, status.misplaced),
    ):
        if known is not None:
            yield Sample(gauge, (name,), known)
    for server, count in _without(seen).items():
        yield Sample(metrics.FLEET_WITHOUT, (name, server), count)
    for condition in status.conditions:
        if condition.status in TRUTH:
            yield Sample(metrics.FLEET_CONDITION, (name, condition.type), TRUTH[condition.status])
    if seen.active:
        yield from _operation(name, seen.active[0])


def _nodes(seen: Observed, status: FleetStatus) -> dict[str, int]:
    told = [slot.report for slot in seen.current]
    known = {"desired": status.desired_replicas, "ready": status.ready_replicas, "updated": status.updated_replicas}
    found = {
        "there": seen.replicas,
        "draining": sum(1 for one in told if one is not None and one.phase is not Phase.SERVING),
        "silent": sum(1 for one in told if one is None),
    }
    return found | {state: number for state, number in known.items() if number is not None}


def _without(seen: Observed) -> dict[str, int]:
    told = [slot.report for slot in seen.current if slot.report is not None]
    return {
        "postgres": sum(1 for one in told if one.postgres.away_since is not None),
        "redis": sum(1 for one in told if one.redis.away_since is not None),
    }


def _operation(name: str, drain: DrainState) -> Iterator[Sample]:
    labels = (name, drain.spec.reason.value)
    yield Sample(metrics.OPERATION_PHASE, (*labels, drain.status.phase.value), 1)
    for gauge, known in (
        (metrics.OPERATION_REMAINING, drain.status.remaining),
        (metrics.OPERATION_LIMBO, drain.status.limbo),
    ):
        if known is not None:
            yield Sample(gauge, labels, known)
    # Its deadline is the drain's: one that waits for its new pod, or for somebody to take it back, has none.
    if drain.status.deadline_at is not None and drain.status.phase in WAITING:
        yield Sample(metrics.OPERATION_DEADLINE, labels, drain.status.deadline_at.timestamp())


class Measures:
    """The fleets' figures, and how the looks go."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._fleets: dict[str, tuple[Sample, ...]] = {}

    def looked(self, outcome: str, began: float) -> None:
        """A look has ended: acted, waited or failed; `began` by `time.perf_counter`."""
        metrics.LOOKS.labels(outcome).inc()
        metrics.LOOK_SECONDS.observe(time.perf_counter() - began)
        metrics.ACTING.set(outcome == "acted")
        if outcome != "failed":
            metrics.LOOKED_AT.set(self._clock())

    def planned(self, seen: Observed, status: FleetStatus, number: int) -> None:
        """A plan of so many actions was made."""
        metrics.PLANS.labels("acts" if number else "idle").inc()
        self._fleets[seen.fleet.name] = tuple(samples(seen, status))
        self._show()

    def unreadable(self, name: str) -> None:
        """A fleet's specification can't be read: nothing is known of it."""
        metrics.PLANS.labels("refused").inc()
        self._fleets.pop(name, None)
        self._show()

    def keep(self, names: Collection[str]) -> None:
        """Forget all other fleets."""
        self._fleets = {name: told for name, told in self._fleets.items() if name in names}
        self._show()

    def _show(self) -> None:
        for gauge in GAUGES:
            gauge.clear()
        for told in self._fleets.values():
            for sample in told:
                sample.gauge.labels(*sample.labels).set(sample.value)


@contextmanager
def counted(action: str) -> Iterator[None]:
    """Count what is done within: done, refused, failed."""
    outcome = "failed"
    try:
        yield
        outcome = "done"
    except Refused:
        outcome = "refused"
        raise
    except KubeError:
        raise
    finally:
        metrics.ACTIONS.labels(action, outcome).inc()


def ended(action: Action, seen: Observed) -> None:
    """Count an operation whose end was just written down."""
    if not isinstance(action, WriteDrain) or action.status.phase not in ENDED:
        return
    for drain in seen.drains:
        if drain.name == action.name and drain.status.phase not in ENDED:
            metrics.OPERATIONS.labels(drain.spec.reason.value, action.status.phase.value).inc()
