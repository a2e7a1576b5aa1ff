"""One look at a fleet, one plan: what is done now, what is written down, what people are told.

    1  the StatefulSet is as the fleet's template says
    2  the operation that has the turn goes one step on (draining.py, finalising.py, rebalancing.py)
    3  nodes that are drained by an operation that is over serve again
    4  the fleet grows, if it must
    5  the next operation begins, if none goes on (operations.py)

What is written down comes before what is done. Everything is derived from `Observed`: a plan that was carried out in
part, twice or not at all leads to another plan with the same end.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from voltring_core.domain.draining import LEAVING
from voltring_operator import draining, finalising, operations, rebalancing, reporting, scaling, upgrading
from voltring_operator.actions import (
    Action,
    ApplyStatefulSet,
    CreateDrain,
    DeleteDrain,
    DeletePod,
    Event,
    Scale,
    Undrain,
    WriteDrain,
)
from voltring_operator.assessing import assess, why_not
from voltring_operator.draining import Sight, Step
from voltring_operator.drains import ORDER, DrainPhase, DrainState, Reason
from voltring_operator.fleet_status import Change, FleetStatus, Intent
from voltring_operator.manifests import digest, stateful_set
from voltring_operator.model import Observed
from voltring_operator.operations import Wish
from voltring_operator.scaling import Sizing
from voltring_operator.upgrading import Rolling

KEPT = 10
"""Operations that are over and stay to be looked at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """To be carried out in this order: status of the fleet, news, actions, events."""

    status: FleetStatus
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    """To be told when all actions are done."""
    news: tuple[Event, ...] = ()
    """To be told with the status."""
    goes_on: bool = False
    """Whether what is written down allows the next step at once: nobody has to be waited for."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a plan is made of."""

    sight: Sight
    status: FleetStatus
    sizing: Sizing
    rolling: Rolling
    wish: Wish | None


def plan(seen: Observed, now: datetime) -> Plan:
    """`now` has a time zone. Pure: the same look, the same plan."""
    now = now.replace(microsecond=0)
    look = _look(seen, now)
    parts = [
        _stateful_set(look),
        _operation(look),
        _orphans(look),
        _growth(look),
        _lifeless(look),
        _next(look),
        _tidy(look),
    ]
    actions = tuple(action for part in parts for action in part.actions)
    events = tuple(event for part in parts for event in part.events)
    if seen.spec.dry_run or seen.spec.paused:
        kept = Part() if seen.spec.dry_run else _while_paused(look)
        would = tuple(str(one) for one in actions if one not in kept.actions)
        told = tuple(Event("DryRun", f"Would {one}") for one in would if one not in seen.fleet.status.plan)
        actions, events = kept.actions, told if seen.spec.dry_run else kept.events
        plan_lines = would
    else:
        plan_lines = tuple(str(one) for one in actions)
    status = replace_intent(look.status, actions, seen.spec.least)
    after = _as_written(seen, actions)
    status = reporting.report(after, look.sight.found, look.sizing, look.rolling, status, now)
    status = status.model_copy(update={"plan": plan_lines})
    return Plan(status, actions, events, reporting.changes(seen.fleet.status, status), _goes_on(seen, actions))


def _as_written(seen: Observed, actions: tuple[Action, ...]) -> Observed:
    """With the operations as this plan writes them down: people read where they stand, not where they stood."""
    written = {one.name: one.status for one in actions if isinstance(one, WriteDrain)}
    drains = tuple(one.model_copy(update={"status": written.get(one.name, one.status)}) for one in seen.drains)
    return replace(seen, drains=drains)


def _goes_on(seen: Observed, actions: tuple[Action, ...]) -> bool:
    before = {one.name: one.status for one in seen.drains}
    for action in actions:
        if isinstance(action, CreateDrain):
            return True
        if isinstance(action, WriteDrain):
            old, new = before[action.name], action.status
            if (old.phase, old.node_uid, old.started_at) != (new.phase, new.node_uid, new.started_at):
                return True
    return False


