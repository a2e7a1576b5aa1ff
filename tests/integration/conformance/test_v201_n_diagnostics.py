"""OCPP 2.0.1 and 2.1, block N (diagnostics): logs, monitors, events, customers' data."""

from typing import Any

import pytest
from conformance_stage import NO, OK, VALID, Case, Done, about, now, token

from voltring_core.ocpp.versions import Version

EVSE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
STATION = about("ChargingStation", "AvailabilityState")
POWER = about("ChargingStation", "Power")
EMPTY = {"status": "EmptyResultSet"}
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "0a", "issuerKeyHash": "0b", "serialNumber": "0c"}


@pytest.mark.parametrize(
    "kind", [pytest.param("DiagnosticsLog", id="TC_N_25"), pytest.param("SecurityLog", id="TC_N_35")]
)
async def test_tc_n_25_35_a_log_is_uploaded(v2x: Case, kind: str) -> None:
    done = await log(v2x, kind, OK | {"filename": "log.zip"})
    for status in ("Uploading", "Uploaded"):
        await uploads(v2x, done, status)
    found = await v2x.again(done)
    assert (found["state"], found["outcome"]["state"]) == ("COMPLETED", "Uploaded")
    known = (await v2x.records("Log"))[str(done.asked["requestId"])]
    assert (known["content"]["logType"], known["content"]["filename"]) == (kind, "log.zip")


async def log(case: Case, kind: str, answer: dict[str, Any]) -> Done:
    wanted = {"logType": kind, "log": {"remoteLocation": "https://files.example/", "oldestTimestamp": now(-3600)}}
    done = await case.order("GetLog", wanted, answer)
    assert done.asked == wanted | {"requestId": done.asked["requestId"]}
    return done


async def uploads(case: Case, done: Done, status: str) -> None:
    told = {"status": status, "requestId": done.asked["requestId"]}
    assert await case.says("LogStatusNotification", told) == {}


async def test_tc_n_34_a_log_that_is_rejected(v2x: Case) -> None:
    assert (await log(v2x, "DiagnosticsLog", NO)).state == "REJECTED"
    assert await v2x.records("Log") == {}


async def test_tc_n_36_a_second_log_cancels_the_first(v2x: Case) -> None:
    first = await log(v2x, "DiagnosticsLog", OK | {"filename": "1.zip"})
    await uploads(v2x, first, "Uploading")
    second = await log(v2x, "DiagnosticsLog", {"status": "AcceptedCanceled", "filename": "2.zip"})
    await uploads(v2x, first, "AcceptedCanceled")
    for status in ("Uploading", "Uploaded"):
        await uploads(v2x, second, status)
    assert first.asked["requestId"] != second.asked["requestId"]
    assert [(await v2x.again(one))["state"] for one in (first, second)] == ["FAILED", "COMPLETED"]


async def monitors(case: Case, done: Done) -> None:
    """A report of one monitor."""
    monitor = {"id": 5, "transaction": False, "value": 1, "type": "UpperThreshold", "severity": 4}
    monitor |= {"eventNotificationType": "CustomMonitor"} if case.version is Version.V21 else {}
    told = {"requestId": done.asked["requestId"], "seqNo": 0, "generatedAt": now(), "tbc": False}
    told |= {"monitor": [EVSE | {"variableMonitoring": [monitor]}]}
    assert await case.says("NotifyMonitoringReport", told) == {}


@pytest.mark.parametrize(
    ("nothing", "something"),
    [
        pytest.param(
            {"monitoringCriteria": ["DeltaMonitoring"]}, {"monitoringCriteria": ["ThresholdMonitoring"]}, id="TC_N_01"
        ),
        pytest.param({"componentVariable": [POWER]}, {"componentVariable": [EVSE]}, id="TC_N_02"),
        pytest.param(
            {"monitoringCriteria": ["DeltaMonitoring"], "componentVariable": [POWER]},
            {"monitoringCriteria": ["ThresholdMonitoring"], "componentVariable": [EVSE]},
            id="TC_N_03",
        ),
        pytest.param({}, {}, id="TC_N_47"),
        pytest.param(
            {"monitoringCriteria": ["DeltaMonitoring"], "componentVariable": [STATION, EVSE]},
            {"monitoringCriteria": ["ThresholdMonitoring"], "componentVariable": [STATION, EVSE]},
            id="TC_N_60",
        ),
    ],
)
async def test_tc_n_01_02_03_47_60_monitors_are_reported(
    v2x: Case, nothing: dict[str, Any], something: dict[str, Any]
) -> None:
    empty = await v2x.order("GetMonitoringReport", nothing, EMPTY)
    assert (empty.asked, empty.state) == (nothing | {"requestId": empty.asked["requestId"]}, "REJECTED")
    done = await v2x.order("GetMonitoringReport", something)
    assert done.asked == something | {"requestId": done.asked["requestId"]}
    await monitors(v2x, done)
    found = await v2x.again(done)
    assert (found["state"], found["outcome"]["state"]) == ("COMPLETED", "Complete")
    known = (await v2x.records("Monitor"))["5"]
    assert (known["content"]["type"], known["evse_id"]) == ("UpperThreshold", 1)


