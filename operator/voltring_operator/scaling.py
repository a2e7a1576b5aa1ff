"""How many nodes: what the load needs, what was needed lately, and what forbids a change right now.

    grows    when more were needed than there are for 30 s: to what is needed now, at most by a step
    shrinks  by the highest slot, when fewer would have done for 15 min, the others stay below 0.8 of their target,
             and nothing else goes on; after the load made it grow again, not for an hour: so it changes its direction
             twice an hour at most, whatever the load does
    stays    when too many nodes are silent; in a storm, unless the hard cap is in danger

Somebody's wish (`slots.min`, `replicas`) makes it grow at once, whatever is known; it never shrinks below what the
chargers need.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from voltring_operator.assessing import CAP_IN_DANGER, Assessment, unready
from voltring_operator.drains import Reason
from voltring_operator.fleet_status import FleetStatus, Watch
from voltring_operator.model import Observed
from voltring_operator.spec import FleetSpec
from voltring_operator.watching import highest, lasted, watched

COMFORT = 0.8
"""Of the target: how full the others may be once a node is gone. What lies between keeps it from coming back."""
SLOW = 0.5
"""Of the nodes: fewer that are slow are sick, and a bigger fleet would not heal them."""
CALM_AFTER_REVERSAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Need:
    """How many nodes the load needs, and why."""

    nodes: int
    why: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """What is to become of the number of nodes. `to` differs from the number there is when it is to change now."""

    to: int
    why: str
    desired: int
    """What it would be if nothing forbade it."""
    need: Need | None
    """None: not known."""
    held: str = ""
    """Why it stays as it is though another number is desired."""
    watch: Watch | None = None


def needs(spec: FleetSpec, found: Assessment, replicas: int, busy: str = "") -> Need | None:
    """What the load needs; None while too little is known. `busy`: as of `size`."""
    charge, cpu = found.charge, found.cpu
    if charge is None:
        return None
    target, cap = spec.target, spec.hard_cap.connections_per_pod
    candidates = [Need(max(1, ceil(charge / target.connections_per_pod)), f"{charge} chargers")]
    if charge:
        candidates.append(Need(ceil(charge / cap) + 1, f"{charge} chargers, also when a node is lost"))
    if cpu is not None:
        candidates.append(Need(ceil(round(cpu / target.cpu, 6)), f"{cpu:.1f} cores in use"))
    if busy:
        # Who takes over a node's chargers, or has just started, is late for a while, and one node more would move even
        # more of them.
        return max(candidates, key=lambda one: one.nodes)
    if found.share(lambda one: one.loop_lag.p99_s * 1000 > target.event_loop_lag_ms_p99) >= SLOW:
        candidates.append(Need(replicas + 1, f"event loops are late by more than {target.event_loop_lag_ms_p99:g} ms"))
    if found.share(lambda one: (one.commands.doorbells or 0) > target.stream_lag_max) >= SLOW:
        candidates.append(Need(replicas + 1, f"more than {target.stream_lag_max} doorbells wait"))
    return max(candidates, key=lambda one: one.nodes)


def size(seen: Observed, found: Assessment, status: FleetStatus, now: datetime, busy: str = "") -> Sizing:
    """`status` knows of the last change; `busy` says which operation goes on, empty when there is none."""
    spec, replicas = seen.spec, seen.replicas
    need = needs(spec, found, replicas, busy)
    watch = status.watch
    if need is not None:
        watch = watched(watch, need.nodes, replicas, now, spec.scale_down.stabilization_seconds)
    wish = Need(spec.least, "asked for")
    wanted = max((wish, need or wish), key=lambda one: one.nodes)
    desired = min(wanted.nodes, spec.slots.max)
    if desired > replicas:
        to, why, held = _up(seen, found, status, need, watch, now)
    elif desired < replicas:
        to, why, held = _down(seen, found, status, wish.nodes, watch, now, busy)
    else:
        to, why, held = replicas, "", _beyond(wanted, spec)
    return Sizing(to, why, desired, need, held, watch)


def _beyond(wanted: Need, spec: FleetSpec) -> str:
    if wanted.nodes <= spec.slots.max:
        return ""
    return f"{wanted.nodes} nodes are needed ({wanted.why}), slots.max is {spec.slots.max}"


def _up(
    seen: Observed, found: Assessment, status: FleetStatus, need: Need | None, watch: Watch | None, now: datetime
) -> tuple[int, str, str]:
    spec, replicas = seen.spec, seen.replicas
    up, asked = spec.scale_up, spec.least
    step = replicas + max(up.step_pods, ceil(replicas * up.step_percent / 100))
    if asked > replicas and (need is None or asked >= need.nodes):
        return min(asked, step), f"{asked} are asked for", ""
    assert need is not None
    to = min(need.nodes, spec.slots.max, step)
    why = f"{need.nodes} are needed ({need.why})"
    held = ""
    if watch is None or not lasted(watch, now, up.stabilization_seconds):
        held = "it has not lasted yet"
    elif found.is_storm and found.fullest < CAP_IN_DANGER * spec.hard_cap.connections_per_pod:
        held = "chargers come in masses, and another ring would move even more"
    elif _is_recent(status, now, up.cooldown_seconds):
        held = "it has just changed"
    if not held:
        return to, why, ""
    return (min(asked, step), f"{asked} are asked for", held) if asked > replicas else (replicas, why, held)


def _down(
    seen: Observed,
    found: Assessment,
    status: FleetStatus,
    asked: int,
    watch: Watch | None,
    now: datetime,
    busy: str,
) -> tuple[int, str, str]:
    replicas, window = seen.replicas, seen.spec.scale_down.stabilization_seconds
    held = _forbidden(seen, found, status, now, busy)
    most = highest(watch, now, window) if watch is not None else None
    if not held and (most is None or watch is None):
        held = f"what is needed was not watched for {window} s yet"
    elif not held and most is not None and most >= replicas:
        held = f"{most} were needed within the last {window} s"
    if held:
        return replicas, "", held
    return replicas - 1, f"{max(most or 1, asked)} nodes were enough for {window} s", ""


def _forbidden(seen: Observed, found: Assessment, status: FleetStatus, now: datetime, busy: str) -> str:
    """Why the fleet must not shrink now, whatever it needs."""
    down, replicas = seen.spec.scale_down, seen.replicas
    room = COMFORT * seen.spec.target.connections_per_pod
    left = _fullest_without(found, replicas - 1)
    if busy:
        return busy
    if replicas <= 1:
        return "it is the last one"
    if found.without or (sick := unready(seen.current)):
        return found.without or sick
    if found.is_storm:
        return "chargers come in masses"
    if left > room:
        return f"the fullest of the others would have {left} chargers, {COMFORT:.0%} of the target are {room:.0f}"
    if hours := next((one for one in down.blackout if one.holds(now)), None):
        return f"not within {hours}"
    if _is_recent(status, now, down.cooldown_seconds) or _gave_up(seen, now, down.cooldown_seconds):
        return "it has changed, or a drain was given up, not long ago"
    if status.reversed_at is not None and now - status.reversed_at < CALM_AFTER_REVERSAL:
        return "it had to grow again soon after it shrank: it stays as it is for an hour"
    return ""


def _fullest_without(found: Assessment, ordinal: int) -> int:
    """Chargers of the fullest of the others once that slot is gone: a ring gives each of them an equal share of it."""
    others = [report.charge for slot, report in found.known if slot.ordinal < ordinal]
    leaving = sum(report.charge for slot, report in found.known if slot.ordinal >= ordinal)
    return max(others, default=0) + ceil(leaving / max(len(others), 1))


def _is_recent(status: FleetStatus, now: datetime, seconds: float) -> bool:
    return status.last_scale is not None and now - status.last_scale.time < timedelta(seconds=seconds)


def _gave_up(seen: Observed, now: datetime, seconds: float) -> bool:
    """Whether a drain was aborted or failed not long ago."""
    ended = [one.status.finished_at for one in seen.drains if one.gave_up and one.spec.reason is not Reason.REBALANCE]
    return any(now - at < timedelta(seconds=seconds) for at in ended if at is not None)
