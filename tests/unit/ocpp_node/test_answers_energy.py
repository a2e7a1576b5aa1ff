"""Controls, streams, tariffs, transactions after a charger's answers; payloads keep the official schemas."""

import pytest
from given_answers import LATER, MINE, OK, OTHER, V21, V201, facts, told

from voltring_core.domain.kinds import RecordKind as Kind
from voltring_node.facts import CommandFact, GoneFact
from voltring_node.knowledge import Record


def test_a_control_is_set_in_the_words_of_a_report_and_supersedes_others():
    fixed = {"priority": 1, "displacement": 0.9, "excitation": True}
    asked = {"isDefault": False, "controlId": "c", "controlType": "FixedPFInject", "fixedPFInject": fixed}
    held = {
        Kind.DER_CONTROL: {
            "b": Record({"id": "b", "isSuperseded": False}, None, "Reported", OTHER),
            "c": Record({"id": "c"}, None, "Reported", OTHER),
        }
    }
    kept, superseded = facts(V21, "SetDERControl", asked, OK | {"supersededIds": ["b", "unknown", "c"]}, held)
    assert (kept.key, kept.state) == ("c", "Accepted")
    assert kept.content == {
        "id": "c",
        "type": "fixedPFInject",
        "controlType": "FixedPFInject",
        "isDefault": False,
        "isSuperseded": False,
        "fixedPFInject": fixed,
    }
    assert (superseded.key, superseded.state, superseded.command_id) == ("b", "Superseded", OTHER)
    assert superseded.content == {"id": "b", "isSuperseded": True}


CONTROLS = {
    Kind.DER_CONTROL: {
        "a": Record({"isDefault": True, "type": "curve", "curveType": "VoltVar"}),
        "b": Record({"isDefault": False, "type": "curve", "controlType": "VoltWatt"}),
        "c": Record({"isDefault": False, "type": "fixedPFInject"}),
    }
}


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ({"isDefault": False}, ("b", "c")),
        ({"isDefault": True}, ("a",)),
        ({"isDefault": False, "controlType": "FixedPFInject"}, ("c",)),
        ({"isDefault": True, "controlType": "VoltVar"}, ("a",)),
        ({"isDefault": False, "controlId": "b"}, ("b",)),
        ({"isDefault": False, "controlId": "z"}, None),
    ],
)
def test_controls_are_cleared_by_id_or_by_default_and_type(asked, gone):
    expected = [] if gone is None else [(Kind.DER_CONTROL, "gone", gone)]
    for status in ("Accepted", "NotFound"):
        assert told(V21, "ClearDERControl", asked, {"status": status}, CONTROLS) == expected
    assert facts(V21, "ClearDERControl", asked, {"status": "Rejected"}, CONTROLS) == ()


def test_controls_that_are_not_found_are_gone():
    asked = {"requestId": 1, "controlId": "b"}
    assert told(V21, "GetDERControl", asked, {"status": "NotFound"}, CONTROLS) == [(Kind.DER_CONTROL, "gone", ("b",))]
    assert told(V21, "GetDERControl", {"requestId": 1}, OK, CONTROLS) == []


def test_the_streams_that_are_open_are_those_of_the_list():
    stream = {"id": 1, "variableMonitoringId": 4, "params": {"interval": 5}}
    held = {
        Kind.EVENT_STREAM: {"1": Record({"pending": 3}), "2": Record({}, state="Open"), "3": Record({}, state="Closed")}
    }
    found = facts(V21, "GetPeriodicEventStream", {}, {"constantStreamData": [stream]}, held)
    assert [(one.key, one.state) for one in found] == [("1", "Open"), ("2", "Closed")]
    assert found[0].content == stream | {"pending": 3}
    assert [one[1:] for one in told(V21, "GetPeriodicEventStream", {}, {}, held)] == [
        ("1", None, "Closed"),
        ("2", None, "Closed"),
    ]
    assert facts(V21, "GetPeriodicEventStream", {}, {"constantStreamData": "?"}, held, valid=False) == ()


