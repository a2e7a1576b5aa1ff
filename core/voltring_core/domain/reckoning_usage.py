"""The stretches of a session between all that is known of it, and the energy of each: what a price is made of.

A curve says how much energy there was at each time that something was read. The session is cut at these times and at
every change of the charging state; the energy between two readings goes to the parts in which it charged, by their
length. Nothing is lost by rounding: the last part gets what is left.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from math import gcd

from voltring_core.domain.reckoning_points import Point
from voltring_core.domain.usage import Span, Usage
from voltring_core.domain.values import value

ZERO = Decimal(0)
DIGIT = Decimal("1e-9")
HOUR_US = Decimal(3_600_000_000)
NEXT_TO_NOTHING_W = Decimal(50)
"""What the electronics take; a car that charges takes more."""
IDLE_FROM = timedelta(minutes=5)
"""Shorter pauses are a car's own business."""
SUSPENDED, CHARGING, CONNECTED = "SuspendedEV", "Charging", "EVConnected"


@value
class Stretch:
    """A part of a session with its energy, and whether its charging state says that the car wants nothing.

    `is_idle` is None where no state was told. `is_busy`: a power was read in it that only a charging car takes.
    `is_read`: both its ends were read, so that no energy means that none flowed.
    """

    begins: datetime
    ends: datetime
    energy_wh: Decimal
    is_idle: bool | None = None
    is_busy: bool = False
    is_read: bool = True


def stretches(
    curve: Sequence[Point],
    started_at: datetime,
    ended_at: datetime,
    states: Sequence[tuple[datetime, str]] = (),
    powers: Sequence[Point] = (),
) -> list[Stretch]:
    """A session cut into stretches, from its start to its end, without gaps."""
    line = _within(curve, started_at, ended_at)
    idle = _idle_since(states)
    busy = [at for at, watts in powers if watts > NEXT_TO_NOTHING_W]
    first, last = curve[0][0], curve[-1][0]
    found: list[Stretch] = []
    for (since, before), (until, after) in pairwise(line):
        is_read = first <= since and until <= last
        found += cut(since, until, after - before, idle, busy, is_read=is_read)
    if not found and line and line[-1][1]:
        found = [Stretch(started_at, ended_at, line[-1][1], is_read=False)]
    return found


def cut(
    since: datetime,
    until: datetime,
    energy_wh: Decimal,
    idle: Sequence[tuple[datetime, bool]],
    busy: Sequence[datetime],
    *,
    is_read: bool = True,
) -> list[Stretch]:
    """What lies between two readings, cut where the charging state says something else. `idle` and `busy` in order."""
    if not idle:
        return [Stretch(since, until, energy_wh, None, bool(busy) and _any_in(busy, since, until), is_read)]
    times = [at for at, _ in idle]
    inner = sorted(set(times[bisect_right(times, since) : bisect_left(times, until)]))
    parts = []
    for begins, ends in pairwise([since, *inner, until]):
        place = bisect_right(times, begins)
        parts.append(Stretch(begins, ends, ZERO, idle[place - 1][1] if place else None, _any_in(busy, begins, ends)))
    shares = _shared(energy_wh, parts)
    return [
        Stretch(one.begins, one.ends, share, one.is_idle, one.is_busy, is_read)
        for one, share in zip(parts, shares, strict=True)
    ]


def usage(parts: Sequence[Stretch], started_at: datetime, ended_at: datetime, step: int | None = None) -> Usage:
    """The stretches as spans; those in which the car wanted nothing are idle.

    Where no charging state was told: a pause without energy and without power after some has flowed, of at least five
    minutes and long enough that it is no step of a coarse register. What nobody has read says nothing. `step` is that
    of the register (`step_of`), where the stretches were joined since.
    """
    idle = _pauses(parts, step or step_of(parts))
    spans = tuple(
        Span(one.begins, one.ends, one.energy_wh, idle[place] if one.is_idle is None else one.is_idle)
        for place, one in enumerate(parts)
    )
    return Usage(started_at, ended_at, sum((one.energy_wh for one in parts), ZERO), spans)


