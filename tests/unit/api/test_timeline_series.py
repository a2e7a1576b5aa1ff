"""Power and energy over time: from registers, through resets, without power, thinned, with gaps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from voltring_api.resources.timeline_series import Bounds, Moment, series, thinned

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = START + timedelta(days=1)


def row(minute: float, energy: float | None = None, power: float | None = None, **more: Any) -> dict[str, Any]:
    parts = {"soc": None, "energy_of_phases": None, "power_of_phases": None} | more
    at = START + timedelta(minutes=minute)
    return {"at": at, "energy": _decimal(energy), "power": _decimal(power), **parts}


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def bounds(minutes: float | None = None, energy: float | None = None, start: float | None = 1000) -> Bounds:
    ended = None if minutes is None else START + timedelta(minutes=minutes)
    return Bounds(START, ended, _decimal(start), _decimal(energy))


def test_energy_is_counted_from_the_start_and_ends_at_what_the_session_came_to() -> None:
    found = series([row(1, 1100, 6000), row(2, 1200, 6000)], bounds(3, 250), LATER)
    assert [it.energy_wh for it in found.points] == [0, 100, 200, 250]
    assert [it.power_w for it in found.points] == [None, 6000, 6000, None]
    assert not found.power_is_derived


def test_a_register_that_falls_goes_on_where_it_was() -> None:
    found = series([row(1, 1100), row(2, 1300), row(3, 10), row(4, 60)], bounds(4, 350), LATER)
    assert [it.energy_wh for it in found.points] == [0, 100, 300, 300, 350]


def test_power_that_nobody_told_follows_from_the_energy() -> None:
    found = series([row(1, 1100), row(2, 1300)], bounds(2, 300), LATER)
    assert [it.power_w for it in found.points] == [None, 6000, 12000]
    assert found.power_is_derived


def test_phases_stand_in_for_a_total_that_is_missing() -> None:
    (found,) = series([row(0, 1000, power_of_phases=Decimal(9))], bounds(), START).points
    assert found.power_w == 9


def test_where_readings_stop_there_is_a_gap_and_none_where_they_are_rare() -> None:
    steady = [row(n, 1000 + n) for n in range(1, 10)]
    found = series([*steady, *(row(n, 1000 + n) for n in range(30, 33))], bounds(33, 33), LATER)
    assert [(it.begins.minute, it.ends.minute) for it in found.gaps] == [(9, 30)]
    hourly = [row(60 * n, 1000 + n) for n in range(1, 10)]
    assert series(hourly, bounds(600, 10), LATER).gaps == []


def test_a_running_session_that_is_silent_has_a_gap_until_now() -> None:
    now = START + timedelta(hours=2)
    found = series([row(n, 1000 + n) for n in range(1, 10)], bounds(), now)
    assert [it.ends for it in found.gaps] == [now]
    assert series([row(n, 1000 + n) for n in range(1, 10)], bounds(), START + timedelta(minutes=10)).gaps == []


def test_a_session_without_a_reading_has_nothing_to_draw() -> None:
    found = series([], Bounds(None, None, None, None), LATER)
    assert (found.points, found.gaps, found.readings) == ([], [], 0)


@given(st.lists(st.integers(0, 100_000), min_size=2, max_size=400, unique=True), st.integers(10, 60), st.data())
def test_thinning_keeps_the_ends_and_the_peak_in_order_and_is_short(times: list[int], most: int, data: Any) -> None:
    powers = data.draw(st.lists(st.integers(0, 999), min_size=len(times), max_size=len(times)))
    moments = [
        Moment(START + timedelta(seconds=at), None, Decimal(power), None)
        for at, power in zip(sorted(times), powers, strict=True)
    ]
    kept = thinned(moments, most)
    assert len(kept) <= most
    assert (kept[0], kept[-1]) == (moments[0], moments[-1])
    assert [it.at for it in kept] == sorted({it.at for it in kept})
    assert max(it.power for it in kept if it.power is not None) == max(powers)
