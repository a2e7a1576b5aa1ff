"""The final cost at a session's end: said where it is certain, with taxes, and left out everywhere else (I03)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tariff_making import component, tariff

from voltring_core.domain.billing_final import PricedBy, final_cost
from voltring_core.domain.evidence import AssumedEnd, Evidence, Heard
from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, END, ENERGY_REGISTER
from voltring_core.domain.tariffs import Tariff
from voltring_core.domain.transactions import ID_REUSED, START_REPLAYED, SUPERSEDED

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STARTED, UPDATED, ENDED = EventKind.STARTED, EventKind.UPDATED, EventKind.ENDED
VAT = {"taxes": [{"name": "VAT", "percent": "19"}]}
FLAT = tariff(component("fixed_fee", "0.35"), component("energy", "0.49"), **VAT)
BY_TIME = tariff(
    component("charging_time", "0.04", step_seconds=900, start_time_of_day="07:00", end_time_of_day="13:00"),
    component("charging_time", "0.02", step_seconds=900),
    component("idle_time", "0.10", step_seconds=60, grace_minutes=5),
    **VAT,
)
CARD = IdToken("CARD")


def event(kind: EventKind, number: int, minutes: float, wh: float | None = None, **more: Any) -> TransactionReported:
    at = NOON + timedelta(minutes=minutes)
    context = {STARTED: BEGIN, ENDED: END}.get(kind)
    samples = () if wh is None else (Sample(at, ENERGY_REGISTER, Decimal(str(wh)), "Wh", str(wh), context=context),)
    return TransactionReported(kind, at, "tx", number, evse_id=1, samples=samples, **more)


def heard(said: Sequence[TransactionReported], **more: Any) -> Evidence:
    found = tuple(Heard(number, one.at + timedelta(seconds=1), one) for number, one in enumerate(said))
    return Evidence(UUID(int=1), "CP", "2.0.1", "tx", found, **more)


def cost(said: Sequence[TransactionReported], by: Tariff = FLAT, *, is_registered: bool = True, **more: Any) -> Any:
    rated = more.pop("rated_power_w", None)
    return final_cost(heard(said, **more), PricedBy(by, "Europe/Berlin", is_registered, rated))


def session(end_wh: float | None = 11000, lasted: float = 60, **more: Any) -> list[TransactionReported]:
    return [
        event(STARTED, 0, 0, 1000, token=CARD, charging_state="Charging"),
        event(UPDATED, 1, lasted / 2, None if end_wh is None else (1000 + end_wh) / 2),
        event(ENDED, 2, lasted, end_wh, reason="EVDisconnected", **more),
    ]


def test_the_final_cost_of_a_session_in_order_has_its_taxes() -> None:
    # 0.35 + 10 kWh x 0.49 = 5.25 net; 19 % of it: 0.9975 -> 1.00
    assert cost(session()) == Decimal("6.25")


def test_times_of_day_steps_and_idle_times_are_counted_as_on_the_bill() -> None:
    # Noon UTC is 14:00 in Berlin. 30 min of charging: 2 quarters x 15 x 0.02 = 0.60; 30 min idle, 5 of grace:
    # 25 x 0.10 = 2.50; 3.10 net, 0.589 -> 0.59
    said = [
        event(STARTED, 0, 0, 1000, token=CARD, charging_state="Charging"),
        event(UPDATED, 1, 30, 6000, charging_state="SuspendedEV"),
        event(ENDED, 2, 60, 6000, reason="EVDisconnected"),
    ]
    assert cost(said, BY_TIME) == Decimal("3.69")


def test_a_session_that_costs_nothing_is_free_and_not_unknown() -> None:
    assert cost(session(), tariff()) == Decimal("0.00")


def test_a_session_that_took_nothing_within_a_minute_is_free() -> None:
    assert cost(session(1000, lasted=0.5)) == 0


@pytest.mark.parametrize(
    ("said", "more"),
    [
        (session()[:2], {}),  # it runs
        ([session()[0], event(ENDED, 3, 60, 11000)], {}),  # something is missing
        (session()[1:], {}),  # its start never came
        (session(500), {}),  # the meter fell
        ([event(STARTED, 0, 0, token=CARD), event(ENDED, 1, 60)], {}),  # no energy is known
        (session(9_000_000), {}),  # nothing takes so much in an hour
        (session(), {"rated_power_w": Decimal(7400)}),  # ... and this EVSE not even so much
        (session(), {"is_registered": False}),
        ([event(STARTED, 0, 0, 1000), *session()[1:]], {"is_registered": False}),  # nobody identified themselves
        ([*session(), event(UPDATED, 3, 90, 12000)], {}),  # it goes on
        ([session()[0], event(UPDATED, 1, 30, 5000), event(UPDATED, 1, 31, 6000), session()[2]], {}),  # two words
        (session(1000, lasted=0.5), {"is_registered": False}),
        (session(1000, lasted=0.5), {"decided": (START_REPLAYED,)}),
        (session()[:2], {"assumed_end": AssumedEnd(SUPERSEDED, NOON + timedelta(hours=1), NOON + timedelta(hours=1))}),
    ],
)
def test_what_is_not_certain_has_no_final_cost(said: list[TransactionReported], more: dict[str, Any]) -> None:
    assert cost(said, **more) is None


def test_what_needs_no_person_does_not_hold_it_up() -> None:
    assert cost(session(), decided=(ID_REUSED,)) == Decimal("6.25")


def test_without_a_word_of_the_session_nothing_is_said() -> None:
    assert cost([]) is None
