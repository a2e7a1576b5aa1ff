"""What the CSMS asks for happens: starts, stops, resets, unlocks, availability, reservations, triggers, limits."""

from collections.abc import Callable
from typing import Any

import pytest

from voltring_core.ocpp.versions import Version
from voltring_loadtest.hardware import CATALOGUE

Make = Callable[..., Any]
TWO_X = [Version.V201, Version.V21]


def started(stage: Any) -> list[dict[str, Any]]:
    return stage.of("StartTransaction") + stage.events("Started")


def test_a_remote_start_on_an_idle_outlet_brings_a_car_and_a_session(stage: Any) -> None:
    stage.run(5)
    assert stage.remote_start(2) == {"status": "Accepted"}
    stage.until(lambda: stage.charging(2))
    assert len(started(stage)) == 1
    if stage.version is Version.V16:
        assert stage.of("StartTransaction")[0]["idTag"] == "DEMO"
        assert stage.statuses(2) == ["Available", "Preparing", "Charging"]
    else:
        event = stage.events("Started")[0]
        assert event["transactionInfo"]["remoteStartId"] == 7
        assert event["triggerReason"] == "RemoteStart"
        assert [found["triggerReason"] for found in stage.events()][:3] == [
            "RemoteStart",
            "CablePluggedIn",
            "ChargingStateChanged",
        ]
        assert stage.statuses(2) == ["Available", "Occupied"]


def test_a_remote_start_on_a_busy_or_unknown_outlet_is_rejected(stage: Any) -> None:
    stage.remote_start()
    assert stage.remote_start() == {"status": "Rejected"}
    assert stage.remote_start(9) == {"status": "Rejected"}
    assert len(started(stage)) == 1


def test_a_remote_start_without_an_outlet_takes_a_free_one(stage: Any) -> None:
    stage.remote_start(1)
    if stage.version is Version.V16:
        assert stage.call("RemoteStartTransaction", {"idTag": "A"}) == {"status": "Accepted"}
    else:
        asked = {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 8}
        assert stage.call("RequestStartTransaction", asked) == {"status": "Accepted"}
    stage.until(lambda: stage.charging(2))


def test_a_remote_start_before_acceptance_is_rejected(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=0.0)
    answer = {"status": "Pending", "currentTime": "2026-11-20T12:00:00Z", "interval": 60}
    stage.script["BootNotification"] = lambda asked: answer
    stage.open()
    assert stage.remote_start() == {"status": "Rejected"}
    stage.run(30)
    assert stage.actions() == ["BootNotification"]


