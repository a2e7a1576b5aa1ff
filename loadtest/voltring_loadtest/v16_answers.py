"""The answers of an OCPP 1.6 charger, one handler an action; the table is at the end.

A handler gets the station, a payload that keeps its schema, and `now`; it returns the payload of the answer.
"""

from collections.abc import Callable
from typing import Any

from voltring_loadtest import answers, sessions, v16_keys
from voltring_loadtest.evse import Reservation, Stop, Token
from voltring_loadtest.outbox import Payload
from voltring_loadtest.station import Station
from voltring_loadtest.times import seconds, stamp

Handler = Callable[[Station, Payload, float], Payload]


def remote_start(station: Station, asked: Payload, now: float) -> Payload:
    number = asked.get("connectorId")
    if number == 0:
        return {"status": answers.NO}
    token = Token(asked["idTag"])
    return {"status": answers.remote_start(station, number, token, now, None, asked.get("chargingProfile"))}


def remote_stop(station: Station, asked: Payload, now: float) -> Payload:
    wanted = asked["transactionId"]
    found = next((evse for evse in station.sessions() if evse.session and evse.session.number == wanted), None)
    return {"status": answers.remote_stop(station, found, now)}


def reset(station: Station, asked: Payload, now: float) -> Payload:
    why = Stop.HARD_RESET if asked["type"] == "Hard" else Stop.SOFT_RESET
    return {"status": answers.reset(station, why, now)}


def unlock(station: Station, asked: Payload, now: float) -> Payload:
    evse = station.evse(asked["connectorId"])
    if evse is None:
        return {"status": "NotSupported"}
    answers.unlock(station, evse, now)
    return {"status": "Unlocked"}


def change_availability(station: Station, asked: Payload, now: float) -> Payload:
    operative = asked["type"] == "Operative"
    return {"status": answers.change_availability(station, asked["connectorId"], operative, now)}


def get_configuration(station: Station, asked: Payload, now: float) -> Payload:
    wanted = asked.get("key") or list(v16_keys.KEYS)
    known = [name for name in map(v16_keys.spelled, wanted) if name]
    told = [
        {"key": name, "readonly": not v16_keys.KEYS[name][0], "value": v16_keys.value(station, name)}
        for name in known
        if name in v16_keys.KEYS
    ]
    if v16_keys.PASSWORD in known:
        told.append({"key": v16_keys.PASSWORD, "readonly": False})
    unknown = [key for key in wanted if v16_keys.spelled(key) is None]
    return ({"configurationKey": told} if told else {}) | ({"unknownKey": unknown} if unknown else {})


def change_configuration(station: Station, asked: Payload, now: float) -> Payload:
    return {"status": v16_keys.change(station, asked["key"], asked["value"])}


def trigger(station: Station, asked: Payload, now: float) -> Payload:
    """TriggerMessage and ExtendedTriggerMessage."""
    number = asked.get("connectorId")
    if number and station.evse(number) is None:
        return {"status": answers.NO}
    chosen = [evse for evse in station.evses if number in (None, evse.number)]
    match asked["requestedMessage"]:
        case "BootNotification":
            station.dialect.boot(station, early=True)
        case "Heartbeat":
            station.say("Heartbeat", {})
        case "StatusNotification":
            if not number:
                station.dialect.station_status(station, now)
            for evse in chosen:
                station.dialect.status(station, evse, now)
        case "MeterValues":
            for evse in chosen:
                sessions.refresh(station, evse, now)
                reading = sessions.reading(station, evse, now)
                if evse.session:
                    station.dialect.updated(station, evse, "Trigger", reading, now)
                else:
                    station.dialect.sampled(station, evse, reading, "Trigger")
        case "DiagnosticsStatusNotification" | "LogStatusNotification" as action:
            station.dialect.job_status(station, answers.job_or_idle(station.upload, action))
        case "FirmwareStatusNotification" as action:
            station.dialect.job_status(station, answers.job_or_idle(station.firmware, action))
        case _:
            return {"status": "NotImplemented"}
    return {"status": answers.OK}


def reserve(station: Station, asked: Payload, now: float) -> Payload:
    expires = seconds(asked["expiryDate"]) or now
    reservation = Reservation(asked["reservationId"], asked["idTag"], expires)
    return {"status": answers.reserve(station, asked["connectorId"], reservation, now)}


def cancel(station: Station, asked: Payload, now: float) -> Payload:
    return {"status": answers.cancel(station, asked["reservationId"], now)}


