"""What the protocol would be without one of its guards. Each is killed by an invariant, or known not to be needed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from model_invariants import I1, I2, I3, I4, I5, I6, NEWEST
from model_protocol import Protocol, Setting, routing

from voltring_core.domain import ownership
from voltring_core.domain.commands import State as CommandState
from voltring_core.domain.ownership import Fenced, Remedy, Route, RouteState

STUCK = "I12: when nothing more is done to it, the system comes to one owner that is routed to"

OWNERSHIP = Setting(faults=1, most_epoch=4)
WRITING = Setting(faults=0, most_epoch=4, writes_status=True)
CALM = Setting(faults=1, most_epoch=5, loses_redis=False)
# A kick is late for a third socket only.
THREE = Setting(sockets=3, faults=0, most_epoch=4, loses_redis=False)
COMMAND = Setting(faults=1, most_epoch=3, loses_redis=False, command="N")


@dataclass(frozen=True)
class Mutant:
    """A protocol that lacks something."""

    name: str
    protocol: Protocol
    setting: Setting
    killed_by: frozenset[str]


def _mutant(name: str, setting: Setting, *killed_by: str, **lacks: object) -> Mutant:
    return Mutant(name, replace(Protocol(), **lacks), setting, frozenset(killed_by))  # type: ignore[arg-type]


def _passes_always(fenced: Fenced | None, epoch: int, over: int | None = None) -> bool:
    return True


def _passes_equal(fenced: Fenced | None, epoch: int, over: int | None = None) -> bool:
    return fenced is None or fenced.epoch <= epoch


def _passes_over_any(fenced: Fenced | None, epoch: int, over: int | None = None) -> bool:
    return ownership.passes(fenced, epoch)


def _moved(before: Route | None, connection_id: str, epoch: int, state: RouteState) -> Route | None:
    return before and replace(before, state=state)


def _released(before: Route | None, connection_id: str, epoch: int) -> Route | None:
    return before and replace(before, state=RouteState.OFFLINE, node=None)


def _reasserted(before: Route | None, node: str, connection_id: str, epoch: int) -> Route | None:
    return Route(connection_id, epoch, RouteState.LIVE, node)


def _never_overtaken(route: Route | None, fenced: Fenced | None, connection_id: str, epoch: int) -> bool:
    return False


def _overtaken_by_any(route: Route | None, fenced: Fenced | None, connection_id: str, epoch: int) -> bool:
    return route is not None and route.connection_id != connection_id and route.epoch >= epoch


def _without(missing: Remedy) -> Callable[..., Remedy]:
    def audit(*seen: object, is_heard: bool) -> Remedy:
        remedy = ownership.audit(*seen, is_heard=is_heard)  # type: ignore[arg-type]
        return Remedy.NOTHING if remedy is missing else remedy

    return audit


def _again(kind: str, attempts: int) -> CommandState:
    return CommandState.QUEUED


def _nobody(before: Route | None, after: Route) -> None:
    return None


def _any(one: int, other: int) -> bool:
    return True


KILLED = [
    _mutant("no compare-and-set at the fence", OWNERSHIP, I3, I4, passes=_passes_always),
    _mutant("the fence lets an equal epoch pass", OWNERSHIP, I3, I4, passes=_passes_equal),
    _mutant("mutable state is written without the fence", WRITING, I2, writes_only_as_owner=False),
    _mutant("live without compare", OWNERSHIP, I5, moved=routing(_moved)),
    _mutant("release without compare", OWNERSHIP, I5, released=routing(_released)),
    _mutant("disconnect without compare", OWNERSHIP, I5, disconnects_only_its_own=False),
    _mutant("reassert without compare", OWNERSHIP, I5, reasserted=routing(_reasserted)),
    _mutant("a kick closes whatever is there", THREE, I5, NEWEST, is_kicked=_any),
    _mutant("a charger is taken back over whoever owns it", CALM, NEWEST, passes=_passes_over_any),
    _mutant("a refused claim is made again though a newer one came", CALM, NEWEST, is_overtaken=_never_overtaken),
    _mutant("a refused claim gives way to an older one", CALM, NEWEST, is_overtaken=_overtaken_by_any),
    _mutant("no floor after a refusal", OWNERSHIP, STUCK, floor_after_refusal=False),
    _mutant("no anti-entropy", OWNERSHIP, STUCK, has_anti_entropy=False),
    _mutant("the audit does not reassert", OWNERSHIP, STUCK, audit=_without(Remedy.REASSERT)),
    _mutant("the audit does not reclaim", OWNERSHIP, STUCK, audit=_without(Remedy.RECLAIM)),
    _mutant("the audit does not let go", OWNERSHIP, STUCK, audit=_without(Remedy.LET_GO)),
    _mutant("resend after SENT", COMMAND, I1, after_silence=_again),
    _mutant("take without looking for QUEUED", COMMAND, I1, takes_only_queued=False),
    _mutant("the frame before the commit of SENT", COMMAND, I1, sent_before_frame=False),
    _mutant("a new owner settles its own epoch too", COMMAND, I6, is_older=int.__le__),
]

NOT_NEEDED = [
    # An old owner's take costs an UNKNOWN, or the sweeper's time, and never a second execution: SENT alone prevents it.
    _mutant("take without looking at the fence", replace(COMMAND, most_epoch=2), takes_only_as_owner=False),
    # The audit of the older socket finds what a kick would have told it.
    _mutant("nobody is kicked", CALM, to_kick=_nobody),
]
