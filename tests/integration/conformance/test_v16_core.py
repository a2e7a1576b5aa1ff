"""OCPP 1.6, Core profile: the cases of docs/conformance.md, in their order."""

from datetime import UTC, datetime
from typing import Any

import pytest
from conformance_stage import BLOCKED, CHILD, EXPIRED, INVALID, NO, OK, PARENT, UNKNOWN, VALID, Case, Error, Point, now

from voltring_core.domain.times import read_time


async def test_tc_001_cold_boot_is_accepted_and_connectors_are_seen(unborn: Any) -> None:
    case: Case = unborn("1.6")
    await case.connect()
    answer = await case.boot(firmwareVersion="1.0", chargePointSerialNumber="S-1")
    assert (answer["status"], answer["interval"] > 0, answer["currentTime"][-1]) == ("Accepted", True, "Z")
    for connector in (0, 1, 2):
        await Point(case, connector).status("Available")
    beat = read_time((await case.says("Heartbeat", {}))["currentTime"])
    assert beat is not None
    assert abs((datetime.now(UTC) - beat).total_seconds()) < 5
    assert await case.is_online()
    found = await case.charger()
    assert (found["registration"], found["ocpp_version"]) == ("Accepted", "1.6")
    assert (found["serial_number"], found["firmware_version"], found["status_summary"]) == ("S-1", "1.0", "Available")
    assert [evse["evse_id"] for evse in found["evses"]] == [1, 2]
    await case.close()


async def test_tc_003_a_session_that_begins_with_the_plug(v16: Case) -> None:
    point = Point(v16)
    await point.status("Preparing")
    assert await point.authorize() == OK
    assert await point.start() == OK
    await point.status("Charging")
    session = await v16.transaction()
    assert (session["state"], session["id_token"], session["evse_id"]) == ("Active", VALID, 1)
    assert session["ocpp_transaction_id"] == str(point.transaction_id)
    assert (await v16.connector())["status"] == "Charging"


async def test_tc_004_1_a_session_that_begins_with_the_card(v16: Case) -> None:
    point = Point(v16)
    assert await point.authorize() == OK
    await point.status("Preparing")
    assert await point.start(CHILD) == OK | {"parentIdTag": PARENT}
    await point.status("Charging")
    await point.meter(1800)
    assert await point.stop(2500, "Local", idTag=CHILD) == {"idTagInfo": OK | {"parentIdTag": PARENT}}
    session = await v16.transaction()
    assert (session["state"], session["energy_wh"], session["stop_reason"]) == ("Ended", 1500, "Local")


async def test_tc_004_2_nobody_plugs_in_before_the_connection_times_out(v16: Case) -> None:
    point = Point(v16)
    assert await point.authorize() == OK
    await point.status("Preparing")
    await point.status("Available")
    assert await v16.transactions() == []
    assert (await v16.charger())["status_summary"] == "Available"


async def test_tc_005_1_the_cable_is_taken_off_at_the_car(v16: Case) -> None:
    point = await Point(v16).charging()
    await point.status("SuspendedEV")
    assert await point.stop(3500, "EVDisconnected") == {}
    await point.status("Finishing")
    await point.status("Available")
    session = await v16.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "EVDisconnected")
    assert (session["energy_wh"], session["flags"]) == (2500, [])


async def test_tc_007_a_start_without_authorize_is_decided_by_its_tag(v16: Case) -> None:
    point = Point(v16)
    await point.status("Preparing")
    assert await point.start(CHILD) == OK | {"parentIdTag": PARENT}
    await point.status("Charging")
    assert (await v16.transaction())["id_token"] == CHILD


async def test_tc_010_a_remote_start_after_the_cable(v16: Case) -> None:
    point = Point(v16)
    await point.status("Preparing")
    done = await v16.ask("remote-start", {"id_token": VALID, "evse_id": 1}, "RemoteStartTransaction")
    assert (done.asked, done.state) == ({"idTag": VALID, "connectorId": 1}, "ACCEPTED")
    assert await point.authorize() == OK
    assert await point.start() == OK
    await point.status("Charging")
    assert (await v16.transaction())["state"] == "Active"


async def test_tc_011_1_a_remote_start_before_the_cable(v16: Case) -> None:
    point = Point(v16)
    done = await v16.ask("remote-start", {"id_token": VALID, "evse_id": 1}, "RemoteStartTransaction")
    assert done.state == "ACCEPTED"
    assert await v16.transactions() == []
    assert await point.authorize() == OK
    await point.status("Preparing")
    assert await point.start() == OK
    assert (await v16.transaction())["id_token"] == VALID


async def test_tc_011_2_nobody_plugs_in_after_a_remote_start(v16: Case) -> None:
    point = Point(v16)
    done = await v16.ask("remote-start", {"id_token": VALID, "evse_id": 1}, "RemoteStartTransaction")
    await point.status("Preparing")
    await point.status("Available")
    await v16.hears_nothing()
    assert await v16.transactions() == []
    assert (await v16.again(done))["attempts"] == 1


