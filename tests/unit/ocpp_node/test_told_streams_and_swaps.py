"""2.1's periodic event streams and battery swaps."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.commands import State
from voltring_core.domain.messages import TokenStatus
from voltring_core.ocpp.conversation import Sent
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Asked
from voltring_node.facts import CommandFact, EventFact, Message, RecordFact, StreamFact
from voltring_node.handlers.streams import UNKNOWN_STREAM
from voltring_node.knowledge import SentCommand
from voltring_node.understanding import Registration, Understood, understand

V21 = Version.V21
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STREAM = {"id": 4, "params": {"interval": 60, "values": 10}, "variableMonitoringId": 9}


def of(kind, one):
    return [fact for fact in one.facts if isinstance(fact, kind)]


@pytest.fixture
def opened(ask, base):
    (decided,) = base.group(ask(V21, "OpenPeriodicEventStream", {"constantStreamData": STREAM}))
    return decided


@pytest.fixture
def send(base):
    """`send(data, ...)`: a NotifyPeriodicEventStream as SEND, decided."""

    def sent(data, *, stream=4, pending=0, basetime="2026-01-01T11:59:00Z", received_at=NOON):
        payload = {"id": stream, "pending": pending, "basetime": basetime, "data": data}
        action = "NotifyPeriodicEventStream"
        found = understand(V21, Registration.ACCEPTED, Sent("s", action, payload))
        assert isinstance(found, Understood), found
        message = Message(
            "CP-1",
            1,
            V21,
            received_at,
            "in",
            "",
            6,
            "s",
            action,
            found.payload,
            found.said,
            found.natural_key,
        )
        (decided,) = base.group(Asked(message))
        assert decided.reply is None
        return decided

    return sent


def test_a_stream_is_accepted_and_known_by_its_monitor(opened, answer):
    assert answer(opened) == {"status": "Accepted"}
    (record,) = of(RecordFact, opened)
    assert (record.key, record.state, record.content) == ("4", "Open", STREAM)
    assert of(EventFact, opened)[0].subject == "Open"


def test_values_stand_at_their_basetime_plus_t(opened, send):
    decided = send([{"t": 0, "v": "1"}, {"t": 1.5, "v": "2"}])
    (fact,) = of(StreamFact, decided)
    base = NOON - timedelta(minutes=1)
    assert (fact.stream_id, fact.values) == (4, ((base, "1"), (base + timedelta(seconds=1.5), "2")))
    assert of(RecordFact, decided) == []


def test_what_still_waits_is_kept_when_it_changes(opened, send):
    (record,) = of(RecordFact, send([{"t": 0, "v": "1"}], pending=7))
    assert (record.state, record.content) == ("Open", STREAM | {"pending": 7})
    assert of(RecordFact, send([{"t": 1, "v": "1"}], pending=7)) == []
    assert of(RecordFact, send([{"t": 2, "v": "1"}], pending=0))[0].content["pending"] == 0


def test_without_a_clock_the_last_value_is_of_now(opened, send):
    (fact,) = of(StreamFact, send([{"t": 5, "v": "a"}, {"t": 10, "v": "b"}], basetime="1970-01-01T00:00:00Z"))
    assert [at for at, _ in fact.values] == [NOON - timedelta(seconds=5), NOON]


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1e12])
def test_a_time_beyond_every_calendar_is_no_fault(opened, send, seconds):
    assert len(of(StreamFact, send([{"t": seconds, "v": "a"}]))) == 1


def test_values_of_a_stream_that_nobody_opened_are_flagged(send):
    decided = send([{"t": 0, "v": "1"}], stream=5)
    assert (decided.facts, decided.flags) == ((), (UNKNOWN_STREAM,))


def test_a_closed_stream_stays_known_and_its_late_values_are_kept(opened, ask, base, send):
    (decided,) = base.group(ask(V21, "ClosePeriodicEventStream", {"id": 4.0}))
    (record,) = of(RecordFact, decided)
    assert (record.key, record.state, record.content) == ("4", "Closed", STREAM)
    late = send([{"t": 0, "v": "1"}], pending=1)
    assert (len(of(StreamFact, late)), of(RecordFact, late)[0].state) == (1, "Closed")


def test_the_same_values_twice_are_kept_once(opened, send):
    send([{"t": 0, "v": "1"}])
    assert send([{"t": 0, "v": "1"}]).is_repeat


BATTERY = {"evseId": 3, "serialNumber": "B-1", "soC": 80, "soH": 95}


def swap(ask, base, kind, *, minutes=0, request_id=7):
    token = {"idToken": "Card", "type": "ISO14443"}
    payload = {"batteryData": [BATTERY], "eventType": kind, "idToken": token, "requestId": request_id}
    (decided,) = base.group(ask(V21, "BatterySwap", payload, minutes=minutes))
    return decided


def test_a_swap_is_kept_with_its_evse_and_what_is_known_of_the_token(ask, base):
    (event,) = of(EventFact, swap(ask, base, "BatteryIn"))
    assert (event.subject, event.evse_id, event.severity) == ("BatteryIn", 3, 5)
    assert event.content["tokenStatus"] == "Unknown"
    base.known.tokens["card"] = KnownToken("CARD", TokenStatus.ACCEPTED, None, None)
    (event,) = of(EventFact, swap(ask, base, "BatteryIn", request_id=8))
    assert (event.content["tokenStatus"], event.severity) == ("Accepted", 8)


@pytest.mark.parametrize(("last", "state"), [("BatteryOut", State.COMPLETED), ("BatteryOutTimeout", State.FAILED)])
def test_a_swap_that_was_asked_for_ends_with_the_batterys_leaving(ask, base, last, state):
    base.known.commands["CP-1"] = [SentCommand(UUID(int=1), "RequestBatterySwap", 7, {}, State.ACCEPTED)]
    (came,) = of(CommandFact, swap(ask, base, "BatteryIn"))
    assert (came.state, came.outcome) == (None, {"event": "BatteryIn", "batteries": ["B-1"]})
    decided = swap(ask, base, last, minutes=1)
    assert (of(CommandFact, decided)[0].state, of(EventFact, decided)[0].command_id) == (state, UUID(int=1))
    assert swap(ask, base, last, minutes=2).is_repeat
