"""What speaks for and against a session that something may belong to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.weighing import weigh

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def session(number: int = 1, **more: Any) -> Transaction:
    """It runs since 11:00 on EVSE 1, from 1,000 Wh, and was at 3,000 Wh at 11:50."""
    known = {
        "state": TransactionState.ACTIVE,
        "evse_id": 1,
        "id_token": "TAG",
        "started_at": NOON - timedelta(hours=1),
        "start_received_at": NOON - timedelta(hours=1),
        "meter_start_wh": Decimal(1000),
        "register_wh": Decimal(3000),
        "register_at": NOON - timedelta(minutes=10),
    }
    return Transaction(UUID(int=number), "CP", "1.6", str(number), **(known | more))


def stop(**more: Any) -> Transaction:
    """A stop at noon and at 4,000 Wh, without a place."""
    known = {
        "state": TransactionState.ORPHAN,
        "evse_id": None,
        "started_at": None,
        "ended_at": NOON,
        "meter_start_wh": None,
        "meter_stop_wh": Decimal(4000),
        "register_wh": None,
        "register_at": None,
        "flags": ("unknown_transaction",),
    }
    return session(99, **(known | more))


def reasons(found: Transaction, one: Transaction) -> dict[str, tuple[bool, str]]:
    (weighed,) = weigh(found, [one])
    return {each.about: (each.fits, each.says) for each in weighed.reasons}


def test_a_session_that_fits_in_everything() -> None:
    assert reasons(stop(id_token="tag", evse_id=1), session()) == {
        "token": (True, "the same id token"),
        "evse": (True, "the same EVSE"),
        "time": (True, "it ran at that time, since 2026-03-01T11:00:00Z"),
        "end": (True, "its end is not known yet"),
        "meter": (True, "the meter goes on from 1000 Wh to 4000 Wh"),
    }


@pytest.mark.parametrize(
    ("more", "about", "says"),
    [
        ({"id_token": "ELSE"}, "token", "its id token is ELSE, not TAG"),
        ({"evse_id": 2}, "evse", "it was on EVSE 2"),
        ({"started_at": NOON + timedelta(seconds=1)}, "time", "it began after that, at 2026-03-01T12:00:01Z"),
        (
            {"state": TransactionState.ENDED, "ended_at": NOON - timedelta(minutes=5), "stop_reason": "Local"},
            "time",
            "it was over before that, at 2026-03-01T11:55:00Z",
        ),
        (
            {"register_at": NOON + timedelta(minutes=1)},
            "time",
            "it was still measured after that, at 2026-03-01T12:01:00Z",
        ),
        ({"flags": ("clock",)}, "time", "the charger's clock was wrong, so that its times prove nothing"),
        (
            {"state": TransactionState.ENDED, "ended_at": NOON, "stop_reason": "Local"},
            "end",
            "it has an end of its own",
        ),
        ({"meter_start_wh": Decimal(4001)}, "meter", "its meter began at 4001 Wh, which is above 4000 Wh"),
        ({"register_wh": Decimal("4000.5")}, "meter", "its meter had reached 4000.5 Wh, which is above 4000 Wh"),
    ],
)
def test_what_does_not_fit_speaks_against_it(more: dict[str, Any], about: str, says: str) -> None:
    assert reasons(stop(evse_id=1), session(**more))[about] == (False, says)


def test_an_end_that_was_only_assumed_speaks_for_a_session() -> None:
    assumed = {"state": TransactionState.ENDED, "ended_at": NOON - timedelta(minutes=5), "flags": ("superseded",)}
    found = reasons(stop(), session(**assumed))
    assert found["end"] == (True, "its end was only assumed")
    assert found["time"][0] is True


def test_what_is_not_known_speaks_neither_for_nor_against() -> None:
    unknown = session(id_token=None, meter_start_wh=None, started_at=None)
    assert set(reasons(stop(), unknown)) == {"end"}


def test_what_fits_best_is_first_of_those_alike_the_latest_and_nothing_is_its_own_session() -> None:
    found = stop()
    poor, old, late = session(1, id_token="ELSE"), session(2), session(3, started_at=NOON - timedelta(minutes=30))
    assert [one.session.ocpp_transaction_id for one in weigh(found, [poor, old, late, found])] == ["3", "2", "1"]
