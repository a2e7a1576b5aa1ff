"""OCPP 2.0.1 and 2.1, block B (provisioning)."""

from typing import Any

import pytest
from conformance_stage import NO, OK, VALID, Case, Station, about, basic, now
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

STATUS = {"timestamp": now(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
HEARTBEAT = about("OCPPCommCtrlr", "HeartbeatInterval")
OFFLINE = about("OCPPCommCtrlr", "OfflineThreshold")
GOT = about("AuthCtrlr", "AuthorizeRemoteStart")


async def test_tc_b_01_a_cold_boot_is_accepted(newcomer: Case) -> None:
    case = newcomer
    await case.connect()
    answer = await case.boot(firmwareVersion="1.0", serialNumber="S-1")
    assert (answer["status"], answer["interval"] > 0, answer["currentTime"][-1]) == ("Accepted", True, "Z")
    for evse in (1, 2):
        await Station(case, evse=evse).status("Available")
    event = about("ChargingStation", "AvailabilityState", eventId=1, timestamp=now(), trigger="Delta")
    event |= {"actualValue": "Available", "eventNotificationType": "HardWiredNotification"}
    assert await case.says("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [event]}) == {}
    assert (await case.says("Heartbeat", {}))["currentTime"][-1] == "Z"
    found = await case.charger()
    assert (found["registration"], found["serial_number"], found["status_summary"]) == ("Accepted", "S-1", "Available")
    assert [evse["evse_id"] for evse in found["evses"]] == [1, 2]
    await case.close()


async def test_tc_b_02_a_pending_station_is_configured_and_then_accepted(newcomer: Case) -> None:
    case = newcomer
    secret = await case.register("Pending")
    await case.connect(**basic(case.id, secret))
    answer = await case.boot()
    assert (answer["status"], answer["interval"] > 0) == ("Pending", True)
    wanted = {"setVariableData": [HEARTBEAT | {"attributeValue": "120"}]}
    told = {"setVariableResult": [HEARTBEAT | {"attributeStatus": "Accepted"}]}
    assert (await case.order("SetVariables", wanted, told)).state == "ACCEPTED"
    assert (await case.variables())["HeartbeatInterval"]["value"] == "120"
    # Once the operator accepts the station it is asked to boot.
    await case.want("Accepted")
    assert await case.hears("TriggerMessage") == {"requestedMessage": "BootNotification"}
    assert (await case.boot("Triggered"))["status"] == "Accepted"
    assert await case.says("StatusNotification", STATUS) == {}
    await case.close()


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
async def test_tc_b_30_before_it_is_accepted_a_station_is_refused_everything_else(
    newcomer: Case, registration: str
) -> None:
    case = newcomer
    secret = await case.register(registration)
    await case.connect(**basic(case.id, secret))
    assert (await case.boot())["status"] == registration
    assert await case.refused("StatusNotification", STATUS) == "SecurityError"
    assert await case.refused("Authorize", {"idToken": {"idToken": "A", "type": "Central"}}) == "SecurityError"
    found = await case.charger()
    assert (found["registration"], found["evses"]) == (registration, [])
    await case.want("Accepted")
    if registration == "Pending":
        await case.hears("TriggerMessage")
    assert (await case.boot())["status"] == "Accepted"
    assert await case.says("StatusNotification", STATUS) == {}
    await case.close()


async def test_tc_b_31_a_pending_station_may_say_what_it_is_asked_for(newcomer: Case) -> None:
    case = newcomer
    secret = await case.register("Pending")
    await case.connect(**basic(case.id, secret))
    await case.boot()
    trigger = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}
    assert (await case.order("TriggerMessage", trigger)).asked == trigger
    assert await case.says("StatusNotification", STATUS) == {}
    start = {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 1}
    queued = await case.post("commands", {"action": "RequestStartTransaction", "payload": start})
    assert (queued.status_code, queued.json()["state"]) == (201, "QUEUED")
    await case.hears_nothing()
    await case.close()


async def test_tc_b_06_one_variable_is_read(v2x: Case) -> None:
    wanted = {"getVariableData": [OFFLINE]}
    told = {"getVariableResult": [OFFLINE | {"attributeStatus": "Accepted", "attributeValue": "60"}]}
    done = await v2x.order("GetVariables", wanted, told)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v2x.variables())["OfflineThreshold"]["value"] == "60"


async def test_tc_b_07_several_variables_are_read_each_with_its_own_answer(v2x: Case) -> None:
    wanted = {"getVariableData": [OFFLINE, GOT | {"attributeType": "Actual"}, about("Nobody", "Nothing")]}
    told = [
        about("Nobody", "Nothing", attributeStatus="UnknownComponent"),
        GOT | {"attributeStatus": "Accepted", "attributeType": "Actual", "attributeValue": "true"},
        OFFLINE | {"attributeStatus": "Accepted", "attributeValue": "60"},
    ]
    done = await v2x.order("GetVariables", wanted, {"getVariableResult": told})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    known = {name: (one["value"], one["status"]) for name, one in (await v2x.variables()).items()}
    assert (known["OfflineThreshold"][0], known["AuthorizeRemoteStart"][0]) == ("60", "true")
    assert known["Nothing"] == (None, "UnknownComponent")


async def test_tc_b_09_one_variable_is_set(v2x: Case) -> None:
    wanted = {"setVariableData": [OFFLINE | {"attributeValue": "123"}]}
    done = await v2x.order("SetVariables", wanted, {"setVariableResult": [OFFLINE | {"attributeStatus": "Accepted"}]})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    known = (await v2x.variables())["OfflineThreshold"]
    assert (known["value"], known["status"]) == ("123", "Accepted")


async def test_tc_b_10_several_variables_are_set_each_with_its_own_answer(v2x: Case) -> None:
    wanted = {"setVariableData": [OFFLINE | {"attributeValue": "123"}, GOT | {"attributeValue": "false"}]}
    told = [GOT | {"attributeStatus": "Rejected"}, OFFLINE | {"attributeStatus": "Accepted"}]
    done = await v2x.order("SetVariables", wanted, {"setVariableResult": told})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    known = {name: (one["value"], one["status"]) for name, one in (await v2x.variables()).items()}
    assert known == {"OfflineThreshold": ("123", "Accepted"), "AuthorizeRemoteStart": (None, "Rejected")}


@pytest.mark.parametrize(
    "base",
    [
        pytest.param("ConfigurationInventory", id="TC_B_12"),
        pytest.param("FullInventory", id="TC_B_13"),
        pytest.param("SummaryInventory", id="TC_B_14"),
    ],
)
async def test_tc_b_12_13_14_a_base_report_is_put_together(v2x: Case, base: str) -> None:
    done = await v2x.order("GetBaseReport", {"reportBase": base})
    await report(v2x, done.asked["requestId"])
    found = await v2x.again(done)
    assert (found["state"], found["outcome"]["state"], found["outcome"]["parts"]) == ("COMPLETED", "Complete", 2)
    known = await v2x.variables()
    assert (known["HeartbeatInterval"]["value"], known["AvailabilityState"]["value"]) == ("300", "Available")


async def report(case: Case, request_id: int) -> None:
    """A report in two parts."""
    attribute = {"value": "300", "mutability": "ReadWrite", "type": "Actual"}
    data = [
        HEARTBEAT
        | {
            "variableAttribute": [attribute],
            "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
        },
        about("ChargingStation", "AvailabilityState", variableAttribute=[{"value": "Available"}]),
    ]
    for number, one in enumerate(data):
        told = {"requestId": request_id, "generatedAt": now(), "seqNo": number, "reportData": [one], "tbc": number == 0}
        assert await case.says("NotifyReport", told) == {}


async def test_tc_b_18_a_report_of_what_is_named_by_criteria_and_variables(v2x: Case) -> None:
    wanted = {
        "componentCriteria": ["Available"],
        "componentVariable": [
            {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
        ],
    }
    done = await v2x.order("GetReport", wanted)
    await report(v2x, done.asked["requestId"])
    assert (await v2x.again(done))["state"] == "COMPLETED"
    empty = await v2x.order("GetReport", wanted, {"status": "EmptyResultSet"})
    assert empty.state == "REJECTED"
    # A requestId names one report.
    assert empty.asked["requestId"] != done.asked["requestId"]


async def test_tc_b_20_a_reset_without_a_session(v2x: Case) -> None:
    done = await v2x.ask("reset", {"type": "soft"}, "Reset")
    assert (done.asked, done.state) == ({"type": "OnIdle"}, "ACCEPTED")
    assert (await v2x.reboot())["status"] == "Accepted"
    await Station(v2x).status("Available")
    await v2x.hears_nothing()


async def test_tc_b_21_a_reset_waits_for_the_end_of_the_session(v2x: Case) -> None:
    station = await Station(v2x).charging()
    done = await v2x.ask("reset", {"type": "soft"}, "Reset", {"status": "Scheduled"})
    assert (done.asked, done.state) == ({"type": "OnIdle"}, "ACCEPTED")
    assert (await v2x.transaction())["state"] == "Active"
    await station.updated("StopAuthorized", "EVConnected", shown=VALID)
    await station.ended("EVCommunicationLost", "Local", wh=3000)
    assert (await v2x.reboot("ScheduledReset"))["status"] == "Accepted"
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "Local")


async def test_tc_b_22_an_immediate_reset_ends_the_session(v2x: Case) -> None:
    station = await Station(v2x).charging()
    done = await v2x.ask("reset", {"type": "hard"}, "Reset")
    assert (done.asked, done.state) == ({"type": "Immediate"}, "ACCEPTED")
    await station.ended("ResetCommand", "ImmediateReset", wh=3000)
    assert (await v2x.reboot())["status"] == "Accepted"
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "ImmediateReset")


