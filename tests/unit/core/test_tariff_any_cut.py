"""Prices hold whatever the tariff and however the session is cut into spans."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from tariff_making import tariff

from voltring_core.domain.tariffs import Kind, Price, Tariff, price
from voltring_core.domain.tariffs.currencies import minor_unit
from voltring_core.domain.tariffs.model import DAYS
from voltring_core.domain.usage import Span, Usage

PARTS = 64
"""A span can be cut at any 64th of it, exactly: its length is a multiple of 64 microseconds."""
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30]))
PRICES = st.one_of(st.just("0"), st.decimals("0.0001", 2, places=4).map(str))


@st.composite
def conditions(draw: Any, kind: Kind) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    start, end = draw(st.none() | TIMES), draw(TIMES)
    if start is not None and start != end:
        asked |= {"start_time_of_day": start, "end_time_of_day": end}
    if draw(st.booleans()):
        asked["days_of_week"] = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=5, unique=True))
    if kind is not Kind.FIXED_FEE:
        least = draw(st.integers(0, 5))
        limits = {
            "min_energy_kwh": least,
            "max_energy_kwh": least + draw(st.integers(1, 10)),
            "min_minutes": least * 20,
            "max_minutes": least * 20 + draw(st.integers(1, 200)),
        }
        asked |= {name: limit for name, limit in limits.items() if draw(st.integers(0, 3)) == 0}
    return asked


@st.composite
def components(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(Kind)))
    made: dict[str, Any] = {"kind": kind.value, "price": draw(PRICES), "conditions": draw(conditions(kind))}
    if kind is Kind.ENERGY:
        made["step_wh"] = draw(st.sampled_from([None, 1, 100, 1000]))
    elif kind is not Kind.FIXED_FEE:
        made["step_seconds"] = draw(st.sampled_from([None, 1, 60, 900]))
    if kind is Kind.IDLE_TIME:
        made["grace_minutes"] = draw(st.sampled_from([None, 5, 15]))
    return made


@st.composite
def tariffs(draw: Any) -> Tariff:
    limits = draw(st.sampled_from([{}, {"min_cost": "5"}, {"max_cost": "3"}, {"min_cost": "1", "max_cost": "2"}]))
    taxes = draw(st.lists(st.decimals(0, 100, places=2).map(str), max_size=3))
    return tariff(
        *draw(st.lists(components(), max_size=8)),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        taxes=[{"name": f"Tax {place}", "percent": percent} for place, percent in enumerate(taxes)],
        prices_include_tax=draw(st.booleans()),
        **limits,
    )


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo)
STARTS = st.datetimes(datetime(2026, 3, 28), datetime(2026, 10, 26), timezones=st.just(ZoneInfo("UTC")))
SPANS = st.lists(
    st.tuples(st.integers(0, 2**27), st.decimals(0, 9000, places=3), st.booleans()), min_size=1, max_size=6
)


@st.composite
def usages(draw: Any) -> Usage:
    """Sessions of up to thirteen hours; lengths in 64 microseconds."""
    at = start = draw(STARTS)
    spans = []
    for length, energy_wh, is_idle in draw(SPANS):
        ends = at + timedelta(microseconds=length * PARTS)
        spans.append(Span(at, ends, energy_wh, is_idle))
        at = ends
    return Usage(start, at, sum((span.energy_wh for span in spans), Decimal(0)), tuple(spans))


def halved(span: Span, part: int) -> tuple[Span, Span]:
    """The span, cut at so many 64ths of it, with that share of its energy: exactly."""
    middle = span.begins + (span.ends - span.begins) / PARTS * part
    energy_wh = span.energy_wh * part / PARTS
    assert Fraction(energy_wh) == Fraction(span.energy_wh) * part / PARTS
    return (
        Span(span.begins, middle, energy_wh, span.is_idle),
        Span(middle, span.ends, span.energy_wh - energy_wh, span.is_idle),
    )


@given(usages(), tariffs(), ZONES, st.lists(st.integers(0, PARTS), min_size=6, max_size=6))
def test_cutting_spans_in_two_changes_nothing(session: Usage, by: Tariff, zone: ZoneInfo, parts: list[int]) -> None:
    pieces = [piece for span, part in zip(session.spans, parts, strict=False) for piece in halved(span, part)]
    cut = Usage(session.started_at, session.ended_at, session.energy_wh, tuple(pieces))
    # Every line, quantity, period and total: what is rounded is the exact sum, and it is the same.
    assert price(cut, by, zone) == price(session, by, zone)


@given(usages(), tariffs(), ZONES)
def test_lines_and_taxes_add_up_to_the_total_and_nothing_is_negative(
    session: Usage, by: Tariff, zone: ZoneInfo
) -> None:
    found = price(session, by, zone)
    paid = sum(line.amount for line in found.lines)
    assert paid == (found.total if by.prices_include_tax else found.net)
    assert found.net + found.tax == found.total
    assert sum(tax.amount for tax in found.taxes) == found.tax
    assert min(found.net, found.tax, found.total) >= 0
    assert all(line.amount >= 0 and line.quantity >= 0 for line in found.lines if line.what != "max_cost")
    assert paid >= (by.min_cost or 0)
    assert by.max_cost is None or paid <= by.max_cost
    assert not any(amount % minor_unit(by.currency) for amount in (found.net, found.tax, found.total))


@given(usages(), tariffs(), ZONES)
def test_every_line_is_its_quantity_times_its_price(session: Usage, by: Tariff, zone: ZoneInfo) -> None:
    unit = minor_unit(by.currency)
    for line in price(session, by, zone).lines:
        assert abs(line.quantity * line.unit_price - line.amount) <= unit / 2
        assert line.begins <= line.ends
        assert line.component is None or line.used == 1 or sum(one.quantity for one in line.periods) <= line.used + 1


@given(usages(), tariffs(), ZONES)
def test_no_energy_and_no_time_is_paid_twice(session: Usage, by: Tariff, zone: ZoneInfo) -> None:
    found = price(session, by, zone)
    idle = sum(((span.ends - span.begins) for span in session.spans if span.is_idle), timedelta())
    whole = {
        "energy": Fraction(session.energy_wh) / 1000,
        "idle_time": Fraction(idle // timedelta(microseconds=1), 60_000_000),
        "charging_time": Fraction(
            (session.ended_at - session.started_at - idle) // timedelta(microseconds=1), 60_000_000
        ),
    }
    for kind, most in whole.items():
        used = sum(line.used for line in found.lines if line.what == kind)
        assert used <= most + Fraction(8, 1_000_000)  # each line's is stated to six decimals


@given(usages(), tariffs(), ZONES)
def test_a_session_that_goes_on_never_gets_cheaper(session: Usage, by: Tariff, zone: ZoneInfo) -> None:
    totals = []
    for known in range(len(session.spans) + 1):
        spans = session.spans[:known]
        ends = spans[-1].ends if spans else session.started_at
        energy_wh = sum((span.energy_wh for span in spans), Decimal(0))
        totals.append(price(Usage(session.started_at, ends, energy_wh, spans), by, zone).total)
    assert totals == sorted(totals)


@given(usages(), st.sampled_from([1, 60, 600, 3600]), st.sampled_from([1, 100, 1000]))
def test_of_one_price_exactly_the_steps_that_have_begun_are_paid(session: Usage, seconds: int, wh: int) -> None:
    by = tariff(
        {"kind": "charging_time", "price": "1", "step_seconds": seconds},
        {"kind": "energy", "price": "1", "step_wh": wh},
    )
    charging = sum((span.ends - span.begins for span in session.spans if not span.is_idle), timedelta())
    begun = {
        "charging_time": Decimal(-(-charging // timedelta(seconds=seconds)) * seconds) / 60,
        "energy": Decimal(-(-Fraction(session.energy_wh) // wh) * wh) / 1000,
    }
    lines = price(session, by, ZoneInfo("UTC")).lines
    assert {str(line.what): line.quantity for line in lines} == {
        what: round(quantity, 6) for what, quantity in begun.items() if quantity
    }


# Minute by minute, in plain words: what is used in each minute is paid by the first component that fits its beginning.

RATES = st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0, 100]), st.booleans()), min_size=1, max_size=5)


def is_in_window(asked: dict[str, Any], wall: datetime) -> bool:
    day, shown = wall.weekday(), f"{wall:%H:%M}"
    if "start_time_of_day" in asked:
        start, end = asked["start_time_of_day"], asked["end_time_of_day"]
        if start < end and not start <= shown < end:
            return False
        if start > end and end <= shown < start:
            return False
        if start > end and shown < end:
            day = (day - 1) % 7
    return "days_of_week" not in asked or DAYS[day] in asked["days_of_week"]


def paid_by(one: dict[str, Any], minute: int, energy_wh: int, idle: int, is_idle: bool, wall: datetime) -> bool:
    asked = one["conditions"]
    if one["kind"] in ("charging_time", "idle_time") and (one["kind"] == "idle_time") != is_idle:
        return False
    if one["kind"] == "idle_time" and idle < (one["grace_minutes"] or 0):
        return False
    return (
        asked.get("min_minutes", 0) <= minute < asked.get("max_minutes", 10**9)
        and asked.get("min_energy_kwh", 0) * 1000 <= energy_wh < asked.get("max_energy_kwh", 10**9) * 1000
        and is_in_window(asked, wall)
    )


@settings(max_examples=200)
@given(RATES, st.lists(components(), max_size=6), ZONES, st.integers(0, 1440 * 212))
def test_a_price_is_what_counting_minute_by_minute_comes_to(
    rates: list[tuple[int, int, bool]], asked: list[dict[str, Any]], zone: ZoneInfo, start: int
) -> None:
    asked = [
        one | ({"step_wh": None} if one["kind"] == "energy" else {}) for one in asked if one["kind"] != "fixed_fee"
    ]
    asked = [one | ({"step_seconds": None} if one["kind"] != "energy" else {}) for one in asked]
    begins = at = datetime(2026, 3, 28, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=start)
    spans, used = [], dict.fromkeys(range(len(asked)), 0)
    minute = energy_wh = idle = 0
    for minutes, rate, is_idle in rates:
        spans.append(Span(at, at + timedelta(minutes=minutes), Decimal(minutes * rate), is_idle))
        for _ in range(minutes):
            wall = at.astimezone(zone)
            for kind, quantity in (("energy", rate), ("idle_time" if is_idle else "charging_time", 1)):
                fits = (
                    place
                    for place, one in enumerate(asked)
                    if one["kind"] == kind and paid_by(one, minute, energy_wh, idle, is_idle, wall)
                )
                place = next(fits, None)
                if place is not None:
                    used[place] += quantity
            at += timedelta(minutes=1)
            minute, energy_wh, idle = minute + 1, energy_wh + rate, idle + is_idle
    found: Price = price(Usage(begins, at, Decimal(energy_wh), tuple(spans)), tariff(*asked), zone)
    counted = {line.component: line.used * (1000 if line.what == "energy" else 1) for line in found.lines}
    assert counted == {place: amount for place, amount in used.items() if amount}
