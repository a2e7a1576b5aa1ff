"""The rules of sessions whose end never came, and of those with gaps, at their edges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.commands import State
from voltring_core.domain.stuck import (
    STEP_S,
    Asked,
    Gappy,
    Sign,
    Step,
    Suspect,
    after_end,
    incomplete,
    is_drained,
    next_step,
    no_stop,
    signs,
)
from voltring_core.domain.watchdogs import Limits, Rule, Running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits()
LONG_AGO = NOW - timedelta(days=60)
RUNNING = Running(UUID(int=1), "CP", 1, NOW - timedelta(days=5))


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def suspect(**more: Any) -> Suspect:
    """A session whose connector is free since eleven minutes, half an hour after its last word."""
    known = {"said_at": ago(minutes=30), "is_online": True, "connected_at": LONG_AGO, "gone_at": NOW}
    return Suspect(RUNNING, more.pop("is_2x", False), **(known | {"available_at": ago(minutes=11)} | more))


def answered(state: State = State.ACCEPTED, *, at: datetime | None = None, **said: bool | None) -> Asked:
    return Asked(at or ago(minutes=5), state, **said)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (suspect(available_at=ago(minutes=10)), {Sign.AVAILABLE}),
        (suspect(available_at=ago(minutes=9, seconds=59)), set()),
        (suspect(said_at=ago(minutes=11)), set()),
        (suspect(available_at=None), set()),
        (suspect(available_at=None, stop_rejected_at=ago(minutes=29)), {Sign.STOP_REJECTED}),
        (suspect(available_at=None, stop_rejected_at=ago(minutes=31)), set()),
        (suspect(available_at=None, newer_started_at=ago(minutes=29)), {Sign.NEWER_START}),
        (suspect(available_at=None, asked=answered(ongoing=False)), {Sign.NOT_ONGOING}),
        (suspect(available_at=None, asked=answered(ongoing=None, waiting=True)), set()),
        (suspect(asked=answered(ongoing=True)), set()),  # it goes on, says the charger
        (suspect(asked=answered(ongoing=True, at=ago(minutes=12))), {Sign.AVAILABLE}),  # and then was free
    ],
)
def test_a_sign_counts_when_it_is_newer_than_the_last_word_and_the_charger_does_not_deny_it(
    one: Suspect, found: set[Sign]
) -> None:
    assert set(signs(one, NOW, LIMITS.no_stop)) == found


def test_a_rule_without_a_time_suspects_nobody() -> None:
    assert no_stop(suspect(stop_rejected_at=ago(minutes=1)), None, NOW, Limits(no_stop=0)) is None


def first() -> dict[str, Any]:
    found = no_stop(suspect(), None, NOW, LIMITS)
    assert found is not None
    return dict(found.detail)


def test_a_suspicion_begins_with_no_time_that_the_charger_was_here() -> None:
    assert first() == {
        "since": ago(minutes=11).isoformat(),
        "signs": ["connector available"],
        "online_s": 0.0,
        "looked_at": NOW.isoformat(),
    }


def later(one: Suspect, before: dict[str, Any], seconds: float) -> dict[str, Any]:
    found = no_stop(one, before, NOW + timedelta(seconds=seconds), LIMITS)
    assert found is not None
    return dict(found.detail)


def test_the_time_that_a_charger_is_here_grows_in_steps_so_that_a_look_need_not_write() -> None:
    assert later(suspect(), first(), STEP_S - 1) == first()
    assert later(suspect(), first(), STEP_S)["online_s"] == STEP_S
    twice = later(suspect(), later(suspect(), first(), STEP_S), 2 * STEP_S)
    assert twice["online_s"] == 2 * STEP_S


def test_only_the_time_of_the_socket_that_is_open_counts() -> None:
    back = suspect(connected_at=NOW + timedelta(hours=2))
    assert later(back, first(), 3 * 3600)["online_s"] == 3600


def test_a_charger_that_has_gone_was_here_until_then_and_no_longer() -> None:
    gone = suspect(is_online=False, gone_at=NOW + timedelta(minutes=2))
    once = later(gone, first(), 3600)
    assert once["online_s"] == 120
    assert later(gone, once, 7200) == once


@given(st.lists(st.tuples(st.integers(1, 5000), st.booleans(), st.booleans()), max_size=20))
def test_no_history_of_sockets_makes_a_charger_here_for_longer_than_it_was(
    looks: list[tuple[int, bool, bool]],
) -> None:
    """Each look: seconds since the one before, whether it is online, whether by a new socket that opened just now."""
    at, detail, connected, was_here = NOW, first(), LONG_AGO, 0.0
    online = True
    gone = NOW
    for seconds, is_online, is_new in looks:
        before, at = at, at + timedelta(seconds=seconds)
        if online and is_online and not is_new:
            was_here += seconds
        if is_online and (is_new or not online):
            connected = at
        if online and not is_online:
            gone = before
        online = is_online
        one = suspect(is_online=is_online, connected_at=connected, gone_at=gone)
        found = no_stop(one, detail, at, LIMITS)
        assert found is not None
        detail = dict(found.detail)
        assert detail["online_s"] <= was_here


@pytest.mark.parametrize(("online_s", "step"), [(86399.0, Step.WAIT), (86400.0, Step.END)])
def test_a_session_is_ended_after_a_day_with_its_charger(online_s: float, step: Step) -> None:
    found = no_stop(suspect(), first() | {"online_s": online_s}, NOW, LIMITS)
    assert found is not None
    assert next_step(suspect(), found, NOW, LIMITS) is step
    assert next_step(suspect(), found, NOW, replace(LIMITS, abandon=0)) is Step.WAIT


@pytest.mark.parametrize(
    ("asked", "online", "step"),
    [
        (None, True, Step.ASK),
        (None, False, Step.WAIT),
        (answered(State.QUEUED), True, Step.WAIT),
        (answered(State.SENT), True, Step.WAIT),
        (answered(State.EXPIRED, at=ago(minutes=59)), True, Step.WAIT),
        (answered(State.EXPIRED, at=ago(minutes=60)), True, Step.ASK),
        (answered(State.CALLERROR, at=ago(minutes=29)), True, Step.WAIT),
        (answered(State.REJECTED, at=ago(hours=3)), True, Step.ASK),  # before the session's last word
        (answered(waiting=True, ongoing=False, at=ago(minutes=20)), True, Step.WAIT),
        (answered(waiting=True, ongoing=False, at=ago(hours=2)), True, Step.ASK),
        (answered(waiting=False, ongoing=False, at=ago(minutes=20)), True, Step.WAIT),
    ],
)
def test_a_2x_charger_is_asked_once_and_again_after_an_hour_as_long_as_it_has_something(
    asked: Asked | None, online: bool, step: Step
) -> None:
    one = suspect(is_2x=True, asked=asked, is_online=online)
    found = no_stop(one, None, NOW, LIMITS)
    assert found is not None
    assert next_step(one, found, NOW, LIMITS) is step


@pytest.mark.parametrize(
    ("more", "drained"),
    [
        ({}, True),
        ({"late_at": ago(minutes=59)}, False),
        ({"late_at": ago(minutes=60)}, True),
        ({"asked": answered(waiting=True)}, False),
        ({"asked": answered(waiting=True, at=ago(hours=1))}, False),
        ({"asked": answered(waiting=False), "late_at": ago(minutes=1)}, True),
        ({"asked": answered(State.CALLERROR), "late_at": ago(minutes=1)}, False),
        ({"asked": answered(waiting=False, at=ago(hours=1)), "late_at": ago(minutes=1)}, False),
    ],
)
def test_a_queue_is_empty_by_the_chargers_word_or_when_nothing_late_came_for_an_hour(
    more: dict[str, Any], drained: bool
) -> None:
    assert is_drained(suspect(**more), NOW) is drained


def gap(ended: datetime, asked: Asked | None = None, *, is_online: bool = True) -> Gappy:
    return Gappy(RUNNING, ((3, 4),), ended, is_online, asked)


@pytest.mark.parametrize(
    ("one", "step"),
    [
        (gap(ago(minutes=14)), Step.WAIT),
        (gap(ago(minutes=15)), Step.ASK),
        (gap(ago(minutes=15), is_online=False), Step.WAIT),
        (gap(ago(hours=1), answered(State.SENT)), Step.WAIT),
        (gap(ago(hours=1), answered(waiting=False)), Step.END),
        (gap(ago(hours=1), answered(State.CALLERROR)), Step.END),
        (gap(ago(hours=1), answered(waiting=True, at=ago(minutes=14))), Step.WAIT),
        (gap(ago(hours=1), answered(waiting=True, at=ago(minutes=15))), Step.ASK),
        (gap(ago(hours=1), answered(waiting=False, at=ago(hours=2))), Step.ASK),  # of before its end
        (gap(ago(hours=25), is_online=False), Step.END),
        (gap(ago(hours=25), answered(State.UNKNOWN)), Step.END),
        (gap(ago(hours=25), answered(waiting=True)), Step.WAIT),
    ],
)
def test_gaps_are_asked_for_after_a_quarter_of_an_hour_and_given_up_by_the_chargers_word_or_after_a_day(
    one: Gappy, step: Step
) -> None:
    assert after_end(one, NOW, LIMITS) is step


def test_what_is_missing_stands_with_the_alarm() -> None:
    found = incomplete(gap(ago(hours=1)))
    assert (found.rule, found.detail["missing_seq_nos"]) == (Rule.INCOMPLETE, [[3, 4]])
