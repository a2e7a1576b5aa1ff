"""How many chargers may be shaking hands at once, who waits for it, and who is asked to come again later.

A fleet that lost its node comes back all at once. A server that takes every handshake in hand works for chargers that
have given up by the time it is their turn, and never recovers. So the work that waits is bounded by the seconds it
would take: whoever would wait longer is told to come again, at a moment when there will be room.

Times are seconds on a monotonic clock. Whoever came first is served first: nobody waits long enough to give up, so
that no order would save work, and this one keeps the wait even.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b

PRIOR_S = 1.0
"""Seconds of work at the rate of the limits that the measured pace starts from, and falls back to after a calm."""
HALF_LIFE_S = 5.0
"""Of what was measured: capacity follows what the machine can do now."""
LEAST_PACE = 1.0
"""Handshakes a second that are always believed possible, so that a wait is a number."""
RETRY_LEAST_S = 2.0
RETRY_MOST_S = 60.0
"""A promise further away is worth nothing: the charger's own back-off is shorter."""
SPREAD = 0.2
"""By how much a wait is stretched at most, so that those who were refused together do not come together."""
OVERSTAYED = 2.0
"""Times the longest expected wait: who has waited so long, because the pace fell, is asked to come again."""

STALLED_S = 5.0
"""Seconds a handshake may keep its place; it may go on without."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a node takes."""

    rate: float
    """Handshakes begun in a second, in the long run."""
    burst: float
    """Handshakes that may begin at once after a calm."""
    at_once: int
    """Handshakes in progress; more of them would only make each slower, and the loop's turns longer."""
    wait_s: float
    """Seconds of work that may wait."""
    waiting: int
    """Handshakes that may wait, however fast they are."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is at the door. `done` in `busy` seconds is the measured pace: what ended well while somebody waited, and the
    seconds it took, shared among the places."""

    tokens: float
    at: float
    waiting: int = 0
    in_progress: int = 0
    done: float = 0.0
    busy: float = 0.0
    promised_until: float = -math.inf
    """When the last of those is expected who were asked to come again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a handshake may join those who wait; if not, after how many seconds it may come again."""

    may_wait: bool
    retry_s: float = 0.0


JOINS = Verdict(may_wait=True)


def calm(limits: Limits, now: float) -> Crowd:
    """Nobody is there."""
    return Crowd(limits.burst, now)


def capacity(crowd: Crowd, limits: Limits) -> float:
    """Handshakes a second that the node can do: what it may, or less if it was seen to be slower under load."""
    pace = (crowd.done + limits.rate * PRIOR_S) / (crowd.busy + PRIOR_S)
    return max(LEAST_PACE, min(limits.rate, pace))


def expected_wait(crowd: Crowd, limits: Limits) -> float:
    """Seconds until somebody who comes now would begin."""
    return crowd.waiting / capacity(crowd, limits)


def arrived(crowd: Crowd, limits: Limits, now: float) -> tuple[Crowd, Verdict]:
    """Somebody asks for a handshake."""
    crowd = _at(crowd, limits, now)
    pace = capacity(crowd, limits)
    wait = crowd.waiting / pace
    if crowd.waiting < limits.waiting and wait <= limits.wait_s:
        return _with(crowd, waiting=crowd.waiting + 1), JOINS
    # One appointment after the other, as fast as they can be kept, from when half of those who wait are done.
    first = max(RETRY_LEAST_S, wait / 2)
    seconds = min(max(first, crowd.promised_until + 1 / pace - now), RETRY_MOST_S)
    return _with(crowd, promised_until=now + seconds), Verdict(may_wait=False, retry_s=seconds)


def began(crowd: Crowd, limits: Limits, now: float) -> tuple[Crowd, float]:
    """The next who waits begins, if it may.

    Returns 0 then; otherwise the seconds until there is a token, or infinity where somebody must finish first.
    """
    crowd = _at(crowd, limits, now)
    if not crowd.waiting or crowd.in_progress >= limits.at_once:
        return crowd, math.inf
    if crowd.tokens < 1:
        return crowd, (1 - crowd.tokens) / limits.rate
    return _with(crowd, tokens=crowd.tokens - 1, waiting=crowd.waiting - 1, in_progress=crowd.in_progress + 1), 0.0


def finished(crowd: Crowd, limits: Limits, now: float) -> Crowd:
    """A handshake is over, whatever came of it: its place is free."""
    crowd = _at(crowd, limits, now)
    return _with(crowd, in_progress=crowd.in_progress - 1)


def measured(crowd: Crowd, limits: Limits, took: float, now: float) -> Crowd:
    """A handshake ended well, after so many seconds.

    Only such a one tells the pace: one that was refused or whose other end stalls would say how fast or slow others
    are, at whoever's pleasure.
    """
    crowd = _at(crowd, limits, now)
    if not crowd.waiting:
        return crowd  # outside busy time the count says how many came, not how many could have
    return _with(crowd, done=crowd.done + 1, busy=crowd.busy + took / limits.at_once)


def left(crowd: Crowd, limits: Limits, now: float) -> Crowd:
    """Somebody who waited is gone: no work is spent on it."""
    crowd = _at(crowd, limits, now)
    return _with(crowd, waiting=crowd.waiting - 1)


def has_stalled(began: float, now: float) -> bool:
    """Whether a handshake has gone on for so long that others need not wait for its place."""
    return now - began > STALLED_S


def has_overstayed(limits: Limits, since: float, now: float) -> bool:
    """Whether somebody waited so long that it is better asked to come again than kept."""
    return now - since > OVERSTAYED * limits.wait_s


def retry_after(seconds: float, charger: str, at: float) -> int:
    """The seconds of `Retry-After`: at least as long, up to a fifth more by the charger and the time."""
    digest = blake2b(f"{charger}\0{at}".encode(), digest_size=4).digest()
    return math.ceil(seconds * (1 + SPREAD * int.from_bytes(digest) / 2**32))


def _at(crowd: Crowd, limits: Limits, now: float) -> Crowd:
    """The crowd as time has gone on: tokens are added, what was measured fades."""
    passed = now - crowd.at
    if passed <= 0:
        return crowd
    fade = 0.5 ** (passed / HALF_LIFE_S)
    return Crowd(
        min(limits.burst, crowd.tokens + passed * limits.rate),
        now,
        crowd.waiting,
        crowd.in_progress,
        crowd.done * fade,
        crowd.busy * fade,
        crowd.promised_until,
    )


def _with(
    crowd: Crowd,
    *,
    tokens: float | None = None,
    waiting: int | None = None,
    in_progress: int | None = None,
    done: float | None = None,
    busy: float | None = None,
    promised_until: float | None = None,
) -> Crowd:
    """`dataclasses.replace`, at a tenth of its cost: a refusal has to be cheap."""
    return Crowd(
        crowd.tokens if tokens is None else tokens,
        crowd.at,
        crowd.waiting if waiting is None else waiting,
        crowd.in_progress if in_progress is None else in_progress,
        crowd.done if done is None else done,
        crowd.busy if busy is None else busy,
        crowd.promised_until if promised_until is None else promised_until,
    )
