"""Charging profiles: what a charger may draw at a time (SC-01, SC-02).

Per purpose the highest stack level with a period at that time counts; TxProfile replaces TxDefaultProfile; the
lowest of what is left is the limit, in W.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from voltring_loadtest.times import seconds

STATION = frozenset({"ChargePointMaxProfile", "ChargingStationMaxProfile"})
DEFAULT = "TxDefaultProfile"
TX = "TxProfile"
LEAST_AMPERE = 6.0  # below this an AC car can't charge: the limit means a pause (SC-10)
RECURRENCE = {"Daily": 86_400.0, "Weekly": 604_800.0}


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` seconds into the schedule on."""

    start: float
    limit: float
    phases: int | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A charging profile, of any version."""

    id: int
    evse: int
    stack: int
    purpose: str
    kind: str
    recurrency: str | None
    valid_from: float
    valid_to: float
    start: float | None
    duration: float
    unit: str
    periods: tuple[Period, ...]
    source: dict[str, Any]
    """The payload, for reports."""

    def period_at(self, now: float, tx_start: float | None) -> Period | None:
        """The period that holds at `now`, None when the profile says nothing about that time."""
        if not self.valid_from <= now < self.valid_to:
            return None
        offset = now - self.anchor(now, tx_start)
        if self.recurrency in RECURRENCE and offset >= 0:
            offset %= RECURRENCE[self.recurrency]
        if offset < 0 or offset >= self.duration:
            return None
        return next((period for period in reversed(self.periods) if period.start <= offset), None)

    def anchor(self, now: float, tx_start: float | None) -> float:
        """When its schedule begins."""
        if self.kind == "Relative" or self.start is None:
            return now if tx_start is None else tx_start
        return self.start


def read(evse: int, profile: dict[str, Any]) -> Limit:
    """A profile of 1.6 (`csChargingProfiles`) or 2.x (`chargingProfile`), valid by its schema.

    Raises ValueError with a sentence for what no charger can carry out.
    """
    schedule = profile["chargingSchedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    periods = tuple(
        Period(period["startPeriod"], period.get("limit", inf), period.get("numberPhases"))
        for period in schedule["chargingSchedulePeriod"]
    )
    starts = [period.start for period in periods]
    if not starts or starts[0] != 0 or starts != sorted(starts):
        raise ValueError("the first startPeriod is 0 and the others ascend")
    kind = profile["chargingProfileKind"]
    if kind == "Recurring" and "startSchedule" not in schedule:
        raise ValueError("a Recurring profile needs startSchedule")
    return Limit(
        id=profile["chargingProfileId"] if "chargingProfileId" in profile else profile["id"],
        evse=evse,
        stack=profile["stackLevel"],
        purpose=profile["chargingProfilePurpose"],
        kind=kind,
        recurrency=profile.get("recurrencyKind") if kind == "Recurring" else None,
        valid_from=seconds(profile.get("validFrom")) or -inf,
        valid_to=seconds(profile.get("validTo")) or inf,
        start=seconds(schedule.get("startSchedule")),
        duration=schedule.get("duration") or inf,
        unit=schedule["chargingRateUnit"],
        periods=periods,
        source=profile,
    )


def installed(limits: Iterable[Limit], new: Limit) -> list[Limit]:
    """The profiles after `new` was set: it replaces its id and its place in the stack."""
    place = (new.purpose, new.stack, new.evse)
    kept = [old for old in limits if old.id != new.id and (old.purpose, old.stack, old.evse) != place]
    return [*kept, new]


@dataclass(frozen=True, slots=True)
class View:
    """What the limit is asked for: an outlet, and what charges there."""

    evse: int
    tx_start: float | None
    """None without a transaction."""
    phases: int
    """That are in use; 0 for DC."""
    voltage: float
    sharing: int = 1
    """Outlets that share the station's cap."""


def limit_w(limits: Iterable[Limit], view: View, now: float) -> float:
    """The most that may be drawn, in W; inf without a profile."""
    best: dict[str, tuple[int, float]] = {}
    for limit in limits:
        if limit.evse not in (0, view.evse) or (limit.purpose == TX and view.tx_start is None):
            continue
        period = limit.period_at(now, view.tx_start)
        # A profile of the outlet itself overrules the station's on the same level.
        rank = 2 * limit.stack + (limit.evse != 0)
        if period is not None and rank >= best.get(limit.purpose, (-1, 0.0))[0]:
            best[limit.purpose] = (rank, _watts(limit, period, view))
    if TX in best:
        best.pop(DEFAULT, None)
    return min((watts for _, watts in best.values()), default=inf)


def is_pause(watts: float, view: View) -> bool:
    """Whether this is too little for an AC car to charge with (SC-10)."""
    return watts <= 0 or (view.phases > 0 and watts < LEAST_AMPERE * view.voltage * view.phases - 0.5)


def composite(
    limits: list[Limit], view: View, most_w: float, now: float, duration: int, unit: str
) -> list[tuple[int, float]]:
    """(seconds from now, limit in `unit`) wherever the limit changes; `most_w` without profiles."""
    found: list[tuple[int, float]] = []
    for offset in sorted({0, *_changes(limits, now, duration, view.tx_start)}):
        watts = min(limit_w(limits, view, now + offset), most_w)
        value = round(watts if unit == "W" else watts / (view.voltage * max(view.phases, 1)), 1)
        if not found or found[-1][1] != value:
            found.append((offset, value))
    return found


def _changes(limits: list[Limit], now: float, duration: int, tx_start: float | None) -> Iterable[int]:
    for limit in limits:
        anchor = limit.anchor(now, tx_start)
        every = RECURRENCE.get(limit.recurrency or "", inf)
        if every < inf and anchor < now:
            anchor += every * ((now - anchor) // every)
        edges = [anchor + period.start for period in limit.periods]
        edges += [anchor + limit.duration, anchor + every, limit.valid_from, limit.valid_to]
        yield from (ceil(edge - now) for edge in edges if 0 < edge - now < duration)


def _watts(limit: Limit, period: Period, view: View) -> float:
    watts = period.limit
    if limit.unit == "A":
        # Amperes are per phase, and are not rescaled for a car that uses fewer (SC-02).
        watts *= view.voltage * (min(period.phases or 3, view.phases) if view.phases else 1)
    return watts / max(view.sharing, 1) if limit.evse == 0 and limit.purpose in STATION else watts
