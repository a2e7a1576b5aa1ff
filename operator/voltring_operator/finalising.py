"""After the drain: the slot is taken away, or its pod is replaced and gets its own chargers back.

after Delete   replicas fall by one, if this pod's process says right now that it is drained; then its pod goes
after Return   the pod is deleted on the same condition; a new one comes; the others send home what belongs there
"""

from datetime import timedelta

from voltring_core.domain.draining import Phase
from voltring_operator.actions import DeletePod, Event, Recall, Scale
from voltring_operator.assessing import why_not
from voltring_operator.draining import GRANT_S, Sight, Step, at_phase, noted, over, rate, unwanted
from voltring_operator.drains import After, DrainPhase, DrainState
from voltring_operator.model import Pod, Slot

RETURN_LIMIT = timedelta(minutes=10)
"""For a new pod to come, be ready and answer: images of hundreds of megabytes are pulled in less."""
SETTLING = timedelta(seconds=20)
"""For the others to see that the new pod serves, and to find out who belongs there, where they do not tell that."""
RECALL_LIMIT = timedelta(minutes=30)
"""For chargers to come home: those that are left then come with their next connection."""


def step(drain: DrainState, sight: Sight) -> Step:
    """The next step of an operation that is FINALISING."""
    slot = sight.seen.slot(drain.spec.slot)
    pod = slot.pod
    if pod is None or pod.uid != drain.pod_uid:
        return _gone(drain, slot, sight)
    if pod.is_leaving:
        return Step(noted(drain.status, f"{pod.name} is ending"))
    if drain.spec.after is After.DELETE:
        return _take_away(drain, slot, pod, sight)
    return _replace(drain, slot, pod, sight)


def _take_away(drain: DrainState, slot: Slot, pod: Pod, sight: Sight) -> Step:
    stateful_set = sight.seen.stateful_set
    if stateful_set is None or stateful_set.replicas <= slot.ordinal:
        return Step(noted(drain.status, f"{pod.name} is to end"))
    if why := unwanted(drain, sight):
        return over(drain, DrainPhase.ABORTED, why, sight.now)
    if not is_drained(drain, slot):
        return _again(drain, slot)
    scale = Scale(
        to=slot.ordinal,
        from_=slot.ordinal + 1,
        expecting_uid=stateful_set.uid,
        expecting_version=stateful_set.resource_version,
        reason=f"{pod.name} is drained",
        pod_uid=pod.uid,
        node_uid=drain.status.node_uid,
    )
    text = f"From {scale.from_} to {scale.to} nodes: {pod.name} is drained"
    return Step(noted(drain.status, "its slot is taken away"), (scale,), (Event("ScaleDown", text),))


def _replace(drain: DrainState, slot: Slot, pod: Pod, sight: Sight) -> Step:
    if why := unwanted(drain, sight):
        return over(drain, DrainPhase.ABORTED, why, sight.now)
    if not is_drained(drain, slot) and not slot.is_empty:
        return _again(drain, slot)
    node_uid = "" if slot.is_empty else drain.status.node_uid
    delete = DeletePod(pod.name, slot.ordinal, pod.uid, node_uid, f"it is drained ({drain.spec.reason})")
    return Step(noted(drain.status, f"{pod.name} is replaced"), (delete,))


def is_drained(drain: DrainState, slot: Slot) -> bool:
    """Whether the very process that was ordered says that it is drained, of this order, and holds nobody (I11)."""
    report = slot.report
    if report is None or report.drain is None or report.uid != drain.status.node_uid:
        return False
    return report.drain.reason == drain.order and report.phase is Phase.DRAINED and not report.connected


def _again(drain: DrainState, slot: Slot) -> Step:
    """It was drained when that was written down, and does not say so now."""
    if slot.report is None:
        return Step(noted(drain.status, f"{slot.name} {why_not(slot)}"))
    return Step(at_phase(drain.status, DrainPhase.PENDING, f"{slot.name} is not drained any more"))


