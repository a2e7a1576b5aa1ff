"""How a node lets its chargers go: phases, order, deadline; what the node sees goes in, what it is to do comes out.

    Serving ─> Cordoned ─> Propagating ─> Draining ─> Quiescing ─> Drained
                 404 at       still         503, and     the last      no socket
                 readiness    accepts       closes       exchanges     is left
       └── undrain, at any time; Aborted: the deadline came and the order says Defer. Both serve again.

Chargers are closed in the order of their rank, within a window and a rate (`window.py`); those whose firmware is being
replaced, or who are about to start a session, are left alone until the deadline.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from heapq import nsmallest
from math import ceil, floor, inf

from voltring_core.domain.window import Grant, Pace, Peer, go_on, granted, shut, widest

LIMBO_S = 180.0
"""Three times the longest back-off that a charger is told: who is not back by then is not waited for."""


class Phase(StrEnum):
    """Where a drain stands."""

    SERVING = "Serving"
    CORDONED = "Cordoned"
    """The router is told; new chargers are still let in."""
    PROPAGATING = "Propagating"
    """The router learns; who still comes is let in, and counted."""
    DRAINING = "Draining"
    """New chargers are refused, sockets are closed."""
    QUIESCING = "Quiescing"
    """Every socket is told to go; the last exchanges end."""
    DRAINED = "Drained"
    ABORTED = "Aborted"
    """The deadline came first: the node serves again."""


WHY_HELD = "updating their firmware or about to start a session"
LEAVING = frozenset({Phase.CORDONED, Phase.PROPAGATING, Phase.DRAINING, Phase.QUIESCING, Phase.DRAINED})
"""No new charger should come."""
REFUSING = frozenset({Phase.DRAINING, Phase.QUIESCING, Phase.DRAINED})


class Rank(IntEnum):
    """Who is closed first."""

    IDLE = 0
    """Nothing goes on, nothing is queued."""
    BUSY = 1
    """Not charging; a command is queued, or an exchange is open."""
    CHARGING = 2
    UPLOADING = 3
    """Diagnostics or a log."""
    HELD = 4
    """Its firmware is being replaced, or a session is about to be started from afar: not closed before the deadline."""


class Firmware(StrEnum):
    """What the deadline means."""

    DEFER = "Defer"
    """Give up, and serve again."""
    FORCE = "Force"
    """Close whoever is left."""


class Cause(StrEnum):
    """Why a node is drained."""

    ORDER = "order"
    """Somebody asked for it; nothing is closed that could not come back elsewhere."""
    STOP = "stop"
    """The process ends at the deadline, whatever is left."""
    ISOLATION = "isolation"
    """This node alone has lost PostgreSQL and Redis."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for; times in seconds."""

    cause: Cause = Cause.ORDER
    reason: str = ""
    grant: Grant = field(default_factory=Grant)
    firmware: Firmware = Firmware.DEFER
    deadline_s: float = 1800.0
    quiet_s: float = 10.0
    """Without a new handshake for so long, the router is taken to know."""
    propagate_s: float = 30.0
    """It is taken to know then in any case."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the node sees; times on the monotonic clock."""

    now: float
    waiting: Mapping[Rank, int]
    """Open sockets that are not asked to go yet, by rank."""
    leaving: int = 0
    """Open sockets whose last exchanges are ending."""
    limbo: int = 0
    """Chargers that were closed and are not seen again yet, and those that are asked to go."""
    arrived_at: float = -inf
    """When a charger connected last."""
    peers: tuple[Peer, ...] | None = None
    """The other nodes; None when nobody knows, because Redis is away."""
    commit_p99_s: float = 0.0
    is_sorted: bool = True
    """Whether the ranks are PostgreSQL's; without it nobody could connect elsewhere either."""

    @property
    def remaining(self) -> int:
        """All open sockets."""
        return sum(self.waiting.values()) + self.leaving

    @property
    def closable(self) -> int:
        """Those that may be asked to go before the deadline."""
        return sum(count for rank, count in self.waiting.items() if rank is not Rank.HELD)

    @property
    def is_alone(self) -> bool:
        """Whether no other node takes chargers, as far as is known."""
        return self.peers is not None and not any(peer.is_ready for peer in self.peers)