def test_an_adjusted_stream_has_its_new_pace():
    held = {Kind.EVENT_STREAM: {"1": Record({"id": 1, "variableMonitoringId": 4, "params": {"interval": 5}})}}
    asked = {"id": 1, "params": {"interval": 9}}
    (adjusted,) = facts(V21, "AdjustPeriodicEventStream", asked, OK, held)
    assert adjusted.content == {"id": 1, "variableMonitoringId": 4, "params": {"interval": 9}}
    (adjusted,) = facts(V21, "AdjustPeriodicEventStream", asked, OK)
    assert (adjusted.key, adjusted.state, adjusted.content) == ("1", "Open", asked)
    assert facts(V21, "AdjustPeriodicEventStream", asked, {"status": "Rejected"}, held) == ()


def tariff(tariff_id, **more):
    return {"tariffId": tariff_id, "currency": "EUR"} | more


TARIFFS = {
    Kind.TARIFF: {
        "0:a": Record(tariff("a", tariffKind="DefaultTariff"), 0),
        "1:b": Record(tariff("b", tariffKind="DefaultTariff"), 1),
        "2:d": Record(tariff("d", tariffKind="DriverTariff"), 2),
    }
}


@pytest.mark.parametrize(
    ("evse", "more", "gone"),
    [(1, {}, ("1:b",)), (0, {}, ("0:a", "1:b")), (1, {"validFrom": LATER}, None), (2, {}, None)],
)
def test_a_default_tariff_replaces_the_one_before_unless_it_begins_later(evse, more, gone):
    found = told(V21, "SetDefaultTariff", {"evseId": evse, "tariff": tariff("n", **more)}, OK, TARIFFS)
    expected = [] if gone is None else [(Kind.TARIFF, "gone", gone)]
    assert found == [*expected, (Kind.TARIFF, f"{evse}:n", evse, "Accepted")]


def test_tariffs_are_listed_by_their_evses_with_the_prices_that_are_known():
    assigned = {"tariffId": "a", "tariffKind": "DefaultTariff", "evseIds": [1, 2]}
    found = facts(V21, "GetTariffs", {"evseId": 0}, OK | {"tariffAssignments": [assigned]}, TARIFFS)
    assert [(one.key, one.evse_id, one.content["currency"]) for one in found[:2]] == [
        ("1:a", 1, "EUR"),
        ("2:a", 2, "EUR"),
    ]
    assert found[2] == GoneFact(Kind.TARIFF, ("0:a", "1:b", "2:d"))
    assert told(V21, "GetTariffs", {"evseId": 1}, {"status": "NoTariff"}, TARIFFS) == [(Kind.TARIFF, "gone", ("1:b",))]
    assert facts(V21, "GetTariffs", {"evseId": 1}, {"status": "Rejected"}, TARIFFS) == ()


@pytest.mark.parametrize(
    ("asked", "results", "gone"),
    [
        ({"tariffIds": ["a", "b"]}, [("a", "Accepted"), ("b", "Rejected")], ("0:a",)),
        ({"tariffIds": ["a"], "evseId": 1}, [("a", "Accepted")], None),
        ({}, [("b", "Accepted"), ("d", "NoTariff")], ("1:b", "2:d")),
        ({"evseId": 2}, [(None, "NoTariff")], ("2:d",)),
        ({"tariffIds": ["b"]}, [(None, "NoTariff")], ("1:b",)),
    ],
)
def test_tariffs_are_cleared_each_for_itself(asked, results, gone):
    answer = [{"status": status} | ({"tariffId": one} if one else {}) for one, status in results]
    expected = [] if gone is None else [(Kind.TARIFF, "gone", gone)]
    assert told(V21, "ClearTariffs", asked, {"clearTariffsResult": answer}, TARIFFS) == expected


@pytest.mark.parametrize(
    ("asked", "answer", "outcome"),
    [
        ({}, {"messagesInQueue": True}, {"ongoing": None, "messages_in_queue": True}),
        (
            {"transactionId": "tx"},
            {"messagesInQueue": False, "ongoingIndicator": True},
            {"ongoing": True, "messages_in_queue": False},
        ),
    ],
)
def test_what_is_said_of_a_transaction_is_the_outcome_of_the_command(asked, answer, outcome):
    assert facts(V201, "GetTransactionStatus", asked, answer) == (CommandFact(MINE, None, outcome),)