async def test_tc_012_a_remote_stop_ends_when_the_charge_point_says_so(v16: Case) -> None:
    point = await Point(v16).charging()
    done = await v16.ask("remote-stop", {}, "RemoteStopTransaction")
    assert (done.asked, done.state) == ({"transactionId": point.transaction_id}, "ACCEPTED")
    assert (await v16.transaction())["state"] == "Active"
    await point.status("Finishing")
    assert await point.stop(reason="Remote") == {}
    await point.status("Available")
    session = await v16.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "Remote")


@pytest.mark.parametrize(
    ("kind", "asked", "reason"),
    [
        pytest.param("hard", "Hard", "HardReset", id="TC_013"),
        pytest.param("soft", "Soft", "SoftReset", id="TC_014"),
    ],
)
async def test_tc_013_014_a_reset_ends_the_session_and_the_charge_point_boots_again(
    v16: Case, kind: str, asked: str, reason: str
) -> None:
    point = await Point(v16).charging()
    done = await v16.ask("reset", {"type": kind}, "Reset")
    assert (done.asked, done.state) == ({"type": asked}, "ACCEPTED")
    assert await point.stop(reason=reason) == {}
    assert (await v16.reboot())["status"] == "Accepted"
    await Point(v16).status("Available")
    assert (await v16.transaction())["stop_reason"] == reason
    # A reset that was answered is over: it is not sent again to the charge point that came back.
    await v16.hears_nothing()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param("Unlocked", "ACCEPTED", id="TC_017_1"),
        pytest.param("NotSupported", "REJECTED", id="TC_017_2"),
        pytest.param("UnlockFailed", "REJECTED", id="TC_030"),
    ],
)
async def test_tc_017_030_an_unlock_without_a_session(v16: Case, answer: str, state: str) -> None:
    done = await v16.ask("unlock", {"evse_id": 1}, "UnlockConnector", {"status": answer})
    assert (done.asked, done.state, done.command["response"]) == ({"connectorId": 1}, state, {"status": answer})


async def test_tc_018_1_an_unlock_ends_the_session(v16: Case) -> None:
    point = await Point(v16).charging()
    done = await v16.ask("unlock", {"evse_id": 1}, "UnlockConnector", {"status": "Unlocked"})
    assert done.state == "ACCEPTED"
    await point.status("Finishing")
    assert await point.stop(reason="UnlockCommand") == {}
    await point.status("Available")
    assert (await v16.transaction())["stop_reason"] == "UnlockCommand"


async def test_tc_019_1_all_configuration_keys_are_read(v16: Case) -> None:
    listed = [
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        {"key": "NumberOfConnectors", "readonly": True, "value": "2"},
    ]
    done = await v16.order("GetConfiguration", {}, {"configurationKey": listed})
    assert (done.asked, done.state) == ({}, "ACCEPTED")
    known = await v16.variables()
    assert {name: one["value"] for name, one in known.items()} == {
        "HeartbeatInterval": "300",
        "NumberOfConnectors": "2",
    }
    assert known["NumberOfConnectors"]["mutability"] == "ReadOnly"


async def test_tc_019_2_one_configuration_key_is_read(v16: Case) -> None:
    key = {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core,SmartCharging"}
    wanted = {"key": ["SupportedFeatureProfiles"]}
    done = await v16.order("GetConfiguration", wanted, {"configurationKey": [key], "unknownKey": []})
    assert done.asked == wanted
    assert (await v16.variables())["SupportedFeatureProfiles"]["value"] == "Core,SmartCharging"


@pytest.mark.parametrize(
    ("answer", "state", "value"),
    [
        pytest.param("Accepted", "ACCEPTED", "15", id="TC_021"),
        pytest.param("NotSupported", "REJECTED", None, id="TC_040_1"),
        pytest.param("Rejected", "REJECTED", None, id="TC_040_2"),
    ],
)
async def test_tc_021_040_a_configuration_key_is_known_as_the_charge_point_took_it(
    v16: Case, answer: str, state: str, value: str | None
) -> None:
    wanted = {"key": "MeterValueSampleInterval", "value": "15"}
    done = await v16.order("ChangeConfiguration", wanted, {"status": answer})
    assert (done.asked, done.state) == (wanted, state)
    known = (await v16.variables())["MeterValueSampleInterval"]
    assert (known["value"], known["status"]) == (value, answer)


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        pytest.param(INVALID, "Invalid", id="TC_023_1"),
        pytest.param(UNKNOWN, "Invalid", id="TC_023_1-unknown"),
        pytest.param(EXPIRED, "Expired", id="TC_023_2"),
        pytest.param(BLOCKED, "Blocked", id="TC_023_3"),
    ],
)
async def test_tc_023_a_tag_that_may_not_charge_is_told_why(v16: Case, tag: str, status: str) -> None:
    point = Point(v16)
    await point.status("Preparing")
    assert (await point.authorize(tag))["status"] == status
    assert (await point.authorize(tag.lower()))["status"] == status
    await point.status("Available")
    assert await v16.transactions() == []


