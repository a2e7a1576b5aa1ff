"""Rules for what a charger is told: each rewrites a command's payload in place, or says why it is not sent.

A rule returns whether it changed anything, or the sentence of a refusal.
"""

import re
from collections.abc import Iterator
from typing import Any

Payload = dict[str, Any]
Done = bool | str
LISTS = frozenset({"MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"})
"""1.6's keys that hold lists of measurands."""
HEX_KEY = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")


def no_get_configuration(payload: Payload, action: str, argument: Any) -> Done:
    """The charger restarts when its configuration is read."""
    return "this charger restarts when its configuration is read"


def keys_per_request(payload: Payload, action: str, most: Any) -> Done:
    """A long list of keys is cut short or never answered."""
    asked = len(payload.get("key") or ())
    return f"this charger is asked for {most} keys at most, not {asked}: ask in parts" if asked > most else False


def list_items_at_most(payload: Payload, action: str, most: Any) -> Done:
    """The charger takes longer lists than it has room for."""
    given = len(str(payload.get("value", "")).split(",")) if payload.get("key") in LISTS else 0
    return f"this charger has room for {most} measurands, not for {given}" if given > most else False


def only_measurands(payload: Payload, action: str, known: Any) -> Done:
    """The charger accepts measurands that it does not have."""
    if payload.get("key") not in LISTS or not payload.get("value"):
        return False
    asked = [one.strip() for one in str(payload["value"]).split(",")]
    kept = [one for one in asked if one in known]
    if not kept:
        return f"this charger has only {', '.join(known)}"
    payload["value"] = ",".join(kept)
    return len(kept) < len(asked)


def keys_in_lower_case(payload: Payload, action: str, argument: Any) -> Done:
    """Keys of the configuration are known in lower case only."""
    key = payload.get("key")
    better = [str(one).lower() for one in key] if isinstance(key, list) else str(key).lower()
    if key is None or better == key:
        return False
    payload["key"] = better
    return True


def quoted_lists(payload: Payload, action: str, argument: Any) -> Done:
    """Lists stand in quotes."""
    value = str(payload.get("value", ""))
    if "," not in value or value.startswith('"'):
        return False
    payload["value"] = f'"{value}"'
    return True


def password_as_hex(payload: Payload, action: str, argument: Any) -> Done:
    """AuthorizationKey is set by its hex digits."""
    value = str(payload.get("value", ""))
    if str(payload.get("key", "")).lower() != "authorizationkey" or HEX_KEY.fullmatch(value):
        return False
    payload["value"] = value.encode().hex()
    return True


def no_trigger_connector_zero(payload: Payload, action: str, argument: Any) -> Done:
    """A trigger for connector 0 stalls the charger: it is sent without a connector."""
    if payload.get("connectorId") != 0:
        return False
    del payload["connectorId"]
    return True


def no_change_availability(payload: Payload, action: str, argument: Any) -> Done:
    """ChangeAvailability stalls the charger."""
    return "this charger stalls when its availability is changed"


def stack_level_zero(payload: Payload, action: str, argument: Any) -> Done:
    """Profiles are taken at stack level 0 only."""
    found = [profile for profile in _profiles(payload) if profile.get("stackLevel") != 0]
    for profile in found:
        profile["stackLevel"] = 0
    return bool(found)


def rate_unit(payload: Payload, action: str, unit: Any) -> Done:
    """Limits are taken in one unit only."""
    if action == "GetCompositeSchedule":
        asked, payload["chargingRateUnit"] = payload.get("chargingRateUnit"), unit
        return bool(asked != unit)
    if any(schedule.get("chargingRateUnit", unit) != unit for schedule in _schedules(payload)):
        return f"this charger takes limits in {unit} only: give them so"
    return False


def no_zero_limit(payload: Payload, action: str, argument: Any) -> Done:
    """A limit of 0 locks the charger until it is restarted."""
    for schedule in _schedules(payload):
        periods = schedule.get("chargingSchedulePeriod")
        if any(one.get("limit") == 0 for one in periods or () if isinstance(one, dict)):
            return "a limit of 0 locks this charger: stop the transaction, or give its lowest limit"
    return False


def _profiles(payload: Payload) -> Iterator[dict[str, Any]]:
    for name in ("csChargingProfiles", "chargingProfile"):
        if isinstance(payload.get(name), dict):
            yield payload[name]


def _schedules(payload: Payload) -> Iterator[dict[str, Any]]:
    """1.6 has one schedule in a profile, 2.x a list."""
    for profile in _profiles(payload):
        given = profile.get("chargingSchedule")
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, dict):
                yield one
