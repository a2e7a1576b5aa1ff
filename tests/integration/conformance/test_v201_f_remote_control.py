"""OCPP 2.0.1 and 2.1, block F (remote control): starts, unlocks, triggers."""

from typing import Any

import pytest
from conformance_stage import OK, VALID, Case, Station, reading


async def start(case: Case, answer: Any = OK) -> Any:
    """A remote start from the dashboard's API; every one has a number of its own."""
    done = await case.ask("remote-start", {"id_token": VALID, "evse_id": 1}, "RequestStartTransaction", answer)
    assert (done.asked["idToken"]["idToken"], done.asked["evseId"]) == (VALID, 1)
    assert done.asked["remoteStartId"] > 0
    return done


async def test_tc_f_01_a_remote_start_after_the_cable(v2x: Case) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    await station.started("CablePluggedIn", "EVConnected")
    done = await start(v2x, OK | {"transactionId": "TX-1"})
    assert (done.state, (await v2x.again(done))["outcome"]) == ("ACCEPTED", {"ocpp_transaction_id": "TX-1"})
    number = done.asked["remoteStartId"]
    answer = await station.updated("RemoteStart", "EVConnected", shown=VALID, info={"remoteStartId": number})
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await station.updated("ChargingStateChanged", "Charging")
    session = await v2x.transaction()
    assert (session["remote_start_id"], session["charging_state"]) == (number, "Charging")


@pytest.mark.parametrize("authorizes", [pytest.param(True, id="TC_F_02"), pytest.param(False, id="TC_F_03")])
async def test_tc_f_02_03_a_remote_start_before_the_cable(v2x: Case, authorizes: bool) -> None:
    done = await start(v2x)
    number = done.asked["remoteStartId"]
    station = Station(v2x)
    if authorizes:
        assert (await station.authorize())["idTokenInfo"]["status"] == "Accepted"
    answer = await station.started("RemoteStart", shown=VALID, info={"remoteStartId": number})
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await station.status("Occupied")
    await station.updated("CablePluggedIn", "EVConnected")
    await station.updated("ChargingStateChanged", "Charging")
    session = await v2x.transaction()
    assert (session["remote_start_id"], session["id_token"]) == (number, VALID)


async def test_tc_f_04_nobody_plugs_in_after_a_remote_start(v2x: Case) -> None:
    done = await start(v2x)
    station = Station(v2x)
    await station.started("RemoteStart", shown=VALID, info={"remoteStartId": done.asked["remoteStartId"]})
    await station.ended("EVConnectTimeout", "Timeout")
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "Timeout")
    await v2x.hears_nothing()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param("Unlocked", "ACCEPTED", id="TC_F_06"),
        ("UnlockFailed", "REJECTED"),
        ("OngoingAuthorizedTransaction", "REJECTED"),
        ("UnknownConnector", "REJECTED"),
    ],
)
async def test_tc_f_06_an_unlock_without_a_session(v2x: Case, answer: str, state: str) -> None:
    done = await v2x.ask("unlock", {"evse_id": 1, "connector_id": 1}, "UnlockConnector", {"status": answer})
    assert (done.asked, done.state) == ({"evseId": 1, "connectorId": 1}, state)


@pytest.mark.parametrize("evse", [pytest.param({"evse": {"id": 1}}, id="TC_F_11"), pytest.param({}, id="TC_F_12")])
async def test_tc_f_11_12_meter_values_are_triggered(v2x: Case, evse: dict[str, Any]) -> None:
    wanted = {"requestedMessage": "MeterValues", **evse}
    done = await v2x.order("TriggerMessage", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    for number in (1,) if evse else (1, 2):
        told = {"evseId": number, "meterValue": [reading(100, "Trigger")]}
        assert await v2x.says("MeterValues", told) == {}


@pytest.mark.parametrize("evse", [pytest.param({"evse": {"id": 1}}, id="TC_F_13"), pytest.param({}, id="TC_F_14")])
async def test_tc_f_13_14_transaction_events_are_triggered(v2x: Case, evse: dict[str, Any]) -> None:
    stations = [await Station(v2x, f"TX-{number}", number).charging() for number in ((1,) if evse else (1, 2))]
    wanted = {"requestedMessage": "TransactionEvent", **evse}
    done = await v2x.order("TriggerMessage", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    for station in stations:
        value = [reading(1600, "Trigger")]
        assert await station.updated("Trigger", "Charging", meterValue=value) == {}
    assert {one["energy_wh"] for one in await v2x.transactions()} == {600}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param("LogStatusNotification", "LogStatus", id="TC_F_15"),
        pytest.param("FirmwareStatusNotification", "FirmwareStatus", id="TC_F_18"),
    ],
)
async def test_tc_f_15_18_a_status_that_is_idle_is_triggered(v2x: Case, message: str, kind: str) -> None:
    done = await v2x.order("TriggerMessage", {"requestedMessage": message})
    assert done.state == "ACCEPTED"
    assert await v2x.says(message, {"status": "Idle"}) == {}
    assert [event["subject"] for event in await v2x.events(kind)] == ["Idle"]
    # Idle is the answer to a question, and no job.
    assert await v2x.records("Log") == await v2x.records("Firmware") == {}


async def test_tc_f_20_a_heartbeat_is_triggered(v2x: Case) -> None:
    done = await v2x.order("TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert (done.asked, done.state) == ({"requestedMessage": "Heartbeat"}, "ACCEPTED")
    assert (await v2x.says("Heartbeat", {}))["currentTime"][-1] == "Z"


@pytest.mark.parametrize("status", [pytest.param("Available", id="TC_F_23"), pytest.param("Occupied", id="TC_F_24")])
async def test_tc_f_23_24_a_status_is_triggered(v2x: Case, status: str) -> None:
    wanted = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}
    done = await v2x.order("TriggerMessage", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    await Station(v2x).status(status)
    assert (await v2x.connector())["status"] == status
    # Of which connector, must be said.
    wrong = {"requestedMessage": "StatusNotification", "evse": {"id": 1}}
    assert (await v2x.post("commands", {"action": "TriggerMessage", "payload": wrong})).status_code == 422


async def test_tc_f_27_a_trigger_that_the_station_does_not_have(v2x: Case) -> None:
    wanted = {"requestedMessage": "SignCombinedCertificate"}
    done = await v2x.order("TriggerMessage", wanted, {"status": "NotImplemented"})
    assert (done.asked, done.state) == (wanted, "REJECTED")


async def test_a_remote_start_that_is_rejected_begins_nothing(v2x: Case) -> None:
    assert (await start(v2x, {"status": "Rejected"})).state == "REJECTED"
    assert await v2x.transactions() == []
    numbers = {(await start(v2x)).asked["remoteStartId"] for _ in range(3)}
    assert len(numbers) == 3
