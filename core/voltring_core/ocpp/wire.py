"""What both generations of OCPP write and read in the same words."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from voltring_core.domain.chargers import RegistrationAnswer
from voltring_core.domain.messages import DataTransferred, Sample
from voltring_core.domain.times import EARLIEST, read_time

Payload = Mapping[str, Any]
PADDED = (" ", "\0")
LARGEST = 2**31 - 1
MEASURAND = "Energy.Active.Import.Register"
"""What a value measures that does not say it (TX-14)."""
NO_SUCH_TIME = EARLIEST.replace(year=1970)
"""Stands for a time that can't be read; the domain replaces what lies before its earliest by the receipt's."""


def write_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z (TR-29)."""
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def write_boot(answer: RegistrationAnswer) -> Payload:
    """BootNotification's answer."""
    return {
        "status": answer.status.value,
        "currentTime": write_time(answer.now),
        "interval": answer.interval,
    }


def time_of(payload: Payload) -> datetime:
    """The `timestamp` of a payload, or NO_SUCH_TIME."""
    return read_time(payload.get("timestamp")) or NO_SUCH_TIME


def data_transfer(payload: Payload) -> DataTransferred:
    """DataTransfer."""
    return DataTransferred(payload["vendorId"], payload.get("messageId"))


def samples(meter_values: Any, read: Callable[[Payload, datetime], Sample]) -> tuple[Sample, ...]:
    """The sampled values of a list of MeterValue, each read by `read` at its group's time."""
    found = []
    for group in meter_values:
        at = time_of(group)
        for value in group.get("sampledValue", ()):
            found.append(read(value, at))
    return tuple(found)


def whole(value: Any) -> int | None:
    """An id or number that came as 1 or as 1.0 (JSON Schema takes both); None when it is none or out of range."""
    if type(value) is int and 0 <= value <= LARGEST:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if abs(value) <= LARGEST else None


def place(value: Any) -> int | None:
    """The number of an EVSE or a connector; None for what can be none (TX-24)."""
    number = whole(value)
    return number if number is not None and number >= 0 else None


def reservation(value: Any) -> int | None:
    """The id of a reservation; 0 and -1 are what some chargers say for none."""
    return max(whole(value) or 0, 0) or None


def token_text(value: Any) -> str:
    """An id token without what some readers pad it with."""
    text = value if isinstance(value, str) else str(value)
    return text.strip(" \0") if text[-1:] in PADDED or text[:1] in PADDED else text