async def test_tc_n_05_the_monitoring_base_is_set(v2x: Case) -> None:
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        done = await v2x.order("SetMonitoringBase", {"monitoringBase": base})
        assert (done.asked, done.state) == ({"monitoringBase": base}, "ACCEPTED")
        assert (await v2x.records("Monitoring"))["base"]["content"] == {"monitoringBase": base}


async def test_tc_n_08_a_monitor_is_set(v2x: Case) -> None:
    await monitor(v2x, 7)


async def monitor(case: Case, number: int, kind: str = "Delta") -> None:
    """A monitor that the station took, with the id that it gave."""
    data = EVSE | {"value": 1.0, "type": kind, "severity": 8}
    result = EVSE | {"id": number, "status": "Accepted", "type": kind, "severity": 8}
    done = await case.order("SetVariableMonitoring", {"setMonitoringData": [data]}, {"setMonitoringResult": [result]})
    assert (done.asked, done.state) == ({"setMonitoringData": [data]}, "ACCEPTED")
    known = (await case.records("Monitor"))[str(number)]
    assert (known["content"]["type"], known["content"]["severity"], known["evse_id"]) == (kind, 8, 1)


@pytest.mark.parametrize(
    ("answer", "state"), [pytest.param(OK, "ACCEPTED", id="TC_N_16"), pytest.param(NO, "REJECTED", id="TC_N_17")]
)
async def test_tc_n_16_17_the_monitoring_level_is_set_or_not(v2x: Case, answer: dict[str, Any], state: str) -> None:
    done = await v2x.order("SetMonitoringLevel", {"severity": 4}, answer)
    assert (done.asked, done.state) == ({"severity": 4}, state)
    known = await v2x.records("Monitoring")
    assert [one["content"] for one in known.values()] == ([{"severity": 4}] if answer == OK else [])
    # A severity that does not exist leaves nowhere.
    assert (
        await v2x.post("commands", {"action": "SetMonitoringLevel", "payload": {"severity": 10}})
    ).status_code == 422


async def test_tc_n_18_no_more_monitors_are_cleared_in_one_message_than_the_station_takes(v2x: Case) -> None:
    for number in (1, 2, 3, 4):
        await monitor(v2x, number)
    limit = {"component": {"name": "MonitoringCtrlr"}}
    limit["variable"] = {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}
    told = {"getVariableResult": [limit | {"attributeStatus": "Accepted", "attributeValue": "3"}]}
    await v2x.order("GetVariables", {"getVariableData": [limit]}, told)
    many = await v2x.post("commands", {"action": "ClearVariableMonitoring", "payload": {"id": [1, 2, 3, 4]}})
    assert (many.status_code, many.json()["errors"][0]["field"]) == (422, "payload.id")
    for numbers in ([1, 2, 3], [4]):
        results = [{"id": number, "status": "Accepted"} for number in numbers]
        done = await v2x.order("ClearVariableMonitoring", {"id": numbers}, {"clearMonitoringResult": results})
        assert (done.asked, done.state) == ({"id": numbers}, "ACCEPTED")
    assert await v2x.records("Monitor") == {}


async def test_tc_n_44_a_monitor_that_is_not_cleared_stays(v2x: Case) -> None:
    await monitor(v2x, 7)
    told = {"clearMonitoringResult": [{"id": 7, "status": "Rejected"}]}
    assert (await v2x.order("ClearVariableMonitoring", {"id": [7]}, told)).state == "REJECTED"
    assert set(await v2x.records("Monitor")) == {"7"}


def event(number: int, value: str, **more: Any) -> dict[str, Any]:
    told = EVSE | {"eventId": number, "timestamp": now(), "trigger": "Alerting", "actualValue": value}
    return told | {"eventNotificationType": "CustomMonitor", "variableMonitoringId": 7} | more


