"""Values as both generations of OCPP write them."""

from datetime import UTC, datetime
from typing import Any

LARGEST = 2**31 - 1


def write_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z (TR-29)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whole(value: Any) -> int | None:
    """An id or number that came as 1 or as 1.0 (JSON Schema takes both); None when it is none or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if abs(value) <= LARGEST else None
