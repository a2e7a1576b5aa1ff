"""What the handlers make of transaction messages: starts, stops, events and readings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.messages import TokenStatus
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version
from voltring_node.facts import ReadingsFact, StatusFact, TransactionFact

V16, V201, V21 = Version
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def readings(ask, *values, minutes=5, connector=1, at=None, **more):
    time = at or (NOON + timedelta(minutes=minutes)).isoformat()
    groups = [{"timestamp": time, "sampledValue": [{"value": str(value)} for value in values]}]
    payload = {"connectorId": connector, "meterValue": groups}
    return ask(V16, "MeterValues", payload | more, minutes=minutes)


def by_id(base, number):
    return base.known.transaction("CP-1", str(number))


@pytest.mark.parametrize(
    ("status", "told"), [(TokenStatus.ACCEPTED, "Accepted"), (TokenStatus.BLOCKED, "Blocked"), (None, "Invalid")]
)
def test_a_start_gets_an_id_also_when_its_tag_may_not_charge(base, start16, answer, status, told):
    if status:
        base.known.tokens["card"] = KnownToken("CARD", status, None, None)
    (decided,) = base.group(start16(tag="CarD"))
    assert answer(decided) == {"transactionId": 1, "idTagInfo": {"status": told}}
    assert base.sessions()[0].state == "Active"


def test_a_start_supersedes_what_still_runs_on_its_connector(base, start16):
    base.register("CARD")
    base.group(start16())
    (decided,) = base.group(start16(meter=9000, minutes=30))
    assert [fact.transaction.ocpp_transaction_id for fact in decided.facts] == ["1", "2"]
    old, new = by_id(base, 1), by_id(base, 2)
    assert (old.state, old.flags, old.ended_at) == ("Ended", ("superseded",), NOON + timedelta(minutes=30))
    assert (new.state, new.flags) == ("Active", ())


def test_a_start_leaves_the_other_connectors_sessions_alone(base, start16):
    base.group(start16(), start16(connector=2))
    assert [one.state for one in base.sessions()] == ["Active", "Active"]


def test_a_start_from_the_chargers_queue_does_not_end_the_session_that_began_after_it(base, start16, stop16):
    base.group(start16(minutes=60))
    base.group(start16(meter=1, minutes=0, received=61))
    assert [by_id(base, number).state for number in (1, 2)] == ["Active", "Active"]
    base.group(stop16(2, 500, minutes=50))
    assert [by_id(base, number).state for number in (1, 2)] == ["Active", "Ended"]
    assert by_id(base, 2).energy_wh == 499


def test_the_true_stop_of_a_superseded_session_still_counts(base, start16, stop16):
    base.group(start16())
    base.group(start16(meter=9000, minutes=90))
    base.group(stop16(1, 8500, minutes=60))
    assert (by_id(base, 1).energy_wh, by_id(base, 1).stop_reason) == (7500, "Local")
    assert by_id(base, 2).state == "Active"


def test_a_stop_is_answered_with_a_decision_only_when_it_shows_a_token(base, start16, stop16, answer):
    base.group(start16())
    (plain,) = base.group(stop16(1))
    (shown,) = base.group(stop16(1, idTag="CARD"))
    assert (answer(plain), answer(shown)) == ({}, {"idTagInfo": {"status": "Invalid"}})


@pytest.mark.parametrize("number", [77, 0, -1, 2**31 + 5, 2**63 - 1])
def test_a_stop_of_an_unknown_id_is_answered_and_kept_as_an_orphan(base, start16, stop16, answer, number):
    base.group(start16())
    (decided,) = base.group(stop16(number, 6000, reason="PowerLoss"))
    assert answer(decided) == {}
    running, orphan = base.sessions()
    assert (running.state, orphan.state, orphan.meter_stop_wh) == ("Active", "Orphan", 6000)


def test_a_stop_repeated_in_other_words_changes_nothing(base, start16, stop16):
    base.group(start16())
    base.group(stop16(1))
    before = by_id(base, 1)
    base.group(stop16(1, meter=7000))
    assert by_id(base, 1) == before


def test_readings_go_to_the_session_they_name_or_to_the_one_on_their_connector(base, start16, ask):
    base.group(start16(), start16(connector=2))
    for reading in (readings(ask, 1500, transactionId=1), readings(ask, 1600), readings(ask, 1700, transactionId=-1)):
        base.group(reading)
    assert [by_id(base, number).register_wh for number in (1, 2)] == [1700, None]


def test_readings_of_no_session_are_kept_with_their_evse(base, ask, answer):
    (decided,) = base.group(readings(ask, 5, transactionId=99, connector=2))
    (fact,) = decided.facts
    assert isinstance(fact, ReadingsFact)
    assert (answer(decided), fact.transaction, fact.evse_id, len(fact.samples)) == ({}, None, 2, 1)


def test_readings_after_the_end_are_kept_and_do_not_tell_the_session_anew(base, start16, stop16, ask):
    base.group(start16())
    base.group(stop16(1))
    (decided,) = base.group(readings(ask, 9999, minutes=70, transactionId=1))
    (fact,) = decided.facts
    assert isinstance(fact, ReadingsFact)
    assert fact.transaction == by_id(base, 1)


def test_a_reading_from_the_future_does_not_stop_the_register(base, start16, ask):
    base.group(start16())
    base.group(readings(ask, 1500, at="2036-01-01T00:00:00Z", transactionId=1))
    base.group(readings(ask, 1800, minutes=6, transactionId=1))
    assert (by_id(base, 1).register_wh, by_id(base, 1).energy_wh) == (1800, 800)


@pytest.mark.parametrize("version", [V201, V21])
def test_a_2x_session_from_start_to_end(base, event, answer, version):
    token = {"idToken": "CARD", "type": "ISO14443"}
    base.known.tokens["card"] = KnownToken("CARD", TokenStatus.ACCEPTED, "FLEET", None)

    def metered(value, minutes):
        at = (NOON + timedelta(minutes=minutes)).isoformat()
        return [{"timestamp": at, "sampledValue": [{"value": value, "unitOfMeasure": {"unit": "kWh"}}]}]

    group = base.group(
        event("Started", 0, version=version, idToken=token, evse={"id": 1}, meterValue=metered(1, 0)),
        event("Updated", 1, version=version, minutes=5, meterValue=metered(2.5, 5)),
        event("Ended", 2, version=version, minutes=9, meterValue=metered(3, 9), about={"stoppedReason": "Local"}),
    )
    (session,) = base.sessions()
    assert (session.state, session.energy_wh, session.evse_id, session.id_token) == ("Ended", Decimal(2000), 1, "CARD")
    assert answer(group[0])["idTokenInfo"]["status"] == "Accepted"
    assert answer(group[1]) == answer(group[2]) == {}
    assert all(is_valid(version, "TransactionEvent", answer(one), "response") for one in group)
    assert [len(one.facts) for one in group] == [2, 2, 2]


def test_a_repeated_event_brings_nothing(base, event, answer):
    first, repeat = base.group(event("Started", 0), event("Started", 0, message_id="again"))
    assert answer(first) == answer(repeat)
    assert (repeat.is_repeat, len(base.sessions())) == (True, 1)


def test_events_in_the_wrong_order_make_one_complete_session(base, event):
    token = {"idToken": "CARD", "type": "ISO14443"}
    base.group(event("Ended", 2, minutes=9))
    base.group(event("Updated", 1, minutes=5, evse={"id": 3}))
    base.group(event("Started", 0, idToken=token))
    (session,) = base.sessions()
    assert (session.state, session.evse_id, session.id_token, session.started_at) == ("Ended", 3, "CARD", NOON)


def test_a_later_start_under_an_ended_id_is_a_new_session(base, event):
    base.group(event("Started", 0), event("Ended", 1, minutes=5))
    base.group(event("Started", 0, minutes=20))
    assert [one.state for one in base.sessions()] == ["Ended", "Active"]
    assert base.known.transaction("CP-1", "tx").state == "Active"
    base.group(event("Ended", 1, minutes=30))
    assert [one.state for one in base.sessions()] == ["Ended", "Ended"]


def test_the_same_id_of_two_chargers_is_two_sessions(base, event):
    base.group(event("Started", 0, charger="CP-1"), event("Started", 0, charger="CP-2"))
    assert len(base.sessions("CP-1")) == len(base.sessions("CP-2")) == 1


def test_no_authorization_is_accepted_and_an_empty_token_is_not_decided(base, event, answer):
    free, empty = base.group(
        event("Started", 0, idToken={"idToken": "", "type": "NoAuthorization"}),
        event("Updated", 1, idToken={"idToken": "", "type": "Central"}),
    )
    assert answer(free)["idTokenInfo"]["status"] == "Accepted"
    assert answer(empty) == {}


def test_a_status_with_an_impossible_time_has_the_receipts(base, ask):
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Faulted", "timestamp": "garbage"}
    (decided,) = base.group(ask(V16, "StatusNotification", status))
    (fact,) = decided.facts
    assert isinstance(fact, StatusFact)
    assert (fact.status.status, fact.at) == ("Faulted", NOON)


def test_the_same_message_makes_the_same_session_id_each_time_it_is_tried(base, start16):
    asked = start16()
    (one,) = base.group(asked)
    (other,) = type(base)().group(asked)
    assert isinstance(one.facts[-1], TransactionFact)
    assert one.facts[-1].transaction.id == other.facts[-1].transaction.id