@dataclass(frozen=True, slots=True)
class Drain:
    """A drain, from its order to its end."""

    order: Order
    phase: Phase
    started_at: float
    deadline_at: float
    pace: Pace
    initial: int
    """Chargers that were connected at the start, and that came during propagation."""
    refused_at: float = inf
    """When the node began to refuse."""
    to_close: int = 0
    """Sockets that were open then."""
    closed_before: int = 0
    closed: int = 0
    """Sockets that this drain has asked to go."""
    note: str = ""
    """Why nothing is closed right now, or why it ended; empty when all goes its way."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done now: `closes` sockets are asked to go."""

    drain: Drain
    closes: int = 0
    everybody: bool = False
    """Those that are held as well: the deadline came."""
    at_once: bool = False
    """And without waiting for what is outstanding there."""


def begin(order: Order, seen: Seen) -> Drain:
    """A drain starts: the node is cordoned at once."""
    pace = Pace(seen.now, widest(seen.peers, seen.remaining), most=order.grant.window)
    return Drain(order, Phase.CORDONED, seen.now, seen.now + order.deadline_s, pace, seen.remaining)


def renewed(drain: Drain, order: Order, seen: Seen) -> Drain:
    """The same drain under another order, which counts from now: more time, another rate, or the process stops."""
    drain = replace(drain, order=order, deadline_at=seen.now + order.deadline_s)
    return _refusing(drain, seen) if drain.phase in REFUSING else drain


def _refusing(drain: Drain, seen: Seen) -> Drain:
    """An even pace counts from here."""
    return replace(drain, refused_at=seen.now, to_close=sum(seen.waiting.values()), closed_before=drain.closed)


def over(drain: Drain, phase: Phase, note: str) -> Drain:
    """The drain is ended before it is done: the node serves again."""
    return replace(drain, phase=phase, note=note)


def step(drain: Drain, seen: Seen) -> Step:
    """What is to be done now."""
    if drain.phase not in LEAVING:
        return Step(drain)
    if seen.remaining == 0 and (drain.phase in REFUSING or drain.order.cause is Cause.STOP):
        if drain.phase not in REFUSING:  # whoever shakes hands still may come yet
            drain = _refusing(drain, seen)
        return Step(replace(drain, phase=Phase.DRAINED, note=""))
    if drain.order.cause is Cause.STOP and seen.is_alone:
        return _all(drain, seen, "no other ready node: there is nothing to wait for")
    if seen.now >= drain.deadline_at:
        return _deadline(drain, seen)
    if drain.phase in REFUSING:
        return _close(drain, seen)
    return Step(_propagate(drain, seen))


def _propagate(drain: Drain, seen: Seen) -> Drain:
    """Until the router knows: nobody has come for a while, or it had all the time that is granted."""
    drain = replace(drain, initial=max(drain.initial, seen.remaining))
    if drain.phase is Phase.CORDONED:
        return replace(drain, phase=Phase.PROPAGATING)
    quiet = seen.now - max(seen.arrived_at, drain.started_at) >= drain.order.quiet_s
    if quiet or seen.now - drain.started_at >= drain.order.propagate_s:
        return _refusing(replace(drain, phase=Phase.DRAINING, pace=replace(drain.pace, at=seen.now)), seen)
    return drain


def _close(drain: Drain, seen: Seen) -> Step:
    waiting = sum(seen.waiting.values())
    pace = go_on(drain.pace, seen.peers, seen.remaining, seen.commit_p99_s, drain.order.grant, seen.now)
    drain = replace(drain, pace=pace, phase=Phase.DRAINING if waiting else Phase.QUIESCING)
    drain = replace(drain, note=_note(drain, seen))
    closes = min(seen.closable, _allowed(drain, seen))
    return Step(replace(drain, pace=pace.spent(closes), closed=drain.closed + closes), closes)


def _allowed(drain: Drain, seen: Seen) -> int:
    if drain.order.cause is Cause.ISOLATION:
        return floor(drain.pace.credit)  # who has come back elsewhere can't be known here
    if drain.order.cause is Cause.STOP:
        return max(drain.pace.room(seen.limbo) if seen.is_sorted else 0, _late(drain, seen.now))
    return drain.pace.room(seen.limbo) if seen.is_sorted and not seen.is_alone else 0


