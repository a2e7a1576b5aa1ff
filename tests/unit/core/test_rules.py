"""The rules beyond the schemas, block by block: what passes, and the field that is found fault with."""

from datetime import UTC, datetime

import pytest

from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEFORE, LATER = "2026-05-01T11:59:59Z", "2026-05-01T14:00:00+01:00"
V16, V201, V21 = Version


def fields(version, action, payload, **known):
    """The fields that the rules find fault with in a payload that keeps its schema."""
    assert is_valid(version, action, payload), payload
    return [fault.field for fault in faults(version, action, payload, Station(**known), NOON)]


TOKEN = {"idToken": "04A2", "type": "ISO14443"}
EMPTY_TOKEN = {"idToken": "", "type": "ISO14443"}
KEY = "AuthorizationKey"


def read(*names):
    return [{"component": {"name": name}, "variable": {"name": "Enabled"}} for name in names]


def write(component, variable, value, **more):
    name = {"name": component, **more}
    return {"setVariableData": [{"component": name, "variable": {"name": variable}, "attributeValue": value}]}


def network(**changes):
    base = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    return {"configurationSlot": 1, "connectionData": base | changes}


def monitor(**changes):
    base = {"value": 5, "type": "UpperThreshold", "severity": 4, "component": {"name": "EVSE"}}
    return base | {"variable": {"name": "Power"}} | changes


def monitors(*wanted):
    return {"setMonitoringData": list(wanted)}


def list_16(version=2, kind="Full", *tags, **info):
    rows = [{"idTag": tag, "idTagInfo": {"status": "Accepted"}} for tag in tags]
    return {"listVersion": version, "updateType": kind, "localAuthorizationList": rows + info.get("more", [])}


def list_2x(version=2, kind="Full", *tokens):
    return {"versionNumber": version, "updateType": kind, "localAuthorizationList": list(tokens)}


def listed(text, kind="ISO14443"):
    return {"idToken": {"idToken": text, "type": kind}, "idTokenInfo": {"status": "Accepted"}}


def reserve_16(expiry=LATER, **changes):
    return {"connectorId": 1, "expiryDate": expiry, "idTag": "T", "reservationId": 1} | changes


def reserve_2x(expiry=LATER, **changes):
    return {"id": 1, "expiryDateTime": expiry, "idToken": TOKEN} | changes


def customer(**changes):
    return {"requestId": 1, "report": True, "clear": False} | changes


def message(**changes):
    base = {"id": 1, "priority": "InFront", "message": {"format": "UTF8", "content": "Hello"}}
    return {"message": base | changes}


def tariff(**changes):
    return {"evseId": 0, "tariff": {"tariffId": "T1", "currency": "EUR"} | changes}


def prices(conditions):
    return {"prices": [{"priceKwh": 0.3, "conditions": conditions}]}


def der(kind="LimitMaxDischarge", is_default=False, **fields):
    return {"isDefault": is_default, "controlId": "C", "controlType": kind, **fields}


