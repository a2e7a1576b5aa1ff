"""Device events, security events, DER alarms and controls: what becomes of them."""

import pytest

from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import needs
from voltring_node.facts import EventFact, RecordFact, StatusFact, VariablesFact
from voltring_node.knowledge import Record

V16, V201, V21 = Version
AT = "2026-01-01T11:59:00Z"


def of(kind, *decided):
    return [fact for one in decided for fact in one.facts if isinstance(fact, kind)]


def item(component="Connector", variable="Problem", value="true", *, evse=None, **more):
    return {
        "eventId": 1,
        "timestamp": AT,
        "trigger": "Alerting",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": component} | ({"evse": evse} if evse else {}),
        "variable": {"name": variable},
    } | more


@pytest.fixture
def events(ask, base):
    def tell(*items, version=V201, **more):
        payload = {"generatedAt": AT, "seqNo": 0, "eventData": list(items)} | more
        (decided,) = base.group(ask(version, "NotifyEvent", payload))
        assert decided.reply.endswith("{}]")
        return decided

    return tell


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("TamperDetectionActivated", 1),
        ("AttemptedReplayAttacks", 2),
        ("SettingSystemTime", 2),
        ("MemoryExhaustion", 2),
        ("SecurityLogWasCleared", 2),
        ("InvalidFirmwareSignature", 2),
        ("InvalidFirmwareSigningCertificate", 2),
        ("InvalidCsmsCertificate", 2),
        ("InvalidCentralSystemCertificate", 2),
        ("InvalidChargingStationCertificate", 2),
        ("InvalidTLSVersion", 2),
        ("INVALIDTLSCIPHERSUITE", 2),
        ("InvalidMessages", 4),
        ("MaintenanceLoginFailed", 4),
        ("FirmwareUpdated", 7),
        ("StartupOfTheDevice", 8),
        ("AVendorsOwn", 5),
    ],
)
def test_a_security_event_is_as_grave_as_its_type(ask, base, version, kind, severity):
    told = {"type": kind, "timestamp": AT, "techInfo": "x"}
    (event,) = of(EventFact, *base.group(ask(version, "SecurityEventNotification", told)))
    assert (event.kind, event.subject, event.severity) == (StationEventKind.SECURITY_EVENT, kind, severity)
    assert (event.content, event.at.isoformat()) == (told, "2026-01-01T11:59:00+00:00")


def test_a_device_event_tells_its_place_its_session_and_the_value(events):
    decided = events(item("EVSE", "Power", "11000", evse={"id": 2.0}, transactionId="tx", cause=7))
    (event,), (told,) = of(EventFact, decided), of(VariablesFact, decided)
    assert (event.subject, event.evse_id, event.connector_id) == ("EVSE.Power", 2, None)
    assert (event.ocpp_transaction_id, event.severity, event.content["cause"]) == ("tx", None, 7)
    (variable,) = told.variables
    assert (variable.component, variable.evse_id, variable.variable, variable.value) == ("EVSE", 2, "Power", "11000")
    assert variable.mutability is None


def test_the_severity_is_that_of_the_monitor(base, events):
    base.known.records["CP-1", RecordKind.MONITOR] = {"7": Record({"severity": 3}), "8": Record({"severity": 12})}
    monitored = [item(variable="Temperature", value="90", variableMonitoringId=number) for number in (7.0, 8, 9)]
    assert [one.severity for one in of(EventFact, events(*monitored))] == [3, 9, None]


def test_in_21_an_event_has_its_own_severity(base, events):
    base.known.records["CP-1", RecordKind.MONITOR] = {"7": Record({"severity": 3})}
    decided = events(item(variable="Temperature", variableMonitoringId=7, severity=1), version=V21)
    assert [one.severity for one in of(EventFact, decided)] == [1]


def test_what_is_cleared_is_a_notice_whatever_its_monitor(base, events):
    base.known.records["CP-1", RecordKind.MONITOR] = {"7": Record({"severity": 1})}
    (event,) = of(EventFact, events(item(variableMonitoringId=7, cleared=True)))
    assert (event.severity, event.content["cleared"]) == (7, True)


def test_a_connector_lock_that_fails_is_critical_without_a_monitor(events):
    decided = events(item("ConnectorPlugRetentionLock", "Problem", "true", evse={"id": 1, "connectorId": 1}))
    (event,) = of(EventFact, decided)
    assert (event.severity, event.evse_id, event.connector_id) == (3, 1, 1)