async def test_tc_b_25_one_evse_is_reset(v2x: Case) -> None:
    done = await v2x.ask("reset", {"type": "soft", "evse_id": 1}, "Reset")
    assert (done.asked, done.state) == ({"type": "OnIdle", "evseId": 1}, "ACCEPTED")
    await Station(v2x).status("Unavailable")
    await Station(v2x).status("Available")
    assert (await v2x.connector())["status"] == "Available"


@pytest.mark.parametrize(
    ("kind", "word", "answer", "trigger", "reason"),
    [
        pytest.param("soft", "OnIdle", "Scheduled", "StopAuthorized", "Local", id="TC_B_26"),
        pytest.param("hard", "Immediate", "Accepted", "ResetCommand", "ImmediateReset", id="TC_B_27"),
    ],
)
async def test_tc_b_26_27_one_evse_with_a_session_is_reset(
    v2x: Case, kind: str, word: str, answer: str, trigger: str, reason: str
) -> None:
    station = await Station(v2x).charging()
    done = await v2x.ask("reset", {"type": kind, "evse_id": 1}, "Reset", {"status": answer})
    assert (done.asked, done.state) == ({"type": word, "evseId": 1}, "ACCEPTED")
    await station.ended(trigger, reason, wh=3000)
    await station.status("Available")
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", reason)