def refusal(before: FleetStatus, generation: int, sentence: str, now: datetime) -> Plan:
    """The fleet's spec makes no sense: nothing is done, and its status says why."""
    told = reporting.settled([("Degraded", "True", "InvalidSpec", sentence)], before, generation, now)
    others = tuple(one for one in before.conditions if one.type != "Degraded")
    status = before.model_copy(
        update={"conditions": others + told, "message": sentence, "observed_generation": generation, "plan": ()}
    )
    return Plan(status, news=reporting.changes(before, status))


def _look(seen: Observed, now: datetime) -> Look:
    found = assess(seen, now.timestamp())
    status = remembered(seen, now)
    busy = _busy(seen)
    rolling = upgrading.roll(seen, found, status, now)
    if not busy and rolling.old:
        busy = f"an upgrade goes on: {upgrading.left(rolling)}"
    sizing = scaling.size(seen, found, status, now, busy)
    need = sizing.need.nodes if sizing.need is not None else 0
    why = sizing.need.why if sizing.need is not None and need > seen.spec.least else f"{seen.spec.least} are asked for"
    sight = Sight(seen, found, now, max(need, seen.spec.least), why)
    return Look(sight, status, sizing, rolling, operations.due(seen, found, sizing, rolling, now))


def _busy(seen: Observed) -> str:
    active = seen.active
    return f"slot {active[0].spec.slot} is drained ({active[0].spec.reason})" if active else ""


def remembered(seen: Observed, now: datetime) -> FleetStatus:
    """The status with the change of the number of nodes that was seen since the last look."""
    status = seen.fleet.status
    before, after = status.replicas, seen.replicas
    if not before or before == after or seen.stateful_set is None:
        return status
    intent = status.intent
    reason = intent.reason if intent is not None and intent.to == after else "somebody else changed it"
    last = status.last_scale
    is_load = intent is not None and intent.to == after and intent.is_load
    grew_again = is_load and last is not None and after > before and last.to < last.from_
    change = Change(time=now, from_=before, to=after, reason=reason)
    reversed_at = now if grew_again else status.reversed_at
    return status.model_copy(update={"last_scale": change, "reversed_at": reversed_at, "replicas": after})


