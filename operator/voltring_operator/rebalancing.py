"""Moving idle, misplaced chargers off a node that carries far more than the others: after growth, slowly, or never.

Nobody is refused: the fullest node closes chargers that the router would send elsewhere now. Mostly chargers come and
go by themselves, and the ring settles without it.
"""

from datetime import timedelta

from voltring_operator.actions import Event
from voltring_operator.assessing import Assessment, unready
from voltring_operator.draining import Sight, Step, over
from voltring_operator.drains import DrainPhase, DrainState
from voltring_operator.finalising import belongs_elsewhere, recall
from voltring_operator.model import Observed, Slot
from voltring_operator.spec import Mode


def fullest(found: Assessment) -> Slot | None:
    """Of the nodes with misplaced chargers, the one with the most chargers; None when there is none."""
    with_some = [(report.charge, slot.ordinal, slot) for slot, report in found.known if report.misplaced]
    return max(with_some, key=lambda one: one[:2])[2] if with_some else None


def is_uneven(found: Assessment, ratio: float, absolute: int) -> bool:
    """Whether the fullest node carries more than so many times the average, and so many chargers more."""
    return found.fullest > ratio * found.mean and found.fullest - found.mean > absolute


def wanted(seen: Observed, found: Assessment) -> tuple[Slot, str] | None:
    """The slot to begin with, and why; None when nothing is to be moved."""
    rules = seen.spec.rebalance
    slot = fullest(found)
    if rules.mode is Mode.OFF or slot is None or slot.report is None:
        return None
    if rules.mode is Mode.OVERLOAD:
        if not is_uneven(found, rules.start_ratio, rules.min_absolute) or slot.report.charge < found.fullest:
            return None
        why = f"{slot.name} has {found.fullest} chargers, the average is {found.mean:.0f}"
    else:
        why = f"{slot.report.misplaced} chargers of {slot.name} belong elsewhere"
    return slot, why


def step(drain: DrainState, sight: Sight, forbidden: str) -> Step:
    """The next step of a rebalance; `forbidden` says why it must not go on, empty when it may."""
    slot, status = sight.seen.slot(drain.spec.slot), drain.status
    if why := "somebody asked for it to be aborted" if drain.spec.abort else forbidden:
        return over(drain, DrainPhase.ABORTED, why, sight.now)
    if status.started_at is None:
        return _begin(drain, slot, sight)
    if slot.pod is None or slot.pod.uid != drain.pod_uid or slot.report is None:
        return over(drain, DrainPhase.ABORTED, f"{slot.name} is not what it was", sight.now)
    rules, misplaced = sight.seen.spec.rebalance, slot.report.misplaced
    uneven = rules.mode is Mode.ALWAYS or is_uneven(sight.found, rules.stop_ratio, 0)
    left = (status.deadline_at - sight.now).total_seconds() if status.deadline_at is not None else 0.0
    if not belongs_elsewhere(slot, drain) or not uneven or left <= 0:
        return over(drain, DrainPhase.DONE, f"{slot.name} has {slot.report.charge} chargers now", sight.now)
    per_s = (sight.found.charge or 0) * rules.rate_percent_per_minute / 100 / 60
    order = recall(slot, drain, max(per_s, 1 / 60), left)
    told = {"remaining": misplaced, "phase": DrainPhase.DRAINING, "note": f"{misplaced} chargers belong elsewhere"}
    return Step(status.model_copy(update=told), (order,) if order else ())


def _begin(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    if slot.pod is None or slot.report is None or drain.spec.pod_uid not in ("", slot.pod.uid):
        return over(drain, DrainPhase.ABORTED, f"{slot.name} is not what it was", sight.now)
    seconds = drain.spec.deadline_seconds or sight.seen.spec.drain.deadline_seconds
    begun = {
        "phase": DrainPhase.DRAINING,
        "pod_uid": slot.pod.uid,
        "node_uid": slot.report.uid,
        "initial": slot.report.misplaced,
        "started_at": sight.now,
        "deadline_at": sight.now + timedelta(seconds=seconds),
    }
    text = f"{slot.report.misplaced} idle chargers of {slot.name} are sent home, few at a time"
    return Step(drain.status.model_copy(update=begun), events=(Event("RebalanceStarted", text, about=drain.name),))


def forbidden(seen: Observed, found: Assessment) -> str:
    """Why nothing may be rebalanced now, whatever the load is; empty when it may."""
    if found.is_blind or found.silent:
        return "a node does not answer"
    if found.is_storm:
        return "chargers come in masses"
    return found.without or unready(seen.current)
