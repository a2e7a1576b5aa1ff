"""Settings: what is known of keys and variables after a charger's answers."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from voltring_core.domain.devices import Variable
from voltring_core.ocpp.versions import Version
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.table import MEANINGS
from voltring_node.knowledge import Known

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def variables(version, action, asked, answer, *known):
    said = CommandAnswer("CP", version, UUID(int=1), action, asked, answer, NOON, known)
    facts = MEANINGS[action].read(said, Known())
    return [one for fact in facts for one in fact.variables]


def keys(*entries, unknown=None):
    listed = [{"key": key, "readonly": readonly} | more for key, readonly, more in entries]
    return {"configurationKey": listed} | ({} if unknown is None else {"unknownKey": unknown})


def test_keys_that_were_read_are_variables_of_no_component():
    answer = keys(("HeartbeatInterval", False, {"value": "300"}), ("NumberOfConnectors", True, {"value": "2"}))
    assert variables(Version.V16, "GetConfiguration", {}, answer) == [
        Variable("", "HeartbeatInterval", value="300", mutability="ReadWrite"),
        Variable("", "NumberOfConnectors", value="2", mutability="ReadOnly"),
    ]


def test_a_key_that_the_charger_does_not_know_is_marked_and_known_again_once_it_is_read():
    answer = keys(unknown=["Nonsense", 7])
    assert variables(Version.V16, "GetConfiguration", {}, answer) == [Variable("", "Nonsense", status="UnknownKey")]
    read = variables(
        Version.V16,
        "GetConfiguration",
        {},
        keys(("Nonsense", False, {"value": "1"}), ("Other", False, {"value": "1"})),
        Variable("", "Nonsense", status="UnknownKey"),
        Variable("", "Other", status="RebootRequired"),
    )
    assert [(one.variable, one.status) for one in read] == [("Nonsense", "Accepted"), ("Other", None)]


@pytest.mark.parametrize("answer", [{}, {"unknownKey": []}, {"configurationKey": None}, {"configurationKey": "all"}])
def test_an_answer_without_keys_takes_nothing_away(answer):
    assert variables(Version.V16, "GetConfiguration", {}, answer) == []


@pytest.mark.parametrize(
    ("status", "value"), [("Accepted", "60"), ("RebootRequired", None), ("NotSupported", None), ("Rejected", None)]
)
def test_a_changed_key_has_its_value_once_it_is_accepted(status, value):
    told = variables(
        Version.V16, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, {"status": status}
    )
    assert told == [Variable("", "HeartbeatInterval", value=value, status=status)]


def test_a_key_keeps_the_spelling_that_is_known():
    known = Variable("", "HeartbeatInterval")
    asked = {"key": "heartbeatinterval", "value": "60"}
    (told,) = variables(Version.V16, "ChangeConfiguration", asked, {"status": "Accepted"}, known)
    assert (told.variable, told.value) == ("HeartbeatInterval", "60")


@pytest.mark.parametrize("key", ["AuthorizationKey", "authorizationkey", "WifiPassword"])
def test_a_secret_is_never_kept_neither_set_nor_read(key):
    asked = {"key": key, "value": "00112233445566778899aabbccddeeff"}
    (written,) = variables(Version.V16, "ChangeConfiguration", asked, {"status": "Accepted"})
    (read,) = variables(Version.V16, "GetConfiguration", {}, keys((key, False, {"value": "0011"})))
    assert (written.value, written.mutability, written.status) == (None, "WriteOnly", "Accepted")
    assert (read.value, read.mutability) == (None, "WriteOnly")


def about(component, variable, **more):
    return {"component": {"name": component}, "variable": {"name": variable}} | more


ASKED = {
    "setVariableData": [
        about("ClockCtrlr", "TimeZone", attributeValue="UTC"),
        about("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60"),
        about("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="70", attributeType="Target"),
        about("SecurityCtrlr", "BasicAuthPassword", attributeValue="0123456789abcdef"),
    ]
}


def test_variables_are_set_by_what_each_result_is_about_in_any_order_and_fewer_than_asked():
    results = [
        about("SecurityCtrlr", "BasicAuthPassword", attributeStatus="Accepted"),
        about("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Rejected", attributeType="Target"),
        about("ocppcommctrlr", "heartbeatinterval", attributeStatus="Accepted", attributeType="Actual"),
        about("Never", "Asked", attributeStatus="Accepted"),
        {"attributeStatus": "Accepted"},
    ]
    known = Variable("OCPPCommCtrlr", "HeartbeatInterval")
    told = variables(Version.V201, "SetVariables", ASKED, {"setVariableResult": results}, known)
    assert [(one.component, one.variable, one.attribute, one.value, one.status) for one in told] == [
        ("SecurityCtrlr", "BasicAuthPassword", "Actual", None, "Accepted"),
        ("OCPPCommCtrlr", "HeartbeatInterval", "Target", None, "Rejected"),
        ("OCPPCommCtrlr", "HeartbeatInterval", "Actual", "60", "Accepted"),
    ]


def test_a_change_that_waits_for_a_reboot_leaves_the_value():
    results = [about("ClockCtrlr", "TimeZone", attributeStatus="RebootRequired")]
    (told,) = variables(Version.V21, "SetVariables", ASKED, {"setVariableResult": results})
    assert (told.value, told.status) == (None, "RebootRequired")


def test_variables_that_were_read_have_the_charger_s_values_and_refused_ones_stay():
    evse = {"component": {"name": "EVSE", "evse": {"id": 1, "connectorId": 2}}, "variable": {"name": "Power"}}
    results = [
        evse | {"attributeStatus": "Accepted", "attributeType": "MaxSet", "attributeValue": "11"},
        about("SecurityCtrlr", "BasicAuthPassword", attributeStatus="Rejected"),
        about("Foo", "Bar", attributeStatus="UnknownComponent", attributeValue="x"),
        about("ClockCtrlr", "TimeZone", attributeStatus="Accepted", attributeValue=60),
    ]
    assert variables(Version.V201, "GetVariables", {}, {"getVariableResult": results}) == [
        Variable("EVSE", "Power", evse_id=1, connector_id=2, attribute="MaxSet", value="11"),
        Variable("Foo", "Bar", status="UnknownComponent"),
        Variable("ClockCtrlr", "TimeZone", value="60"),
    ]
