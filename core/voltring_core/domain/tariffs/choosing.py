"""Which component is paid at a moment: of each kind the first one whose conditions hold."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.model import Component, Kind, Tariff
from voltring_core.domain.tariffs.windows import Window, turns, window_of
from voltring_core.domain.values import value

MICROSECOND = timedelta(microseconds=1)
PER_MINUTE = 60_000_000
WH_PER_KWH = 1000
Exact = Fraction | int
Amount = Decimal | Fraction | int
Cut = tuple[Fraction, Exact]
"""A share of a span, and the moment that it ends at."""


@value
class Choice:
    """The components that are paid, by their places in the tariff; None: nothing is paid."""

    energy: int | None
    time: int | None
    is_idle: bool


def microseconds(length: timedelta) -> int:
    """The length, exactly."""
    return length // MICROSECOND


@value
class _Limits:
    """A component's conditions, in microseconds and Wh, ready to be asked; None: none."""

    place: int
    grace: int
    from_at: int
    to_at: int | None
    from_wh: int
    to_wh: int | None
    window: Window

    def hold(self, at: Exact, energy: Amount, idle: Exact, local: datetime) -> bool:
        return (
            idle >= self.grace
            and at >= self.from_at
            and (self.to_at is None or at < self.to_at)
            and energy >= self.from_wh
            and (self.to_wh is None or energy < self.to_wh)
            and self.window.holds(local)
        )


class Chooser:
    """Chooses for one session. Times are microseconds since its start, energies Wh since then, idle times the
    microseconds that it has been idle before."""

    def __init__(self, begins: datetime, ends: datetime, tariff: Tariff, zone: ZoneInfo) -> None:
        self._begins, self._zone = begins, zone
        self._limits: dict[Kind, list[_Limits]] = {kind: [] for kind in Kind}
        for place, one in enumerate(tariff.components):
            self._limits[one.kind].append(_limits(place, one))
        every = [one for kind, limits in self._limits.items() if kind is not Kind.FIXED_FEE for one in limits]
        local = {microseconds(at - begins) for at in turns([one.window for one in every], begins, ends, zone)}
        self._times = sorted(local | {at for one in every for at in (one.from_at, one.to_at) if at is not None})
        self._energies = sorted({wh for one in every for wh in (one.from_wh, one.to_wh) if wh is not None})
        self._idle = sorted({one.grace for one in every})
        self._known: dict[tuple[int, int, int, bool], Choice] = {}

    def cuts(
        self, begins: int, ends: int, energy: Decimal, energy_after: Decimal, idle: int, idle_after: int
    ) -> list[Cut]:
        """Where a span must be cut, in order."""
        graces = _between(self._idle, idle, idle_after)
        moments = {*_between(self._times, begins, ends), *(begins + at - idle for at in graces)}
        found: list[Cut] = [(Fraction(at - begins, ends - begins), at) for at in sorted(moments)]
        if reached := _between(self._energies, energy, energy_after):
            before, whole = Fraction(energy), Fraction(energy_after) - Fraction(energy)
            shares = [(at - before) / whole for at in reached]
            found = sorted([*found, *((share, begins + share * (ends - begins)) for share in shares)])
        return found

    def choose(self, at: Exact, energy: Amount, idle: Exact, is_idle: bool) -> Choice:
        """What is paid from this moment until the next cut."""
        reached = bisect_right(self._times, at), bisect_right(self._energies, energy), bisect_right(self._idle, idle)
        key = (*reached, is_idle)
        if key not in self._known:
            self._known[key] = self._choose(at, energy, idle, is_idle)
        return self._known[key]

    def _choose(self, at: Exact, energy: Amount, idle: Exact, is_idle: bool) -> Choice:
        local = (self._begins + int(at) * MICROSECOND).astimezone(self._zone)

        def first(kind: Kind) -> int | None:
            return next((one.place for one in self._limits[kind] if one.hold(at, energy, idle, local)), None)

        return Choice(first(Kind.ENERGY), first(Kind.IDLE_TIME if is_idle else Kind.CHARGING_TIME), is_idle)


def _limits(place: int, one: Component) -> _Limits:
    asked = one.conditions
    return _Limits(
        place,
        (one.grace_minutes or 0) * PER_MINUTE,
        (asked.min_minutes or 0) * PER_MINUTE,
        None if asked.max_minutes is None else asked.max_minutes * PER_MINUTE,
        _wh(asked.min_energy_kwh or Decimal(0)),
        None if asked.max_energy_kwh is None else _wh(asked.max_energy_kwh),
        window_of(asked),
    )


def _between(cuts: Sequence[int], first: Decimal | int, last: Decimal | int) -> Sequence[int]:
    return cuts[bisect_right(cuts, first) : bisect_left(cuts, last)]


def _wh(kwh: Decimal) -> int:
    """Limits have three decimals, so that they are whole Wh."""
    return int(kwh * WH_PER_KWH)
