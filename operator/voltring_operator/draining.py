"""One step of one OcppDrain: what is written down, and what is done, by what is seen now.

Nothing is remembered but what the object's status says, and that only leads: whether a node is drained is asked of the
node each time, before each step that takes something away. What is written down comes first, what it allows comes with
the next look; so whoever dies in between leaves something that the next one understands.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from voltring_core.domain.draining import LEAVING, Phase
from voltring_operator.actions import Action, Event, OrderDrain
from voltring_operator.assessing import Assessment
from voltring_operator.drains import After, DrainPhase, DrainState, DrainStatus
from voltring_operator.model import Observed, Pod, Slot
from voltring_operator.report import DrainReport, NodeReport

GRANT_S = 60.0
"""Seconds that a rate is granted for: four looks. When nobody renews it the node falls to its floor rate."""
OVERDUE = timedelta(minutes=5)
"""After the deadline: a node that has neither ended its drain nor given it up by then is looked at by somebody."""
BETA = 0.5
"""Of what the nodes accept to which chargers go, that a drain may use."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a step is decided by."""

    seen: Observed
    found: Assessment
    now: datetime
    needed: int
    """How many nodes must be there: a slot below that is not given up."""
    why_needed: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The operation's status, and what is to be done now."""

    status: DrainStatus
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()


def step(drain: DrainState, sight: Sight) -> Step:
    """The next step of a drain that has the turn and cordons its node; `finalising.py` goes on from FINALISING."""
    slot, status = sight.seen.slot(drain.spec.slot), drain.status
    if status.started_at is None:
        return _begin(drain, slot, sight)
    if why := unwanted(drain, sight):
        return over(drain, DrainPhase.ABORTED, why, sight.now)
    pod = slot.pod
    if pod is None or pod.uid != drain.pod_uid:
        return _without_its_pod(drain, slot, sight)
    if pod.is_leaving:
        return Step(noted(status, f"{pod.name} is being stopped"))
    if slot.report is None:
        return _silent(drain, slot, sight)
    return _by_report(drain, slot, pod, slot.report, sight)


def over(drain: DrainState, phase: DrainPhase, note: str, now: datetime) -> Step:
    """The operation ends. A node that is still drained by it then is brought back (`orphans`)."""
    status = drain.status.model_copy(update={"phase": phase, "note": note, "finished_at": now})
    named = {DrainPhase.DONE: "DrainDone", DrainPhase.ABORTED: "DrainAborted", DrainPhase.FAILED: "DrainFailed"}
    text = f"Slot {drain.spec.slot} ({drain.spec.reason}): {note}"
    return Step(status, events=(Event(named[phase], text, phase is not DrainPhase.DONE, drain.name),))


