"""The answers of an OCPP 2.0.1 or 2.1 charger, one handler an action; the tables are at the end.

A handler gets the station, a payload that keeps its schema, and `now`; it returns the payload of the answer.
Reports and device data are in `v2x_reports.py`.
"""

from typing import Any

from voltring_loadtest import answers, sessions, v2x_reports
from voltring_loadtest.evse import Evse, Phase, Reservation, Stop, Token
from voltring_loadtest.outbox import Payload
from voltring_loadtest.station import Station
from voltring_loadtest.times import seconds, stamp
from voltring_loadtest.v16_answers import Handler, always, cancel, clear_cache, data_transfer, get_log


def request_start(station: Station, asked: Payload, now: float) -> Payload:
    token = Token(asked["idToken"]["idToken"], asked["idToken"]["type"])
    status = answers.remote_start(
        station, asked.get("evseId"), token, now, asked["remoteStartId"], asked.get("chargingProfile")
    )
    return {"status": status}


def request_stop(station: Station, asked: Payload, now: float) -> Payload:
    return {"status": answers.remote_stop(station, _running(station, asked["transactionId"]), now)}


def reset(station: Station, asked: Payload, now: float) -> Payload:
    """`ImmediateAndResume` (2.1) is refused: transactions do not outlive a restart here (B13)."""
    kind, number = asked["type"], asked.get("evseId")
    if kind == "ImmediateAndResume":
        return {"status": answers.NO}
    if number is not None:
        return {"status": answers.reset_outlet(station, station.evse(number), kind == "OnIdle", now)}
    if kind == "OnIdle":
        return {"status": answers.reset_on_idle(station, now)}
    return {"status": answers.reset(station, Stop.HARD_RESET, now)}


def unlock(station: Station, asked: Payload, now: float) -> Payload:
    """A transaction has to be stopped first (F05.FR.02)."""
    evse = station.evse(asked["evseId"])
    if evse is None or asked["connectorId"] != 1:
        return {"status": "UnknownConnector"}
    if evse.session is not None:
        return {"status": "OngoingAuthorizedTransaction"}
    answers.unlock(station, evse, now)
    return {"status": "Unlocked"}


def change_availability(station: Station, asked: Payload, now: float) -> Payload:
    number = asked.get("evse", {}).get("id", 0)
    operative = asked["operationalStatus"] == "Operative"
    return {"status": answers.change_availability(station, number, operative, now)}


def trigger(station: Station, asked: Payload, now: float) -> Payload:
    number = asked.get("evse", {}).get("id", 0)
    if number and station.evse(number) is None:
        return {"status": answers.NO}
    chosen = [evse for evse in station.evses if number in (0, evse.number)]
    running = [evse for evse in chosen if evse.session]
    match asked["requestedMessage"]:
        case "BootNotification":
            if station.is_accepted:  # F06.FR.17
                return {"status": answers.NO}
            station.boot_reason = "Triggered"
            station.dialect.boot(station, early=True)
        case "Heartbeat":
            station.say("Heartbeat", {})
        case "StatusNotification":
            for evse in chosen:
                station.dialect.status(station, evse, now)
        case "MeterValues":
            for evse in chosen:
                sessions.refresh(station, evse, now)
                station.dialect.sampled(station, evse, sessions.reading(station, evse, now), "Trigger")
        case "TransactionEvent" if running:
            for evse in running:
                sessions.refresh(station, evse, now)
                station.dialect.updated(station, evse, "Trigger", sessions.reading(station, evse, now), now)
        case "TransactionEvent":
            return {"status": answers.NO}
        case "LogStatusNotification" as action:
            station.dialect.job_status(station, answers.job_or_idle(station.upload, action))
        case "FirmwareStatusNotification" as action:
            station.dialect.job_status(station, answers.job_or_idle(station.firmware, action))
        case _:
            return {"status": "NotImplemented"}
    return {"status": answers.OK}


def reserve(station: Station, asked: Payload, now: float) -> Payload:
    wanted = asked.get("connectorType")
    if wanted not in (None, station.hardware.connector_type):
        return {"status": answers.NO}
    reservation = Reservation(asked["id"], asked["idToken"]["idToken"], seconds(asked["expiryDateTime"]) or now)
    return {"status": answers.reserve(station, asked.get("evseId", 0), reservation, now)}


def set_profile(station: Station, asked: Payload, now: float) -> Payload:
    profile, number = asked["chargingProfile"], asked["evseId"]
    fits = _is_running_at(station.evse(number), profile.get("transactionId"))
    return {"status": answers.set_profile(station, number, profile, fits, now)}


def clear_profile(station: Station, asked: Payload, now: float) -> Payload:
    names = {"evseId": "evse", "chargingProfilePurpose": "purpose", "stackLevel": "stack"}
    criteria = asked.get("chargingProfileCriteria", {})
    wanted: dict[str, Any] = {names[field]: value for field, value in criteria.items() if field in names}
    if "chargingProfileId" in asked:
        wanted = {"id": asked["chargingProfileId"]}
    return {"status": answers.clear_profiles(station, wanted, now)}


