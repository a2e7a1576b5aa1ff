"""What rows of PostgreSQL say of a session, read as its evidence."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.authorization import TOKEN_REFUSED
from voltring_core.domain.evidence import AssumedEnd
from voltring_core.domain.messages import EventKind
from voltring_core.domain.transactions import ID_REUSED, OFFLINE, Transaction, TransactionState
from voltring_core.ocpp.versions import Version
from voltring_core.store import evidence

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def event(payload, kind="Started", version=Version.V16):
    return evidence._said({"session_id": UUID(int=1), "kind": kind, "payload": payload}, version)


def session(**more):
    given = {"state": TransactionState.ENDED, "ended_at": NOON, "end_received_at": LATER} | more
    return Transaction(UUID(int=1), "CP", "1.6", "7", **given)


def test_an_event_is_read_as_the_node_read_its_message():
    said = event('{"connectorId":1,"idTag":"CARD","meterStart":5,"timestamp":"2026-01-01T12:00:00Z"}')
    assert (said.kind, said.at, said.meter_wh, said.evse_id) == (EventKind.STARTED, NOON, 5, 1)
    stop = event('{"transactionId":7,"meterStop":9,"timestamp":"2026-01-01T12:00:00Z"}', "Ended")
    assert (stop.kind, stop.transaction_id) == (EventKind.ENDED, "7")
    told = event('{"eventType":"Updated","seqNo":3,"transactionInfo":{"transactionId":"t"}}', "Updated", Version.V201)
    assert (told.kind, told.seq_no, told.transaction_id) == (EventKind.UPDATED, 3, "t")


@pytest.mark.parametrize(
    ("payload", "kind"), [("{}", "Updated"), ("[]", "Ended"), ("{", "Started"), ("null", "Started")]
)
def test_an_event_that_can_t_be_read_any_more_is_left_out(payload, kind):
    assert event(payload, kind) is None


@pytest.mark.parametrize("word", ["superseded", "abandoned"])
def test_an_end_that_was_assumed_is_taken_from_the_row(word):
    found = evidence.evidence_of(session(flags=(OFFLINE, word)), ())
    assert found.assumed_end == AssumedEnd(word, NOON, LATER)


def test_an_end_that_was_told_is_not():
    assert evidence.evidence_of(session(flags=("superseded",), stop_reason="Local"), ()).assumed_end is None
    assert evidence.evidence_of(session(), ()).assumed_end is None


def test_flags_that_no_message_tells_of_go_with_the_evidence():
    found = evidence.evidence_of(session(flags=(OFFLINE, ID_REUSED, TOKEN_REFUSED)), ())
    assert found.decided == (ID_REUSED, TOKEN_REFUSED)
