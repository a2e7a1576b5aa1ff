"""Which commands replace each other while they wait."""

import pytest

from voltring_core.domain.superseding import supersede_key, supersedes
from voltring_core.ocpp.actions import TO_CHARGER


def variable(name, value="1", component="OCPPCommCtrlr", **more):
    row = {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
    return row | more


def variables(*rows):
    return {"setVariableData": list(rows)}


def profile(number, connector=1, stack=0, purpose="TxDefaultProfile", **more):
    body = {"chargingProfileId": number, "stackLevel": stack, "chargingProfilePurpose": purpose, **more}
    return {"connectorId": connector, "csChargingProfiles": body}


SAME = [
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "1"}, {"key": "heartbeatinterval", "value": "2"}),
    ("SetVariables", variables(variable("A"), variable("B")), variables(variable("b", "9"), variable("a", "9"))),
    (
        "SetVariables",
        variables(variable("A")),
        variables(variable("A", attributeType="Actual")),
    ),
    ("SetChargingProfile", profile(1), profile(1)),
    ("SetChargingProfile", profile(1), profile(2)),
    (
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": {"id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile"}},
        {"evseId": 1, "chargingProfile": {"id": 7, "stackLevel": 0, "chargingProfilePurpose": "TxProfile"}},
    ),
    ("SendLocalList", {"updateType": "Full", "listVersion": 1}, {"updateType": "Full", "listVersion": 2}),
    ("SendLocalList", {"updateType": "Differential", "listVersion": 2}, {"updateType": "Full", "listVersion": 3}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}, {"connectorId": 1, "type": "Inoperative"}),
    ("ChangeAvailability", {"operationalStatus": "Operative"}, {"operationalStatus": "Inoperative"}),
    ("SetDisplayMessage", {"message": {"id": 3, "priority": "AlwaysFront"}}, {"message": {"id": 3}}),
    ("UpdateFirmware", {"location": "a"}, {"location": "b"}),
    ("CostUpdated", {"totalCost": 1, "transactionId": "t"}, {"totalCost": 2, "transactionId": "t"}),
    ("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"requestedMessage": "Heartbeat"}),
]
OTHER = [
    ("ChangeConfiguration", {"key": "A", "value": "1"}, {"key": "B", "value": "1"}),
    ("SetVariables", variables(variable("A")), variables(variable("A"), variable("B"))),
    ("SetVariables", variables(variable("A")), variables(variable("A", component="Other"))),
    ("SetVariables", variables(variable("A")), variables(variable("A", attributeType="Target"))),
    ("SetChargingProfile", profile(1), profile(1, connector=2)),
    ("SetChargingProfile", profile(1), profile(1, stack=1)),
    ("SetChargingProfile", profile(1), profile(1, purpose="ChargePointMaxProfile")),
    ("SetChargingProfile", profile(1, transactionId=4), profile(1, transactionId=5)),
    ("SetChargingProfile", profile(1, validTo="2026-01-01T00:00:00Z"), profile(2, validFrom="2026-01-01T00:00:00Z")),
    ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, {"connectorId": 1, "type": "Operative"}),
    ("ChangeAvailability", {"evse": {"id": 1}}, {"evse": {"id": 1, "connectorId": 1}}),
    ("SetDisplayMessage", {"message": {"id": 3}}, {"message": {"id": 4}}),
    ("CostUpdated", {"totalCost": 1, "transactionId": "t"}, {"totalCost": 1, "transactionId": "u"}),
    (
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "connectorId": 1},
        {"requestedMessage": "MeterValues", "connectorId": 2},
    ),
]


@pytest.mark.parametrize(("action", "older", "newer"), SAME)
def test_a_newer_word_on_the_same_thing_replaces_the_older_one(action, older, newer):
    key = supersede_key(action, older)
    assert key is not None
    assert supersede_key(action, newer) == key
    assert supersedes(action, newer)


@pytest.mark.parametrize(("action", "older", "newer"), OTHER)
def test_a_word_on_another_thing_replaces_nothing(action, older, newer):
    assert supersede_key(action, older) != supersede_key(action, newer)


def test_a_differential_list_builds_on_what_came_before_it_and_replaces_nothing():
    assert not supersedes("SendLocalList", {"updateType": "Differential"})


def test_both_ways_to_update_the_firmware_are_about_the_same():
    assert supersede_key("UpdateFirmware", {}) == supersede_key("SignedUpdateFirmware", {})


def test_no_two_actions_else_have_a_key_in_common():
    actions = sorted(frozenset().union(*TO_CHARGER.values()) - {"SignedUpdateFirmware"})
    whole = profile(1) | variables(variable("A"))
    whole |= {"id": 1, "key": "A", "transactionId": "t", "message": {"id": 1}, "configurationSlot": 1}
    keys = [key for action in actions if (key := supersede_key(action, whole))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "action", "Reset RemoteStartTransaction UnlockConnector GetReport DataTransfer ReserveNow ClearCache".split()
)
def test_what_is_to_be_done_each_time_has_no_key(action):
    assert supersede_key(action, {"requestId": 1}) is None


@pytest.mark.parametrize("payload", [{}, {"csChargingProfiles": 3}, {"setVariableData": [3, None]}, {"message": []}])
def test_a_payload_that_says_nothing_breaks_nothing(payload):
    for action in frozenset().union(*TO_CHARGER.values()):
        supersede_key(action, payload)


def test_the_key_holds_names_and_no_value_and_is_never_long():
    many = variables(*(variable(f"Variable{number}", "hidden-value") for number in range(50)))
    key = supersede_key("SetVariables", many)
    assert len(key) <= 200
    assert "hidden" not in key
    assert "hidden" not in supersede_key("ChangeConfiguration", {"key": "AuthorizationKey", "value": "hidden"})