def set_profile(station: Station, asked: Payload, now: float) -> Payload:
    profile, number = asked["csChargingProfiles"], asked["connectorId"]
    evse, named = station.evse(number), profile.get("transactionId")
    fits = named is None or (evse is not None and evse.session is not None and evse.session.number == named)
    return {"status": answers.set_profile(station, number, profile, fits, now)}


def clear_profile(station: Station, asked: Payload, now: float) -> Payload:
    names = {"id": "id", "connectorId": "evse", "chargingProfilePurpose": "purpose", "stackLevel": "stack"}
    wanted = {names[field]: value for field, value in asked.items() if field in names}
    return {"status": answers.clear_profiles(station, wanted, now)}


def composite(station: Station, asked: Payload, now: float) -> Payload:
    number, unit = asked["connectorId"], asked.get("chargingRateUnit", "W")
    if number and station.evse(number) is None:
        return {"status": answers.NO}
    periods = answers.composite(station, number, asked["duration"], unit, now)
    schedule = {"duration": asked["duration"], "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    return {
        "status": answers.OK,
        "connectorId": number,
        "scheduleStart": stamp(now),
        "chargingSchedule": schedule,
    }


def clear_cache(station: Station, asked: Payload, now: float) -> Payload:
    station.known_tokens = None
    return {"status": answers.OK}


def data_transfer(station: Station, asked: Payload, now: float) -> Payload:
    return {"status": "UnknownVendorId"}


def list_version(station: Station, asked: Payload, now: float) -> Payload:
    return {"listVersion": station.local_list.version if station.local_list else 0}


def send_list(station: Station, asked: Payload, now: float) -> Payload:
    entries = [
        (entry["idTag"], entry["idTagInfo"]["status"] if "idTagInfo" in entry else None)
        for entry in asked.get("localAuthorizationList", ())
    ]
    is_full = asked["updateType"] == "Full"
    return {"status": answers.send_list(station, asked["listVersion"], is_full, entries)}


def get_diagnostics(station: Station, asked: Payload, now: float) -> Payload:
    answers.upload(station, "DiagnosticsStatusNotification", None, now)
    return {"fileName": f"{station.identity}-diagnostics.log"[:255]}


def get_log(station: Station, asked: Payload, now: float) -> Payload:
    status = answers.upload(station, "LogStatusNotification", asked["requestId"], now)
    return {"status": status, "filename": f"{station.identity}-{asked['logType']}.log"[:255]}


def update_firmware(station: Station, asked: Payload, now: float) -> Payload:
    at = seconds(asked["retrieveDate"])
    answers.update_firmware(station, "FirmwareStatusNotification", None, at, False, now)
    return {}


def signed_update_firmware(station: Station, asked: Payload, now: float) -> Payload:
    at = seconds(asked["firmware"]["retrieveDateTime"])
    action, request_id = "SignedFirmwareStatusNotification", asked["requestId"]
    return {"status": answers.update_firmware(station, action, request_id, at, True, now)}


def always(**answer: Any) -> Handler:
    """The handler of an action that this charger knows and always answers the same way."""
    return lambda station, asked, now: dict(answer)


HANDLERS: dict[str, Handler] = {
    "CancelReservation": cancel,
    "CertificateSigned": always(status="Rejected"),
    "ChangeAvailability": change_availability,
    "ChangeConfiguration": change_configuration,
    "ClearCache": clear_cache,
    "ClearChargingProfile": clear_profile,
    "DataTransfer": data_transfer,
    "DeleteCertificate": always(status="NotFound"),
    "ExtendedTriggerMessage": trigger,
    "GetCompositeSchedule": composite,
    "GetConfiguration": get_configuration,
    "GetDiagnostics": get_diagnostics,
    "GetInstalledCertificateIds": always(status="NotFound"),
    "GetLocalListVersion": list_version,
    "GetLog": get_log,
    "InstallCertificate": always(status="Rejected"),
    "RemoteStartTransaction": remote_start,
    "RemoteStopTransaction": remote_stop,
    "ReserveNow": reserve,
    "Reset": reset,
    "SendLocalList": send_list,
    "SetChargingProfile": set_profile,
    "SignedUpdateFirmware": signed_update_firmware,
    "TriggerMessage": trigger,
    "UnlockConnector": unlock,
    "UpdateFirmware": update_firmware,
}
