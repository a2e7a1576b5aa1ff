"""How one fault of a payload is mended, by the schema's keyword that it breaks.

A mender changes the payload in place and returns the flag that says so, or None when it leaves the fault. What names
a driver or a session is never cut and never guessed; what gives a reading its meaning is never left out, because
without it the value would pass for the default (watt-hours of the total at the outlet).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson

from voltring_core.domain.metering import read_number, read_register
from voltring_core.domain.times import read_time
from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.quirks.shapes import Path, Shape
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import NO_SUCH_TIME, write_time

UNKNOWN_FIELD, FIELD_NAME, CUT, TYPE, TIME, LEFT_OUT, DEFAULT, VALUE = (
    "unknown_field",
    "field_name",
    "cut",
    "type",
    "time",
    "left_out",
    "default",
    "unknown_value",
)
NO_TIME = write_time(NO_SUCH_TIME).replace(".000", "")
"""Recognised by the domain as impossible, and replaced by the time of receipt."""
VENDOR_CODE = 50
"""Characters of 1.6's vendorErrorCode."""
MEANING = 50
"""Characters that are kept of an unknown unit or measurand."""
IDENTITIES = frozenset({"idTag", "parentIdTag", "idToken", "transactionId"})
"""What names a driver or a session is never cut."""
MEANINGS = frozenset({"measurand", "phase", "location", "unit"})
"""Without them, a reading would pass for the default one."""
SIGNED = "signedMeterValue"
WHOLE = IDENTITIES | {"signedMeterData", "publicKey"}
"""What is worth nothing when it is cut."""
NEVER_GIVEN_UP = IDENTITIES | {"transactionInfo"}
SPELLINGS = {"Celcius": "Celsius", "Hertz": "Hz", "Error": "OtherError"} | dict.fromkeys(
    ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"), "Occupied"
)  # the last ones are 1.6's words for what 2.x calls an occupied connector
FALLBACKS = ("Other", "Unknown", "Central")
"""What OCPP's own lists of words have for everything else."""
INSIDE = MappingProxyType({"evse": "id", "unitOfMeasure": "unit", "transactionInfo": "transactionId"})
"""Objects that some chargers shorten to their one field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with all that is needed to mend it."""

    version: Version
    action: str
    keyword: str
    path: Path
    parent: Any
    """The object or list that holds the faulty field."""
    owner: Any
    """What holds the parent; None for the payload itself."""
    shape: Shape
    """What the schema wants of the field."""
    inside: Shape
    """What the schema wants of the parent."""
    optional: bool

    @property
    def key(self) -> Any:
        """The field's name, or the item's place in its list."""
        return self.path[-1]

    @property
    def value(self) -> Any:
        """The field as it came."""
        return self.parent[self.key]


Mender = Callable[[Fault], str | None]


def _spelt(word: object) -> str:
    return "".join(sign for sign in str(word).lower() if sign.isalnum())


def _alike(word: object, words: Any) -> str | None:
    """The one of some words that is this one but for case, spaces, hyphens and underscores."""
    sought = _spelt(word)
    return next((one for one in words if _spelt(one) == sought), None) if sought else None


def _place(fault: Fault) -> str | None:
    """An unknown field: another spelling of a known one, or dropped."""
    known = _alike(fault.key, fault.inside.get("properties", ()))
    value = fault.parent.pop(fault.key)
    if known is None or known in fault.parent:
        return UNKNOWN_FIELD
    fault.parent[known] = value
    return FIELD_NAME


def _cut(fault: Fault) -> str | None:
    limit = fault.shape.get("maxLength")
    if fault.key in WHOLE or not isinstance(limit, int):
        return None  # an id that is cut would be somebody else's, and nothing proves what is signed
    fault.parent[fault.key] = fault.value[:limit]
    return CUT


def _retime(fault: Fault) -> str | None:
    if fault.shape.get("format") != "date-time":
        return None
    fault.parent[fault.key] = _time(fault.value)
    return TIME


