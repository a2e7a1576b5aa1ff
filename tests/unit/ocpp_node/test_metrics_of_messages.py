"""What a node counts of messages, groups and sessions, from the code that handles them."""

import asyncio
import contextlib
import json
import time
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from metric_moves import Moves

from voltring_core.domain.chargers import Admission, Charger, Intervals
from voltring_core.domain.messages import Registration
from voltring_core.domain.session import Transaction, TransactionState
from voltring_core.metrics.messages import FLAG_WORDS
from voltring_core.ocpp.versions import Version
from voltring_node import keeping, timing
from voltring_node.connection import RESULT_REFUSED, Connection
from voltring_node.counting import count_group
from voltring_node.deciding import FAULT, REPEAT, Asked, Decided
from voltring_node.facts import TransactionFact
from voltring_node.journal import MALFORMED, STRAY
from voltring_node.recorder import POISON, Recorder
from voltring_node.terms import Terms

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
MESSAGES = "voltring_node_messages_total"
ACKNOWLEDGED = "voltring_node_acknowledgement_seconds"


class Socket:
    """Its last byte came some seconds ago."""

    def __init__(self, seconds_ago=0.0):
        self.heard_at = time.monotonic() - seconds_ago

    def send_now(self, text):
        return True

    def hold(self, full):
        pass


class Waiting:
    """A recorder that commits when it is told to."""

    is_behind = False

    def __init__(self):
        self.done = None

    def submit(self, asked, done):
        self.done = done

    def keep(self, asked):
        pass


def charger_says(action, payload, *, version=Version.V16, seconds_ago=0.0, kind=2):
    """A charger's frame arrives; the recorder that may have it."""
    charger = Charger("CP-1", Admission.REGISTERED, None, registration=Registration.ACCEPTED)
    recorder, ignore = Waiting(), [lambda *_: None] * 4
    made = Connection(Socket(seconds_ago), charger, version, "id", recorder, Terms(Intervals(), 3), *ignore)
    made._receive(json.dumps([kind, "1", action, payload]))
    return recorder


def committed(reply):
    return Decided(asked=None, reply=reply)


def test_a_call_counts_as_answered_once_its_answer_is_written_and_takes_as_long_as_since_its_frame_came():
    moves = Moves()
    recorder = charger_says("StatusNotification", STATUS, seconds_ago=3.0)
    assert moves.moved(MESSAGES) == {}
    recorder.done(committed('[3,"1",{}]'))
    assert moves.moved(MESSAGES) == {("StatusNotification", "answered", "1.6"): 1}
    assert moves.of(f"{ACKNOWLEDGED}_count", version="1.6") == 1
    assert moves.of(f"{ACKNOWLEDGED}_sum", version="1.6") >= 3
    assert moves.of(f"{ACKNOWLEDGED}_bucket", version="1.6", le="2.5") == 0
    assert moves.of("voltring_node_handling_seconds_count") == 1


def test_what_is_answered_at_once_counts_at_once():
    moves = Moves()
    charger_says("Heartbeat", {}, version=Version.V201)
    assert moves.moved(MESSAGES) == {("Heartbeat", "answered", "2.0.1"): 1}
    assert moves.of(f"{ACKNOWLEDGED}_count", version="2.0.1") == 1


def test_an_action_that_nobody_knows_is_other_and_refused_by_its_code():
    moves = Moves()
    charger_says("MakeCoffee", {})
    assert moves.moved(MESSAGES) == {("other", "refused", "1.6"): 1}
    assert sum(moves.moved("voltring_node_call_errors_total").values()) == 1


def test_what_is_not_committed_in_time_is_unanswered_and_no_acknowledgement():
    moves = Moves()
    charger_says("StatusNotification", STATUS).done(None)
    assert moves.moved(MESSAGES) == {("StatusNotification", "unanswered", "1.6"): 1}
    assert moves.of(f"{ACKNOWLEDGED}_count", version="1.6") == 0


def test_a_fault_of_ours_that_the_charger_is_told_of_is_refused():
    moves = Moves()
    charger_says("StatusNotification", STATUS).done(object())
    assert moves.moved(MESSAGES) == {("StatusNotification", "refused", "1.6"): 1}
    assert moves.of("voltring_node_faults_total", of="message") == 1


def test_a_send_is_kept_and_nobody_waits_for_an_answer():
    moves = Moves()
    charger_says("NotifyPeriodicEventStream", {}, version=Version.V21, kind=6)
    assert moves.moved(MESSAGES) == {("NotifyPeriodicEventStream", "kept", "2.1"): 1}
    assert moves.of(f"{ACKNOWLEDGED}_count", version="2.1") == 0


