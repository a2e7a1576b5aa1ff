"""Two chargers by one identity: when takeovers are throttled, and that a charger that came back is let in soon."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.takeovers import APART, MOST, WINDOW, Takeovers, counted, to_wait

START = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = timedelta()


def after(*seconds: float) -> tuple[Takeovers, datetime]:
    """Takeovers at these seconds, and the time of the last one."""
    takeovers = Takeovers()
    for at in seconds:
        takeovers = counted(takeovers, 1, START + timedelta(seconds=at))
    return takeovers, START + timedelta(seconds=seconds[-1])


def test_a_charger_whose_old_socket_is_half_open_gets_in_at_once() -> None:
    takeovers, now = after(0)
    assert to_wait(takeovers, now, is_open=True) == NOTHING


def test_the_sixth_takeover_within_a_minute_is_the_last_one_for_half_a_minute() -> None:
    takeovers, now = after(0, 1, 2, 3, 4)
    assert takeovers.count == MOST
    assert to_wait(takeovers, now, is_open=True) == NOTHING
    takeovers, now = after(0, 1, 2, 3, 4, 5)
    assert to_wait(takeovers, now, is_open=True) == APART
    assert to_wait(takeovers, now + timedelta(seconds=20), is_open=True) == timedelta(seconds=10)
    assert to_wait(takeovers, now + APART, is_open=True) == NOTHING


def test_who_takes_over_from_nobody_never_waits() -> None:
    takeovers, now = after(*range(20))
    assert to_wait(takeovers, now, is_open=False) == NOTHING


def test_clones_stay_throttled_for_as_long_as_they_fight() -> None:
    takeovers, now = after(*range(6), *(6 + 30 * n for n in range(1, 9)))
    assert to_wait(takeovers, now, is_open=True) == APART


def test_after_a_minute_of_calm_a_charger_is_free_again() -> None:
    takeovers, now = after(*range(6), 66)
    assert takeovers.count == 1
    assert to_wait(takeovers, now, is_open=True) == NOTHING


def test_takeovers_far_apart_never_add_up() -> None:
    takeovers, now = after(*(40 * n for n in range(30)))
    assert takeovers.count <= 2
    assert to_wait(takeovers, now, is_open=True) == NOTHING


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_nobody_waits_for_longer_than_half_a_minute_and_waiting_does_not_make_it_longer(gaps: list[float]) -> None:
    takeovers, now = Takeovers(), START
    for gap in gaps:
        now += timedelta(seconds=gap)
        wait = to_wait(takeovers, now, is_open=True)
        assert NOTHING <= wait <= APART
        assert to_wait(takeovers, now + wait, is_open=True) == NOTHING
        if wait == NOTHING:
            takeovers = counted(takeovers, 1, now)


@given(st.lists(st.floats(0, 10), min_size=20, max_size=60))
def test_however_often_clones_try_few_of_them_take_over(gaps: list[float]) -> None:
    takeovers, now, let_in = Takeovers(), START, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if to_wait(takeovers, now, is_open=True) == NOTHING:
            takeovers = counted(takeovers, 1, now)
            let_in.append(now)
    for begin in let_in:
        within = [at for at in let_in if begin <= at < begin + WINDOW]
        assert len(within) <= 2 * (MOST + 1)


@pytest.mark.parametrize("swaps", [0, 1, 3])
def test_several_takeovers_at_once_count_each_and_none_changes_nothing(swaps: int) -> None:
    before, now = after(0, 1)
    after_it = counted(before, swaps, now)
    assert after_it.count == before.count + swaps
    if not swaps:
        assert after_it is before
