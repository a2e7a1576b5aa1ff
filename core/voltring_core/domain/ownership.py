"""Who owns a charger: the rules that Redis' scripts, PostgreSQL's fence and the nodes keep (docs/ownership.md).

    a socket ──claim──> claimed ──fence──> live ──> draining ──> offline     the route, in Redis
                                  └─ refused: claim again, above the epoch that the fence knows

The route says where doorbells go, and may be lost. The fence decides: only a higher epoch takes a charger over. Both
carry the epoch that `claim` gave. The newest claim wins; whatever an old socket does late changes nothing, because
everything but a claim compares the connection and its epoch.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class RouteState(StrEnum):
    """Where a socket stands that has claimed its charger."""

    CLAIMED = "claimed"
    """It has an epoch, and not passed the fence yet."""
    LIVE = "live"
    DRAINING = "draining"
    """It is asked to go elsewhere; commands still reach it."""
    OFFLINE = "offline"
    """It is closed: a tombstone, which keeps the epoch."""


@dataclass(frozen=True, slots=True)
class Route:
    """The record of a charger in Redis."""

    connection_id: str
    epoch: int
    state: RouteState
    node: str | None
    """The incarnation that holds the socket; None once it is closed."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """What the fence in PostgreSQL says of a charger."""

    connection_id: str
    epoch: int
    is_open: bool
    """Whether the socket was not written down as closed."""
    first_epoch: int | None = None
    """The first epoch of this socket, where it took its charger back since."""

    @property
    def since(self) -> int:
        """The first epoch under which this socket owned."""
        return self.epoch if self.first_epoch is None else self.first_epoch


def epoch_after(before: int, now_us: int, least: int) -> int:
    """The epoch of a new claim: above the one before, not below the time (microseconds) nor the least one asked for.

    A counter alone would give the same epoch twice after a failover that loses writes; with the time it hardly does,
    and where it still does the fence refuses it.
    """
    return max(before + 1, now_us, least)


def claim(before: Route | None, node: str, connection_id: str, least: int, now_us: int) -> Route:
    """The newest authenticated socket claims its charger, whoever had it; the same claim again changes nothing."""
    if before is not None and (before.node, before.connection_id) == (node, connection_id) and before.epoch >= least:
        return before
    epoch = epoch_after(before.epoch if before else 0, now_us, least)
    return Route(connection_id, epoch, RouteState.CLAIMED, node)


def to_kick(before: Route | None, after: Route) -> str | None:
    """The node to be told that it has lost the charger: who had it until this claim, closed or not fenced yet."""
    return None if before is None or before is after or before.state is RouteState.OFFLINE else before.node


def moved(before: Route | None, connection_id: str, epoch: int, state: RouteState) -> Route | None:
    """The route of a socket in another state; None when it is not this socket's (any more), or over."""
    if before is None or (before.connection_id, before.epoch) != (connection_id, epoch):
        return None
    return None if before.state is RouteState.OFFLINE else replace(before, state=state)


def released(before: Route | None, connection_id: str, epoch: int) -> Route | None:
    """The tombstone of a closed socket; None when the route is not this socket's (any more)."""
    if before is None or (before.connection_id, before.epoch) != (connection_id, epoch):
        return None
    return replace(before, state=RouteState.OFFLINE, node=None)


def reasserted(before: Route | None, node: str, connection_id: str, epoch: int) -> Route | None:
    """The route that a socket puts back where it was lost or is older; None when a newer or another one is there."""
    mine = Route(connection_id, epoch, RouteState.LIVE, node)
    if before is None or before.epoch < epoch or (before.connection_id, before.epoch) == (connection_id, epoch):
        return mine
    return None


def passes(fenced: Fenced | None, epoch: int, over: int | None = None) -> bool:
    """Whether the fence lets a claim through; one that was made `over` an epoch passes over no other."""
    if fenced is None:
        return over is None
    return fenced.epoch < epoch and over in (None, fenced.epoch)


def is_overtaken(route: Route | None, fenced: Fenced | None, connection_id: str, epoch: int) -> bool:
    """Whether a claim that the fence refused came before the one that is there: then it is not made again.

    Where the route is still its own, Redis had lost a higher epoch; where an older socket took its charger back, that
    was not newer. Then it claims anew, above what the fence knows.
    """
    if route is None or route.connection_id == connection_id or route.epoch < epoch:
        return False
    is_older = fenced is not None and fenced.connection_id == route.connection_id and fenced.since < epoch
    return not is_older


def reclaiming(epoch: int, route: Route | None, fenced: Fenced) -> int:
    """The epoch with which a live socket, which owned under `epoch`, takes its charger back: above all that is known.

    It goes to the fence first, over the epoch that was seen there, and then to the route: who has passed the fence in
    the meantime is newer, and loses nothing.
    """
    return max(epoch, fenced.epoch, route.epoch if route else 0) + 1


class Remedy(StrEnum):
    """What a node does about a socket of its own whose charger it looks at (anti-entropy)."""

    NOTHING = "nothing"
    REASSERT = "reassert"
    """The fence says that it owns: put its route back where it is lost or older."""
    RECLAIM = "reclaim"
    """Take the charger back with a higher epoch (`reclaiming`): its route went to a claimant that never passed the
    fence and this socket is alive, or PostgreSQL lost what it knew."""
    LET_GO = "let go"
    """A newer socket owns: close this one; the kick was lost."""


def audit(connection_id: str, epoch: int, route: Route | None, fenced: Fenced | None, *, is_heard: bool) -> Remedy:
    """What is to be done for a live socket of this node, which passed the fence under `epoch`.

    `is_heard`: its charger answered lately, so that it may take its charger back from a claimant that is stuck.
    """
    if fenced is None:
        return Remedy.LET_GO  # the charger was deleted
    if (fenced.connection_id, fenced.epoch) != (connection_id, epoch):
        return Remedy.LET_GO if fenced.epoch >= epoch else Remedy.RECLAIM
    if route is None or route.epoch < epoch:
        return Remedy.REASSERT
    if (route.connection_id, route.epoch) == (connection_id, epoch):
        return Remedy.NOTHING if route.state in (RouteState.LIVE, RouteState.DRAINING) else Remedy.REASSERT
    # Another one claimed. It may be about to pass the fence (then it claims once more), or it died in between.
    return Remedy.RECLAIM if is_heard else Remedy.NOTHING


def is_closed_by_mistake(connection_id: str, epoch: int, fenced: Fenced | None) -> bool:
    """Whether a live socket of this node is written down as closed."""
    return fenced is not None and (fenced.connection_id, fenced.epoch) == (connection_id, epoch) and not fenced.is_open
