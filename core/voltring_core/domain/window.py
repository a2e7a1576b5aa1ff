"""How fast a drain may close: a window, with a rate as a second cap (I10).

A closed charger is in limbo until it is seen again elsewhere. A window on limbo follows what the other nodes take at
once; a rate alone would learn of their trouble only after the chargers' own back-off, when everybody is closed.

    widest   4 s of what the other ready nodes can accept beyond what they do, at most a tenth of the fleet
    shrinks  by half each second while another node's accept queue is longer than 1 s, it refuses, or commits are slow
    widens   by a thirtieth of the widest each second
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf

SPARE_S = 4.0
"""Seconds of what the others can accept that may be in limbo."""
OF_FLEET = 0.1
HALVING = 0.5
RECOVERY_S = 30.0
BETA = 0.5
"""The part of all accept capacity that a drain may use."""
LONGEST_STEP_S = 1.0
"""A loop that was held up does not catch up."""
MOST_RATE = 100.0
"""Closes a second where nothing else is granted."""
FLOOR_RATE = 5.0
"""Closes a second without a grant that holds, or without word of the other nodes, where no other floor is granted."""
QUEUE_LIMIT_S = 1.0
COMMIT_LIMIT_S = 0.25
"""A commit slower than this (p99) says that PostgreSQL is at its end."""
ASSUMED_ACCEPTS = 20.0
"""What a node that says nothing of it is taken to accept each second."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node, as its lease tells of it."""

    name: str
    connections: int = 0
    accepts_per_s: float | None = None
    """What it can accept; None when it does not say."""
    arrivals_per_s: float = 0.0
    queue_s: float = 0.0
    """How long a handshake waits there."""
    refused_per_s: float = 0.0
    is_ready: bool = True
    """Whether new chargers may come to it: ready, and not draining."""

    @property
    def capacity(self) -> float:
        """Handshakes that it can accept each second."""
        return ASSUMED_ACCEPTS if self.accepts_per_s is None else max(self.accepts_per_s, 0.0)

    @property
    def spare(self) -> float:
        """Of those, how many nobody uses."""
        return max(self.capacity - self.arrivals_per_s, 0.0)

    @property
    def is_in_trouble(self) -> bool:
        """Whether it takes no more than it has already."""
        return self.queue_s > QUEUE_LIMIT_S or self.refused_per_s > 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a drain may use at most."""

    rate: float = MOST_RATE
    """Closes a second."""
    window: float = inf
    """Chargers in limbo."""
    until: float = inf
    """On the monotonic clock; after it the drain goes on at the floor rate."""
    floor: float = FLOOR_RATE
    """Closes a second after it, or without word of the other nodes."""

    def rate_at(self, now: float) -> float:
        """Closes a second that are granted now."""
        return self.rate if now < self.until else min(self.rate, self.floor)


@dataclass(frozen=True, slots=True)
class Pace:
    """A drain's window, and what it has saved up of its rate."""

    at: float
    """When it was worked out last, monotonic."""
    widest: float
    """Chargers in limbo that the others stand when all is well."""
    share: float = 1.0
    """How much of it is open: less after trouble."""
    most: float = inf
    """The grant's window."""
    rate: float = 0.0
    """Closes a second now."""
    credit: float = 0.0
    """Closes that the rate allows by now."""

    @property
    def window(self) -> float:
        """Chargers that may be in limbo now."""
        return min(self.share * self.widest, self.most)

    def room(self, limbo: int) -> int:
        """Sockets that may be closed now, with `limbo` chargers on their way."""
        return max(0, min(floor(self.credit), floor(self.window) - limbo))

    def spent(self, closes: int) -> "Pace":
        """After so many closes."""
        return replace(self, credit=max(0.0, self.credit - closes))


def widest(peers: Sequence[Peer] | None, own: int) -> float:
    """The widest window: `own` are this node's chargers, part of the fleet. 0 when nobody has room for one more.

    Without word of the others (None) it is a tenth of what is here.
    """
    tenth = float(max(1, ceil(OF_FLEET * (own + sum(peer.connections for peer in peers or ())))))
    if peers is None:
        return tenth
    # A small fleet drains as well: at least one at a time.
    spare = sum(peer.spare for peer in peers if peer.is_ready)
    return max(1.0, min(SPARE_S * spare, tenth)) if spare > 0 else 0.0


def go_on(pace: Pace, peers: Sequence[Peer] | None, own: int, commit_p99_s: float, grant: Grant, now: float) -> Pace:
    """The pace now. Without word of the others the rate is the floor's."""
    elapsed = _elapsed(pace, now)
    rate, share, known = grant.rate_at(now), pace.share, peers or ()
    if peers is None:
        rate = min(rate, grant.floor)
    else:
        rate = min(rate, BETA * sum(peer.capacity for peer in peers if peer.is_ready))
    if trouble(known, commit_p99_s):
        share *= HALVING**elapsed
    else:
        share = min(1.0, share + elapsed / RECOVERY_S)
    most = pace.widest if peers is None else widest(peers, own)
    return _earned(replace(pace, widest=most, share=share, most=grant.window), rate, now)


def trouble(peers: Sequence[Peer], commit_p99_s: float) -> str:
    """What says that others stand no more than they have; empty when nothing does."""
    if commit_p99_s > COMMIT_LIMIT_S:
        return f"commits take {commit_p99_s:.2g} s: PostgreSQL is at its end"
    names = ", ".join(peer.name for peer in peers if peer.is_in_trouble)
    return f"chargers wait for {names} or are refused there" if names else ""


def shut(pace: Pace, peers: Sequence[Peer] | None, commit_p99_s: float) -> str:
    """Why the window is too small for one charger; empty when it is not, or widens again."""
    if floor(pace.window) >= 1:
        return ""
    if why := trouble(peers or (), commit_p99_s):
        return f"nobody is sent away while {why}"
    return "the other nodes accept no more than they do" if pace.widest < 1 else ""


def granted(pace: Pace, grant: Grant, now: float) -> Pace:
    """The pace of a drain that asks nobody any more: what was granted."""
    return _earned(pace, grant.rate_at(now), now)


def _earned(pace: Pace, rate: float, now: float) -> Pace:
    # What was not used is not saved up: a pause is followed by the same rate, not by a stampede.
    return replace(pace, at=now, rate=rate, credit=min(pace.credit, 1.0) + rate * _elapsed(pace, now))


def _elapsed(pace: Pace, now: float) -> float:
    return min(max(0.0, now - pace.at), LONGEST_STEP_S)
