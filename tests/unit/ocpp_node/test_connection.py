"""One charger's connection without a server: what is answered at once, what waits, in which order."""

import json

import pytest

from voltring_core.domain.chargers import Admission, Charger, Intervals
from voltring_core.domain.messages import Registration
from voltring_core.metrics import FAULTS
from voltring_core.ocpp.versions import Version
from voltring_node.connection import Connection
from voltring_node.deciding import FAULT
from voltring_node.sampling import total
from voltring_node.terms import Terms

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


class Recorder:
    """Takes messages; commits when it is told to."""

    def __init__(self):
        self.is_behind = False
        self.waiting = []
        self.kept = []

    def submit(self, asked, done):
        self.waiting.append((asked, done))

    def keep(self, asked):
        self.kept.append(asked)

    def commit(self, decided):
        _, done = self.waiting.pop(0)
        done(decided)


class Socket:
    """Shows what is written, and whether it is read."""

    heard_at = 0.0

    def __init__(self):
        self.written = []
        self.is_held = False

    def send_now(self, text):
        self.written.append(json.loads(text))
        return True

    def hold(self, full):
        self.is_held = full


class Decided:
    facts = ()

    def __init__(self, reply):
        self.reply = reply


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def socket():
    return Socket()


@pytest.fixture
def say(recorder, socket):
    """`say(id, action, payload)`: the charger's CALL arrives."""
    charger = Charger("CP-1", Admission.REGISTERED, None, registration=Registration.ACCEPTED)
    ignore = [lambda *_: None] * 4
    made = Connection(socket, charger, Version.V16, "connection", recorder, Terms(Intervals(), 3), *ignore)

    def arrive(message_id, action="Heartbeat", payload=None):
        made._receive(json.dumps([2, message_id, action, payload or {}]))

    return arrive


def ids(socket):
    return [frame[1] for frame in socket.written]


def test_a_heartbeat_is_answered_at_once_and_kept(say, socket, recorder):
    say("1")
    assert (ids(socket), len(recorder.kept), recorder.waiting) == (["1"], 1, [])


def test_answers_leave_after_their_commits_in_the_order_of_the_calls(say, socket, recorder):
    say("1", "StatusNotification", STATUS)
    say("2")
    say("3", "StatusNotification", STATUS)
    assert (ids(socket), len(recorder.waiting)) == ([], 1)
    recorder.commit(Decided('[3,"1",{}]'))
    assert ids(socket) == ["1", "2"]
    recorder.commit(Decided('[3,"3",{}]'))
    assert ids(socket) == ["1", "2", "3"]


def test_what_was_not_committed_is_not_answered_and_the_next_one_goes_on(say, socket, recorder):
    say("1", "StatusNotification", STATUS)
    say("2")
    recorder.commit(None)
    assert ids(socket) == ["2"]


def test_a_full_inbox_stops_the_reading_until_there_is_room(say, socket, recorder):
    say("1", "StatusNotification", STATUS)
    say("2")
    assert not socket.is_held
    say("3")
    assert socket.is_held
    recorder.commit(None)
    assert not socket.is_held
    assert ids(socket) == ["2", "3"]


@pytest.mark.parametrize("action", ["Heartbeat", "Nonsense"])
def test_while_too_much_waits_to_be_kept_even_what_acknowledges_nothing_waits(say, socket, recorder, action):
    recorder.is_behind = True
    say("1", action)
    assert (ids(socket), recorder.kept) == ([], [])
    asked, _ = recorder.waiting[0]
    recorder.commit(Decided(asked.answered))
    assert ids(socket) == ["1"]


def test_a_fault_of_ours_is_said_and_counted_and_the_next_message_goes_on(say, socket, recorder):
    before = total(FAULTS)
    say("1", "StatusNotification", STATUS)
    say("2")
    recorder.commit(object())  # without a reply: nothing that the connection can read
    assert total(FAULTS) == before + 1
    assert [frame[:3] for frame in socket.written] == [[4, "1", "InternalError"], [3, "2", socket.written[1][2]]]


def test_a_message_of_a_session_that_meets_a_fault_of_ours_is_not_refused_and_so_kept_by_the_charger(
    say, socket, recorder
):
    meter = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "1"}]}]
    before = total(FAULTS)
    say("1", "MeterValues", {"connectorId": 1, "meterValue": meter})
    say("2")
    recorder.commit(object())
    assert ids(socket) == ["2"]
    assert total(FAULTS) == before + 1
    assert [one.message.flags for one in recorder.kept if one.message.message_id == "1"] == [(FAULT,)]


@pytest.mark.parametrize("action", ["Heartbeat", "StatusNotification"])
def test_a_fault_after_the_answer_brings_the_charger_no_second_one(recorder, socket, action):
    def fail(connection):
        raise RuntimeError("commands can't be looked for")

    charger = Charger("CP-1", Admission.REGISTERED, None, registration=Registration.ACCEPTED)
    ignore = [lambda *_: None, lambda *_: None, fail, lambda *_: None]
    made = Connection(socket, charger, Version.V16, "connection", recorder, Terms(Intervals(), 3), *ignore)
    made._receive(json.dumps([2, "1", action, STATUS if action == "StatusNotification" else {}]))
    if recorder.waiting:
        recorder.commit(Decided('[3,"1",{}]'))
    assert [frame[:2] for frame in socket.written] == [[3, "1"]]
    made._receive(json.dumps([2, "2", "Heartbeat", {}]))
    assert [frame[:2] for frame in socket.written] == [[3, "1"], [3, "2"]]
