"""What a tariff can say, and how it is told that it says something wrong."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.tariffs import Kind, parse, serialise
from voltring_core.domain.tariffs.currencies import DECIMALS, minor_unit
from voltring_core.domain.tariffs.model import DAYS
from voltring_core.errors import Unprocessable

WHOLE: dict[str, Any] = {
    "name": "Everything",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00+01:00",
    "valid_until": "2027-01-01T00:00:00+01:00",
    "prices_include_tax": True,
    "taxes": [{"name": "VAT", "percent": "19"}, {"name": "Grid", "percent": "2.05"}],
    "components": [
        {"kind": "fixed_fee", "price": "1.00"},
        {
            "kind": "energy",
            "price": "0.49",
            "step_wh": 100,
            "conditions": {
                "start_time_of_day": "22:00",
                "end_time_of_day": "06:00",
                "days_of_week": ["Saturday", "Sunday"],
                "min_energy_kwh": "10",
                "max_energy_kwh": "20.5",
                "min_minutes": 30,
                "max_minutes": 240,
            },
        },
        {"kind": "charging_time", "price": "0.05", "step_seconds": 60},
        {"kind": "idle_time", "price": "0.10", "step_seconds": 900, "grace_minutes": 15},
    ],
    "min_cost": "2.00",
    "max_cost": "40.00",
    "text": "Nachts günstiger.",
}
ENERGY = {"kind": "energy", "price": "0.49"}


def wrong(**other: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unprocessable) as refused:
        parse(WHOLE | other)
    return [(one["field"], one["message"]) for one in refused.value.errors]


def wrong_component(**other: Any) -> list[str]:
    return [field for field, _ in wrong(components=[ENERGY | other])]


def test_a_tariff_is_read_and_written_back_equal() -> None:
    tariff = parse(WHOLE)
    assert parse(serialise(tariff)) == tariff
    assert serialise(parse(serialise(tariff))) == serialise(tariff)
    assert [one.kind for one in tariff.components] == list(Kind)
    assert serialise(tariff)["valid_from"] == "2025-12-31T23:00:00Z"


def test_a_number_is_taken_as_it_was_written() -> None:
    tariff = parse(WHOLE | {"components": [{"kind": "energy", "price": 0.1}, {"kind": "fixed_fee", "price": 3}]})
    assert [one.price for one in tariff.components] == [Decimal("0.1"), Decimal(3)]
    assert serialise(tariff)["components"][0]["price"] == "0.1"


def test_a_tariff_needs_little() -> None:
    tariff = parse({"name": "Free", "currency": "JPY", "valid_from": "2026-01-01T00:00:00Z", "components": []})
    assert (tariff.taxes, tariff.min_cost, tariff.text, tariff.prices_include_tax) == ((), None, "", False)


@pytest.mark.parametrize("missing", ["name", "currency", "valid_from", "components"])
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(Unprocessable, match=missing) as refused:
        parse({name: value for name, value in WHOLE.items() if name != missing})
    assert [one["field"] for one in refused.value.errors] == [missing]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", 5),
        ("currency", "eur"),
        ("currency", "XYZ"),
        ("valid_from", "2026-01-01T00:00:00"),
        ("valid_from", 1_700_000_000),
        ("valid_from", "0001-01-01T00:00:00Z"),
        ("valid_until", "2025-12-31T23:00:00Z"),
        ("prices_include_tax", "yes"),
        ("min_cost", "0.001"),
        ("min_cost", "-1"),
        ("max_cost", "1.99"),
        ("max_cost", "1e3"),
        ("max_cost", "١"),
        ("max_cost", True),
        ("text", "x" * 1001),
        ("taxes", [{"name": "VAT", "percent": "1"}] * 2),
        ("components", [ENERGY] * 101),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: Any) -> None:
    assert [name for name, _ in wrong(**{field: value})] == [field]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"kind": "parking"}, "kind"),
        ({"price": "-0.01"}, "price"),
        ({"price": "0.0000001"}, "price"),
        ({"price": "1234567.000000"}, "price"),
        ({"price": None}, "price"),
        ({"step_wh": 0}, "step_wh"),
        ({"step_wh": 1.5}, "step_wh"),
        ({"step_seconds": 60}, "step_seconds"),
        ({"grace_minutes": 5}, "grace_minutes"),
        ({"kind": "charging_time", "grace_minutes": 5}, "grace_minutes"),
        ({"kind": "idle_time", "step_wh": 5}, "step_wh"),
        ({"kind": "fixed_fee", "conditions": {"min_minutes": 5}}, "conditions"),
        ({"conditions": {"start_time_of_day": "22:00"}}, "conditions"),
        ({"conditions": {"start_time_of_day": "22:00", "end_time_of_day": "22:00"}}, "conditions"),
        ({"conditions": {"start_time_of_day": "22:00", "end_time_of_day": "24:00"}}, "conditions.end_time_of_day"),
        ({"conditions": {"start_time_of_day": "9:00", "end_time_of_day": "24:00"}}, "conditions.start_time_of_day"),
        ({"conditions": {"days_of_week": []}}, "conditions.days_of_week"),
        ({"conditions": {"days_of_week": ["Friday", "Friday"]}}, "conditions"),
        ({"conditions": {"days_of_week": ["friday"]}}, "conditions.days_of_week.0"),
        ({"conditions": {"min_energy_kwh": "10", "max_energy_kwh": "10"}}, "conditions"),
        ({"conditions": {"min_energy_kwh": "0.0001"}}, "conditions.min_energy_kwh"),
        ({"conditions": {"min_minutes": 20, "max_minutes": 10}}, "conditions"),
        ({"conditions": {"min_minutes": -1}}, "conditions.min_minutes"),
        ({"conditions": {"soon": True}}, "conditions.soon"),
    ],
)
def test_what_is_wrong_with_a_component_is_named_by_its_place(other: dict[str, Any], field: str) -> None:
    assert wrong_component(**other)[0] == f"components.0.{field}"


@pytest.mark.parametrize("content", [None, [], "tariff", 5])
def test_what_is_no_object_is_refused(content: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse(content)
    assert [one["field"] for one in refused.value.errors] == ["tariff"]


def test_each_currency_has_its_minor_unit() -> None:
    found = {code: str(minor_unit(code)) for code in ("JPY", "EUR", "KWD", "CLF")}
    assert found == {"JPY": "1", "EUR": "0.01", "KWD": "0.001", "CLF": "0.0001"}
    assert all(len(code) == 3 and code.isupper() for code in DECIMALS)
    with pytest.raises(KeyError):
        minor_unit("XXX")


MONEY = st.decimals(0, 100_000, places=2).map(str)
PRICES = st.decimals(0, 1000, places=6).map(str)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "days_of_week": st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
        "min_energy_kwh": st.decimals(0, 10, places=3).map(str),
        "max_energy_kwh": st.decimals(11, 1000, places=3).map(str),
        "min_minutes": st.integers(0, 60),
        "max_minutes": st.integers(61, 1000),
    },
)
COMPONENTS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("energy"), "price": PRICES, "conditions": CONDITIONS},
        optional={"step_wh": st.integers(1, 1000)},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("idle_time"), "price": PRICES, "conditions": CONDITIONS},
        optional={"step_seconds": st.integers(1, 3600), "grace_minutes": st.integers(0, 100)},
    ),
)


@given(st.lists(COMPONENTS, max_size=5), MONEY, st.text(max_size=50))
def test_every_tariff_is_written_back_equal(components: list[Any], least: str, text: str) -> None:
    tariff = parse(WHOLE | {"components": components, "min_cost": least, "max_cost": None, "text": text})
    assert parse(serialise(tariff)) == tariff
