"""Readings in canonical units, and chargers' times (TX-14, TX-15, TX-23)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.messages import Sample
from voltring_core.domain.metering import (
    Reading,
    canonical,
    latest,
    read_number,
    read_register,
    split_unit,
    trust_times,
)
from voltring_core.domain.times import read_time, trusted

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"


def sample(value, measurand=REGISTER, minutes=0, unit=None, **more):
    unit = unit or canonical(None, None, measurand)[1]
    return Sample(NOON + timedelta(minutes=minutes), measurand, Decimal(value), unit, str(value), **more)


@pytest.mark.parametrize(
    ("unit", "wh"), [("KWH", 3600), ("kwh", 3600), ("MWh", 3_600_000), ("wh", "3.6"), (" kWh ", 3600)]
)
def test_a_unit_in_any_case_is_understood(unit, wh):
    assert canonical(Decimal("3.6"), unit, REGISTER) == (Decimal(wh), "Wh")


def test_a_register_in_a_unit_that_nobody_knows_is_never_taken_for_watt_hours():
    assert latest([sample(1000), sample(3, minutes=1, unit="furlong")]).register_wh == Decimal(1000)


@pytest.mark.parametrize(("raw", "wh"), [("1000 Wh", 1000), ("1,5 kWh", 1500), (7, 7), ("3 A", None), (None, None)])
def test_a_meter_start_may_carry_its_unit(raw, wh):
    assert read_register(raw) == (None if wh is None else Decimal(wh))


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("12.5", "12.5"),
        (" 12 ", "12"),
        ("1,5", "1.5"),
        ("-3", "-3"),
        ("1e3", "1000"),
        (0, "0"),
        (12.5, "12.5"),
        ("0.1234567890123", "0.123456789"),
        ("999999999999999999", "999999999999999999"),
    ],
)
def test_a_number_is_read_as_chargers_write_it(raw, number):
    assert read_number(raw) == Decimal(number)


@pytest.mark.parametrize(
    "raw", ["", "abc", "1,2,3", "1,234.5", "nan", "inf", "-Infinity", "sNaN", "1e18", "1e9999999", None, True, [], {}]
)
def test_what_is_no_number_is_none(raw):
    assert read_number(raw) is None


@given(st.text() | st.floats() | st.integers())
def test_any_number_is_small_enough_to_be_kept_exactly(raw):
    number = read_number(raw)
    assert number is None or (abs(number) < Decimal(10) ** 18 and number.as_tuple().exponent >= -9)


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("1.5 kWh", ("1.5", "kWh")),
        ("230V", ("230", "V")),
        ("50 %", ("50", "%")),
        ("12", ("12", None)),
        ("1e3", ("1e3", None)),
        ("nan", ("nan", None)),
        ("a 1 b", ("a 1 b", None)),
    ],
)
def test_a_unit_behind_the_number_is_split_off(raw, parts):
    assert split_unit(raw) == parts


@pytest.mark.parametrize(
    ("value", "unit", "measurand", "canonical_value", "canonical_unit"),
    [
        ("1.5", "kWh", REGISTER, "1500", "Wh"),
        ("1.5", "Wh", REGISTER, "1.5", "Wh"),
        ("1.5", None, REGISTER, "1.5", "Wh"),
        ("1.5", "", REGISTER, "1.5", "Wh"),
        ("11", "kW", POWER, "11000", "W"),
        ("11", None, POWER, "11", "W"),
        ("16", None, "Current.Import", "16", "A"),
        ("230", None, "Voltage", "230", "V"),
        ("80", None, "SoC", "80", "Percent"),
        ("20", "Celcius", "Temperature", "20", "Celsius"),
        ("5", "furlong", "Speed", "5", "furlong"),
    ],
)
def test_a_value_is_brought_to_its_canonical_unit(value, unit, measurand, canonical_value, canonical_unit):
    assert canonical(Decimal(value), unit, measurand) == (Decimal(canonical_value), canonical_unit)


def test_an_unreadable_value_keeps_its_unit():
    assert canonical(None, "kWh", REGISTER) == (None, "Wh")


def test_the_latest_total_counts_whatever_the_order():
    reading = latest([sample(300, minutes=2), sample(100), sample(200, minutes=1)])
    assert (reading.register_wh, reading.register_at) == (Decimal(300), NOON + timedelta(minutes=2))


def test_phases_are_never_added_to_their_total():
    phases = [sample(10, POWER, phase=phase) for phase in ("L1", "L2", "L3")]
    assert latest([sample(31, POWER), *phases]).power_w == Decimal(31)


def test_all_phases_of_one_time_make_the_total_that_is_missing():
    registers = [sample(1000, phase=phase) for phase in ("L1-N", "L2-N", "L3-N")]
    assert latest(registers).register_wh == Decimal(3000)


@pytest.mark.parametrize("phases", [["L1"], ["L1", "L2"], ["L1", "L2", "N"]])
def test_some_phases_make_no_total(phases):
    assert latest([sample(10, POWER, phase=phase) for phase in phases]) == Reading()


def test_phases_of_different_times_make_no_total():
    moments = [sample(10, POWER, minutes=number, phase=f"L{number}") for number in (1, 2, 3)]
    assert latest(moments) == Reading()


@pytest.mark.parametrize(("location", "counts"), [(None, True), ("Outlet", True), ("Inlet", False), ("EV", False)])
def test_only_the_outlet_is_what_the_driver_pays_for(location, counts):
    assert (latest([sample(5, location=location)]).register_wh is not None) is counts


def test_state_of_charge_comes_from_the_car():
    assert latest([sample(55, "SoC", location="EV")]).soc_percent == Decimal(55)


def test_the_reading_at_the_begin_is_the_first_wherever_it_stands():
    samples = [sample(90, context="Sample.Periodic"), sample(80, context="Transaction.Begin"), sample(99, minutes=1)]
    assert latest(samples).first_wh == Decimal(80)
    assert latest(samples[::2]).first_wh == Decimal(90)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00.000Z", NOON),
        ("2026-01-01T13:00:00+01:00", NOON),
        ("2026-01-01T12:00:00", NOON),
        (" 2026-01-01 12:00:00 ", NOON),
        ("garbage", None),
        ("", None),
        (None, None),
        (1767268800, None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_a_time_is_read_leniently_and_always_in_utc(text, at):
    assert read_time(text) == at


@pytest.mark.parametrize(
    ("at", "replaced"),
    [
        (NOON, False),
        (NOON - timedelta(days=400), False),
        (NOON + timedelta(minutes=5), False),
        (NOON + timedelta(minutes=6), True),
        (datetime(2014, 12, 31, tzinfo=UTC), True),
        (None, True),
    ],
)
def test_a_time_that_cant_be_right_is_replaced_by_the_receipts(at, replaced):
    assert trusted(at, NOON) == ((NOON, True) if replaced else (at, False))


def test_readings_from_the_future_or_the_seventies_are_dated_by_their_receipt():
    samples = (sample(1), sample(2, minutes=60 * 24 * 365), sample(3, minutes=-60 * 24 * 365 * 40))
    assert [one.at for one in trust_times(samples, NOON)] == [NOON] * 3
    assert [one.value for one in trust_times(samples, NOON)] == [1, 2, 3]
    good = (sample(1), sample(2, minutes=1))
    assert trust_times(good, NOON) is good
