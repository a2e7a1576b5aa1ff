"""What people see of a fleet: numbers, slots, conditions, and one sentence about what goes on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from voltring_operator.actions import Event
from voltring_operator.assessing import Assessment, unready, why_not
from voltring_operator.drains import DrainPhase, DrainState
from voltring_operator.fleet_status import Condition, FleetStatus, SlotStatus
from voltring_operator.manifests import RESUME, selector
from voltring_operator.model import Observed, Slot
from voltring_operator.rebalancing import is_uneven
from voltring_operator.scaling import Sizing
from voltring_operator.upgrading import Rolling, left

WAITING = frozenset(
    {DrainPhase.PENDING, DrainPhase.CORDONED, DrainPhase.PROPAGATING, DrainPhase.DRAINING, DrainPhase.QUIESCING}
)
"""Phases in which a note tells of something that is in the way."""
Truth = Literal["True", "False", "Unknown"]


def report(
    seen: Observed, found: Assessment, sizing: Sizing, rolling: Rolling, status: FleetStatus, now: datetime
) -> FleetStatus:
    """The fleet's status, with all that `status` remembers."""
    ready = sum(1 for slot in seen.current if slot.serves)
    capacity = ready * seen.spec.target.connections_per_pod
    connections = None if found.is_blind or found.silent else sum(one.connected for one in found.reports)
    drain = seen.active[0] if seen.active else None
    numbers = {
        "observed_generation": seen.fleet.generation,
        "replicas": seen.replicas,
        "selector": ",".join(f"{key}={value}" for key, value in selector(seen.fleet).items()),
        "ready_replicas": ready,
        "desired_replicas": sizing.desired,
        "updated_replicas": len(rolling.new),
        "connections": connections,
        "capacity": capacity,
        "capacity_percent": None if connections is None or not capacity else round(100 * connections / capacity),
        "misplaced": found.misplaced,
        "drain": _drain(drain),
        "version": ", ".join(sorted({one.version for one in found.reports})),
        "message": _message(seen, found, sizing, rolling, drain),
        "slots": tuple(_slot(slot, rolling) for slot in seen.slots),
        "rollout": rolling.rollout,
        "watch": sizing.watch,
    }
    conditions = _conditions(seen, found, sizing, rolling, drain)
    return status.model_copy(update=numbers | {"conditions": settled(conditions, status, seen.fleet.generation, now)})


def _drain(drain: DrainState | None) -> str:
    if drain is None:
        return ""
    number = f", {drain.status.remaining} left" if drain.status.remaining else ""
    return f"{drain.spec.slot} {drain.status.phase}{number}"


def _slot(slot: Slot, rolling: Rolling) -> SlotStatus:
    told, pod = slot.report, slot.pod
    return SlotStatus(
        slot=slot.ordinal,
        pod=pod.name if pod else "",
        uid=pod.uid if pod else "",
        connections=told.connected if told else None,
        phase=told.phase.value if told else why_not(slot),
        accept_per_second=told.accepting.capacity_per_s if told else None,
        lag_ms=round(told.loop_lag.p99_s * 1000, 1) if told else None,
        misplaced=told.misplaced if told else None,
        is_current=all(slot.ordinal != old.ordinal for old in rolling.old),
    )


def _message(seen: Observed, found: Assessment, sizing: Sizing, rolling: Rolling, drain: DrainState | None) -> str:
    """The most important thing; the conditions have the others."""
    if seen.spec.paused:
        what = f"; slot {drain.spec.slot} is {drain.status.phase}" if drain is not None else ""
        return f"paused: nothing is begun or taken away{what}"
    if found.without:
        return found.without
    if drain is not None:
        note = f": {drain.status.note}" if drain.status.note else ""
        return f"slot {drain.spec.slot} is {drain.status.phase} ({drain.spec.reason}){note}"
    if rolling.old:
        return f"{left(rolling)}; {rolling.held}" if rolling.held else left(rolling)
    if sizing.held:
        return f"{sizing.desired} nodes are desired: {sizing.held}"
    return unready(seen.current)


