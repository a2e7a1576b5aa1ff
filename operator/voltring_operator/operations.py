"""Which operation is begun next: one at a time, the most urgent first.

    NodeDrain   the machine below a pod is cordoned: its pod is moved before somebody evicts it
    Upgrade     a pod was made from another template
    ScaleDown   the highest slot is not needed
    Rebalance   one node carries far more than the others

An operation that was given up is not tried again at the same pod for a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from voltring_operator import rebalancing
from voltring_operator.actions import CreateDrain, DeletePod
from voltring_operator.assessing import Assessment, unready
from voltring_operator.drains import After, DrainSpec, DrainState, Reason, Selector
from voltring_operator.model import Observed, Slot
from voltring_operator.scaling import Sizing
from voltring_operator.upgrading import Rolling


@dataclass(frozen=True, slots=True)
class Wish:
    """An operation that is due."""

    slot: Slot
    reason: Reason
    why: str


def due(seen: Observed, found: Assessment, sizing: Sizing, rolling: Rolling, now: datetime) -> Wish | None:
    """The operation that should go on now; None when all is well, or nothing may be begun."""
    if cordoned := _cordoned(seen, found, now):
        return cordoned
    if (slot := next((one for one in rolling.next if not _rests(seen, one, now)), None)) is not None:
        return Wish(slot, Reason.UPGRADE, "its template has changed")
    if sizing.to < seen.replicas:
        return Wish(seen.slot(seen.replicas - 1), Reason.SCALE_DOWN, sizing.why)
    if rolling.old or sizing.desired > seen.replicas or calm_hours(seen, now):
        return None
    if rebalancing.forbidden(seen, found) or (found_one := rebalancing.wanted(seen, found)) is None:
        return None
    slot, why = found_one
    return None if _rests(seen, slot, now) else Wish(slot, Reason.REBALANCE, why)


def calm_hours(seen: Observed, now: datetime) -> str:
    """The hours in which nothing is moved, when they are; empty otherwise."""
    hours = next((one for one in seen.spec.scale_down.blackout if one.holds(now)), None)
    return f"not within {hours}" if hours else ""


def begin(wish: Wish, seen: Observed) -> CreateDrain | DeletePod:
    """The operation's object; a fleet of one has nobody to drain to, so its pod is stopped and comes back."""
    pod = wish.slot.pod
    assert pod is not None
    if seen.replicas == 1 and wish.reason in (Reason.UPGRADE, Reason.NODE_DRAIN):
        return DeletePod(
            pod.name, pod.ordinal, pod.uid, "", f"{wish.why}; its chargers wait for the new one: it is alone"
        )
    after = {Reason.SCALE_DOWN: After.DELETE, Reason.REBALANCE: After.NONE}.get(wish.reason, After.RETURN)
    spec = DrainSpec(
        fleet=seen.fleet.name,
        slot=wish.slot.ordinal,
        pod_uid=pod.uid,
        reason=wish.reason,
        after=after,
        selector=Selector(only_misplaced=wish.reason is Reason.REBALANCE),
    )
    return CreateDrain(name(seen, spec), spec, wish.why)


def name(seen: Observed, spec: DrainSpec) -> str:
    """Made of what it is about and the number after the last one's: a second plan for the same thing finds the name
    taken. Not how many there are: of those that are over the oldest are tidied away."""
    what = {Reason.SCALE_DOWN: "down", Reason.UPGRADE: "upgrade", Reason.NODE_DRAIN: "move"}.get(spec.reason, "balance")
    pod = "".join(one for one in spec.pod_uid.lower() if one.isalnum())[:8]
    stem = f"{seen.fleet.name}-{spec.slot}-{what}-{pod}-"
    numbers = [one.name.removeprefix(stem) for one in seen.drains if one.name.startswith(stem)]
    return f"{stem}{max((int(one) for one in numbers if one.isdecimal()), default=0) + 1}"


def gives_way(drain: DrainState, wish: Wish | None) -> str:
    """Why a running rebalance should end: something more urgent is due."""
    if drain.spec.reason is not Reason.REBALANCE or wish is None or wish.reason is Reason.REBALANCE:
        return ""
    return f"{wish.slot.name} is to be drained ({wish.reason})"


def _cordoned(seen: Observed, found: Assessment, now: datetime) -> Wish | None:
    """A pod on a cordoned machine, once all others serve: the last ones first, as they are removed first."""
    slots = [slot for slot in reversed(seen.current) if slot.is_cordoned and slot.pod and not slot.pod.is_leaving]
    for slot in slots:
        others = [one for one in seen.current if one.ordinal != slot.ordinal]
        if not _rests(seen, slot, now) and slot.pod is not None and not unready(others) and not found.is_blind:
            return Wish(slot, Reason.NODE_DRAIN, f"{slot.pod.machine} takes no more pods")
    return None


def _rests(seen: Observed, slot: Slot, now: datetime) -> bool:
    """Whether an operation on this pod was given up, or a rebalance ended, not long ago."""
    pause = timedelta(seconds=seen.spec.scale_down.cooldown_seconds)
    uid = slot.pod.uid if slot.pod is not None else ""
    ended = [one.status.finished_at for one in seen.drains if not one.is_active and one.pod_uid == uid]
    return any(now - at < pause for at in ended if at is not None)
