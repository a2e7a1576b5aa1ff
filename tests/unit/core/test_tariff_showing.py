"""What is paid from now on, as a charger shows it: worked by hand in the comment beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tariff_making import NOON, component, tariff

from voltring_core.domain.tariffs import Rates, rates

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}


def shown(*components: dict[str, Any], minutes: float = 0, wh: int = 0, **more: Any) -> Rates:
    return rates(tariff(*components, **more), BERLIN, NOON, NOON + timedelta(minutes=minutes), Decimal(wh))


def test_a_price_is_shown_with_its_taxes_a_minutes_as_an_hours() -> None:
    taxes = [{"name": "VAT", "percent": "19"}, {"name": "City", "percent": "1"}]
    parts = (component("fixed_fee", "1.00"), component("energy", "0.50"), component("charging_time", "0.02"))
    # 0.50 x 1.2, 0.02 x 60 x 1.2, 1.00 x 1.2
    assert shown(*parts, taxes=taxes) == Rates(Decimal("0.6"), Decimal("1.44"), Decimal("1.2"))
    # Gross prices have them.
    gross = shown(*parts, taxes=taxes, prices_include_tax=True)
    assert gross == Rates(Decimal("0.5"), Decimal("1.2"), Decimal(1))


@pytest.mark.parametrize(("minutes", "price"), [(0, "0.45"), (8 * 60 - 1, "0.45"), (8 * 60, "0.25")])
def test_the_price_is_that_of_the_time_of_day(minutes: int, price: str) -> None:
    # Noon UTC is 14:00 in Berlin.
    found = shown(component("energy", "0.25", **NIGHT), component("energy", "0.45"), minutes=minutes)
    assert found == Rates(Decimal(price))


@pytest.mark.parametrize(("wh", "price"), [(0, "0.45"), (9_999, "0.45"), (10_000, "0.39")])
def test_the_price_is_that_of_the_tier_that_is_reached(wh: int, price: str) -> None:
    parts = component("energy", "0.45", max_energy_kwh="10"), component("energy", "0.39")
    assert shown(*parts, minutes=30, wh=wh) == Rates(Decimal(price))


def test_idle_time_is_shown_with_its_grace_the_earliest_first() -> None:
    parts = component("idle_time", "0.20", grace_minutes=60), component("idle_time", "0.10", grace_minutes=15)
    assert shown(*parts) == Rates(idle_per_hour=Decimal(6), idle_grace_minutes=15)
    assert shown(component("idle_time", "0.10", **NIGHT)) == Rates()


def test_a_fee_is_that_of_the_start() -> None:
    parts = component("fixed_fee", "2", **NIGHT), component("fixed_fee", "1")
    assert shown(*parts, minutes=9 * 60) == Rates(fee=Decimal(1))


def test_without_a_price_nothing_is_paid() -> None:
    assert shown() == Rates()
