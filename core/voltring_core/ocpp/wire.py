"""Values as both generations of OCPP write them."""

from datetime import UTC, datetime


def write_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z (TR-29)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