def composite(station: Station, asked: Payload, now: float) -> Payload:
    number, unit = asked["evseId"], asked.get("chargingRateUnit", "W")
    if number and station.evse(number) is None:
        return {"status": answers.NO}
    schedule = {
        "evseId": number,
        "duration": asked["duration"],
        "scheduleStart": stamp(now),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": answers.composite(station, number, asked["duration"], unit, now),
    }
    return {"status": answers.OK, "schedule": schedule}


def list_version(station: Station, asked: Payload, now: float) -> Payload:
    return {"versionNumber": station.local_list.version if station.local_list else 0}


def send_list(station: Station, asked: Payload, now: float) -> Payload:
    entries = [
        (entry["idToken"]["idToken"], entry["idTokenInfo"]["status"] if "idTokenInfo" in entry else None)
        for entry in asked.get("localAuthorizationList", ())
    ]
    is_full = asked["updateType"] == "Full"
    return {"status": answers.send_list(station, asked["versionNumber"], is_full, entries)}


def update_firmware(station: Station, asked: Payload, now: float) -> Payload:
    firmware = asked["firmware"]
    at, is_signed = seconds(firmware["retrieveDateTime"]), "signature" in firmware
    action, request_id = "FirmwareStatusNotification", asked["requestId"]
    return {"status": answers.update_firmware(station, action, request_id, at, is_signed, now)}


def transaction_status(station: Station, asked: Payload, now: float) -> Payload:
    """Without an id it is about the queue alone (E14)."""
    wanted = asked.get("transactionId")
    if wanted is None:
        return {"messagesInQueue": station.outbox.has_kept()}
    return {
        "ongoingIndicator": _running(station, wanted) is not None,
        "messagesInQueue": station.outbox.has_kept(wanted),
    }


def _running(station: Station, transaction_id: str) -> Evse | None:
    return next((evse for evse in station.sessions() if _is_running_at(evse, transaction_id)), None)


def _is_running_at(evse: Evse | None, transaction_id: str | None) -> bool:
    session = evse.session if evse is not None and evse.phase is not Phase.IDLE else None
    return session is not None and session.transaction_id == transaction_id


HANDLERS_201: dict[str, Handler] = {
    "CancelReservation": cancel,
    "CertificateSigned": always(status="Rejected"),
    "ChangeAvailability": change_availability,
    "ClearCache": clear_cache,
    "ClearChargingProfile": clear_profile,
    "ClearDisplayMessage": always(status="Unknown"),
    "ClearVariableMonitoring": v2x_reports.clear_monitoring,
    "CostUpdated": always(),
    "CustomerInformation": v2x_reports.customer_information,
    "DataTransfer": data_transfer,
    "DeleteCertificate": always(status="NotFound"),
    "GetBaseReport": v2x_reports.base_report,
    "GetChargingProfiles": v2x_reports.charging_profiles,
    "GetCompositeSchedule": composite,
    "GetDisplayMessages": always(status="Unknown"),
    "GetInstalledCertificateIds": always(status="NotFound"),
    "GetLocalListVersion": list_version,
    "GetLog": get_log,
    "GetMonitoringReport": always(status="EmptyResultSet"),
    "GetReport": v2x_reports.custom_report,
    "GetTransactionStatus": transaction_status,
    "GetVariables": v2x_reports.get_variables,
    "InstallCertificate": always(status="Rejected"),
    "PublishFirmware": always(status="Rejected"),
    "RequestStartTransaction": request_start,
    "RequestStopTransaction": request_stop,
    "ReserveNow": reserve,
    "Reset": reset,
    "SendLocalList": send_list,
    "SetChargingProfile": set_profile,
    "SetDisplayMessage": always(status="Rejected"),
    "SetMonitoringBase": always(status="NotSupported"),
    "SetMonitoringLevel": always(status="Rejected"),
    "SetNetworkProfile": always(status="Rejected"),
    "SetVariableMonitoring": v2x_reports.set_monitoring,
    "SetVariables": v2x_reports.set_variables,
    "TriggerMessage": trigger,
    "UnlockConnector": unlock,
    "UnpublishFirmware": always(status="NoFirmware"),
    "UpdateFirmware": update_firmware,
}
HANDLERS_21: dict[str, Handler] = HANDLERS_201 | {
    "AFRRSignal": always(status="Rejected"),
    "AdjustPeriodicEventStream": always(status="Rejected"),
    "ChangeTransactionTariff": always(status="Rejected"),
    "ClearDERControl": always(status="NotSupported"),
    "ClearTariffs": v2x_reports.clear_tariffs,
    "GetDERControl": always(status="NotSupported"),
    "GetPeriodicEventStream": always(),
    "GetTariffs": always(status="NoTariff"),
    "NotifyAllowedEnergyTransfer": always(status="Rejected"),
    "NotifyWebPaymentStarted": always(),
    "RequestBatterySwap": always(status="Rejected"),
    "SetDERControl": always(status="NotSupported"),
    "SetDefaultTariff": always(status="Rejected"),
    "UpdateDynamicSchedule": always(status="Rejected"),
    "UsePriorityCharging": always(status="NoProfile"),
}