async def test_tc_024_a_connector_whose_lock_fails_is_faulted_without_a_session(v16: Case) -> None:
    point = Point(v16)
    await point.status("Preparing")
    assert await point.authorize() == OK
    await point.status("Faulted", "ConnectorLockFailure")
    found = await v16.connector()
    assert (found["status"], found["error_code"]) == ("Faulted", "ConnectorLockFailure")
    assert (await v16.charger())["status_summary"] == "Faulted"
    assert await v16.transactions() == []


async def test_tc_026_a_remote_start_that_is_rejected(v16: Case) -> None:
    done = await v16.ask("remote-start", {"id_token": VALID, "evse_id": 1}, "RemoteStartTransaction", NO)
    assert (done.state, done.command["response"]) == ("REJECTED", NO)
    await v16.hears_nothing()
    assert await v16.transactions() == []


async def test_tc_028_a_remote_stop_that_is_rejected_ends_nothing(v16: Case) -> None:
    point = await Point(v16).charging()
    done = await v16.order("RemoteStopTransaction", {"transactionId": point.transaction_id}, NO)
    assert done.state == "REJECTED"
    assert (await v16.transaction())["state"] == "Active"


async def test_tc_031_an_unlock_of_a_connector_that_is_not_there(v16: Case) -> None:
    done = await v16.ask("unlock", {"evse_id": 9}, "UnlockConnector", {"status": "NotSupported"})
    assert (done.asked, done.state) == ({"connectorId": 9}, "REJECTED")


async def test_tc_032_1_a_power_failure_ends_the_session_after_the_boot(v16: Case) -> None:
    point = await Point(v16).charging()
    lost = now()
    assert (await v16.reboot())["status"] == "Accepted"
    # A boot alone ends nothing: the charge point says what became of its session.
    assert (await v16.transaction())["state"] == "Active"
    assert await point.stop(2000, "PowerLoss", at=lost) == {}
    await point.status("Available")
    session = await v16.transaction()
    assert (session["state"], session["stop_reason"], session["energy_wh"]) == ("Ended", "PowerLoss", 1000)


async def _offline(case: Case) -> None:
    """The connection is lost and comes back without a boot."""
    await case.drop()
    assert await case.is_online(False)
    await case.connect()


async def test_tc_037_1_a_session_that_began_offline_with_a_valid_tag(v16: Case) -> None:
    began = now(-120)
    await _offline(v16)
    point = Point(v16)
    assert await point.start(at=began) == OK
    await point.status("Charging")
    session = await v16.transaction()
    assert (session["state"], read_time(session["started_at"])) == ("Active", read_time(began))


async def test_tc_037_3_a_session_that_began_offline_with_an_invalid_tag_is_told_so(v16: Case) -> None:
    began = now(-120)
    await _offline(v16)
    point = Point(v16)
    assert (await point.start(INVALID, at=began))["status"] == "Invalid"
    assert point.transaction_id > 0
    await point.status("SuspendedEVSE")
    assert await point.stop(1200, "DeAuthorized") == {}
    session = await v16.transaction()
    assert (session["state"], session["stop_reason"], session["energy_wh"]) == ("Ended", "DeAuthorized", 200)


async def test_tc_039_a_whole_session_offline_comes_late_and_is_whole(v16: Case) -> None:
    began, over = now(-3600), now(-1800)
    await _offline(v16)
    point = Point(v16)
    assert await point.start(at=began) == OK
    assert await point.stop(9000, "Local", at=over, idTag=VALID) == {"idTagInfo": OK}
    session = await v16.transaction()
    assert (session["state"], session["energy_wh"]) == ("Ended", 8000)
    assert (read_time(session["started_at"]), read_time(session["ended_at"])) == (read_time(began), read_time(over))


async def test_tc_061_the_cache_is_cleared(v16: Case) -> None:
    assert (await v16.order("ClearCache")).state == "ACCEPTED"
    assert (await v16.order("ClearCache", {}, NO)).state == "REJECTED"
    failed = await v16.order("ClearCache", {}, Error("NotSupported"))
    assert (failed.state, failed.command["error"]["code"]) == ("CALLERROR", "NotSupported")


async def test_tc_064_data_of_a_vendor_that_nobody_knows_is_refused_and_kept(v16: Case) -> None:
    told = {"vendorId": "org.example", "messageId": "hello", "data": "text"}
    assert await v16.says("DataTransfer", told) == {"status": "UnknownVendorId"}
    (event,) = await v16.events("DataTransfer")
    assert (event["subject"], event["content"]["data"]) == ("org.example", "text")