def test_monitors_are_asked_for_only_where_a_severity_hangs_on_them(ask):
    def wanted(version, **more):
        payload = {"generatedAt": AT, "seqNo": 0, "eventData": [item(**more)]}
        return needs([ask(version, "NotifyEvent", payload)]).records

    assert wanted(V201) == set()
    assert wanted(V21, variableMonitoringId=7, severity=3) == set()
    assert wanted(V201, variableMonitoringId=7) == {("CP-1", "Monitor")}


@pytest.mark.parametrize("state", ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"])
def test_an_availability_state_is_a_status_as_by_status_notification(events, state):
    decided = events(item("Connector", "AvailabilityState", state, evse={"id": 2, "connectorId": 1}, techCode="E7"))
    (fact,) = of(StatusFact, decided)
    assert (fact.status.evse_id, fact.status.connector_id, fact.status.status) == (2, 1, state)
    assert (fact.status.vendor_error_code, fact.at.isoformat()) == ("E7", "2026-01-01T11:59:00+00:00")
    assert len(of(VariablesFact, decided)[0].variables) == 1


def test_the_stations_state_is_that_of_connector_0(events):
    (fact,) = of(StatusFact, events(item("ChargingStation", "AvailabilityState", "Unavailable")))
    assert (fact.status.evse_id, fact.status.connector_id) == (0, 0)


@pytest.mark.parametrize(
    "told",
    [
        item("EVSE", "AvailabilityState", "Available", evse={"id": 1}),
        item("Connector", "AvailabilityState", "Available"),
        item("Connector", "AvailabilityState", "Available", evse={"id": 1, "connectorId": 0}),
        item("Connector", "AvailabilityState", "Charging", evse={"id": 1, "connectorId": 1}),
        item("Connector", "Available", "true", evse={"id": 1, "connectorId": 1}),
    ],
)
def test_what_is_no_connectors_state_is_no_status(events, told):
    assert of(StatusFact, events(told)) == []


def test_the_last_of_several_states_is_the_last_by_their_times(events):
    where = {"id": 1, "connectorId": 1}
    late = item("Connector", "AvailabilityState", "Available", evse=where, timestamp="2026-01-01T11:59:30Z")
    early = item("Connector", "AvailabilityState", "Occupied", evse=where, timestamp="2026-01-01T11:59:10Z")
    assert [fact.status.status for fact in of(StatusFact, events(late, early))] == ["Occupied", "Available"]


def test_a_time_that_can_not_be_right_is_the_receipts(events):
    (event,) = of(EventFact, events(item(timestamp="1970-01-01T00:00:00Z")))
    assert event.at.isoformat() == "2026-01-01T12:00:00+00:00"


def test_a_secret_in_an_event_is_not_kept(events):
    decided = events(item("SecurityCtrlr", "BasicAuthPassword", "a-secret-of-a-charger"))
    assert "a-secret-of-a-charger" not in str(decided.facts)


@pytest.mark.parametrize(
    ("more", "severity"),
    [({}, 4), ({"gridEventFault": "OverVoltage"}, 3), ({"gridEventFault": "OverVoltage", "alarmEnded": True}, 7)],
)
def test_a_der_alarm_is_as_grave_as_its_fault_until_it_ends(ask, base, more, severity):
    told = {"controlType": "HVMustTrip", "timestamp": AT} | more
    (event,) = of(EventFact, *base.group(ask(V21, "NotifyDERAlarm", told)))
    assert (event.kind, event.subject, event.severity) == (StationEventKind.DER_ALARM, "HVMustTrip", severity)


def test_a_der_control_that_starts_supersedes_others_and_keeps_what_is_known_of_it(ask, base):
    base.known.records["CP-1", RecordKind.DER_CONTROL] = {"a": Record({"id": "a", "type": "curve"}, state="Accepted")}
    told = {"controlId": "a", "started": True, "timestamp": AT, "supersededIds": ["b"]}
    decided = base.group(ask(V21, "NotifyDERStartStop", told))
    assert [(one.key, one.state, one.content) for one in of(RecordFact, *decided)] == [
        ("a", "Started", {"id": "a", "type": "curve", "isSuperseded": False}),
        ("b", "Superseded", {"id": "b", "isSuperseded": True}),
    ]
    decided = base.group(ask(V21, "NotifyDERStartStop", told | {"started": False}, minutes=1))
    assert [(one.key, one.state) for one in of(RecordFact, *decided)] == [("a", "Stopped")]
