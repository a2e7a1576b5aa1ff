"""Chargers' times: read leniently, always aware, always UTC (TX-23)."""

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""Before this a charger's clock was never set."""
FUTURE_TOLERATED = timedelta(minutes=5)
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


def trusted(at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
    """The charger's time, or the time of receipt and True when the charger's can't be right."""
    if at is None or at < EARLIEST or at > received_at + FUTURE_TOLERATED:
        return received_at, True
    return at, False
