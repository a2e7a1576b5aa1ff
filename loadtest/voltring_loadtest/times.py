"""Unix seconds and OCPP's timestamps."""

from datetime import UTC, datetime

from voltring_core.domain.times import read_time


def stamp(now: float) -> str:
    """RFC 3339 in UTC with milliseconds and `Z` (TR-29)."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def seconds(text: object) -> float | None:
    """Unix seconds of an OCPP timestamp, None when there is none."""
    found = read_time(text)
    return found.timestamp() if found else None