def idle_since(before: bool, states: Sequence[tuple[datetime, str]]) -> list[tuple[datetime, bool]]:
    """When a session was idle and when not, by its charging states; `before`: it had charged already.

    Idle is a car that wants nothing, or is connected still after it has charged; not one that the station holds back.
    """
    found, charged = [], before
    for at, state in states:
        charged = charged or state == CHARGING
        found.append((at, state == SUSPENDED or (state == CONNECTED and charged)))
    return found


def _idle_since(states: Sequence[tuple[datetime, str]]) -> list[tuple[datetime, bool]]:
    return idle_since(False, states)


def _within(curve: Sequence[Point], started_at: datetime, ended_at: datetime) -> list[Point]:
    """The curve from the start, where it is 0, to the end, where it is all; one point for each time, never falling."""
    total = curve[-1][1]
    line = {started_at: ZERO}
    for at, energy in curve:
        if started_at < at < ended_at:
            line[at] = max(energy, line.get(at, ZERO))
    line[ended_at] = total
    return sorted(line.items())


def _any_in(times: Sequence[datetime], since: datetime, until: datetime) -> bool:
    return bisect_right(times, since) < bisect_left(times, until)


def _shared(energy_wh: Decimal, parts: Sequence[Stretch]) -> list[Decimal]:
    """The energy by the length of the parts that are not idle; of all of them when none is."""
    if len(parts) == 1:
        return [energy_wh]
    eligible = [place for place, one in enumerate(parts) if not one.is_idle] or list(range(len(parts)))
    shares, left = [ZERO] * len(parts), energy_wh
    whole = sum((parts[place].ends - parts[place].begins for place in eligible), timedelta())
    for place in eligible[:-1]:
        length = parts[place].ends - parts[place].begins
        share = (energy_wh * Decimal(length // _US) / Decimal(whole // _US)).quantize(DIGIT, ROUND_DOWN)
        shares[place] = share
        left -= share
    shares[eligible[-1]] = left
    return shares


_US = timedelta(microseconds=1)


def step_of(parts: Sequence[Stretch], known: int = 0) -> int:
    """What all that was counted is a multiple of, in thousandths of a Wh; 0 when nothing was."""
    return gcd(known, *(int(one.energy_wh.scaleb(3)) for one in parts if flows(one)))


def _pauses(parts: Sequence[Stretch], step: int) -> list[bool]:
    """For each part whether it belongs to a pause that is long enough to be one."""
    idle, shortest = [False] * len(parts), _shortest_pause(parts, step)
    begun, place = False, 0
    while place < len(parts):
        until = place
        while until < len(parts) and _is_still(parts[until]):
            until += 1
        if begun and until > place and parts[until - 1].ends - parts[place].begins >= shortest:
            idle[place:until] = [True] * (until - place)
        begun = begun or (until < len(parts) and flows(parts[until]))
        place = until + 1
    return idle


def _shortest_pause(parts: Sequence[Stretch], step: int) -> timedelta:
    """Twice the time that a step of the register takes at the session's own pace, at least five minutes."""
    flowing = [one for one in parts if flows(one)]
    if not flowing:
        return IDLE_FROM
    total = int(sum((one.energy_wh for one in flowing), ZERO).scaleb(3))
    lasted = max(flowing[-1].ends - parts[0].begins, timedelta())
    return max(IDLE_FROM, 2 * (lasted // _US * step // total) * _US if total else IDLE_FROM)


def _is_still(one: Stretch) -> bool:
    return one.is_read and not one.is_busy and not flows(one)


def flows(one: Stretch) -> bool:
    """Whether more than next to nothing was taken in a stretch."""
    lasting = Decimal((one.ends - one.begins) // _US)
    return one.energy_wh * HOUR_US > NEXT_TO_NOTHING_W * lasting
