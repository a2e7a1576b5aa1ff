"""What a driver pays from now on, per kWh and per hour, for chargers that show prices beside the cost.

Of a tariff's components those that are paid at a moment, with taxes. Steps, tiers that are yet to come and the least
that a session costs are no rate: what a session costs is said by its cost.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.choosing import PER_MINUTE, Chooser, microseconds
from voltring_core.domain.tariffs.model import Component, Kind, Tariff
from voltring_core.domain.tariffs.windows import window_of
from voltring_core.domain.values import value

MINUTES_PER_HOUR = 60
SHOWN = Decimal("0.000001")
"""As many decimals as a price may have."""


@value
class Rates:
    """Prices with taxes, in the tariff's currency; None: nothing is paid for that now."""

    per_kwh: Decimal | None = None
    per_hour: Decimal | None = None
    fee: Decimal | None = None
    idle_per_hour: Decimal | None = None
    idle_grace_minutes: int = 0


def rates(tariff: Tariff, zone: ZoneInfo, started_at: datetime, at: datetime, energy_wh: Decimal) -> Rates:
    """What is paid at `at` in a session that began at `started_at` and has taken `energy_wh`."""
    at = max(at, started_at)
    chooser = Chooser(started_at, at, tariff, zone)
    since = microseconds(at - started_at)
    charging = chooser.choose(since, energy_wh, 0, False)
    idle = _idle(chooser, tariff, since, energy_wh)
    fee = next((one for one in _fees(tariff) if window_of(one.conditions).holds(started_at.astimezone(zone))), None)
    return Rates(
        _with_taxes(tariff, _component(tariff, charging.energy), 1),
        _with_taxes(tariff, _component(tariff, charging.time), MINUTES_PER_HOUR),
        _with_taxes(tariff, fee, 1),
        _with_taxes(tariff, idle, MINUTES_PER_HOUR),
        0 if idle is None else idle.grace_minutes or 0,
    )


def _fees(tariff: Tariff) -> list[Component]:
    return [one for one in tariff.components if one.kind is Kind.FIXED_FEE]


def _idle(chooser: Chooser, tariff: Tariff, since: int, energy_wh: Decimal) -> Component | None:
    """What is paid first when the car stands idle from now on: the component whose grace is over the earliest."""
    for grace in sorted({one.grace_minutes or 0 for one in tariff.components if one.kind is Kind.IDLE_TIME}):
        chosen = chooser.choose(since, energy_wh, grace * PER_MINUTE, True).time
        if chosen is not None:
            return tariff.components[chosen]
    return None


def _component(tariff: Tariff, place: int | None) -> Component | None:
    return None if place is None else tariff.components[place]


def _with_taxes(tariff: Tariff, component: Component | None, times: int) -> Decimal | None:
    if component is None:
        return None
    price = component.price * times
    if not tariff.prices_include_tax:
        price += price * sum((tax.percent for tax in tariff.taxes), Decimal(0)) / 100
    return price.quantize(SHOWN)