def test_a_remote_stop_ends_the_session_and_frees_the_outlet(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    stage.run(60)
    assert stage.remote_stop() == {"status": "Accepted"}
    if stage.version is Version.V16:
        assert stage.of("StopTransaction")[0]["reason"] == "Remote"
    else:
        ended = stage.events("Ended")[0]
        assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")
    stage.until(stage.idle)
    assert stage.statuses()[-1] == "Available"


def test_a_remote_stop_of_an_unknown_transaction_is_rejected(stage: Any) -> None:
    if stage.version is Version.V16:
        assert stage.call("RemoteStopTransaction", {"transactionId": 4711}) == {"status": "Rejected"}
    else:
        assert stage.call("RequestStopTransaction", {"transactionId": "x"}) == {"status": "Rejected"}


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_a_reset_ends_sessions_and_boots_again(stage: Any, kind: str) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    types = (
        {"soft": "Soft", "hard": "Hard"} if stage.version is Version.V16 else {"soft": "OnIdle", "hard": "Immediate"}
    )
    waits = stage.version is not Version.V16 and kind == "soft"
    assert stage.call("Reset", {"type": types[kind]}) == {"status": "Scheduled" if waits else "Accepted"}
    if waits:
        stage.run(5)
        assert not stage.events("Ended")
        stage.remote_stop()
    stage.until(lambda: len(stage.of("BootNotification")) == 2)
    if stage.version is Version.V16:
        assert stage.of("StopTransaction")[0]["reason"] == ("HardReset" if kind == "hard" else "SoftReset")
    else:
        reason = {"hard": "RemoteReset", "soft": "ScheduledReset"}[kind]
        assert stage.of("BootNotification")[1]["reason"] == reason
        stopped = stage.events("Ended")[0]["transactionInfo"]["stoppedReason"]
        assert stopped == ("ImmediateReset" if kind == "hard" else "Remote")
    stage.run(5)
    assert stage.station.is_accepted


@pytest.mark.parametrize("two_x", TWO_X)
def test_the_reset_of_one_evse_ends_its_transaction_alone(make_stage: Make, two_x: Version) -> None:
    stage = make_stage(two_x, busy=0.0)
    stage.open()
    stage.remote_start(1)
    stage.remote_start(2)
    stage.until(lambda: stage.charging(1) and stage.charging(2))
    assert stage.call("Reset", {"type": "Immediate", "evseId": 2}) == {"status": "Accepted"}
    stage.run(20)
    assert stage.charging(1)
    assert not stage.charging(2)
    assert len(stage.of("BootNotification")) == 1


def test_unlocking_ends_the_session_in_1_6_and_is_refused_during_one_in_2_x(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    if stage.version is Version.V16:
        assert stage.call("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
        assert stage.of("StopTransaction")[0]["reason"] == "UnlockCommand"
        stage.until(stage.idle)
        assert stage.call("UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}
        return
    asked = {"evseId": 1, "connectorId": 1}
    assert stage.call("UnlockConnector", asked) == {"status": "OngoingAuthorizedTransaction"}
    stage.remote_stop()
    assert stage.call("UnlockConnector", asked) == {"status": "Unlocked"}
    stage.until(stage.idle)
    assert stage.call("UnlockConnector", {"evseId": 1, "connectorId": 2}) == {"status": "UnknownConnector"}


def availability(stage: Any, number: int, operative: bool) -> dict[str, Any]:
    word = "Operative" if operative else "Inoperative"
    if stage.version is Version.V16:
        return stage.call("ChangeAvailability", {"connectorId": number, "type": word})
    return stage.call("ChangeAvailability", {"operationalStatus": word} | ({"evse": {"id": number}} if number else {}))


def test_an_idle_outlet_closes_and_opens_at_once(stage: Any) -> None:
    assert availability(stage, 1, False) == {"status": "Accepted"}
    assert stage.statuses()[-1] == "Unavailable"
    assert stage.remote_start() == {"status": "Rejected"}
    assert availability(stage, 1, True) == {"status": "Accepted"}
    assert stage.statuses()[-1] == "Available"


def test_a_busy_station_closes_after_its_session(stage: Any) -> None:
    stage.remote_start(1)
    stage.until(stage.charging)
    assert availability(stage, 0, False) == {"status": "Scheduled"}
    assert stage.statuses(2)[-1] == "Unavailable"
    stage.remote_stop()
    stage.until(stage.idle)
    stage.run(1)
    assert stage.statuses(1)[-1] == "Unavailable"


def reserve(stage: Any, number: int, expires: str = "2036-01-01T00:00:00Z") -> dict[str, Any]:
    if stage.version is Version.V16:
        asked = {"connectorId": number, "expiryDate": expires, "idTag": "R", "reservationId": 5}
        return stage.call("ReserveNow", asked)
    token = {"idToken": "R", "type": "Central"}
    return stage.call("ReserveNow", {"evseId": number, "expiryDateTime": expires, "idToken": token, "id": 5})


def test_a_reserved_outlet_serves_the_reserved_token_only(stage: Any) -> None:
    assert reserve(stage, 1) == {"status": "Accepted"}
    assert stage.statuses()[-1] == "Reserved"
    assert stage.remote_start(1, "OTHER") == {"status": "Rejected"}
    assert stage.remote_start(1, "R") == {"status": "Accepted"}
    assert started(stage)[0]["reservationId"] == 5


def test_a_reservation_can_be_cancelled_and_is_rejected_on_a_busy_outlet(stage: Any) -> None:
    reserve(stage, 1)
    assert stage.call("CancelReservation", {"reservationId": 5}) == {"status": "Accepted"}
    assert stage.call("CancelReservation", {"reservationId": 5}) == {"status": "Rejected"}
    assert stage.statuses()[-1] == "Available"
    stage.remote_start(1)
    assert reserve(stage, 1) == {"status": "Occupied"}


def test_a_reservation_that_nobody_uses_expires(stage: Any) -> None:
    from voltring_loadtest.times import stamp

    reserve(stage, 1, stamp(stage.now + 60))
    stage.run(61)
    assert stage.statuses()[-1] == "Available"
    if stage.version is not Version.V16:
        update = stage.of("ReservationStatusUpdate")[0]
        assert update == {"reservationId": 5, "reservationUpdateStatus": "Expired"}


def test_triggered_messages_are_sent(stage: Any) -> None:
    wanted = ["Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"]
    wanted.append("DiagnosticsStatusNotification" if stage.version is Version.V16 else "LogStatusNotification")
    for action in wanted:
        before = len(stage.of(action))
        asked = {"requestedMessage": action}
        if action == "StatusNotification" and stage.version is not Version.V16:
            asked["evse"] = {"id": 1, "connectorId": 1}
        assert stage.call("TriggerMessage", asked) == {"status": "Accepted"}
        assert len(stage.of(action)) > before, action


def test_a_boot_notification_can_be_triggered_while_pending(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=0.0)
    answer = {"status": "Pending", "currentTime": "2026-11-20T12:00:00Z", "interval": 600}
    stage.script["BootNotification"] = lambda asked: answer
    stage.open()
    stage.run(5)
    assert stage.call("TriggerMessage", {"requestedMessage": "BootNotification"}) == {"status": "Accepted"}
    assert len(stage.of("BootNotification")) == 2


@pytest.mark.parametrize("two_x", TWO_X)
def test_a_report_may_be_asked_for_while_pending(make_stage: Make, two_x: Version) -> None:
    stage = make_stage(two_x, busy=0.0)
    answer = {"status": "Pending", "currentTime": "2026-11-20T12:00:00Z", "interval": 600}
    stage.script["BootNotification"] = lambda asked: answer
    stage.open()
    asked = {"requestId": 3, "reportBase": "FullInventory"}
    assert stage.call("GetBaseReport", asked) == {"status": "Accepted"}
    parts = stage.of("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert len(parts) > 1


@pytest.mark.parametrize("two_x", TWO_X)
def test_variables_are_read_and_written(make_stage: Make, two_x: Version) -> None:
    stage = make_stage(two_x, busy=0.0)
    stage.open()
    where = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    unknown = {"component": {"name": "Coffee"}, "variable": {"name": "Strength"}}
    asked = [where | {"attributeValue": "60"}, unknown | {"attributeValue": "9"}]
    results = stage.call("SetVariables", {"setVariableData": asked})["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Accepted", "UnknownComponent"]
    results = stage.call("GetVariables", {"getVariableData": [where, unknown]})["getVariableResult"]
    assert results[0]["attributeValue"] == "60"
    stage.remote_start()
    stage.until(stage.charging)
    stage.run(125)
    assert len([event for event in stage.events() if event["triggerReason"] == "MeterValuePeriodic"]) == 3


def test_configuration_keys_are_read_and_written(make_stage: Make) -> None:
    stage = make_stage(Version.V16, busy=0.0)
    stage.open()

    def change(key: str, value: str) -> str:
        return str(stage.call("ChangeConfiguration", {"key": key, "value": value})["status"])

    assert change("metervaluesampleinterval", "30") == "Accepted"
    assert change("MeterValueSampleInterval", "often") == "Rejected"
    assert change("NumberOfConnectors", "7") == "Rejected"
    assert change("Coffee", "7") == "NotSupported"
    told = stage.call("GetConfiguration", {"key": ["MeterValueSampleInterval", "Coffee"]})
    assert told["configurationKey"] == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "30"}]
    assert told["unknownKey"] == ["Coffee"]
    assert len(stage.call("GetConfiguration")["configurationKey"]) > 25
    assert change("AuthorizationKey", "00112233445566778899aabbccddeeff") == "Accepted"
    assert stage.station.password == bytes.fromhex("00112233445566778899aabbccddeeff")


def limit(version: Version, watts: float, **more: Any) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}],
    }
    profile = {"stackLevel": 1, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative"}
    if version is Version.V16:
        return {
            "connectorId": 1,
            "csChargingProfiles": profile | {"chargingProfileId": 1, "chargingSchedule": schedule},
        }
    return {"evseId": 1, "chargingProfile": profile | {"id": 1, "chargingSchedule": [schedule | {"id": 1}]}}


def test_a_charging_profile_lowers_the_power_and_clearing_it_raises_it_again(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    stage.run(40)
    meter = stage.station.evses[0].meter
    assert meter.power_w > 100_000
    assert stage.call("SetChargingProfile", limit(stage.version, 20_000)) == {"status": "Accepted"}
    assert meter.power_w == 20_000
    asked = {"connectorId": 1} if stage.version is Version.V16 else {"evseId": 1}
    composite = stage.call("GetCompositeSchedule", asked | {"duration": 600})
    schedule = composite.get("chargingSchedule") or composite["schedule"]
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 20_000}]
    before = meter.register_wh
    stage.run(36)
    assert meter.register_wh - before == pytest.approx(200, rel=0.3)
    field = "id" if stage.version is Version.V16 else "chargingProfileId"
    assert stage.call("ClearChargingProfile", {field: 1}) == {"status": "Accepted"}
    assert stage.call("ClearChargingProfile", {field: 1}) == {"status": "Unknown"}
    assert meter.power_w > 50_000


