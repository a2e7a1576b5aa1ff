"""A price in words, and as JSON."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.model import Component, Conditions, Kind, Tariff
from voltring_core.domain.tariffs.pricing import MAX_COST, MIN_COST, Line, Price

WHAT = {
    Kind.FIXED_FEE.value: "Session fee",
    Kind.ENERGY.value: "Energy",
    Kind.CHARGING_TIME.value: "Charging time",
    Kind.IDLE_TIME.value: "Idle time",
    MIN_COST: "Added, up to the least that a session costs",
    MAX_COST: "Taken off, down to the most that a session costs",
}


def explain(price: Price, tariff: Tariff) -> tuple[str, ...]:
    """A sentence for each line, for each tax and for the total; local times of the price's zone."""
    return tuple(_sentences(price, tariff))


def content_of(price: Price) -> dict[str, Any]:
    """The price as JSON: decimals as strings, times in RFC 3339 (UTC)."""
    return {
        "currency": price.currency,
        "net": _plain(price.net),
        "tax": _plain(price.tax),
        "total": _plain(price.total),
        "prices_include_tax": price.prices_include_tax,
        "time_zone": price.time_zone,
        "taxes": [
            {"name": tax.name, "percent": _plain(tax.percent), "amount": _plain(tax.amount)} for tax in price.taxes
        ],
        "lines": [_line(line) for line in price.lines],
    }


def describe(component: Component) -> str:
    """When a component is paid: "from 22:00 to 06:00, up to 10 kWh"; empty for always."""
    said = [*_conditions(component.conditions)]
    if component.grace_minutes:
        said.append(f"after {component.grace_minutes} idle min")
    return ", ".join(said)


def _line(line: Line) -> dict[str, Any]:
    periods = [_period(one.begins, one.ends, one.quantity) for one in line.periods]
    decimals = ("quantity", "unit_price", "amount", "used")
    return {
        "what": str(line.what),
        "component": line.component,
        "unit": line.unit,
        **{name: _plain(getattr(line, name)) for name in decimals},
        "begins": _instant(line.begins),
        "ends": _instant(line.ends),
        "periods": periods,
    }


def _period(begins: datetime, ends: datetime, quantity: Decimal) -> Mapping[str, str]:
    return {"begins": _instant(begins), "ends": _instant(ends), "quantity": _plain(quantity)}


def _sentences(price: Price, tariff: Tariff) -> Iterator[str]:
    zone = ZoneInfo(price.time_zone)
    for line in price.lines:
        yield _told(line, tariff, price.currency, zone)
    taxes = "in it" if price.prices_include_tax else f"on {_plain(price.net)} {price.currency}"
    for tax in price.taxes:
        yield f"{tax.name} {_short(tax.percent)} % {taxes}: {_plain(tax.amount)} {price.currency}."
    yield f"Total: {_plain(price.total)} {price.currency}."


def _told(line: Line, tariff: Tariff, currency: str, zone: ZoneInfo) -> str:
    amount = f"{_plain(line.amount)} {currency}"
    if line.component is None:
        return f"{WHAT[line.what]}: {amount}."
    component = tariff.components[line.component]
    when = describe(component)
    head = WHAT[line.what] + (f" ({when})" if when else "")
    if component.kind is Kind.FIXED_FEE:
        return f"{head}: {amount}."
    sum_ = f"{_short(line.quantity)} {line.unit} x {_short(line.unit_price)} {currency} = {amount}"
    return f"{head}, {_local(line.begins, zone)} to {_local(line.ends, zone)}: {sum_}{_steps(line, component)}."


def _steps(line: Line, component: Component) -> str:
    if component.step is None:
        return ""
    unit = "Wh" if component.kind is Kind.ENERGY else "s"
    return f" (used {_short(line.used)} {line.unit}, paid per started {component.step} {unit})"


def _conditions(conditions: Conditions) -> Iterator[str]:
    if conditions.start_time_of_day is not None:
        yield f"from {conditions.start_time_of_day} to {conditions.end_time_of_day}"
    if conditions.days_of_week is not None:
        yield "on " + ", ".join(conditions.days_of_week)
    yield from _tier(conditions.min_energy_kwh, conditions.max_energy_kwh, "kWh")
    yield from _tier(conditions.min_minutes, conditions.max_minutes, "min of the session")


def _tier(least: Decimal | int | None, most: Decimal | int | None, unit: str) -> Iterator[str]:
    if least is not None:
        yield f"from {least} {unit}"
    if most is not None:
        yield f"up to {most} {unit}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _short(number: Decimal) -> str:
    """Without the zeros at its end."""
    text = _plain(number)
    return text.rstrip("0").rstrip(".") if "." in text else text
