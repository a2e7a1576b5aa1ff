"""A group of messages decided in order: repeats, faults, what must be known (TX-01..TX-05)."""

import json

import pytest

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.versions import Version
from voltring_node import deciding
from voltring_node.deciding import FAULT, REPEAT, Asked, needs
from voltring_node.handlers.routes import Route

V16, V201, _ = Version


def test_a_start_and_its_repeat_in_one_group_get_the_same_transaction_id(base, start16, answer):
    first, repeat = base.group(start16(message_id="1"), start16(message_id="2"))
    assert answer(first) == answer(repeat)
    assert [json.loads(one.reply)[1] for one in (first, repeat)] == ["1", "2"]
    assert (repeat.is_repeat, repeat.flags, repeat.facts) == (True, (REPEAT,), ())
    assert len(base.sessions()) == 1


def test_a_start_and_its_repeat_in_another_group_get_the_same_transaction_id(base, start16, answer):
    (first,) = base.group(start16())
    (repeat,) = base.group(start16(message_id=99))
    assert answer(first) == answer(repeat)
    assert json.loads(repeat.reply)[1] == 99
    assert (repeat.facts, len(base.sessions())) == ((), 1)


def test_a_start_that_is_repeated_in_other_words_gets_the_same_transaction_id(base, start16, answer):
    (first,) = base.group(start16())
    (again,) = base.group(start16(reservationId=5))
    assert answer(first)["transactionId"] == answer(again)["transactionId"]
    assert len(base.sessions()) == 1


def test_a_start_repeated_after_its_stop_gets_the_same_transaction_id(base, start16, stop16, answer):
    (first,) = base.group(start16())
    base.group(stop16(answer(first)["transactionId"]))
    base.replies.clear()  # older than the replies that are kept
    (again,) = base.group(start16())
    assert answer(again) == answer(first)
    assert base.sessions()[0].state == "Ended"


def test_two_starts_get_two_positive_ids(base, start16, answer):
    one, other = base.group(start16(), start16(meter=2000, connector=2))
    ids = {answer(one)["transactionId"], answer(other)["transactionId"]}
    assert len(ids) == 2
    assert all(type(number) is int and number > 0 for number in ids)


def test_the_same_words_of_two_chargers_are_two_messages(base, start16, answer):
    one, other = base.group(start16(charger="CP-1"), start16(charger="CP-2"))
    assert answer(one)["transactionId"] != answer(other)["transactionId"]
    assert not other.is_repeat


def test_a_start_its_reading_and_its_stop_may_stand_in_one_group(base, start16, stop16, ask):
    at = "2026-01-01T12:10:00Z"
    reading = {
        "connectorId": 1,
        "transactionId": 1,
        "meterValue": [{"timestamp": at, "sampledValue": [{"value": "1500"}]}],
    }
    base.group(start16(), ask(V16, "MeterValues", reading), stop16(1))
    (session,) = base.sessions()
    assert (session.state, session.register_wh, session.energy_wh) == ("Ended", 1500, 5000)


@pytest.fixture
def broken_authorize(monkeypatch):
    """A handler with a fault of ours."""

    def broken(message, said, known):
        raise ZeroDivisionError

    real = deciding.route
    monkeypatch.setattr(
        deciding,
        "route",
        lambda message: Route(broken) if message.action in ("Authorize", "StopTransaction") else real(message),
    )
    return monkeypatch


def test_a_fault_of_ours_answers_internal_error_and_leaves_the_others_alone(base, broken_authorize, ask, start16):
    before, faulty, after = base.group(
        start16(), ask(V16, "Authorize", {"idTag": "A"}, charger="CP-2", message_id="x"), start16(connector=2)
    )
    assert json.loads(faulty.reply)[:3] == [4, "x", Code.INTERNAL.value]
    assert (faulty.flags, faulty.facts) == ((FAULT,), ())
    assert all(one.reply.startswith("[3,") and one.facts for one in (before, after))


def test_a_message_of_a_session_that_meets_a_fault_of_ours_stays_unanswered(base, broken_authorize, start16, stop16):
    base.group(start16())
    (faulty,) = base.group(stop16(1))
    assert (faulty.reply, faulty.flags, faulty.facts, faulty.natural_key) == (None, (FAULT,), (), None)


def test_a_message_that_met_a_fault_of_ours_is_no_repeat_when_it_comes_again(base, broken_authorize, start16, stop16):
    base.group(start16())
    faulty, faulty_too = base.group(stop16(1), stop16(1))
    assert [one.flags for one in (faulty, faulty_too)] == [(FAULT,)] * 2
    assert faulty.natural_key is None
    broken_authorize.undo()
    (again,) = base.group(stop16(1))
    assert not again.is_repeat
    assert again.reply.startswith("[3,")
    assert base.sessions()[0].state == "Ended"


def test_what_is_only_kept_is_neither_decided_nor_known(base, start16):
    message = start16().message
    kept = Asked(message, answered="[4,1]", only_kept=True)
    (decided,) = base.group(kept)
    assert (decided.reply, decided.facts) == ("[4,1]", ())
    assert (base.sessions(), needs([kept]).keys) == ([], set())


def test_needs_asks_for_what_a_start_must_know(start16):
    wanted = needs([start16(tag="CaRd"), start16(tag="OTHER", connector=2)])
    assert wanted.chargers == {"CP-1"}
    assert wanted.tokens == {"card", "other"}
    assert (len(wanted.starts), len(wanted.keys), wanted.active, wanted.fresh_ids) == (2, 2, {"CP-1"}, 2)


def test_needs_asks_for_the_transaction_that_a_message_names(stop16, event):
    wanted = needs([stop16(42), event("Updated", 1)])
    assert wanted.transactions == {("CP-1", "42"), ("CP-1", "tx")}
    assert (wanted.fresh_ids, len(wanted.starts)) == (0, 1)  # a 1.6 stop, too, may have been said before


def test_needs_asks_nothing_for_a_status(ask):
    wanted = needs([ask(V16, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})])
    assert wanted == type(wanted)(chargers={"CP-1"})


def test_readings_ask_for_their_transaction_or_for_what_runs_on_their_evse(ask):
    group = {"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "1"}]}

    def wanted(**more):
        return needs([ask(V16, "MeterValues", {"connectorId": 1, "meterValue": [group]} | more)])

    assert wanted(transactionId=5).transactions == {("CP-1", "5")}
    assert wanted().active == wanted(transactionId=-1).active == wanted(transactionId=2**63 - 1).active == {"CP-1"}
    assert wanted(connectorId=0).active == set()