def _time(value: Any) -> str:
    at = _since_1970(value) or read_time(value)
    return write_time(at) if at else NO_TIME


def _since_1970(value: Any) -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970, also as text."""
    number = read_number(value) if not isinstance(value, bool) else None
    if number is None or number < 0 or (isinstance(value, str) and not 9 <= len(value.strip()) <= 17):
        return None
    for unit in (1, 1_000, 1_000_000):
        if number < 10**11 * unit:
            return datetime.fromtimestamp(float(number / unit), UTC)
    return None


def _respell(fault: Fault) -> str | None:
    """Another spelling of a known word, or the word that stands for all others."""
    word, allowed = fault.value, fault.shape.get("enum", ())
    better = SPELLINGS.get(str(word)) or _alike(word, allowed)
    if better in allowed and better != word:
        fault.parent[fault.key] = better
        return TYPE
    if fault.key == "errorCode":  # one that only the vendor knows is another error, by that name
        fault.parent[fault.key] = "OtherError"
        fault.parent.setdefault("vendorErrorCode", str(word)[:VENDOR_CODE])
        return TYPE
    if word == "" and fault.optional:
        return _leave_out_optional(fault)
    other = next((one for one in FALLBACKS if one in allowed), None)
    if other is not None and fault.key not in MEANINGS:
        fault.parent[fault.key] = other
        return VALUE
    return None if fault.key in MEANINGS else _leave_out_optional(fault)


def _retype(fault: Fault) -> str | None:
    """A value in the wrong JSON type; an optional one that says nothing is left out."""
    if fault.key in IDENTITIES and not isinstance(fault.value, str | dict | list):
        return None  # a number has lost the zeros that it may have begun with
    return _reshaped(fault) or (leave_out(fault) if _says_nothing(fault) else None)


def _says_nothing(fault: Fault) -> bool:
    if isinstance(fault.key, int):
        return fault.value is None
    return fault.optional and fault.key not in (*IDENTITIES, *MEANINGS)


def _retype_all(fault: Fault) -> str | None:
    if done := _reshaped(fault):
        return done
    if fault.key in MEANINGS:
        fault.parent[fault.key] = orjson.dumps(fault.value).decode()[:MEANING]
        return TYPE
    if fault.key == "multiplier":  # nobody knows the value's unit now: it is kept, and read as nothing
        fault.parent["unit"] = "unknown"
    return leave_out(fault)


def _reshaped(fault: Fault) -> str | None:
    reshape = _SHAPES.get(str(fault.shape.get("type", "object")))
    better = reshape(fault) if reshape else None
    if better is None:
        return None
    fault.parent[fault.key] = better
    return TIME if fault.shape.get("format") == "date-time" else TYPE


def _as_string(fault: Fault) -> str | None:
    value = fault.value
    if fault.action == "DataTransfer" and fault.key == "data":
        return orjson.dumps(value).decode()  # 1.6 carries text; some chargers put the object itself there
    if fault.shape.get("format") == "date-time":
        return _time(value)
    if isinstance(value, list | dict) and len(value) == 1:
        (value,) = value.values() if isinstance(value, dict) else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _as_boolean(fault: Fault) -> bool | None:
    return _BOOLEANS.get(str(fault.value).strip().lower())


def _as_number(fault: Fault) -> int | float | None:
    value = fault.value
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    number: Decimal | None = None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        number = read_register(value) if fault.key in ("meterStart", "meterStop") else read_number(value)
    if number is None:
        return None
    return round(number) if fault.shape["type"] == "integer" else float(number)


def _as_list(fault: Fault) -> list[Any] | None:
    return None if isinstance(fault.value, list) or fault.value in ("", {}) else [fault.value]


def _as_object(fault: Fault) -> dict[str, Any] | None:
    value = fault.value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return dict(value[0])
    if isinstance(value, bool | list | None) or value == "":
        return None
    if fault.key == "idToken":
        return {"idToken": str(value), "type": "Central"}
    return {INSIDE[fault.key]: value} if fault.key in INSIDE else None


def leave_out(fault: Fault) -> str | None:
    """Take a field or a list's item away; an empty list takes its owner along in the next round."""
    if fault.keyword == "required":
        return None
    del fault.parent[fault.key]
    return LEFT_OUT


