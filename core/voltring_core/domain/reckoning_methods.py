"""The energy of a session by each way to work it out, and how far two of them may differ without a contradiction.

TX-17 orders them: the registers at its two ends; the first and the last of its readings; the sum of its intervals; the
integral of its power, which is never billed. The methods see different stretches of a session: readings each quarter of
an hour say nothing of its last ten minutes. So each says, too, how much it may have missed, and only what lies beyond
that is a contradiction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from voltring_core.domain.reckoning_points import Point, Story
from voltring_core.domain.registers import METER_FELL, Count, gained
from voltring_core.domain.transactions import LARGEST_POWER_W
from voltring_core.domain.values import value

ZERO = Decimal(0)
DIGIT = Decimal("1e-9")
HOUR_US = Decimal(3_600_000_000)
HOLE = timedelta(minutes=15)
"""Between two readings of power that lie further apart nobody knows what it was."""
STEADY_FROM = timedelta(seconds=30)
"""Two registers must lie so far apart for what lies between them to be called a power."""
SEEN_W = Decimal(1)
"""What readings that stand still show. Nothing that was measured is not the same: then anything may have flowed."""
ROOM = Decimal("1.5")
"""What flowed where nobody looked: up to so many times the largest power that was seen."""


class Method(StrEnum):
    """How the energy was worked out, the best first."""

    REGISTERS = "registers"
    READINGS = "readings"
    INTERVALS = "intervals"
    POWER = "power"


@value
class Counted:
    """Energy by one method: how it grew (Wh since the start, at each time), and what it may lack or have too much."""

    method: Method
    curve: tuple[Point, ...]
    lacks_wh: Decimal = ZERO
    exceeds_wh: Decimal = ZERO
    flags: tuple[str, ...] = ()

    @property
    def energy_wh(self) -> Decimal:
        """In Wh, never below 0."""
        return self.curve[-1][1]


def count(story: Story, rated_power_w: Decimal | None = None) -> list[Counted]:
    """The session by every method that its evidence allows, the best first."""
    peak = max(rated_power_w or ZERO, peak_power(story))
    ways: Sequence[Callable[[Story, Decimal], Counted | None]] = (_registers, _readings, _intervals, _power)
    return [found for way in ways if (found := way(story, peak)) is not None]


def contradiction(best: Counted, other: Counted) -> Decimal:
    """Wh by which a method differs from the best one beyond what either may have missed."""
    lowest, highest = best.energy_wh - best.lacks_wh, best.energy_wh + best.lacks_wh + best.exceeds_wh
    lowest -= best.exceeds_wh
    low, high = other.energy_wh - other.exceeds_wh, other.energy_wh + other.lacks_wh
    return max(ZERO, lowest - high, low - highest)


def peak_power(story: Story) -> Decimal:
    """The largest power that the session shows, in W: `SEEN_W` at least once something was measured, 0 when nothing
    was."""
    powers = [watts for _, watts in story.readings.powers]
    registers = sorted([*story.readings.registers, *([story.start] if story.start else [])])
    slopes = [
        (after - before) * HOUR_US / _us(until - since)
        for (since, before), (until, after) in pairwise(registers)
        if until - since >= STEADY_FROM and after >= before
    ]
    return max([SEEN_W, *powers, *slopes]) if powers or slopes else ZERO


def _registers(story: Story, peak: Decimal) -> Counted | None:
    if story.start is None or story.stop is None or story.ended_at is None:
        return None
    start, stop = story.start[1], story.stop[1]
    between = [point for point in story.readings.registers if story.started_at <= point[0] < story.ended_at]
    values = _steady([(story.started_at, start), *between, (story.ended_at, stop)])
    dropped = len(values) < len(between) + 2
    last = values[-2][1]
    if start <= stop < last and all(before <= after for (_, before), (_, after) in pairwise(values[:-1])):
        # The stop contradicts a reading, and nothing says which is right: the stop decides, and is flagged.
        curve = [(at, min(register, stop) - start) for at, register in values]
        return Counted(Method.REGISTERS, tuple(curve), flags=(METER_FELL,))
    curve, flags = _walk(values)
    return Counted(Method.REGISTERS, tuple(curve), flags=(*flags, METER_FELL) if dropped else flags)


def _readings(story: Story, peak: Decimal) -> Counted | None:
    """By what was read on the way. What bounds the session is left out, where both ends are known: this is the check
    of them; where one of them is missing, the other is the first or the last reading."""
    points = list(story.readings.registers)
    if story.start is not None and story.stop is not None:
        bounds = (story.start, story.stop, story.readings.begin, story.readings.end)
        points = [point for point in points if point not in bounds]
    else:
        points = [*([story.start] if story.start else []), *points, *([story.stop] if story.stop else [])]
    values = _steady(sorted(set(points)))
    if len(values) < 2:
        return None
    curve, flags = _walk(values)
    if len(values) < len(set(points)):
        flags = (*flags, METER_FELL)
    return Counted(Method.READINGS, tuple(curve), _unseen(story, values[0][0], values[-1][0], peak), flags=flags)


def _intervals(story: Story, peak: Decimal) -> Counted | None:
    points = story.readings.intervals
    if not points:
        return None
    total, curve = ZERO, [(story.started_at, ZERO)]
    for at, energy in points:
        total += energy
        curve.append((at, total))
    # An interval ends at its time; the first one may have begun before the session.
    return Counted(
        Method.INTERVALS, tuple(curve), _unseen(story, story.started_at, points[-1][0], peak), exceeds_wh=points[0][1]
    )


def _power(story: Story, peak: Decimal) -> Counted | None:
    points = story.readings.powers
    if len(points) < 2:
        return None
    area, curve = ZERO, [(points[0][0], ZERO)]
    for (since, before), (until, after) in pairwise(points):
        area += (before + after) * _us(until - since)
        curve.append((until, under(area)))
    holes, swings = unknown(points)
    doubt = (holes * peak + swings) / HOUR_US
    return Counted(Method.POWER, tuple(curve), _unseen(story, points[0][0], points[-1][0], peak) + doubt, doubt)


def unknown(powers: Sequence[Point]) -> tuple[Decimal, Decimal]:
    """What readings of power leave open: how long nobody looked, in microseconds; and, as between two readings power
    may have gone from the one to the other at any moment, how much that may be, in W and microseconds."""
    holes = swings = ZERO
    for (since, before), (until, after) in pairwise(powers):
        lasting = _us(until - since)
        if until - since > HOLE:
            holes += lasting
        else:
            swings += abs(after - before) / 2 * lasting
    return holes, swings


def under(area: Decimal) -> Decimal:
    """Wh of twice the area under a curve of power, in W and microseconds: divided once, so that nothing adds up."""
    return (area / (2 * HOUR_US)).quantize(DIGIT)


def _walk(points: Sequence[Point]) -> tuple[list[Point], tuple[str, ...]]:
    """What a register has counted since the first point, at each of them (TX-18), with what was odd."""
    counting = Count(points[0][1], ZERO, None)
    curve, flags, most = [(points[0][0], ZERO)], dict[str, None](), ZERO
    for at, register in points[1:]:
        gain = gained(counting, register)
        counting = Count(gain.segment_start_wh, gain.before_wh, register)
        flags.update(dict.fromkeys(gain.flags))
        most = max(most, gain.energy_wh or ZERO)
        curve.append((at, most))
    return curve, tuple(flags)


def _steady(points: Sequence[Point]) -> list[Point]:
    """The points without single ones that fall out of their line: the one before and the one after go on without it."""
    kept = list(points[:1])
    for place in range(1, len(points)):
        here = points[place][1]
        if place + 1 < len(points):
            before, after = kept[-1][1], points[place + 1][1]
            if before <= after and (here < before or here > after):
                continue
        kept.append(points[place])
    return kept


def _unseen(story: Story, first: datetime, last: datetime, peak: Decimal) -> Decimal:
    """Wh that may have flowed in a session before the first and after the last time that a method knows of."""
    head = max(first - story.started_at, timedelta())
    tail = max(story.last_at - last, timedelta())
    return _us(head + tail) / HOUR_US * (peak * ROOM if peak else LARGEST_POWER_W)


def _us(lasting: timedelta) -> Decimal:
    return Decimal(lasting // timedelta(microseconds=1))
