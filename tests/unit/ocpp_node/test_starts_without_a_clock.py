"""Chargers that say every session with the same impossible time (TX-02, TX-23)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from voltring_core.domain.messages import EventKind, Registration, TransactionReported
from voltring_core.domain.transactions import TransactionState, begin
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Asked, decide
from voltring_node.facts import Message
from voltring_node.knowledge import Known
from voltring_node.understanding import Understood, understand

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "1970-01-01T00:00:00Z"}


def play(known: Known, action: str, payload: dict[str, Any], minute: int) -> Any:
    """Decide one message of a charger; its answer's payload."""
    found = understand(Version.V16, Registration.ACCEPTED, Called("1", action, payload))
    assert isinstance(found, Understood)
    at = NOON + timedelta(minutes=minute)
    message = Message(
        "CP", 1, Version.V16, at, "in", "f", 2, "1", action, payload, found.said, found.natural_key, found.flags
    )
    known.fresh_ids = [minute + 100]
    return decide([Asked(message)], known, {})[0]


def number(decided: Any) -> int:
    return int(decided.reply.split('"transactionId":')[1].split(",")[0].rstrip("}]"))


def test_the_same_words_after_the_session_is_over_start_another_one_and_its_repeat_does_not() -> None:
    known = Known()
    first = number(play(known, "StartTransaction", START, 0))
    assert number(play(known, "StartTransaction", START, 1)) == first
    stop = {"transactionId": first, "meterStop": 500, "timestamp": "1970-01-01T00:00:00Z"}
    play(known, "StopTransaction", stop, 2)
    second = number(play(known, "StartTransaction", START, 3))
    assert second != first
    assert number(play(known, "StartTransaction", START, 4)) == second
    assert len(known.by_charger["CP"]) == 2


def test_a_2_x_event_without_an_id_is_an_orphan_and_nothing_runs_for_ever() -> None:
    said = TransactionReported(EventKind.UPDATED, NOON, None, 3)
    assert begin(uuid4(), "CP", "2.1", "-1", said, NOON).state is TransactionState.ORPHAN
