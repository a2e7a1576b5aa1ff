"""The general repair: what chargers get wrong in a payload is mended field by field (TR-12, TX-24).

Two strengths. `tolerate` is for every message and mends what is harmless: null fields, unknown and wrong-cased ones,
over-long strings, times, values in the wrong JSON type, unknown words of optional fields, missing fields that have a
harmless default. `rescue` is for transaction messages, which are never refused for their content: it mends ids too
and, as a last resort, leaves out what can't be mended. Each returns a new payload and the flags that say what was
done; the raw frame is kept elsewhere.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from voltring_core.domain.metering import UNITS
from voltring_core.ocpp.quirks.menders import HARMLESS, RESCUE, Fault, Mender
from voltring_core.ocpp.quirks.shapes import is_optional, shape_at
from voltring_core.ocpp.schemas import Violation, violations
from voltring_core.ocpp.versions import Version

Payload = dict[str, Any]
NULL, INVALID = "null_field", "invalid"
UNITS_READ = frozenset(name.lower() for name in UNITS)
"""1.6 has no unit of frequency; chargers send Hertz and Hz."""
ROUNDS = 12
"""A mended value may uncover the next fault; what is left after these rounds stays."""

REPORTS = frozenset({"NotifyReport", "NotifyMonitoringReport", "NotifyCustomerInformation"})


def tolerate(version: Version, action: str, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Mend what is harmless in any message."""
    return _mend(version, action, payload, HARMLESS)


def rescue(version: Version, action: str, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Mend all that can be mended; flagged `invalid` when the schema is still broken."""
    mended, flags = _mend(version, action, payload, RESCUE)
    left = [fault for fault in violations(version, action, mended) if not is_known(action, fault, mended)]
    return mended, (*flags, INVALID) if left else flags


def is_known(action: str, fault: Violation, payload: Payload) -> bool:
    """Whether a fault is one that needs no mending: 1.6's old status `Occupied`, a unit that is read all the same, a
    report whose parts have no numbers."""
    if fault.keyword == "enum" and fault.path[-1:] == ("unit",):
        return str(_at(payload, fault)).lower() in UNITS_READ
    if fault.keyword == "required" and fault.field == "seqNo" and action in REPORTS:
        return True
    return action == "StatusNotification" and fault.field == "status" and payload.get("status") == "Occupied"


def _at(payload: Any, fault: Violation) -> Any:
    for part in fault.path:
        payload = payload[part]
    return payload


def _mend(
    version: Version, action: str, payload: Payload, menders: Mapping[str, Mender]
) -> tuple[Payload, tuple[str, ...]]:
    mended = deepcopy(payload)
    flags = {NULL} if _strip_nulls(mended) else set()
    for _ in range(ROUNDS):
        found = _one_each(violations(version, action, mended))
        # A field may seem to be missing because it is spelt wrong: defaults come when nothing else is left to do.
        done = _apply_all(mended, [one for one in found if one.keyword != "required"], version, action, menders)
        done = done or _apply_all(mended, [one for one in found if one.keyword == "required"], version, action, menders)
        if not done:
            break
        flags |= done
    return mended, tuple(sorted(flags))


def _apply_all(
    payload: Payload, found: list[Violation], version: Version, action: str, menders: Mapping[str, Mender]
) -> set[str]:
    done = (_apply(payload, one, version, action, menders) for one in found)
    return {flag for flag in done if flag}


def _one_each(found: list[Violation]) -> list[Violation]:
    """One fault of each place, the last places first: what is taken out of a list moves nothing still to come."""
    places = {fault.path: fault for fault in reversed(found)}
    return sorted(
        places.values(),
        key=lambda fault: [f"{part:09}" if isinstance(part, int) else part for part in fault.path],
        reverse=True,
    )


def _apply(
    payload: Payload, found: Violation, version: Version, action: str, menders: Mapping[str, Mender]
) -> str | None:
    mender = menders.get(found.keyword, menders.get("*"))
    if mender is None or not found.path:
        return None
    owner: Any = None
    parent: Any = payload
    for part in found.path[:-1]:
        try:
            owner, parent = parent, parent[part]
        except (KeyError, IndexError, TypeError):
            return None  # an earlier mend took the place away
    if not _is_there(parent, found):
        return None
    inside = shape_at(version, action, found.path[:-1])
    return mender(
        Fault(
            version,
            action,
            found.keyword,
            found.path,
            parent,
            owner,
            shape_at(version, action, found.path),
            inside,
            is_optional(inside, found.path[-1]),
        )
    )


def _is_there(parent: Any, found: Violation) -> bool:
    key = found.path[-1]
    if isinstance(parent, list):
        return isinstance(key, int) and key < len(parent)
    return isinstance(parent, dict) and (key in parent) == (found.keyword != "required")


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
