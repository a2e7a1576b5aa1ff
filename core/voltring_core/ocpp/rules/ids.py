"""The numbers that join a command to what comes of it: which field has one, and one filled in where it is missing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time

_REQUEST, _START = "requestId", "remoteStartId"
_REQUESTS_16 = frozenset({"GetLog", "SignedUpdateFirmware"})
_REQUESTS_2X = frozenset(
    """
    CustomerInformation GetBaseReport GetChargingProfiles GetDERControl GetDisplayMessages GetLog GetMonitoringReport
    GetReport PublishFirmware RequestBatterySwap UpdateFirmware
    """.split()
)
PROFILES = frozenset({"chargingProfile", "csChargingProfiles"})
REQUESTS = _REQUESTS_16 | _REQUESTS_2X
STARTS = frozenset({"RequestStartTransaction"})
# CertificateSigned.requestId (2.1) is the charger's own number from SignCertificate: never chosen here.


def joins_by(version: Version, action: str) -> str | None:
    """The field whose number later messages of the charger repeat; None where nothing does."""
    if action in (_REQUESTS_16 if version is Version.V16 else _REQUESTS_2X):
        return _REQUEST
    if action == "ReserveNow":
        return "reservationId" if version is Version.V16 else "id"
    return _START if action in STARTS else None


def wants_id(version: Version, action: str, payload: Mapping[str, Any]) -> bool:
    """Whether `complete` would fill in a number. A reservation's is the operator's own: the same one replaces it."""
    name = joins_by(version, action)
    return name in {_REQUEST, _START} and name not in payload


def complete(
    version: Version,
    action: str,
    payload: Mapping[str, Any],
    new_id: int | Callable[[], int],
    now: datetime | None = None,
) -> dict[str, Any]:
    """The payload with the number that the operator left out; `new_id` is called only if there is one to fill in.

    An Absolute charging profile that does not say when it starts begins `now` (SC-01).
    1.6: an empty list says what its absence says, and is left out (TR-12).
    """
    whole = {name: value for name, value in payload.items() if version is not Version.V16 or value != []}
    if wants_id(version, action, payload):
        name = joins_by(version, action)
        assert name is not None
        whole[name] = new_id() if callable(new_id) else new_id
    if now is not None:
        whole |= {field: _begun(whole[field], now) for field in PROFILES & whole.keys()}
    return whole


def _begun(profile: Any, now: datetime) -> Any:
    """An Absolute profile whose schedules have a start."""
    if not isinstance(profile, Mapping) or profile.get("chargingProfileKind") != "Absolute":
        return profile
    given = profile.get("chargingSchedule")
    if isinstance(given, Mapping):
        return {**profile, "chargingSchedule": {"startSchedule": write_time(now), **given}}
    if isinstance(given, list) and all(isinstance(one, Mapping) for one in given):
        return {**profile, "chargingSchedule": [{"startSchedule": write_time(now), **one} for one in given]}
    return profile


def joined_id(version: Version, action: str, payload: Mapping[str, Any]) -> int | None:
    """The number by which reports, sessions or reservations are joined to this command."""
    name = joins_by(version, action)
    found = payload.get(name) if name else None
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
