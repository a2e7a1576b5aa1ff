"""What a register has counted, also when it falls: a meter that rolls over, is reset, or starts at 0 (TX-18).

Positive segments are added up; the result is never negative. Every fall is flagged, so that somebody may look.
"""

from decimal import Decimal

from voltring_core.domain.values import value

METER_FELL = "meter_fell"
METER_ROLLED_OVER = "meter_rolled_over"
METER_BELOW_START = "meter_below_start"
LARGEST_STEP = Decimal(5000)
"""Wh between two readings that is still one step over a meter's end: two minutes at 150 kW."""
ENDS = tuple(Decimal(10) ** digits for digits in range(5, 10))
"""Where meters roll over, in Wh."""


@value
class Count:
    """How far a register is counted: where its segment started, what came before, and its latest value. In Wh."""

    segment_start_wh: Decimal | None
    before_wh: Decimal
    register_wh: Decimal | None


@value
class Gain:
    """The energy up to a new value (None without a start), the segment it belongs to, and flags. In Wh."""

    energy_wh: Decimal | None
    before_wh: Decimal
    segment_start_wh: Decimal | None
    flags: tuple[str, ...] = ()


def gained(count: Count, register_wh: Decimal) -> Gain:
    """What the register has counted when it shows `register_wh`."""
    start, last = count.segment_start_wh, count.register_wh
    if start is None:
        return Gain(None, count.before_wh, None, (METER_FELL,) if last is not None and register_wh < last else ())
    if register_wh < (start if last is None else last) and (end := _end(start if last is None else last, register_wh)):
        counted = count.before_wh + end - start
        return Gain(counted + register_wh, counted, Decimal(0), (METER_ROLLED_OVER,))
    if last is not None and register_wh < last:
        return _reset(count.before_wh, start, last, register_wh)
    if register_wh < start:
        # The register of the session is not that of its start: it counts from here.
        return Gain(count.before_wh, count.before_wh, register_wh, (METER_BELOW_START,))
    return Gain(count.before_wh + register_wh - start, count.before_wh, start)


def _end(last: Decimal, now: Decimal) -> Decimal | None:
    """The end that a meter went over between two values, if one step is enough for it."""
    return next((end for end in ENDS if end - LARGEST_STEP <= last < end and now <= LARGEST_STEP), None)


def _reset(before: Decimal, start: Decimal, last: Decimal, now: Decimal) -> Gain:
    counted = before + max(last - start, Decimal(0))
    flags = (METER_FELL,) if now >= start else (METER_FELL, METER_BELOW_START)
    return Gain(counted, counted, now, flags)