def _late(drain: Drain, now: float) -> int:
    """How many closes are missing for an even pace until the process ends."""
    time = max(drain.deadline_at - drain.refused_at, 0.001)
    due = ceil(drain.to_close * (now - drain.refused_at) / time)
    return max(0, due - (drain.closed - drain.closed_before))


def _note(drain: Drain, seen: Seen) -> str:
    if seen.closable == 0:
        held = seen.waiting.get(Rank.HELD, 0)
        return f"{held} chargers are {WHY_HELD}" if held else ""
    if drain.order.cause is not Cause.ORDER:
        return ""
    if not seen.is_sorted:
        return "PostgreSQL is away: nobody could connect elsewhere"
    return "no other ready node" if seen.is_alone else shut(drain.pace, seen.peers, seen.commit_p99_s)


def _given_up(drain: Drain, seen: Seen) -> str:
    """How many are left, how many of them are held, and why the others were not closed."""
    held = seen.waiting.get(Rank.HELD, 0)
    among = f", {held} of them {WHY_HELD}" if held else ""
    why = f": {note}" if seen.closable and (note := _note(drain, seen)) else ""
    return f"the deadline came with {seen.remaining} chargers left{among}{why}"


def _deadline(drain: Drain, seen: Seen) -> Step:
    if drain.order.cause is Cause.ORDER and drain.order.firmware is Firmware.DEFER:
        return Step(over(drain, Phase.ABORTED, _given_up(drain, seen)))
    if drain.order.cause is Cause.STOP:
        return _all(drain, seen, "the deadline came: whoever is left is closed")
    return _forced(drain, seen)


def _forced(drain: Drain, seen: Seen) -> Step:
    """Whoever is left is closed, whether there is room elsewhere or not; the rate that was granted still holds."""
    if drain.phase not in REFUSING:
        drain = _refusing(drain, seen)
    waiting = sum(seen.waiting.values())
    pace = granted(drain.pace, drain.order.grant, seen.now)
    closes = min(waiting, floor(pace.credit))
    phase = Phase.DRAINING if waiting else Phase.QUIESCING
    drain = replace(drain, phase=phase, pace=pace.spent(closes), closed=drain.closed + closes)
    note = "the deadline came: whoever is left is closed"
    return Step(replace(drain, note=note), closes, everybody=True)


def _all(drain: Drain, seen: Seen, note: str) -> Step:
    waiting = sum(seen.waiting.values())
    refused_at = min(drain.refused_at, seen.now)
    drain = replace(drain, phase=Phase.QUIESCING, refused_at=refused_at, closed=drain.closed + waiting, note=note)
    return Step(drain, waiting, everybody=True, at_once=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A socket that may be asked to go."""

    charger_id: str
    rank: Rank
    came_late: bool = False
    """It came during propagation: it has just been moved, so others go first."""
    lot: float = 0.0
    """Drawn at random: who goes first among equals."""


def first(candidates: Iterable[Candidate], closes: int) -> list[str]:
    """The `closes` chargers that go first."""
    chosen = nsmallest(closes, candidates, key=lambda one: (one.rank, one.came_late, one.lot, one.charger_id))
    return [one.charger_id for one in chosen]


class Limbo:
    """Chargers that were closed and are not seen again yet."""

    def __init__(self, patience_s: float = LIMBO_S) -> None:
        self._patience = patience_s
        self._closed: dict[str, tuple[int, float]] = {}
        self.returned = 0
        """How many were seen again."""

    def __len__(self) -> int:
        return len(self._closed)

    def add(self, charger_id: str, epoch: int, now: float) -> None:
        """A charger was closed that owned by `epoch`."""
        self._closed[charger_id] = epoch, now

    def held(self) -> list[tuple[str, int]]:
        """Who is missing, by (charger, epoch)."""
        return [(charger_id, epoch) for charger_id, (epoch, _) in self._closed.items()]

    def back(self, charger_ids: Iterable[str]) -> None:
        """These were seen under a higher epoch."""
        for charger_id in charger_ids:
            if self._closed.pop(charger_id, None) is not None:
                self.returned += 1

    def age(self, now: float) -> None:
        """Who stays away for long is not waited for."""
        for charger_id, (_, at) in list(self._closed.items()):
            if now - at >= self._patience:
                del self._closed[charger_id]