def test_a_limit_below_six_amperes_suspends_an_ac_car(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, CATALOGUE[0], busy=0.0)
    stage.open()
    stage.remote_start()
    stage.until(stage.charging)
    stage.call("SetChargingProfile", limit(version, 1_000))
    assert stage.station.evses[0].session.state == "SuspendedEVSE"
    told = stage.statuses() if version is Version.V16 else [
        event["transactionInfo"]["chargingState"] for event in stage.events()
    ]  # fmt: skip
    assert told[-1] == "SuspendedEVSE"


def test_a_tx_profile_without_a_transaction_is_rejected(stage: Any) -> None:
    asked = limit(stage.version, 1_000)
    profile = asked.get("csChargingProfiles") or asked["chargingProfile"]
    profile["chargingProfilePurpose"] = "TxProfile"
    assert stage.call("SetChargingProfile", asked)["status"] == "Rejected"


def test_a_log_upload_reports_its_steps(stage: Any) -> None:
    if stage.version is Version.V16:
        assert stage.call("GetDiagnostics", {"location": "ftp://x"})["fileName"]
        stage.run(10)
        assert [said["status"] for said in stage.of("DiagnosticsStatusNotification")] == ["Uploading", "Uploaded"]
        return
    asked = {"log": {"remoteLocation": "https://x"}, "logType": "DiagnosticsLog", "requestId": 4}
    assert stage.call("GetLog", asked)["status"] == "Accepted"
    stage.run(10)
    told = [(said["status"], said["requestId"]) for said in stage.of("LogStatusNotification")]
    assert told == [("Uploading", 4), ("Uploaded", 4)]


