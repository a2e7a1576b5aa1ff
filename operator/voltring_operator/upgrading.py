"""Which pod is replaced next because the template has changed, and whether the upgrade may go on.

    first     pods that serve nobody: without a process, or not ready and without a charger
    then      one at a time, the highest first: drained, replaced, its chargers called home (`finalising.py`)
    canary    the first new one is watched for `canarySeconds`; it must not fail, restart, or err too much

Pods are compared with the StatefulSet's `updateRevision`: a changed image, setting or secret (by its checksum in the
template) is one and the same thing. Going back is an upgrade as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from voltring_core.domain.draining import LEAVING
from voltring_operator.assessing import Assessment, unready
from voltring_operator.fleet_status import FleetStatus, Rollout
from voltring_operator.model import Observed, Slot
from voltring_operator.report import NodeReport

NOTABLE_PER_S = 1.0
"""Handshakes a second: the share of fewer says nothing."""
NOTABLE_FAULTS = 3
"""Faults in a minute: of a small fleet's few messages a single one is a big share."""


@dataclass(frozen=True, slots=True)
class Rolling:
    """How an upgrade stands."""

    old: tuple[Slot, ...]
    """Slots with a pod of another revision, the next one first."""
    new: tuple[Slot, ...]
    """Slots with a pod of this one."""
    rollout: Rollout | None
    """To be remembered; None when nothing is rolled."""
    held: str = ""
    """Why the next pod has to wait."""
    is_paused: bool = False
    """Whether somebody has to say that it goes on."""

    @property
    def next(self) -> tuple[Slot, ...]:
        """Slots one of which may be replaced now, the first one rather than the others."""
        return () if self.held else self.old

    @property
    def lifeless(self) -> tuple[Slot, ...]:
        """Old pods that serve nobody: they can be replaced at once, whatever else goes on."""
        return tuple(slot for slot in self.old if serves_nobody(slot))


def roll(seen: Observed, found: Assessment, status: FleetStatus, now: datetime) -> Rolling:
    """What is to be rolled."""
    stateful_set = seen.stateful_set
    if stateful_set is None or not stateful_set.revision or not stateful_set.is_settled:
        return Rolling((), (), status.rollout, "the template is being taken over")
    with_pods = [(slot, slot.pod) for slot in reversed(seen.current) if slot.pod is not None]
    old = tuple(slot for slot, pod in with_pods if pod.revision != stateful_set.revision)
    new = tuple(slot for slot, pod in with_pods if pod.revision == stateful_set.revision)
    if not old:
        return Rolling((), new, None)
    rollout = status.rollout
    if rollout is None or rollout.revision != stateful_set.revision:
        rollout = Rollout(revision=stateful_set.revision, started_at=now)
    fresh = tuple(slot for slot in new if slot.pod is not None and slot.pod.created_at >= rollout.started_at)
    if seen.fleet.resume == rollout.revision:
        rollout = Rollout(revision=rollout.revision, started_at=rollout.started_at)
    elif why := _failing(seen, rollout, fresh):
        rollout = rollout.model_copy(update={"paused_at": rollout.paused_at or now, "why": why})
    is_paused = rollout.paused_at is not None
    held = rollout.why if is_paused else _wait(seen, found, fresh, now)
    return Rolling(old, new, rollout, held, is_paused)


def serves_nobody(slot: Slot) -> bool:
    """Whether the pod can be replaced without a charger noticing. A silent process may have chargers."""
    told = slot.report
    return slot.is_empty or (told is not None and not told.ready and told.phase not in LEAVING and not told.charge)


def _failing(seen: Observed, rollout: Rollout, fresh: tuple[Slot, ...]) -> str:
    """What is wrong with the pods that it made; empty when nothing is."""
    most = seen.spec.upgrade.max_error_rate
    for slot in fresh:
        share, of_what = _errors(slot.report) if slot.report is not None else (0.0, "")
        if share > most:
            return f"{slot.name} {of_what}: {share:.1%}, {most:.1%} are allowed"
        if slot.pod is not None and slot.pod.restarts:
            return f"{slot.name} has crashed and was restarted, {slot.pod.restarts} times so far"
    return rollout.why


def _errors(told: NodeReport) -> tuple[float, str]:
    """The share that fails, and of what: of all that chargers ask for, by a fault of the node's own; or of handshakes
    because it is full."""
    faults, door = told.errors, told.accepting
    is_notable = faults.faults is None or faults.faults >= NOTABLE_FAULTS
    failed = (faults.share or 0.0) if is_notable else 0.0
    all_of_them = door.refused_per_s + door.arrivals_per_s
    refused = door.refused_per_s / all_of_them if all_of_them >= NOTABLE_PER_S else 0.0
    return max((failed, "answers messages with errors"), (refused, "refuses handshakes"))


def _wait(seen: Observed, found: Assessment, fresh: tuple[Slot, ...], now: datetime) -> str:
    if sick := unready(seen.current):
        return f"{sick}: the next node has to wait for it"
    if found.is_blind or found.is_storm or found.without:
        return found.without or ("chargers come in masses" if found.is_storm else "too many nodes are silent")
    since = min((slot.pod.ready_since for slot in fresh if slot.pod and slot.pod.ready_since), default=None)
    left = since + timedelta(seconds=seen.spec.upgrade.canary_seconds) - now if since else timedelta(0)
    return f"the first new node is watched for another {left.total_seconds():.0f} s" if left > timedelta(0) else ""


def left(rolling: Rolling) -> str:
    """In words."""
    return f"{len(rolling.new)} of {len(rolling.old) + len(rolling.new)} nodes are upgraded"