@pytest.mark.parametrize(
    ("answer", "state"),
    [pytest.param(OK, "ACCEPTED", id="TC_B_42"), pytest.param({"status": "Failed"}, "REJECTED", id="TC_B_44")],
)
async def test_tc_b_42_44_a_network_profile_is_known_once_it_is_taken(v2x: Case, answer: Any, state: str) -> None:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wireless0",
        "apn": {"apn": "internet", "apnAuthentication": "PAP", "apnPassword": "apn-secret"},
    }
    wanted = {"configurationSlot": 1, "connectionData": data}
    done = await v2x.order("SetNetworkProfile", wanted, answer)
    assert (done.asked, done.state) == (wanted, state)
    known = await v2x.records("NetworkProfile")
    assert [one["content"]["ocppCsmsUrl"] for one in known.values()] == [data["ocppCsmsUrl"]] * (answer == OK)
    assert "apn-secret" not in str(known) + str(await v2x.again(done))


async def test_tc_b_58_a_subprotocol_that_nobody_speaks_opens_no_socket(newcomer: Case) -> None:
    case = newcomer
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{case.url}/{case.id}", subprotocols=["ocpp0.1"])
    assert caught.value.response.status_code == 400
    # The first that is spoken here, in the station's order.
    async with connect(f"{case.url}/{case.id}", subprotocols=["ocpp0.1", "ocpp2.0.1", "ocpp1.6"]) as socket:
        assert socket.subprotocol == "ocpp2.0.1"


async def test_a_reset_that_is_rejected_changes_nothing(v2x: Case) -> None:
    station = await Station(v2x).charging()
    assert (await v2x.ask("reset", {"type": "hard"}, "Reset", NO)).state == "REJECTED"
    await station.updated("MeterValuePeriodic", "Charging", wh=1500)
    assert (await v2x.transaction())["state"] == "Active"
