"""What a session costs: one line for each component that is paid, rounded once; the lines add up to the totals.

    lines       quantity x unit price, rounded half up to the currency's minor unit
    min, max    a line of its own for what is added or taken off
    taxes       on the sum of the lines, each rate rounded once
    totals      net + tax = total, exactly
A quantity is stated to six decimals (of a kWh, of a minute), and it is the stated one that is multiplied: whoever
multiplies by hand gets the same.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.choosing import MICROSECOND, PER_MINUTE, WH_PER_KWH
from voltring_core.domain.tariffs.currencies import minor_unit
from voltring_core.domain.tariffs.cutting import Piece, cut
from voltring_core.domain.tariffs.model import Component, Kind, Tariff
from voltring_core.domain.tariffs.rounding import rounded
from voltring_core.domain.tariffs.steps import Count, Use, count
from voltring_core.domain.tariffs.taxes import TaxAmount, taxed
from voltring_core.domain.tariffs.windows import window_of
from voltring_core.domain.usage import Usage
from voltring_core.domain.values import value

STATED = Decimal("0.000001")
PER_SECOND = 1_000_000
UNITS = {Kind.FIXED_FEE: "session", Kind.ENERGY: "kWh", Kind.CHARGING_TIME: "min", Kind.IDLE_TIME: "min"}
IN_UNIT = {Kind.ENERGY: WH_PER_KWH, Kind.CHARGING_TIME: PER_MINUTE, Kind.IDLE_TIME: PER_MINUTE}
MIN_COST, MAX_COST = "min_cost", "max_cost"


@value
class Period:
    """A stretch of a line: what was used in it."""

    begins: datetime
    ends: datetime
    quantity: Decimal


@value
class Line:
    """One line of a bill. `amount` is `quantity` x `unit_price`, rounded once; net or with taxes as the tariff is.

    `used` is what was used, `quantity` what is paid: more where a step has begun, less where one that began before
    is paid already. `what` is a `Kind`, or min_cost or max_cost. `component` is the place in the tariff.
    """

    what: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    begins: datetime
    ends: datetime
    used: Decimal
    component: int | None = None
    periods: tuple[Period, ...] = ()


@value
class Price:
    """What a session costs. The lines' amounts add up to `total` if prices include taxes, else to `net`."""

    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    currency: str
    taxes: tuple[TaxAmount, ...]
    prices_include_tax: bool
    time_zone: str


def price(usage: Usage, tariff: Tariff, zone: ZoneInfo) -> Price:
    """The price of a session, or of what there is of it so far, by a tariff whose times of day are those of the zone.

    Raises ValueError for spans that overlap, end before they begin or use less than nothing.
    """
    unit = minor_unit(tariff.currency)
    lines = [*_fees(usage, tariff, zone, unit), *_used(usage, tariff, zone, unit)]
    lines.sort(key=lambda line: line.component or 0)
    lines += _limits(lines, usage, tariff, unit)
    paid = _sum(lines, unit)
    taxes = taxed(paid, tariff.taxes, tariff.prices_include_tax, unit)
    tax = sum((one.amount for one in taxes), 0 * unit)
    net = paid - tax if tariff.prices_include_tax else paid
    return Price(
        tuple(lines), net, tax, net + tax, tariff.currency, taxes, tariff.prices_include_tax, zone.key or "UTC"
    )


def _fees(usage: Usage, tariff: Tariff, zone: ZoneInfo, unit: Decimal) -> Iterator[Line]:
    """The fee that the start of the session asks for."""
    at = usage.started_at
    for place, one in enumerate(tariff.components):
        if one.kind is Kind.FIXED_FEE and window_of(one.conditions).holds(at.astimezone(zone)):
            amount = rounded(Fraction(one.price), unit)
            yield Line(one.kind, Decimal(1), UNITS[one.kind], one.price, amount, at, at, Decimal(1), place)
            return


def _used(usage: Usage, tariff: Tariff, zone: ZoneInfo, unit: Decimal) -> Iterator[Line]:
    """A line for each component under which something was used."""
    pieces = list(cut(usage, tariff, zone))
    for uses in (_energy(pieces), _time(pieces, is_idle=False), _time(pieces, is_idle=True)):
        for place, counted in count(uses, _steps(tariff)).items():
            yield _line(usage.started_at, place, tariff.components[place], counted, unit)


def _energy(pieces: list[Piece]) -> list[Use]:
    return [Use(one.choice.energy, one.begins, one.ends, one.energy_wh) for one in pieces]


def _time(pieces: list[Piece], *, is_idle: bool) -> list[Use]:
    return [
        Use(one.choice.time, one.begins, one.ends, one.ends - one.begins)
        for one in pieces
        if one.choice.is_idle is is_idle
    ]


def _steps(tariff: Tariff) -> dict[int, int]:
    return {
        place: one.step if one.kind is Kind.ENERGY else one.step * PER_SECOND
        for place, one in enumerate(tariff.components)
        if one.step is not None
    }


def _line(start: datetime, place: int, one: Component, counted: Count, unit: Decimal) -> Line:
    in_unit = IN_UNIT[one.kind]
    quantity = rounded(Fraction(counted.paid) / in_unit, STATED)
    periods = tuple(_periods(start, counted, in_unit))
    return Line(
        what=one.kind,
        quantity=quantity,
        unit=UNITS[one.kind],
        unit_price=one.price,
        amount=rounded(Fraction(quantity) * Fraction(one.price), unit),
        begins=periods[0].begins,
        ends=periods[-1].ends,
        used=rounded(Fraction(counted.used) / in_unit, STATED),
        component=place,
        periods=periods,
    )


def _periods(start: datetime, counted: Count, in_unit: int) -> Iterator[Period]:
    for use in counted.stretches:
        begins, ends = (start + round(at) * MICROSECOND for at in (use.begins, use.ends))
        yield Period(begins, ends, rounded(Fraction(use.quantity) / in_unit, STATED))


def _limits(lines: list[Line], usage: Usage, tariff: Tariff, unit: Decimal) -> Iterator[Line]:
    """What is added up to the least, or taken off down to the most."""
    paid = _sum(lines, unit)
    for what, limit in ((MIN_COST, tariff.min_cost), (MAX_COST, tariff.max_cost)):
        if limit is not None and (paid < limit if what == MIN_COST else paid > limit):
            amount = rounded(Fraction(limit) - Fraction(paid), unit)
            yield Line(what, Decimal(1), "session", amount, amount, usage.started_at, usage.ended_at, Decimal(1))


def _sum(lines: list[Line], unit: Decimal) -> Decimal:
    return sum((line.amount for line in lines), 0 * unit)