async def tell(case: Case, *events: dict[str, Any]) -> None:
    told = {"generatedAt": now(), "seqNo": 0, "tbc": False, "eventData": list(events)}
    assert await case.says("NotifyEvent", told) == {}


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        pytest.param({"eventNotificationType": "HardWiredMonitor"}, 8, id="TC_N_21"),
        pytest.param({"cleared": True}, 7, id="TC_N_49"),
        pytest.param({"trigger": "Periodic"}, 8, id="TC_N_50"),
    ],
)
async def test_tc_n_21_49_50_an_event_is_kept_with_its_monitors_severity(
    v2x: Case, told: dict[str, Any], severity: int
) -> None:
    await monitor(v2x, 7, "UpperThreshold")
    await tell(v2x, event(1, "Faulted", **told))
    (found,) = await v2x.events("DeviceEvent")
    assert (found["subject"], found["severity"], found["evse_id"]) == ("EVSE.AvailabilityState", severity, 1)
    assert (await v2x.variables())["AvailabilityState"]["value"] == "Faulted"


async def test_tc_n_24_periodic_events_are_kept_one_by_one(v2x: Case) -> None:
    await monitor(v2x, 7, "Periodic")
    for number, value in enumerate(("1", "2", "3")):
        await tell(v2x, event(number, value, trigger="Periodic"))
    assert [one["content"]["actualValue"] for one in await v2x.events("DeviceEvent")] == ["1", "2", "3"]


CUSTOMER = {"idToken": token(VALID)}


async def customer(case: Case, wanted: dict[str, Any], data: str | None) -> Done:
    """CustomerInformation, and what the station tells."""
    done = await case.order("CustomerInformation", wanted)
    assert done.asked == wanted | {"requestId": done.asked["requestId"]}
    assert done.state == "ACCEPTED"
    for number, part in enumerate([data[:3], data[3:]] if data else [""]):
        told = {"requestId": done.asked["requestId"], "generatedAt": now(), "seqNo": number, "data": part}
        told |= {"tbc": bool(data) and number == 0}
        assert await case.says("NotifyCustomerInformation", told) == {}
    found = await case.again(done)
    assert (found["state"], found["outcome"]["state"]) == ("COMPLETED", "Complete")
    return done


@pytest.mark.parametrize(
    ("wanted", "data"),
    [
        pytest.param(CUSTOMER | {"report": True, "clear": False}, "a customer's sessions", id="TC_N_27"),
        pytest.param(CUSTOMER | {"report": True, "clear": False}, None, id="TC_N_28"),
        pytest.param(CUSTOMER | {"report": True, "clear": True}, "a customer's sessions", id="TC_N_30"),
        pytest.param(CUSTOMER | {"report": True, "clear": True}, None, id="TC_N_31"),
        pytest.param(CUSTOMER | {"report": False, "clear": True}, None, id="TC_N_32"),
        pytest.param({"customerIdentifier": "C-1", "report": True, "clear": True}, "text", id="TC_N_62"),
        pytest.param({"customerCertificate": HASH, "report": True, "clear": True}, "text", id="TC_N_63"),
    ],
)
async def test_tc_n_27_28_30_31_32_62_63_a_customers_data_are_told_or_cleared(
    v2x: Case, wanted: dict[str, Any], data: str | None
) -> None:
    done = await customer(v2x, wanted, data)
    report = await v2x.look(f"/v1/reports/{(await v2x.again(done))['outcome']['report_id']}")
    assert (report["state"], report["missing"]) == ("Complete", [])
    if data:
        assert data in str(report)


async def test_tc_n_29_a_customers_data_that_are_not_told(v2x: Case) -> None:
    done = await v2x.order("CustomerInformation", CUSTOMER | {"report": True, "clear": False}, NO)
    assert done.state == "REJECTED"
    # Exactly one way to name a customer.
    both = CUSTOMER | {"customerIdentifier": "C-1", "report": True, "clear": False}
    assert (await v2x.post("commands", {"action": "CustomerInformation", "payload": both})).status_code == 422


async def test_tc_n_46_a_customer_who_is_cleared_is_taken_off_the_local_list(v2x: Case) -> None:
    entries = [{"idToken": token(VALID), "idTokenInfo": OK}]
    await v2x.order("SendLocalList", {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": entries})
    await customer(v2x, CUSTOMER | {"report": True, "clear": True}, "text")
    change = {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [{"idToken": token(VALID)}]}
    done = await v2x.order("SendLocalList", change)
    assert (done.asked, done.state) == (change, "ACCEPTED")
