"""Whether a frame belongs to a session: by what it names, else by its EVSE and its time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from voltring_api.resources.timeline_belonging import LEAD, TAIL, Mention, Near, Of, belongs, held, mention

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
END = START + timedelta(hours=1)
OTHER = UUID(int=9)


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def of(**more: Any) -> Of:
    given = {"evse_id": 1, "token": "CARD", "remote_start_id": None, "reservation_id": None, "last_at": END}
    return Of(UUID(int=1), "7", first_at=START, **(given | more))


def near(at: float, action: str = "X", other: UUID | None = None, other_evse: int | None = None, **named: Any) -> Near:
    return Near(minutes(at), action, Mention(**named), other, other_evse)


def is_of(one: Near, *around: Near, session: Of | None = None) -> bool:
    session = session or of()
    return belongs(session, one, held(session, sorted([*around, one], key=lambda it: it.received_at)))


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"transactionId": 7, "connectorId": 2, "idTag": "Card"}, Mention("7", 2, "card")),
        ({"transactionId": 7.0}, Mention("7")),
        ({"transactionId": -1, "connectorId": 1}, Mention(None, 1)),
        ({"transactionInfo": {"transactionId": "T", "remoteStartId": 5}, "evse": {"id": 3}}, Mention("T", 3, None, 5)),
        ({"evseId": 2, "chargingProfile": {"transactionId": "T"}}, Mention("T", 2)),
        ({"idToken": {"idToken": " AB\0", "type": "X"}, "reservationId": 4}, Mention(None, None, "ab", None, 4)),
        ({"connectorStatus": "Available", "evseId": 1}, Mention(None, 1, status="Available")),
        ([], Mention()),
        ({"connectorId": "one", "idTag": 5, "evse": 1}, Mention()),
    ],
)
def test_a_payload_names_what_it_is_about(payload: Any, found: Mention) -> None:
    assert mention(payload) == found


def test_a_start_is_of_the_session_that_its_answer_names() -> None:
    assert mention({"connectorId": 1}, {"transactionId": 7, "idTagInfo": {}}).transaction == "7"


def test_what_names_the_transaction_belongs_to_it_whenever_it_comes() -> None:
    assert is_of(near(9000, transaction="7"))
    assert is_of(near(5, other=OTHER, transaction="7"))
    assert not is_of(near(5, transaction="8", evse=1))
    assert not is_of(near(5, other=OTHER, other_evse=1, evse=1))


def test_an_evse_is_held_from_the_plug_to_the_unplugging() -> None:
    freed, next_freed = near(-8, evse=1, status="Available"), near(62, evse=1, status="Available")
    around = (freed, next_freed)
    assert is_of(near(-5, evse=1), *around)
    assert is_of(near(30, evse=1), *around)
    assert is_of(near(61, evse=1), *around)
    assert is_of(next_freed, freed)
    assert not is_of(freed, next_freed)
    assert not is_of(near(-9, evse=1), *around)
    assert not is_of(near(63, evse=1), *around)
    assert not is_of(near(30, evse=2), *around)
    assert not is_of(near(30, evse=0), *around)


def test_without_a_word_of_the_plug_a_little_before_and_after_belongs() -> None:
    lead, tail = LEAD.total_seconds() / 60, TAIL.total_seconds() / 60
    assert is_of(near(1 - lead, evse=1))
    assert is_of(near(59 + tail, evse=1))
    assert not is_of(near(-lead, evse=1))
    assert not is_of(near(61 + tail, evse=1))


def test_a_session_of_the_same_evse_before_or_after_ends_what_belongs() -> None:
    before, after = near(-3, other=OTHER, other_evse=1), near(64, other=OTHER, other_evse=1)
    assert not is_of(near(-4, evse=1), before, after)
    assert is_of(near(-2, evse=1), before, after)
    assert is_of(near(63, evse=1), before, after)
    assert not is_of(near(65, evse=1), before, after)
    elsewhere = near(-3, other=OTHER, other_evse=2)
    assert is_of(near(-4, evse=1), elsewhere)


def test_while_it_runs_nothing_ends_it() -> None:
    session = of(last_at=None)
    assert is_of(near(3000, evse=1), near(20, evse=1, status="Available"), session=session)


def test_a_token_belongs_shortly_before_and_during_it_and_another_one_never() -> None:
    assert is_of(near(-5, "Authorize", token="card"))
    assert is_of(near(30, "Authorize", token="card"))
    assert not is_of(near(70, "Authorize", token="card"))
    assert not is_of(near(-20, "Authorize", token="card"))
    assert not is_of(near(-5, "Authorize", token="other"))
    assert is_of(near(-1, "RemoteStartTransaction", token="card", evse=1))
    assert not is_of(near(-1, "RemoteStartTransaction", token="card", evse=2))


def test_a_remote_start_is_joined_by_its_number_where_both_have_one() -> None:
    session = of(remote_start_id=5)
    asked = {"action": "RequestStartTransaction", "token": "card"}
    assert is_of(near(-1, remote_start_id=5, **asked), session=session)
    assert not is_of(near(-1, remote_start_id=6, **asked), session=session)


def test_a_reservation_belongs_to_the_session_that_used_it() -> None:
    assert is_of(near(-10, reservation_id=4), session=of(reservation_id=4))
    assert not is_of(near(-10, reservation_id=5, evse=1), session=of(reservation_id=4))
