"""How a node that serves sends chargers home: those that the router would send elsewhere now, while nothing goes on
there. What the node sees goes in, what it is to do comes out.

After an upgrade or a scale-up chargers are where they came to, not where the router has them. Nobody hurries: who
charges or does anything else stays, the window and the rate are a drain's (`window.py`), and without a grant that holds
nothing is closed. Who comes back to this node all the same is left alone: router and node disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from voltring_core.domain.draining import Rank
from voltring_core.domain.window import Grant, Pace, Peer, go_on, shut, widest

CALM_S = 5.0
"""Without an idle one for so long nobody is left: a heartbeat's exchange takes less."""


class RecallPhase(StrEnum):
    """Where a recall stands."""

    RECALLING = "Recalling"
    DONE = "Done"
    """Nobody is left who could be sent, and all are back or given up."""
    STOPPED = "Stopped"
    """The deadline came first, or a drain."""


@dataclass(frozen=True, slots=True)
class RecallOrder:
    """What is asked for; times in seconds."""

    reason: str = ""
    grant: Grant = field(default_factory=Grant)
    deadline_s: float = 1800.0
    steady_s: float = 10.0
    """So long the same nodes have been ready before anybody is closed: the router has seen it by then."""


@dataclass(frozen=True, slots=True)
class RecallSeen:
    """What the node sees; times on the monotonic clock."""

    now: float
    misplaced: Mapping[Rank, int]
    """Open sockets of chargers that belong elsewhere and are not asked to go, by rank."""
    leaving: int = 0
    """Open sockets whose last exchanges are ending."""
    limbo: int = 0
    """Chargers that were closed and are not seen again yet, and those that are asked to go."""
    came_back: int = 0
    """Chargers that this recall has closed and that came to this node again."""
    same_since: float | None = None
    """Since when the same nodes are ready; None when it is not known which are."""
    peers: tuple[Peer, ...] | None = None
    """The other nodes; None when nobody knows."""
    connections: int = 0
    """All open sockets here."""
    commit_p99_s: float = 0.0
    is_sorted: bool = True
    """Whether the ranks are PostgreSQL's."""
    is_draining: bool = False

    @property
    def idle(self) -> int:
        """Those that may be asked to go."""
        return self.misplaced.get(Rank.IDLE, 0)


@dataclass(frozen=True, slots=True)
class Recall:
    """A recall, from its order to its end."""

    order: RecallOrder
    phase: RecallPhase
    started_at: float
    deadline_at: float
    pace: Pace
    initial: int
    """Misplaced chargers at the start."""
    idle_at: float
    """When one that may be asked to go was here last."""
    closed: int = 0
    note: str = ""
    """Why nothing is closed right now, or why it ended; empty when all goes its way."""


@dataclass(frozen=True, slots=True)
class RecallStep:
    """What is to be done now: `closes` idle misplaced chargers are asked to go."""

    recall: Recall
    closes: int = 0


def begin(order: RecallOrder, seen: RecallSeen) -> Recall:
    """A recall starts."""
    pace = Pace(seen.now, widest(seen.peers, seen.connections), most=order.grant.window)
    deadline_at = seen.now + order.deadline_s
    initial = sum(seen.misplaced.values())
    return Recall(order, RecallPhase.RECALLING, seen.now, deadline_at, pace, initial, idle_at=seen.now)


def renewed(recall: Recall, order: RecallOrder, now: float) -> Recall:
    """The same recall under another order, which counts from now."""
    return replace(recall, order=order, deadline_at=now + order.deadline_s)


def step(recall: Recall, seen: RecallSeen) -> RecallStep:
    """What is to be done now."""
    if recall.phase is not RecallPhase.RECALLING:
        return RecallStep(recall)
    if seen.is_draining:
        return _over(recall, RecallPhase.STOPPED, "the node drains")
    if seen.now >= recall.deadline_at:
        return _over(recall, RecallPhase.STOPPED, f"the deadline came with {seen.idle} idle ones left")
    grant = recall.order.grant
    pace = go_on(recall.pace, seen.peers, seen.connections, seen.commit_p99_s, grant, seen.now)
    blind = _blind(recall.order, seen)
    held = "the grant is over" if seen.now >= grant.until else shut(pace, seen.peers, seen.commit_p99_s)
    note = blind or (held if seen.idle else "")
    recall = replace(recall, note=note, idle_at=seen.now if seen.idle or blind else recall.idle_at)
    if seen.now - recall.idle_at >= CALM_S and seen.leaving == 0 and seen.limbo == 0:
        return _over(recall, RecallPhase.DONE, _left(seen))
    closes = 0 if note else min(seen.idle, pace.room(seen.limbo))
    return RecallStep(replace(recall, pace=pace.spent(closes), closed=recall.closed + closes), closes)


def _over(recall: Recall, phase: RecallPhase, note: str) -> RecallStep:
    return RecallStep(replace(recall, phase=phase, note=note))


def _blind(order: RecallOrder, seen: RecallSeen) -> str:
    """Why it is not known who belongs elsewhere, or what goes on there."""
    if seen.peers is None or seen.same_since is None:
        return "Redis is away: nobody knows where chargers belong"
    if not seen.is_sorted:
        return "PostgreSQL has not said lately what goes on at them"
    if seen.now - seen.same_since < order.steady_s:
        return "the router may not have seen yet which nodes are ready"
    return ""


def _left(seen: RecallSeen) -> str:
    """Who stays, and why."""
    busy = sum(count for rank, count in seen.misplaced.items() if rank is not Rank.IDLE)
    said = [f"{busy} stay while something goes on there"] if busy else []
    if seen.came_back:
        said.append(f"{seen.came_back} came back here: the router sees other nodes ready than this one does")
    return "; ".join(said)
