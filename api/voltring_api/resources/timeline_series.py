"""A session's power and energy over time, thinned, with the gaps in which nothing was read. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any

from voltring_api.models.timeline import Gap, Point, Series
from voltring_core.domain.registers import Count, gained

MOST = 500
SHORTEST_GAP_S, GAP_STEPS = 120.0, 3
"""Seconds, and times the usual interval: a longer pause is a gap."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was read at a moment: Wh of the register or since the start, W, percent."""

    at: datetime
    energy: Decimal | None
    power: Decimal | None
    soc: Decimal | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a session begins and ends, as far as that is known; `energy` is what it came to."""

    started_at: datetime | None
    ended_at: datetime | None
    meter_start: Decimal | None
    energy: Decimal | None


def series(rows: Iterable[Mapping[str, Any]], bounds: Bounds, now: datetime, most: int = MOST) -> Series:
    """The series of a session; `now` matters while it runs. `rows` are of timeline.sql `readings`, by time."""
    read = [_moment(row) for row in rows]
    metered = _since_start(read, bounds.meter_start)
    derived = all(one.power is None for one in metered)
    whole = _with_ends(metered, bounds)
    whole = _with_power(whole) if derived else whole
    gaps = _gaps([one.at for one in whole], None if bounds.ended_at else now)
    return Series(
        points=[_point(one) for one in thinned(whole, most)],
        gaps=gaps,
        power_is_derived=derived and any(one.power is not None for one in whole),
        readings=len(read),
    )


def thinned(moments: Sequence[Moment], most: int) -> list[Moment]:
    """At most about so many of them: of each stretch the least and the most power, and the ends of all."""
    if len(moments) <= most:
        return list(moments)
    stretches = max(1, most // 2 - 1)
    begins, lasts = moments[0].at, (moments[-1].at - moments[0].at).total_seconds() or 1.0
    found: dict[int, list[Moment]] = {}
    for one in moments[1:-1]:
        found.setdefault(int((one.at - begins).total_seconds() / lasts * stretches), []).append(one)
    kept = [moments[0]]
    for stretch in found.values():
        kept += sorted({id(one): one for one in _extremes(stretch)}.values(), key=lambda one: one.at)
    return [*kept, moments[-1]]


def _extremes(stretch: Sequence[Moment]) -> tuple[Moment, Moment]:
    with_power = [one for one in stretch if one.power is not None]
    if not with_power:
        return stretch[0], stretch[-1]
    return min(with_power, key=_power), max(with_power, key=_power)


def _power(one: Moment) -> Decimal:
    return ZERO if one.power is None else one.power


def _moment(row: Mapping[str, Any]) -> Moment:
    energy = row["energy"] if row["energy"] is not None else row["energy_of_phases"]
    power = row["power"] if row["power"] is not None else row["power_of_phases"]
    return Moment(row["at"], energy, power, row["soc"])


def _since_start(read: Sequence[Moment], start: Decimal | None) -> list[Moment]:
    """Registers to energy since the start, also where the register falls."""
    segment = start if start is not None else next((one.energy for one in read if one.energy is not None), None)
    before, last = ZERO, None
    found = []
    for one in read:
        energy = None
        if one.energy is not None:
            gain = gained(Count(segment, before, last), one.energy)
            segment, before, last = gain.segment_start_wh, gain.before_wh, one.energy
            energy = gain.energy_wh
        found.append(Moment(one.at, energy, one.power, one.soc))
    return found


def _with_ends(moments: list[Moment], bounds: Bounds) -> list[Moment]:
    """With nothing at the start, and with what it came to at the end."""
    begins, ends = bounds.started_at, bounds.ended_at
    if begins is not None and (not moments or begins < moments[0].at):
        moments = [Moment(begins, ZERO, None, None), *moments]
    if ends is not None and bounds.energy is not None and (not moments or ends > moments[-1].at):
        moments = [*moments, Moment(ends, bounds.energy, None, None)]
    return moments


def _with_power(moments: list[Moment]) -> list[Moment]:
    """The mean power between two readings of the energy, where the charger tells no power."""
    found: list[Moment] = []
    before: Moment | None = None
    for one in moments:
        power = None
        if one.energy is not None:
            seconds = (one.at - before.at).total_seconds() if before else 0.0
            if before is not None and before.energy is not None and seconds > 0:
                power = (one.energy - before.energy) * 3600 / Decimal(str(seconds))
            before = one
        found.append(Moment(one.at, one.energy, power, one.soc))
    return found


def _gaps(times: Sequence[datetime], now: datetime | None) -> list[Gap]:
    steps = [(after - before).total_seconds() for before, after in pairwise(times)]
    if not steps:
        return []
    limit = max(SHORTEST_GAP_S, GAP_STEPS * median(steps))
    ends = [*times, now] if now is not None and now - times[-1] > timedelta(seconds=limit) else times
    return [
        Gap(begins=before, ends=after) for before, after in pairwise(ends) if (after - before).total_seconds() > limit
    ]


def _point(one: Moment) -> Point:
    return Point(at=one.at, energy_wh=_float(one.energy), power_w=_float(one.power), soc_percent=_float(one.soc))


def _float(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 3)