class Pool:
    """PostgreSQL that takes everything and knows nothing."""

    @contextlib.asynccontextmanager
    async def acquire(self):
        yield self

    @contextlib.asynccontextmanager
    async def transaction(self):
        yield

    async def fetch(self, statement, *values):
        return [{"id": number + 1} for number in range(values[0])] if "nextval" in statement else []

    async def fetchval(self, statement, *values):
        return 1

    async def execute(self, statement, *columns):
        pass

    async def copy_records_to_table(self, table, *, columns, records):
        pass


class Publisher:
    def committed(self, group):
        pass


async def test_each_group_tells_its_phases_its_size_and_how_long_its_oldest_message_waited(start16):
    moves, stop = Moves(), asyncio.Event()
    recorder = Recorder(Pool(), Publisher(), window=0.0, most=50, patience=60.0)
    asked = [start16(charger=f"CP-{number}", message_id=str(number)) for number in range(3)]
    waits = [asyncio.ensure_future(recorder.record(one)) for one in asked]
    await asyncio.sleep(0)
    stop.set()
    await recorder.run(stop)
    assert None not in await asyncio.gather(*waits)
    base = "voltring_node_commit"
    assert moves.of(f"{base}_group_size_count") == 1
    assert moves.of(f"{base}_group_size_sum") == 3
    assert moves.of(f"{base}_seconds_count") == moves.of(f"{base}_wait_seconds_count") == 1
    assert 0 <= moves.of(f"{base}_wait_seconds_sum") < 60
    phases = moves.moved(f"{base}_phase_seconds_count")
    assert phases == {(phase,): 1 for phase in ("acquire", "read", "decide", "write", "commit")}
    whole = sum(moves.moved(f"{base}_phase_seconds_sum").values())
    assert whole == pytest.approx(moves.of(f"{base}_seconds_sum"))
    assert moves.of("voltring_node_sessions_started_total", version="1.6") == 3


def group_of(transaction, *, flags=(), own_flags=(), start16):
    asked = start16()
    message = replace(asked.message, flags=own_flags)
    return [Decided(Asked(message), None, facts=(TransactionFact(transaction),), flags=flags)]


def test_a_session_counts_once_at_its_start_and_its_end_and_its_energy_as_it_comes(start16):
    began = Transaction(uuid4(), "CP-1", "1.6", "7", TransactionState.ACTIVE)
    moved = replace(began, energy_wh=Decimal("1500.5"))
    ended = replace(moved, energy_wh=Decimal(4000), state=TransactionState.ENDED)
    moves = Moves()
    count_group(group_of(began, start16=start16), {})
    count_group(group_of(moved, start16=start16), {began.id: began})
    count_group(group_of(moved, start16=start16), {began.id: moved})
    count_group(group_of(ended, start16=start16), {began.id: moved})
    count_group(group_of(ended, start16=start16), {began.id: ended})
    assert moves.of("voltring_node_sessions_started_total", version="1.6") == 1
    assert moves.of("voltring_node_sessions_ended_total", version="1.6") == 1
    assert moves.of("voltring_node_energy_wh_total", version="1.6") == 4000


def test_energy_that_is_corrected_downwards_is_not_taken_back_and_an_orphan_is_no_session(start16):
    was = Transaction(uuid4(), "CP-1", "1.6", "7", TransactionState.ACTIVE, energy_wh=Decimal(900))
    less = replace(was, energy_wh=Decimal(400))
    orphan = Transaction(uuid4(), "CP-1", "1.6", "8", TransactionState.ORPHAN)
    moves = Moves()
    count_group(group_of(less, start16=start16), {was.id: was})
    count_group(group_of(orphan, start16=start16), {})
    assert moves.of("voltring_node_energy_wh_total", version="1.6") == 0
    assert moves.of("voltring_node_sessions_started_total", version="1.6") == 0


def test_flags_count_by_their_words_and_those_of_vendors_quirks_as_other(start16):
    moves = Moves()
    session = Transaction(uuid4(), "CP-1", "1.6", "7", TransactionState.ACTIVE)
    count_group(group_of(session, flags=(REPEAT,), own_flags=("a_quirk_of_somebody",), start16=start16), {})
    assert moves.moved("voltring_node_flagged_messages_total") == {("repeat",): 1, ("other",): 1}


def test_the_words_of_flags_are_those_of_the_code():
    assert {FAULT, MALFORMED, POISON, REPEAT, RESULT_REFUSED, STRAY, keeping.LATE} <= set(FLAG_WORDS)


def test_a_command_tells_how_long_it_waited_when_it_is_taken_for_the_first_time():
    moves, name = Moves(), "voltring_node_command_hop_seconds"
    timing.count_wait({"attempts": 1, "waited_s": 2.5})
    timing.count_wait({"attempts": 2, "waited_s": 30.0})
    assert (moves.of(f"{name}_count", hop="queued"), moves.of(f"{name}_sum", hop="queued")) == (1, 2.5)