def _conditions(
    seen: Observed, found: Assessment, sizing: Sizing, rolling: Rolling, drain: DrainState | None
) -> Iterable[tuple[str, Truth, str, str]]:
    sick = unready(seen.current)
    ready = sum(1 for slot in seen.current if slot.serves)
    enough = ready >= max(1, seen.replicas - 1)
    yield "Available", _so(enough), "NodesReady" if enough else "NodesMissing", sick
    yield "Progressing", _so(drain is not None or bool(rolling.old)), *_progress(drain, rolling)
    yield _balanced(seen, found)
    waits = drain.status.note if drain is not None and drain.status.phase in WAITING else ""
    yield "DrainBlocked", _so(bool(waits)), "Waiting" if waits else "Flowing", waits
    yield _degraded(found)
    yield "UpgradePaused", _so(rolling.is_paused), *_paused(rolling)
    bound = bool(sizing.held)
    yield "ScalingHeld", _so(bound), "Held" if bound else "Free", sizing.held


def _progress(drain: DrainState | None, rolling: Rolling) -> tuple[str, str]:
    if drain is not None:
        return drain.spec.reason.value, f"slot {drain.spec.slot} is {drain.status.phase}"
    return ("Upgrade", left(rolling)) if rolling.old else ("Settled", "")


def _balanced(seen: Observed, found: Assessment) -> tuple[str, Truth, str, str]:
    if found.is_blind or found.silent:
        return "Balanced", "Unknown", "NodesSilent", ""
    rules = seen.spec.rebalance
    uneven = is_uneven(found, rules.start_ratio, rules.min_absolute)
    said = f"the fullest node has {found.fullest} chargers, the average is {found.mean:.0f}"
    return "Balanced", _so(not uneven), "Uneven" if uneven else "Even", said


def _degraded(found: Assessment) -> tuple[str, Truth, str, str]:
    if found.without:
        server = "PostgresUnreachable" if "PostgreSQL" in found.without else "RedisUnreachable"
        return "Degraded", "True", server, found.without
    if found.is_blind and found.counted:
        silent = ", ".join(f"{slot.name} {why_not(slot)}" for slot in found.silent)
        return "Degraded", "True", "NodesSilent", f"{silent}: nothing is decided until they answer"
    return "Degraded", "False", "Fine", ""


def _paused(rolling: Rolling) -> tuple[str, str]:
    if not rolling.is_paused or rolling.rollout is None:
        return "Free", ""
    revision = rolling.rollout.revision
    return "Failing", f"{rolling.held}. Change the template, or go on: annotate the fleet {RESUME}={revision}"


def _so(is_so: bool) -> Truth:
    return "True" if is_so else "False"


def settled(
    told: Iterable[tuple[str, Truth, str, str]], before: FleetStatus, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """As conditions: their time is that of the last change of their status."""
    made = []
    for kind, truth, reason, message in told:
        old = before.condition(kind)
        since = old.last_transition_time if old is not None and old.status == truth else now
        made.append(
            Condition(
                type=kind,
                status=truth,
                reason=reason,
                message=message,
                last_transition_time=since,
                observed_generation=generation,
            )
        )
    return tuple(made)


LOUD = {"Degraded": "Degraded", "UpgradePaused": "UpgradePaused"}
"""Conditions that are told as an event when they begin to hold."""


def changes(before: FleetStatus, after: FleetStatus) -> tuple[Event, ...]:
    """What somebody should hear of: conditions that began or ceased to hold, and that it stays smaller than needed."""
    events = []
    for kind, reason in LOUD.items():
        old, new = before.condition(kind), after.condition(kind)
        was, is_now = old is not None and old.status == "True", new is not None and new.status == "True"
        if new is not None and is_now and not was:
            events.append(Event(reason, new.message, True))
        elif was and not is_now:
            events.append(Event(f"{reason}Over", f"{kind} no more"))
    return tuple(events)