def _leave_out_optional(fault: Fault) -> str | None:
    return leave_out(fault) if fault.optional and not isinstance(fault.key, int) else None


def _respell_all(fault: Fault) -> str | None:
    return _respell(fault) or (None if fault.key in MEANINGS else leave_out(fault))


def _fill(fault: Fault) -> str | None:
    """A missing field that has a harmless default."""
    default = _DEFAULTS.get((fault.action, fault.key))
    if (
        fault.key == "timestamp" and fault.action in (*TRANSACTION_ACTIONS, "StatusNotification")
    ) or fault.key == "generatedAt":
        default = NO_TIME
    elif fault.path[-2:] == ("customData", "vendorId"):
        default = ""
    elif fault.path[-2:] == ("idToken", "type"):
        default = "Central"
    elif fault.path[-2:-1] == (SIGNED,) and fault.key != "signedMeterData":
        default = ""  # how it is signed may be known from elsewhere
    if default is None:
        return None
    fault.parent[fault.key] = default
    return DEFAULT


def _fill_or_give_up(fault: Fault) -> str | None:
    """... or else the part of the message that can't be read without it is left out."""
    if done := _fill(fault):
        return done
    holder: Any = fault.path[-2] if fault.owner is not None else None
    if holder is None or holder in NEVER_GIVEN_UP:
        return None
    del fault.owner[holder]
    return LEFT_OUT


_SHAPES: Mapping[str, Callable[[Fault], Any]] = MappingProxyType(
    {
        "string": _as_string,
        "boolean": _as_boolean,
        "integer": _as_number,
        "number": _as_number,
        "array": _as_list,
        "object": _as_object,
    }
)
_BOOLEANS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
TIMED = TRANSACTION_ACTIONS | {"StatusNotification"}
_DEFAULTS: Mapping[tuple[str, Any], Any] = MappingProxyType(
    {
        ("BootNotification", "reason"): "Unknown",
        ("NotifyMonitoringReport", "eventNotificationType"): "CustomMonitor",
        ("NotifyEvent", "seqNo"): 0,
        ("NotifyEvent", "eventNotificationType"): "PreconfiguredMonitor",
        ("NotifyReport", "supportsMonitoring"): False,
        ("NotifyReport", "dataType"): "string",
        ("MeterValues", "connectorId"): 0,  # of the station; a transaction that it names is found all the same
        ("MeterValues", "evseId"): 0,
        ("StartTransaction", "idTag"): "",
        ("StatusNotification", "errorCode"): "NoError",
        ("StopTransaction", "transactionId"): -1,
        ("TransactionEvent", "eventType"): "Updated",
    }
)
HARMLESS: Mapping[str, Mender] = MappingProxyType(
    {
        "additionalProperties": _place,
        "enum": _respell,
        "format": _retime,
        "maxLength": _cut,
        "minItems": _leave_out_optional,
        "required": _fill,
        "type": _retype,
    }
)
"""By the schema's keyword: what is harmless in any message."""
RESCUE: Mapping[str, Mender] = MappingProxyType(
    {
        "additionalProperties": _place,
        "enum": _respell_all,
        "format": lambda fault: _retime(fault) or leave_out(fault),
        "maxLength": _cut,
        "minItems": lambda fault: None if fault.owner is None and not fault.optional else leave_out(fault),
        "required": _fill_or_give_up,
        "type": _retype_all,
        "*": leave_out,
    }
)
"""... and what is done for a transaction message; `*` stands for every other keyword."""
