"""Which commands replace each other while they wait: a newer word on one thing makes the older pointless (TR-25).

A charger that was away for a day gets the last of a hundred limits, not a hundred. Only what was never SENT is
replaced. The newer command stays at its own place in the queue: at the older one's it would overtake what was ordered
between the two, and may have been ordered for that.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

Payload = Mapping[str, Any]
Key = Callable[[Payload], tuple[Any, ...] | None]
LIST = "SendLocalList"


def supersede_key(action: str, payload: Payload) -> str | None:
    """What this command is about: commands of one charger with the same key replace each other; None when nothing
    replaces it."""
    rule = _RULES.get(action)
    about = None if rule is None else rule(payload)
    if about is None or None in about[:1]:
        return None
    said = json.dumps([_TOPICS.get(action, action), *about], separators=(",", ":"), sort_keys=True, default=str)
    # A set of variables may be long: names beyond a line are told apart by their digest.
    return said if len(said) <= 200 else f"{said[:60]}#{hashlib.sha256(said.encode()).hexdigest()}"


def supersedes(action: str, payload: Payload) -> bool:
    """Whether this command replaces those of its key. A Differential list builds on what was sent before it; a Full one
    makes every list before it pointless."""
    return action != LIST or payload.get("updateType") == "Full"


def _fields(*names: str) -> Key:
    return lambda payload: tuple(payload.get(name) for name in names)


def _lower(value: Any) -> Any:
    # Names of keys, components and variables are compared without case.
    return value.lower() if isinstance(value, str) else value


def _within(payload: Any, *path: str) -> Any:
    for name in path:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    return payload


def _variables(payload: Payload) -> tuple[Any, ...] | None:
    """The very same set of variables: of one that is only partly the same, a part still counts."""
    rows = payload.get("setVariableData")
    if not isinstance(rows, list) or not rows:
        return None
    return (sorted(json.dumps(_variable(row)) for row in rows),)


def _variable(row: Any) -> list[Any]:
    return [
        _lower(_within(row, "component", "name")),
        _lower(_within(row, "component", "instance")),
        _within(row, "component", "evse", "id"),
        _within(row, "component", "evse", "connectorId"),
        _lower(_within(row, "variable", "name")),
        _lower(_within(row, "variable", "instance")),
        _within(row, "attributeType") or "Actual",
    ]


def _profile(payload: Payload) -> tuple[Any, ...] | None:
    """The place of a profile: there is one at a time of a purpose and stack level (2.x: at a time of validity too). The
    same id at another place is left to the charger, which replaces it by its id."""
    profile = payload.get("csChargingProfiles") or payload.get("chargingProfile")
    if not isinstance(profile, Mapping):
        return None
    where = payload.get("connectorId", payload.get("evseId"))
    names = ("chargingProfilePurpose", "stackLevel", "transactionId", "validFrom", "validTo")
    return (where, *(profile.get(name) for name in names))


def _trigger(payload: Payload) -> tuple[Any, ...]:
    where = payload.get("connectorId"), _within(payload, "evse", "id"), _within(payload, "evse", "connectorId")
    return (payload.get("requestedMessage"), payload.get("customTrigger"), *where)


def _availability(payload: Payload) -> tuple[Any, ...]:
    # Of the station as a whole, of an EVSE, of a connector: one does not replace another, the charger keeps them all.
    evse = payload.get("connectorId", _within(payload, "evse", "id")) or 0
    return (evse, _within(payload, "evse", "connectorId") or 0)


_TOPICS = {"SignedUpdateFirmware": "UpdateFirmware"}
"""Actions that are about the same as another one."""
_RULES: Mapping[str, Key] = {
    "AdjustPeriodicEventStream": _fields("id"),
    "ChangeAvailability": _availability,
    "ChangeConfiguration": lambda payload: (_lower(payload.get("key")),),
    "CostUpdated": _fields("transactionId"),
    "ExtendedTriggerMessage": _trigger,
    LIST: lambda payload: (LIST,),
    "NotifyAllowedEnergyTransfer": _fields("transactionId"),
    "SetChargingProfile": _profile,
    "SetDisplayMessage": lambda payload: (_within(payload, "message", "id"),),
    "SetMonitoringBase": lambda payload: ("base",),
    "SetMonitoringLevel": lambda payload: ("level",),
    "SetNetworkProfile": _fields("configurationSlot"),
    "SetVariables": _variables,
    "SignedUpdateFirmware": lambda payload: ("firmware",),
    "TriggerMessage": _trigger,
    "UpdateDynamicSchedule": _fields("chargingProfileId"),
    "UpdateFirmware": lambda payload: ("firmware",),
    "UsePriorityCharging": _fields("transactionId"),
}