def test_a_firmware_update_waits_for_the_session_installs_and_boots_with_the_new_version(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    when = "2026-01-01T00:00:00Z"
    if stage.version is Version.V16:
        assert stage.call("UpdateFirmware", {"location": "ftp://x", "retrieveDate": when}) == {}
    else:
        asked = {"requestId": 4, "firmware": {"location": "https://x", "retrieveDateTime": when, "signature": "s"}}
        assert stage.call("UpdateFirmware", asked) == {"status": "Accepted"}
    stage.run(30)
    said = [found["status"] for found in stage.of("FirmwareStatusNotification")]
    assert "Downloaded" in said
    assert "Installing" not in said
    stage.remote_stop()
    stage.until(lambda: stage.of("FirmwareStatusNotification")[-1]["status"] == "Installed")
    boot = stage.of("BootNotification")[-1]
    told = boot.get("chargingStation", boot)["firmwareVersion"]
    assert told == "7.3.2"
    if stage.version is not Version.V16:
        assert boot["reason"] == "FirmwareUpdate"


def test_a_local_list_is_kept_with_its_version(stage: Any) -> None:
    is_16 = stage.version is Version.V16
    version = "listVersion" if is_16 else "versionNumber"

    def send(number: int, kind: str) -> str:
        return str(stage.call("SendLocalList", {version: number, "updateType": kind})["status"])

    assert stage.call("GetLocalListVersion") == {version: 0}
    assert send(5, "Full") == "Accepted"
    assert send(5, "Differential") == "VersionMismatch"
    assert send(6, "Differential") == "Accepted"
    assert stage.call("GetLocalListVersion") == {version: 6}