LIMIT = {"priority": 0, "pctMaxDischargePower": 50}
CURVE = {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": 1, "y": 1}]}

GOOD = [
    (V16, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    (V16, "ChangeConfiguration", {"key": KEY, "value": "0123456789abcdef" * 2}),
    (V16, "ChangeConfiguration", {"key": KEY, "value": "0123456789" * 4}),
    (V16, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"}),
    (V16, "ChangeConfiguration", {"key": "SecurityProfile", "value": "2"}),
    (V16, "GetConfiguration", {}),
    (V16, "GetConfiguration", {"key": ["A", "B"]}),
    (V16, "RemoteStartTransaction", {"idTag": "T", "connectorId": 1}),
    (V16, "UnlockConnector", {"connectorId": 1}),
    (V16, "TriggerMessage", {"requestedMessage": "StatusNotification"}),
    (V16, "SendLocalList", list_16(1, "Full", "A", "B")),
    (V16, "SendLocalList", {"listVersion": 1, "updateType": "Full"}),
    (V16, "ReserveNow", reserve_16()),
    (V16, "ReserveNow", reserve_16(connectorId=0)),
    (V201, "GetVariables", {"getVariableData": read("A", "B")}),
    (V201, "SetVariables", write("SecurityCtrlr", "BasicAuthPassword", "x" * 40)),
    (V21, "SetVariables", write("SecurityCtrlr", "BasicAuthPassword", "x" * 64)),
    (V201, "SetNetworkProfile", network()),
    (V21, "SetNetworkProfile", network(ocppVersion="OCPP21", basicAuthPassword="x" * 20, identity="CP-1")),
    (V201, "SetNetworkProfile", network(ocppCsmsUrl="ws://csms.example", securityProfile=1)),
    (V201, "RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 1, "evseId": 1}),
    (V201, "RequestStartTransaction", {"idToken": {"idToken": "", "type": "NoAuthorization"}, "remoteStartId": 1}),
    (V201, "TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}),
    (V201, "TriggerMessage", {"requestedMessage": "MeterValues"}),
    (V201, "TriggerMessage", {"requestedMessage": "BootNotification"}),
    (V21, "TriggerMessage", {"requestedMessage": "CustomTrigger", "customTrigger": "X"}),
    (V201, "SendLocalList", list_2x(1, "Full", listed("A"), listed("A", "eMAID"))),
    (V201, "ReserveNow", reserve_2x()),
    (V201, "SetVariableMonitoring", monitors(monitor(), monitor(severity=5), monitor(type="LowerThreshold", value=-5))),
    (V201, "SetVariableMonitoring", monitors(monitor(type="Delta", value=0), monitor(type="Periodic", value=60))),
    (V201, "ClearVariableMonitoring", {"id": [1, 2]}),
    (V201, "SetMonitoringLevel", {"severity": 9}),
    (V201, "CustomerInformation", customer(customerIdentifier="me")),
    (V201, "CustomerInformation", customer(idToken=TOKEN, clear=True, report=False)),
    (V201, "CostUpdated", {"totalCost": 0, "transactionId": "T"}),
    (V201, "SetDisplayMessage", message(startDateTime=BEFORE, endDateTime=LATER)),
    (V21, "SetDefaultTariff", tariff(energy=prices({"startTimeOfDay": "08:00", "endTimeOfDay": "00:00"}))),
    (V21, "SetDERControl", der(limitMaxDischarge=LIMIT | {"startTime": LATER, "duration": 60})),
    (V21, "SetDERControl", der("VoltWatt", is_default=True, curve=CURVE)),
    (V21, "NotifyAllowedEnergyTransfer", {"transactionId": "T", "allowedEnergyTransfer": ["DC", "DC_BPT"]}),
    (V21, "RequestBatterySwap", {"idToken": TOKEN, "requestId": 1}),
    (V21, "AdjustPeriodicEventStream", {"id": 1, "params": {"interval": 5}}),
    (V21, "NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60}),
]


@pytest.mark.parametrize(("version", "action", "payload"), GOOD)
def test_a_command_that_may_be_sent_passes(version, action, payload):
    assert fields(version, action, payload) == []


BAD = [
    (V16, "ChangeAvailability", {"connectorId": -1, "type": "Operative"}, "connectorId"),
    (V201, "ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": -1}}, "evse.id"),
    (
        V201,
        "ChangeAvailability",
        {"operationalStatus": "Operative", "evse": {"id": 1, "connectorId": 0}},
        "evse.connectorId",
    ),
    *(
        (V16, "ChangeConfiguration", {"key": name, "value": value}, "value")
        for name, value in (
            (KEY, "short"),
            ("authorizationkey", "ab" * 21),
            (KEY, "a" * 41),
            ("SecurityProfile", "4"),
        )
    ),
    (V16, "GetConfiguration", {"key": ["A", "a"]}, "key.1"),
    (V16, "RemoteStartTransaction", {"idTag": "T", "connectorId": 0}, "connectorId"),
    (V16, "RemoteStartTransaction", {"idTag": " "}, "idTag"),
    (V16, "UnlockConnector", {"connectorId": 0}, "connectorId"),
    (V16, "TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": 0}, "connectorId"),
    (V16, "ExtendedTriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": 0}, "connectorId"),
    (V16, "SendLocalList", list_16(0), "listVersion"),
    (V16, "SendLocalList", list_16(1, "Full", "A", "a"), "localAuthorizationList.1"),
    (
        V16,
        "SendLocalList",
        list_16(1, "Full", "A", more=[{"idTag": "B"}]),
        "localAuthorizationList.1.idTagInfo",
    ),
    (V16, "ReserveNow", reserve_16(BEFORE), "expiryDate"),
    (V16, "ReserveNow", reserve_16(reservationId=-1), "reservationId"),
    (V16, "CancelReservation", {"reservationId": -1}, "reservationId"),
    (V201, "GetVariables", {"getVariableData": read("A", "B", "a")}, "getVariableData.2"),
    (
        V201,
        "SetVariables",
        write("SecurityCtrlr", "BasicAuthPassword", "x" * 15),
        "setVariableData.0.attributeValue",
    ),
    (
        V201,
        "SetVariables",
        write("SecurityCtrlr", "BasicAuthPassword", "x" * 41),
        "setVariableData.0.attributeValue",
    ),
    *(
        (V201, "SetNetworkProfile", network(**changes), f"connectionData.{field}")
        for field, changes in (
            ("ocppTransport", {"ocppTransport": "SOAP"}),
            ("ocppVersion", {"ocppVersion": "OCPP15"}),
            ("ocppCsmsUrl", {"ocppCsmsUrl": "https://csms.example"}),
            ("ocppCsmsUrl", {"ocppCsmsUrl": "ws://csms.example"}),
            ("messageTimeout", {"messageTimeout": 0}),
            ("securityProfile", {"securityProfile": 0}),
        )
    ),
    (V21, "SetNetworkProfile", network(basicAuthPassword="short"), "connectionData.basicAuthPassword"),
    (V21, "SetNetworkProfile", network(identity="a:b"), "connectionData.identity"),
    (V201, "RequestStartTransaction", {"idToken": EMPTY_TOKEN, "remoteStartId": 1}, "idToken.idToken"),
    (V201, "RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 0}, "remoteStartId"),
    (V201, "RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 1, "evseId": 0}, "evseId"),
    (V201, "RequestStopTransaction", {"transactionId": ""}, "transactionId"),
    (V201, "UnlockConnector", {"evseId": 0, "connectorId": 1}, "evseId"),
    (V201, "TriggerMessage", {"requestedMessage": "StatusNotification"}, "evse"),
    (V201, "TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1}}, "evse"),
    (V21, "TriggerMessage", {"requestedMessage": "CustomTrigger"}, "customTrigger"),
    (V21, "TriggerMessage", {"requestedMessage": "Heartbeat", "customTrigger": "X"}, "customTrigger"),
    (V201, "SendLocalList", list_2x(1, "Full", listed("A"), listed("a")), "localAuthorizationList.1"),
    (V201, "SendLocalList", list_2x(1, "Full", {"idToken": TOKEN}), "localAuthorizationList.0.idTokenInfo"),
    (V201, "SendLocalList", list_2x(1, "Full", listed("")), "localAuthorizationList.0.idToken.idToken"),
    (V201, "ReserveNow", reserve_2x(BEFORE), "expiryDateTime"),
    (V201, "ReserveNow", reserve_2x(evseId=0), "evseId"),
    (V201, "GetBaseReport", {"requestId": 0, "reportBase": "FullInventory"}, "requestId"),
    (V201, "GetBaseReport", {"requestId": 2**31, "reportBase": "FullInventory"}, "requestId"),
    *(
        (V201, "SetVariableMonitoring", monitors(monitor(**changes)), f"setMonitoringData.0.{field}")
        for field, changes in (
            ("severity", {"severity": 10}),
            ("value", {"type": "Delta", "value": -1}),
            ("value", {"type": "Periodic", "value": 0}),
            ("value", {"type": "PeriodicClockAligned", "value": -60}),
            ("id", {"id": -1}),
        )
    ),
    (V201, "SetVariableMonitoring", monitors(monitor(), monitor(value=6)), "setMonitoringData.1"),
    (V201, "ClearVariableMonitoring", {"id": [1, 1]}, "id.1"),
    (V201, "ClearVariableMonitoring", {"id": [-1]}, "id.0"),
    (V201, "SetMonitoringLevel", {"severity": 10}, "severity"),
    (V201, "CustomerInformation", customer(), "idToken"),
    (V201, "CustomerInformation", customer(idToken=TOKEN, customerIdentifier="me"), "customerIdentifier"),
    (V201, "CustomerInformation", customer(customerIdentifier="me", report=False), "report"),
    (V201, "CostUpdated", {"totalCost": -1, "transactionId": "T"}, "totalCost"),
    (V201, "CostUpdated", {"totalCost": 1, "transactionId": ""}, "transactionId"),
    (V201, "SetDisplayMessage", message(startDateTime=LATER, endDateTime=BEFORE), "message.endDateTime"),
    (V201, "SetDisplayMessage", message(id=-1), "message.id"),
    (V201, "SetDisplayMessage", message(message={"format": "UTF8", "content": ""}), "message.message.content"),
    (V201, "ClearDisplayMessage", {"id": -1}, "id"),
    (V21, "SetDefaultTariff", tariff(currency="Eur"), "tariff.currency"),
    *(
        (V21, "SetDefaultTariff", tariff(energy=prices(conditions)), f"tariff.energy.prices.0.conditions.{field}")
        for field, conditions in (
            ("startTimeOfDay", {"startTimeOfDay": "24:00"}),
            ("validToDate", {"validToDate": "2026-13-01"}),
            ("validToDate", {"validFromDate": "2026-02-01", "validToDate": "2026-02-01"}),
            ("maxPower", {"minPower": 5, "maxPower": 5}),
        )
    ),
    (V21, "SetDERControl", der(), "limitMaxDischarge"),
    (V21, "SetDERControl", der("VoltWatt", limitMaxDischarge=LIMIT, curve=CURVE), "limitMaxDischarge"),
    (
        V21,
        "SetDERControl",
        der(is_default=True, limitMaxDischarge=LIMIT | {"duration": 5}),
        "limitMaxDischarge.duration",
    ),
    (V21, "SetDERControl", der(limitMaxDischarge=LIMIT | {"duration": 0}), "limitMaxDischarge.duration"),
    (
        V21,
        "NotifyAllowedEnergyTransfer",
        {"transactionId": "T", "allowedEnergyTransfer": ["DC", "DC"]},
        "allowedEnergyTransfer.1",
    ),
    (V21, "RequestBatterySwap", {"idToken": EMPTY_TOKEN, "requestId": 1}, "idToken.idToken"),
    (V21, "AdjustPeriodicEventStream", {"id": 1, "params": {}}, "params"),
    (V21, "NotifyWebPaymentStarted", {"evseId": 1, "timeout": 0}, "timeout"),
]


@pytest.mark.parametrize(("version", "action", "payload", "field"), BAD)
def test_a_command_that_would_be_refused_is_told_by_its_field(version, action, payload, field):
    assert fields(version, action, payload) == [field]


KNOWN = [
    (V16, "UnlockConnector", {"connectorId": 3}, {"connectors": 2}, "connectorId"),
    (V16, "ChangeConfiguration", {"key": "SecurityProfile", "value": "1"}, {"security_profile": 2}, "value"),
    (V16, "GetConfiguration", {"key": ["A", "B"]}, {"items": {"GetConfiguration": 1}}, "key"),
    (V16, "SendLocalList", list_16(1, "Full", "A", "B"), {"items": {"SendLocalList": 1}}, "localAuthorizationList"),
    (V16, "SendLocalList", list_16(1, "Full", "A", "B"), {"list_entries": 1}, "localAuthorizationList"),
    (V16, "SendLocalList", list_16(1, "Full", "A"), {"list_version": -1}, ""),
    (V16, "SendLocalList", list_16(2, "Differential", "A"), {"list_version": 2}, "listVersion"),
    (V16, "ReserveNow", reserve_16(connectorId=0), {"unspecific_reservations": False}, "connectorId"),
    (V201, "ReserveNow", reserve_2x(), {"unspecific_reservations": False}, "evseId"),
    (V201, "GetVariables", {"getVariableData": read("A", "B")}, {"items": {"GetVariables": 1}}, "getVariableData"),
    (V201, "GetVariables", {"getVariableData": read("A")}, {"octets": {"GetVariables": 10}}, ""),
    (
        V201,
        "GetBaseReport",
        {"requestId": 7, "reportBase": "FullInventory"},
        {"open_requests": frozenset({7})},
        "requestId",
    ),
    (
        V201,
        "RequestStartTransaction",
        {"idToken": TOKEN, "remoteStartId": 7},
        {"open_starts": frozenset({7})},
        "remoteStartId",
    ),
    (
        V201,
        "SetNetworkProfile",
        network(securityProfile=2),
        {"security_profile": 3},
        "connectionData.securityProfile",
    ),
    (
        V21,
        "SetVariables",
        write("NetworkConfiguration", "OcppCsmsUrl", "wss://x", instance="2"),
        {"active_slots": frozenset({"1", "2"})},
        "setVariableData.0.component.instance",
    ),
    (
        V201,
        "SetVariables",
        write("SecurityCtrlr", "BasicAuthPassword", "x" * 25),
        {"password_length": 20},
        "setVariableData.0.attributeValue",
    ),
    (
        V201,
        "TriggerMessage",
        {"requestedMessage": "BootNotification"},
        {"registration": "Accepted"},
        "requestedMessage",
    ),
    (
        V21,
        "TriggerMessage",
        {"requestedMessage": "CustomTrigger", "customTrigger": "X"},
        {"custom_triggers": frozenset({"Y"})},
        "customTrigger",
    ),
    (V201, "SetDisplayMessage", message(), {"message_priorities": frozenset({"AlwaysFront"})}, "message.priority"),
    (V201, "SetDisplayMessage", message(), {"message_formats": frozenset({"ASCII"})}, "message.message.format"),
    (V201, "SetDisplayMessage", message(state="Idle"), {"message_states": frozenset({"Charging"})}, "message.state"),
    (
        V21,
        "SetDefaultTariff",
        tariff(energy=prices({}), idleTime={"prices": [{"priceMinute": 1}]}),
        {"tariff_elements": 1},
        "tariff",
    ),
]


@pytest.mark.parametrize(("version", "action", "payload", "known", "field"), KNOWN)
def test_what_is_known_of_the_charger_binds_and_what_is_not_known_does_not(version, action, payload, known, field):
    assert fields(version, action, payload) == []
    assert fields(version, action, payload, **known) == [field]


def test_what_just_fits_the_charger_passes():
    assert fields(V16, "SendLocalList", list_16(3, "Differential", "A"), list_version=2) == []
    assert fields(V16, "SendLocalList", list_16(1, "Full", "A"), list_version=2) == []
    assert fields(V16, "UnlockConnector", {"connectorId": 2}, connectors=2) == []
    assert fields(V16, "ChangeConfiguration", {"key": "SecurityProfile", "value": "2"}, security_profile=2) == []
    assert fields(V21, "SetNetworkProfile", network(), security_profile=3, downgrade_allowed=True) == []
    two = {"getVariableData": read("A", "B")}
    assert fields(V201, "GetVariables", two, items={"GetVariables": 2}, octets={"GetVariables": 1000}) == []


def test_a_removal_is_an_entry_of_a_differential_list_without_its_info():
    removal = list_16(3, "Differential", more=[{"idTag": "A"}])
    assert fields(V16, "SendLocalList", removal, list_version=2) == []


def test_vendors_own_content_is_not_looked_into():
    huge = {"vendorId": "V", "data": {"evseId": -1, "n": 2**40}, "customData": {"vendorId": "V", "n": 2**40}}
    assert fields(V201, "DataTransfer", huge) == []


def test_every_message_says_what_to_do():
    for version, action, payload, _ in BAD:
        for fault in faults(version, action, payload, Station(), NOON):
            assert ": " in fault.message, fault
