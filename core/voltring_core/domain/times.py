"""Chargers' times: read leniently, always aware, always UTC (TX-23)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""Before this a charger's clock was never set."""
FUTURE_TOLERATED = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=5)
"""What a charger says longer after it happened was queued while it was offline: no clock that is fit for use is so far
behind (TX-22, TX-23)."""
CLOCK = "clock"
"""The flag of a session or reading whose charger's time was replaced by the time of receipt."""


def read_time(text: object) -> datetime | None:
    """An RFC 3339 time, also without a zone (taken as UTC); None when it can't be read."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        if found.tzinfo is UTC:
            return found
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def is_late(at: datetime, received_at: datetime) -> bool:
    """Whether what happened at `at` is told so much later that nothing live may follow from it (TX-22).

    A time that can't be right says nothing about that.
    """
    return EARLIEST <= at < received_at - LATE_AFTER


def local_time(at: datetime, zone: ZoneInfo, received_at: datetime | None = None) -> datetime:
    """A time without a zone as one of `zone`, in UTC.

    The hour that a clock shows twice, and the one that it never shows, have two meanings: the one nearer to the
    receipt that is not after it, as far as clocks can tell. Raises OverflowError at the ends of the calendar.
    """
    first, second = (at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if received_at is None or first == second:
        return first
    early, late = sorted((first, second))
    if late > received_at + FUTURE_TOLERATED:
        return early
    return min(early, late, key=lambda one: abs(one - received_at))


def trusted(at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
    """The charger's time, or the time of receipt and True when the charger's can't be right."""
    if at is None or at < EARLIEST or at > received_at + FUTURE_TOLERATED:
        return received_at, True
    return at, False