def replace_intent(status: FleetStatus, actions: tuple[Action, ...], least: int) -> FleetStatus:
    """The status knows why the number of nodes is going to change."""
    scale = next((one for one in actions if isinstance(one, Scale)), None)
    if scale is None:
        return status
    return status.model_copy(update={"intent": Intent(to=scale.to, reason=scale.reason, is_load=scale.to > least)})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a plan."""

    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()


def _stateful_set(look: Look) -> Part:
    seen, now_there = look.sight.seen, look.sight.seen.stateful_set
    if now_there is None:
        make = ApplyStatefulSet(stateful_set(seen.fleet, seen.spec.least), "", "")
        return Part((make,), (Event("FleetMade", f"{seen.spec.least} nodes are made"),))
    if now_there.made_from == digest(seen.fleet):
        return Part()
    change = ApplyStatefulSet(stateful_set(seen.fleet), now_there.uid, now_there.resource_version)
    return Part((change,), (Event("TemplateChanged", "The nodes are replaced one after the other"),))


def _operation(look: Look) -> Part:
    """Of the operations that are not over the first one goes on; those that are not wanted any more end as well."""
    active = look.sight.seen.active
    if not active:
        return Part()
    parts = [_written(active[0], _step(active[0], look))]
    parts += [_written(one, _waits(one, active[0], look)) for one in active[1:]]
    return Part(tuple(a for part in parts for a in part.actions), tuple(e for part in parts for e in part.events))


def _step(drain: DrainState, look: Look) -> Step:
    sight = look.sight
    if drain.spec.reason is Reason.REBALANCE or drain.spec.selector.only_misplaced:
        forbidden = (
            operations.gives_way(drain, look.wish)
            or operations.calm_hours(sight.seen, sight.now)
            or rebalancing.forbidden(sight.seen, sight.found)
        )
        return rebalancing.step(drain, sight, forbidden)
    if drain.status.phase is DrainPhase.FINALISING:
        return finalising.step(drain, sight)
    return draining.step(drain, sight)


def _waits(drain: DrainState, first: DrainState, look: Look) -> Step:
    if drain.spec.abort:
        return draining.over(drain, DrainPhase.ABORTED, "somebody asked for it to be aborted", look.sight.now)
    return Step(draining.noted(drain.status, f"it waits for {first.name}"))


def _written(drain: DrainState, step: Step) -> Part:
    """What is written down goes first; with a new status nothing else is done that takes something away."""
    if step.status == drain.status:
        return Part(step.actions, step.events)
    write = WriteDrain(drain.name, drain.uid, drain.resource_version, step.status)
    return Part((write, *step.actions), step.events)


def _orphans(look: Look) -> Part:
    """Nodes that an operation of ours has drained which is over, or whose object is gone, serve again."""
    seen = look.sight.seen
    going_on = {one.order for one in seen.active}
    found: list[Action] = []
    for slot in seen.current:
        told, pod = slot.report, slot.pod
        if told is None or pod is None or pod.is_leaving or told.drain is None or told.phase not in LEAVING:
            continue
        ours = told.drain.reason.startswith(ORDER) and told.drain.cause == "order"
        if ours and told.drain.reason not in going_on:
            found.append(Undrain(slot.ordinal, pod.uid, told.uid, told.drain.reason))
    return Part(tuple(found))


def _growth(look: Look) -> Part:
    seen, sizing, there = look.sight.seen, look.sizing, look.sight.seen.stateful_set
    if there is None or sizing.to <= seen.replicas:
        return Part()
    scale = Scale(sizing.to, seen.replicas, there.uid, there.resource_version, sizing.why)
    return Part((scale,), (Event("ScaleUp", f"From {scale.from_} to {scale.to} nodes: {sizing.why}"),))


def _lifeless(look: Look) -> Part:
    """Pods of an old template that serve nobody are replaced at once: that is how a bad template is left behind."""
    deletes = []
    for slot in look.rolling.lifeless:
        if slot.pod is not None and not slot.pod.is_leaving:
            why = f"it was made from an older template, and {why_not(slot)}"
            deletes.append(DeletePod(slot.pod.name, slot.ordinal, slot.pod.uid, "", why))
    return Part(tuple(deletes))


def _next(look: Look) -> Part:
    seen, wish = look.sight.seen, look.wish
    there = seen.stateful_set
    if wish is None or seen.active or there is None or there.made_from != digest(seen.fleet):
        return Part()
    if wish.slot.pod is None or wish.slot.pod.is_leaving:
        return Part()
    begun = operations.begin(wish, seen)
    named = {Reason.SCALE_DOWN: "ScaleDownPlanned", Reason.UPGRADE: "UpgradeStep", Reason.NODE_DRAIN: "NodeDrain"}
    reason = named.get(wish.reason, "RebalancePlanned")
    return Part((begun,), (Event(reason, f"{wish.slot.name}: {wish.why}"),))


def _tidy(look: Look) -> Part:
    over = [one for one in look.sight.seen.drains if not one.is_active and not one.is_being_deleted]
    ours = sorted((one for one in over if one.spec.reason is not Reason.MANUAL), key=lambda one: one.created_at)
    return Part(tuple(DeleteDrain(one.name, one.uid) for one in ours[:-KEPT]))


def _while_paused(look: Look) -> Part:
    """What is done for a paused fleet as well: a drain that runs goes on until its node is drained, an operation is
    aborted when somebody asks for it, and nodes that nobody drains any more serve again."""
    active = look.sight.seen.active
    parts = [_written(one, _held(one, _step(one, look))) for one in active if one.spec.abort or _runs(one, active[0])]
    actions = tuple(action for part in parts for action in part.actions)
    return Part(actions + _orphans(look).actions, tuple(event for part in parts for event in part.events))


def _runs(drain: DrainState, first: DrainState) -> bool:
    """Whether its node is being drained by now. Who is only called home waits for the fleet to go on."""
    if drain is not first or drain.status.started_at is None or drain.status.phase is DrainPhase.FINALISING:
        return False
    return drain.spec.reason is not Reason.REBALANCE and not drain.spec.selector.only_misplaced


def _held(drain: DrainState, step: Step) -> Step:
    """The step, unless it leads to what takes something away."""
    if step.status.phase is not DrainPhase.FINALISING:
        return step
    return Step(draining.noted(drain.status, "the fleet is paused: what comes after the drain waits"))
