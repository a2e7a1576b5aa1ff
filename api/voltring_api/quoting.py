"""What a quote asks about, as the usage that prices are made of."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from voltring_api.models.quote import QuoteRequest, Reading
from voltring_core.domain.usage import Span, Usage
from voltring_core.errors import Unprocessable

NOTHING = Decimal(0)


def usage_of(asked: QuoteRequest) -> Usage:
    """The session that is asked about. Unprocessable for readings that go back."""
    if asked.readings is not None:
        return of_readings(asked.readings)
    charging, idle = (_length(minutes) for minutes in (asked.charging_minutes, asked.idle_minutes))
    return of_lengths(asked.started_at, (asked.energy_kwh or NOTHING) * 1000, charging, idle)


def of_lengths(start: datetime, energy_wh: Decimal, charging: timedelta, idle: timedelta) -> Usage:
    """A session that charges evenly, and then stands."""
    full, end = start + charging, start + charging + idle
    spans = (Span(start, full, energy_wh), Span(full, end, NOTHING, is_idle=True))
    return Usage(start, end, energy_wh, spans)


def of_readings(readings: Sequence[Reading]) -> Usage:
    """A session from its first reading to its last."""
    spans = tuple(_spans(readings))
    energy_wh = readings[-1].energy_wh - readings[0].energy_wh
    return Usage(readings[0].at, readings[-1].at, energy_wh, spans)


def _spans(readings: Sequence[Reading]) -> Iterator[Span]:
    for place, (before, one) in enumerate(pairwise(readings), start=1):
        if one.at < before.at:
            raise _backwards(place, "at")
        if one.energy_wh < before.energy_wh:
            raise _backwards(place, "energy_wh")
        yield Span(before.at, one.at, one.energy_wh - before.energy_wh, one.idle)


def _backwards(place: int, name: str) -> Unprocessable:
    field, said = f"readings.{place}.{name}", "is less than in the reading before"
    return Unprocessable(f"The request is wrong: {field}: {said}.", [{"field": field, "message": said}])


def _length(minutes: Decimal | None) -> timedelta:
    return timedelta(milliseconds=int((minutes or NOTHING) * 60_000))
