"""Repairing what chargers get wrong in a payload, so that nothing they say is thrown away (TR-12, TX-24).

Two strengths. `tolerate` is for every message: null optionals, unknown fields, over-long strings, times. `rescue` is
for transaction messages, which are never refused for their content: it also mends types and enums, and as a last
resort leaves out what can't be mended. Each returns a new payload and the flags that say what was done; the
raw frame is kept elsewhere.
"""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import orjson

from voltring_core.domain.metering import read_number, read_register
from voltring_core.domain.times import read_time
from voltring_core.ocpp.schemas import Violation, schema, violations
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time

Payload = dict[str, Any]
ROUNDS = 4  # a mended value may uncover the next fault; what is left then stays

NULL, UNKNOWN_FIELD, CUT, TYPE, TIME, LEFT_OUT, INVALID = (
    "null_field",
    "unknown_field",
    "cut",
    "type",
    "time",
    "left_out",
    "invalid",
)
VENDOR_CODE = 50  # characters of 1.6's vendorErrorCode
IDENTITIES = frozenset({"idTag", "parentIdTag", "idToken", "transactionId"})
"""What names a driver or a session is never cut."""
SPELLINGS = {"Celcius": "Celsius", "Hertz": "Hz", "Error": "OtherError"}


def tolerate(version: Version, action: str, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Mend what is harmless in any message."""
    return _mend(version, action, payload, _HARMLESS)


def is_known(action: str, fault: Violation, payload: Payload) -> bool:
    """Whether a fault is one that chargers are known for and that needs no mending: 1.6's old status `Occupied`."""
    return action == "StatusNotification" and fault.field == "status" and payload.get("status") == "Occupied"


def rescue(version: Version, action: str, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Mend all that can be mended; flagged `invalid` when the schema is still broken."""
    mended, flags = _mend(version, action, payload, _ALL, otherwise=_leave_out)
    return mended, (*flags, INVALID) if violations(version, action, mended) else flags


Mender = Callable[[Any, Any, Version, str, Violation], str | None]


def _mend(
    version: Version,
    action: str,
    payload: Payload,
    menders: dict[str, Mender],
    otherwise: Mender | None = None,
) -> tuple[Payload, tuple[str, ...]]:
    mended = deepcopy(payload)
    flags = {NULL} if _strip_nulls(mended) else set()
    for _ in range(ROUNDS):
        found = _one_each(violations(version, action, mended))
        done = [_apply(mended, fault, version, action, menders.get(fault.keyword, otherwise)) for fault in found]
        if not any(done):
            break
        flags.update(flag for flag in done if flag)
    return mended, tuple(sorted(flags))


def _one_each(found: list[Violation]) -> list[Violation]:
    """One fault of each place, the last places first: what is taken out of a list moves nothing still to come."""
    places = {fault.path: fault for fault in reversed(found)}
    return sorted(
        places.values(),
        key=lambda fault: [f"{part:09}" if isinstance(part, int) else part for part in fault.path],
        reverse=True,
    )


def _apply(payload: Payload, fault: Violation, version: Version, action: str, mender: Mender | None) -> str | None:
    if mender is None or not fault.path:
        return None
    parent: Any = payload
    for part in fault.path[:-1]:
        try:
            parent = parent[part]
        except (KeyError, IndexError, TypeError):
            return None  # an earlier mend took the place away
    return mender(parent, fault.path[-1], version, action, fault)


def _strip_nulls(value: Any) -> bool:
    """Remove null fields in place, at any depth; whether there were any."""
    if isinstance(value, list):
        return sum(_strip_nulls(item) for item in value) > 0
    if not isinstance(value, dict):
        return False
    empty = [name for name, item in value.items() if item is None]
    for name in empty:
        del value[name]
    return len(empty) + sum(_strip_nulls(item) for item in value.values()) > 0


def _drop(parent: Any, key: Any, *_: Any) -> str | None:
    if not isinstance(parent, dict) or key not in parent:
        return None
    del parent[key]
    return UNKNOWN_FIELD


def _cut(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    if key in IDENTITIES:
        return None  # cut, it would be somebody else's
    limit = _limit(fault, "maxLength", version, action)
    if limit is None:
        return None
    parent[key] = parent[key][:limit]
    return CUT


def _limit(fault: Violation, keyword: str, version: Version, action: str) -> int | None:
    """The number that a schema names at a path."""
    found = _at(fault, version, action).get(keyword)
    return found if isinstance(found, int) else None


def _allowed(fault: Violation, version: Version, action: str) -> list[str]:
    """The words that a schema allows at a path."""
    return list(_at(fault, version, action).get("enum", ()))


def _in_any_case(word: str, allowed: list[str]) -> str | None:
    return next((one for one in allowed if one.lower() == word.lower()), None)


def _at(fault: Violation, version: Version, action: str) -> dict[str, Any]:
    """The part of a schema at a path; follows $ref. Empty where there is none."""
    whole: Any = schema(version, action)
    place: Any = whole
    for part in fault.path:
        place = _resolve(whole, place)
        place = place.get("items") if isinstance(part, int) else place.get("properties", {}).get(part)
        if place is None:
            return {}
    found = _resolve(whole, place)
    return found if isinstance(found, dict) else {}


def _resolve(whole: Any, place: Any) -> Any:
    while isinstance(place, dict) and "$ref" in place:
        place = whole["definitions"][place["$ref"].rpartition("/")[2]]
    return place


def _retype(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    value = parent[key]
    wanted = fault.message.rpartition(" ")[2].strip('"')
    if wanted == "string" and isinstance(value, int | float):
        parent[key] = str(value)
    elif wanted == "boolean" and str(value).lower() in _BOOLEANS:
        parent[key] = _BOOLEANS[str(value).lower()]
    elif wanted == "object" and key == "idToken" and isinstance(value, str):
        parent[key] = {"idToken": value, "type": "Central"}
    elif wanted in ("integer", "number") and (number := _number(key, value)) is not None:
        parent[key] = round(number) if wanted == "integer" else float(number)
    else:
        return _leave_out(parent, key, version, action, fault)
    return TYPE


def _number(key: Any, value: Any) -> Decimal | None:
    return read_register(value) if key in ("meterStart", "meterStop") else read_number(value)


def _write_out(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    """1.6's DataTransfer carries text; some chargers put the object itself there."""
    if action != "DataTransfer" or key != "data":
        return None
    parent[key] = orjson.dumps(parent[key]).decode()
    return TYPE


def _retime(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    if not fault.message.endswith('"date-time"'):
        return None
    at = read_time(parent[key])
    # What can't be read becomes a time that the domain recognises as impossible and replaces by the receipt's.
    parent[key] = write_time(at) if at else "1970-01-01T00:00:00Z"
    return TIME


def _respell(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    better = SPELLINGS.get(str(parent[key])) or _in_any_case(str(parent[key]), _allowed(fault, version, action))
    if better is None and key == "unit":
        return None  # without it the value would pass for Wh; as it is, it is kept and read as nothing
    if better is None or parent[key] == better:
        return _leave_out(parent, key, version, action, fault)
    parent[key] = better
    return TYPE


def _rename(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    """Another spelling of a known word; an error code that only the vendor knows is another error, by that name."""
    word = str(parent[key])
    better = SPELLINGS.get(word) or _in_any_case(word, _allowed(fault, version, action))
    if better is None and key == "errorCode":
        better = "OtherError"
        parent.setdefault("vendorErrorCode", word[:VENDOR_CODE])
    if better is None or better == word:
        return None
    parent[key] = better
    return TYPE


def _leave_out(parent: Any, key: Any, version: Version, action: str, fault: Violation) -> str | None:
    """Take an optional field or a list's item away; an empty list takes its owner along in the next round."""
    if fault.keyword == "required":
        return None
    if (isinstance(parent, dict) and key in parent) or (
        isinstance(parent, list) and isinstance(key, int) and key < len(parent)
    ):
        del parent[key]
    else:
        return None
    return LEFT_OUT


_BOOLEANS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_HARMLESS: dict[str, Mender] = {
    "additionalProperties": _drop,
    "maxLength": _cut,
    "format": _retime,
    "type": _write_out,
    "enum": _rename,
}
_ALL: dict[str, Mender] = {
    "additionalProperties": _drop,
    "maxLength": _cut,
    "type": _retype,
    "format": _retime,
    "enum": _respell,
}
