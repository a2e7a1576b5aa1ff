"""What is known while a group is decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.messages import IdToken, TokenStatus
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_node.facts import TransactionFact
from voltring_node.knowledge import Known

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FIRST = Transaction(
    UUID(int=1), "CP-1", "2.0.1", "tx", TransactionState.ENDED, b"key", evse_id=1, start_received_at=NOON
)
SECOND = replace(
    FIRST, id=UUID(int=2), state=TransactionState.ACTIVE, start_key=None, start_received_at=NOON + timedelta(hours=1)
)


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_the_newest_session_of_an_id_is_meant_whatever_the_order_of_the_rows(order):
    known = Known()
    for one in order:
        known.put(one)
    assert known.transaction("CP-1", "tx") is SECOND
    assert known.started_by("CP-1", b"key") is FIRST
    assert known.transaction("CP-2", "tx") is None


def test_only_running_sessions_are_active_by_charger_and_evse():
    known = Known()
    known.put(FIRST)
    known.put(SECOND)
    assert known.active("CP-1") == known.active("CP-1", 1) == [SECOND]
    assert known.active("CP-1", 2) == known.active("CP-2") == []


def test_the_facts_of_a_message_are_known_to_the_next_one():
    known = Known()
    known.put(SECOND)
    ended = replace(SECOND, state=TransactionState.ENDED)
    known.learn("CP-1", [TransactionFact(ended)])
    assert known.transaction("CP-1", "tx") is ended
    assert known.active("CP-1") == []


def test_a_token_is_known_without_case():
    token = KnownToken("Card", TokenStatus.ACCEPTED, None, None)
    known = Known(tokens={"card": token})
    assert known.token(IdToken("CARD")) is known.token(IdToken("card")) is token
    assert known.token(IdToken("other")) is None
