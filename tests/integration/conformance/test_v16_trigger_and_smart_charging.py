"""OCPP 1.6, Remote Trigger and Smart Charging."""

from typing import Any

import pytest
from conformance_stage import OK, VALID, Case, Point, now

METER = {"connectorId": 1, "meterValue": [{"timestamp": now(), "sampledValue": [{"value": "100"}]}]}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.mark.parametrize(
    ("message", "connector", "told"),
    [
        pytest.param("MeterValues", 1, METER, id="TC_054-meter"),
        pytest.param("Heartbeat", None, {}, id="TC_054-heartbeat"),
        pytest.param("StatusNotification", 1, STATUS, id="TC_054-status"),
        pytest.param("DiagnosticsStatusNotification", None, {"status": "Idle"}, id="TC_054-diagnostics"),
        pytest.param("FirmwareStatusNotification", None, {"status": "Idle"}, id="TC_054-firmware"),
        pytest.param("BootNotification", None, {"chargePointVendor": "V", "chargePointModel": "M"}, id="TC_054-boot"),
    ],
)
async def test_tc_054_a_triggered_message_comes_and_is_answered(
    v16: Case, message: str, connector: int | None, told: dict[str, Any]
) -> None:
    wanted = {"requestedMessage": message} | ({"connectorId": connector} if connector else {})
    done = await v16.order("TriggerMessage", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    answer = await v16.says(message, told)
    assert set(answer) == {"Heartbeat": {"currentTime"}, "BootNotification": {"status", "currentTime", "interval"}}.get(
        message, set()
    )


async def test_tc_055_a_trigger_that_is_rejected(v16: Case) -> None:
    wanted = {"requestedMessage": "MeterValues", "connectorId": 9}
    done = await v16.order("TriggerMessage", wanted, {"status": "Rejected"})
    assert (done.asked, done.state) == (wanted, "REJECTED")


def schedule(limit: float = 16.0, **more: Any) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit": limit}, {"startPeriod": 600, "limit": limit / 2}]
    return {"chargingRateUnit": "A", "chargingSchedulePeriod": periods, **more}


def profile(purpose: str, kind: str = "Absolute", **more: Any) -> dict[str, Any]:
    start = {"startSchedule": now()} if kind == "Absolute" else {}
    return {
        "chargingProfileId": 100,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule(duration=3600, **start),
        **more,
    }


async def test_tc_056_a_default_profile_is_set(v16: Case) -> None:
    wanted = {"connectorId": 1, "csChargingProfiles": profile("TxDefaultProfile")}
    done = await v16.order("SetChargingProfile", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    known = (await v16.records("ChargingProfile"))["100"]
    assert (known["evse_id"], known["content"]) == (1, wanted["csChargingProfiles"])


async def test_tc_057_a_profile_of_the_running_session_is_set(v16: Case) -> None:
    point = await Point(v16).charging()
    wanted = {"connectorId": 1, "csChargingProfiles": profile("TxProfile", transactionId=point.transaction_id)}
    done = await v16.order("SetChargingProfile", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v16.records("ChargingProfile"))["100"]["content"]["transactionId"] == point.transaction_id
    assert (await v16.transaction())["state"] == "Active"


async def test_tc_059_a_remote_start_brings_its_profile(v16: Case) -> None:
    wanted = {"idTag": VALID, "connectorId": 1, "chargingProfile": profile("TxProfile", "Relative")}
    done = await v16.order("RemoteStartTransaction", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    point = Point(v16)
    await point.status("Preparing")
    assert await point.start() == OK
    await point.status("Charging")
    assert (await v16.records("ChargingProfile"))["100"]["content"]["chargingProfilePurpose"] == "TxProfile"


async def test_tc_066_the_composite_schedule_is_read(v16: Case) -> None:
    wanted = {"connectorId": 1, "duration": 1200, "chargingRateUnit": "A"}
    answer = OK | {"connectorId": 1, "scheduleStart": now(), "chargingSchedule": schedule(10.0, duration=1200)}
    done = await v16.order("GetCompositeSchedule", wanted, answer)
    assert (done.asked, done.state, done.command["response"]) == (wanted, "ACCEPTED", answer)
    known = (await v16.records("CompositeSchedule"))["1"]
    assert known["content"]["chargingSchedule"] == answer["chargingSchedule"]


async def test_tc_067_profiles_are_cleared(v16: Case) -> None:
    for number, connector in ((100, 1), (101, 2), (102, 2)):
        one = profile("TxDefaultProfile", chargingProfileId=number, stackLevel=number - 100)
        await v16.order("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": one})
    assert (await v16.order("ClearChargingProfile", {"id": 100})).asked == {"id": 100}
    assert set(await v16.records("ChargingProfile")) == {"101", "102"}
    unknown = await v16.order("ClearChargingProfile", {"id": 999}, {"status": "Unknown"})
    assert unknown.state == "REJECTED"
    criteria = {"connectorId": 2, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    assert (await v16.order("ClearChargingProfile", criteria)).asked == criteria
    assert set(await v16.records("ChargingProfile")) == {"102"}