def _gone(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    status = drain.status
    if drain.spec.after is After.DELETE:
        # With a pod in its place somebody let the fleet grow since; the one that was drained has gone all the same.
        return over(drain, DrainPhase.DONE, f"slot {slot.ordinal} was taken away", sight.now)
    if status.gone_at is None:
        # The new one may be there already, and nothing would tell of it once more.
        gone = status.model_copy(update={"gone_at": sight.now, "remaining": 0})
        return _await(drain.model_copy(update={"status": gone}), slot, sight)
    if status.ready_at is None:
        return _await(drain, slot, sight)
    return _recall(drain, slot, sight)


def _await(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    status = drain.status
    assert status.gone_at is not None
    if slot.ordinal >= sight.seen.replicas:
        return over(drain, DrainPhase.DONE, f"slot {slot.ordinal} is not wanted any more", sight.now)
    if slot.serves:
        return Step(status.model_copy(update={"ready_at": sight.now, "note": f"{slot.name} serves"}))
    note = f"{slot.name} {why_not(slot)}"
    if sight.now - status.gone_at >= RETURN_LIMIT:
        minutes = RETURN_LIMIT.seconds // 60
        return over(drain, DrainPhase.FAILED, f"{note}, {minutes} minutes after the old pod went", sight.now)
    return Step(noted(status, note))


def _recall(drain: DrainState, slot: Slot, sight: Sight) -> Step:
    """The idle chargers that belong to the slot come home, from wherever they went."""
    status, others = drain.status, [one for one in sight.seen.current if one.ordinal != slot.ordinal]
    assert status.ready_at is not None
    left = status.ready_at + RECALL_LIMIT - sight.now
    if left <= timedelta(0):
        return over(drain, DrainPhase.DONE, f"{slot.name} serves; who is not home yet comes by itself", sight.now)
    if drain.spec.abort:
        return over(drain, DrainPhase.DONE, f"{slot.name} serves; nobody else is sent home", sight.now)
    if unaware := next((one for one in others if not is_aware(one, slot, sight.now - status.ready_at)), None):
        return Step(noted(status, f"{unaware.name} has to learn that {slot.name} serves"))
    if silent := next((one for one in others if one.report is None), None):
        return Step(noted(status, f"{silent.name} {why_not(silent)}: it may have chargers that belong here"))
    away = [one for one in others if belongs_elsewhere(one, drain)]
    if not away:
        return over(drain, DrainPhase.DONE, f"{slot.name} serves, and who was idle is home", sight.now)
    if not slot.serves:
        return Step(noted(status, f"{slot.name} {why_not(slot)}: nobody is sent there"))
    share = rate(drain, sight, {slot.ordinal}) / len(away)
    count = sum(one.report.misplaced or 0 for one in away if one.report is not None)
    told = {"remaining": count, "note": f"{count} chargers are elsewhere; those that are idle are sent home"}
    actions = tuple(order for one in away if (order := recall(one, drain, share, left.total_seconds())))
    return Step(status.model_copy(update=told), actions)


def is_aware(slot: Slot, of: Slot, since: timedelta) -> bool:
    """Whether the slot's node knows that the other one, which serves `since`, does, and who of its chargers belongs
    there."""
    if slot.report is None:
        return True  # it is silent: that is another matter
    told = slot.report.counted
    return since >= SETTLING if told is None else of.ordinal in told


def belongs_elsewhere(slot: Slot, drain: DrainState) -> bool:
    """Whether the slot's node has misplaced chargers, and has not sent home all it could for this operation."""
    told = slot.report
    if told is None or not told.misplaced:
        return False
    return told.recall is None or told.recall.reason != drain.order or not told.recall.is_over


def recall(slot: Slot, drain: DrainState, rate_per_s: float, left_s: float) -> Recall | None:
    """The order to one node; None when it is not to be asked. Posted again it renews the grant."""
    if slot.pod is None or slot.pod.is_leaving or slot.report is None:
        return None
    return Recall(slot.ordinal, slot.pod.uid, slot.report.uid, drain.order, rate_per_s, GRANT_S, left_s)