def _begin(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    if drain.spec.slot >= sight.seen.replicas:
        return over(drain, DrainPhase.FAILED, f"there is no slot {drain.spec.slot}", sight.now)
    if why := unwanted(drain, sight):
        return over(drain, DrainPhase.ABORTED, why, sight.now)
    if slot.pod is None:
        return Step(noted(drain.status, "it waits for its pod"))
    if drain.spec.pod_uid not in ("", slot.pod.uid):
        return over(drain, DrainPhase.ABORTED, f"{slot.pod.name} is another pod by now", sight.now)
    seconds = drain.spec.deadline_seconds or sight.seen.spec.drain.deadline_seconds
    begun = {
        "pod_uid": slot.pod.uid,
        "started_at": sight.now,
        "deadline_at": sight.now + timedelta(seconds=seconds),
        "note": "",
    }
    text = f"{slot.pod.name} is drained ({drain.spec.reason}) until {begun['deadline_at']:%H:%M:%S} at the latest"
    return Step(drain.status.model_copy(update=begun), events=(Event("DrainStarted", text, about=drain.name),))


def unwanted(drain: DrainState, sight: Sight) -> str:
    """Why it should not go on; empty when it should."""
    if drain.spec.abort:
        return "somebody asked for it to be aborted"
    if drain.spec.after is not After.DELETE:
        return ""
    if drain.spec.slot < sight.seen.replicas - 1:
        return f"slot {drain.spec.slot} is not the highest one: only that can be taken away"
    if drain.spec.slot == sight.seen.replicas - 1 and sight.needed > drain.spec.slot:
        return f"it is needed again: {sight.why_needed}"
    return ""


def _without_its_pod(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    if drain.spec.after is After.RETURN:  # what was meant has happened without us: its place is to be filled
        return Step(at_phase(drain.status, DrainPhase.FINALISING, "its pod is gone"))
    if drain.spec.after is After.DELETE and drain.spec.slot >= sight.seen.replicas:
        return over(drain, DrainPhase.DONE, f"slot {drain.spec.slot} was taken away", sight.now)
    return over(drain, DrainPhase.ABORTED, f"{slot.name} is another pod by now", sight.now)


def _silent(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    if slot.is_empty and drain.spec.after is After.RETURN:
        return Step(at_phase(drain.status, DrainPhase.FINALISING, "its process is gone"))
    why = slot.why_silent or "does not answer"
    if _is_overdue(drain, sight.now):
        return over(drain, DrainPhase.FAILED, f"{slot.name} {why}", sight.now)
    return Step(noted(drain.status, f"{slot.name} {why}"))


def _is_overdue(drain: DrainState, now: datetime) -> bool:
    return drain.status.deadline_at is not None and now >= drain.status.deadline_at + OVERDUE


def _by_report(drain: DrainState, slot: Slot, pod: Pod, report: NodeReport, sight: Sight) -> Step:
    told = report.drain
    if told is None or told.reason != drain.order or report.uid != drain.status.node_uid:
        return _order(drain, pod, report, sight)
    if told.phase is Phase.ABORTED:
        return over(drain, DrainPhase.ABORTED, told.note or "the node gave up at the deadline", sight.now)
    if report.phase not in LEAVING:
        return over(drain, DrainPhase.ABORTED, f"somebody let {pod.name} serve again", sight.now)
    status = _read(drain.status, told, report.phase)
    if report.phase is Phase.DRAINED:
        return _drained(drain, status, pod)
    if told.cause != "order":
        return Step(noted(status, f"{pod.name} is being stopped"))
    if _is_overdue(drain, sight.now) and drain.status.remaining == told.remaining:
        return over(drain, DrainPhase.FAILED, f"{pod.name} closes nobody: {told.note}", sight.now)
    return Step(status, (_granted(drain, pod, report, sight),), _slowed(drain, status, pod))


def _drained(drain: DrainState, status: DrainStatus, pod: Pod) -> Step:
    if drain.status.phase is not DrainPhase.DRAINED:
        text = f"{pod.name} is drained: {status.closed} chargers were asked to go, {status.returned} are seen again"
        return Step(status, events=(Event("DrainDone", text, about=drain.name),))
    if drain.spec.after is After.NONE:
        return Step(noted(status, "it stays drained until this object is deleted"))
    return Step(at_phase(status, DrainPhase.FINALISING))


def _order(drain: DrainState, pod: Pod, report: NodeReport, sight: Sight) -> Step:
    """The process is not drained by us: not yet, or not any more, since it is another one. It is told to."""
    if report.drain is not None and report.drain.cause == "stop" and report.phase in LEAVING:
        return Step(noted(drain.status, f"{pod.name} is being stopped"))
    status = drain.status.model_copy(update={"phase": DrainPhase.PENDING, "node_uid": report.uid, "note": ""})
    return Step(status, (_granted(drain, pod, report, sight),))


def _granted(drain: DrainState, pod: Pod, report: NodeReport, sight: Sight) -> OrderDrain:
    rules, deadline = sight.seen.spec.drain, drain.status.deadline_at
    others = {slot.ordinal for slot in sight.seen.current} - {drain.spec.slot}
    left = (deadline - sight.now).total_seconds() if deadline is not None else float(rules.deadline_seconds)
    return OrderDrain(
        slot=drain.spec.slot,
        pod_uid=pod.uid,
        node_uid=report.uid,
        reason=drain.order,
        rate=rate(drain, sight, others),
        window=None if rules.limbo_window == "auto" else rules.limbo_window,
        until_s=GRANT_S,
        deadline_s=max(left, 1.0),
        firmware=drain.spec.firmware_policy or rules.firmware_policy,
        floor_rate=rules.floor_rate,
    )


def rate(drain: DrainState, sight: Sight, takers: Container[int]) -> float:
    """Closes a second: what may be, at most half of what the `takers` accept; the floor's while that is not known."""
    rules, found = sight.seen.spec.drain, sight.found
    most = min(drain.spec.rate or rules.max_rate, rules.max_rate)
    if found.is_blind or found.is_storm:
        return min(most, rules.floor_rate)
    return min(most, max(BETA * found.accepts_per_s(takers), 1.0))


def _read(status: DrainStatus, told: DrainReport, phase: Phase) -> DrainStatus:
    """The node's own words."""
    same = "initial remaining in_transaction in_firmware closed returned limbo rate_now note".split()
    return status.model_copy(update={name: getattr(told, name) for name in same} | {"phase": DrainPhase(phase.value)})


def _slowed(drain: DrainState, status: DrainStatus, pod: Pod) -> tuple[Event, ...]:
    """A word when it begins to wait for something."""
    if not status.note or status.note == drain.status.note:
        return ()
    return (Event("DrainBlocked", f"{pod.name} closes nobody right now: {status.note}", True, drain.name),)


def at_phase(status: DrainStatus, phase: DrainPhase, note: str = "") -> DrainStatus:
    return status.model_copy(update={"phase": phase, "note": note})


def noted(status: DrainStatus, note: str) -> DrainStatus:
    return status.model_copy(update={"note": note})
