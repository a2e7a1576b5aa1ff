"""When a load test goes from one stage to the next, and how many shards it has by then."""

import pytest

from voltring_loadtest.load.course import LONGEST_CALM, PATIENCE, Course, Stage
from voltring_loadtest.load.trial import Trial

URL = "ws://127.0.0.1:9000/ocpp"
TRIAL = Trial("steady", 1200, URL, minutes=2, connect_rate=100, shard_size=500, settle=10)


def test_measuring_begins_a_while_after_the_last_charger_is_accepted_and_lasts_as_long_as_asked() -> None:
    course = Course(TRIAL)
    assert course.step(5, 1199) is Stage.CONNECTING
    assert course.step(13, 1200) is Stage.SETTLING
    assert course.step(22.9, 1200) is Stage.SETTLING
    assert course.step(23, 1200) is Stage.MEASURING
    assert course.step(142.9, 1200) is Stage.MEASURING
    assert course.step(143, 1200) is Stage.OVER
    assert course.connected_in_time
    assert not course.stopped_early


def test_chargers_that_never_come_do_not_hold_it_up_for_ever_and_are_not_forgotten() -> None:
    course = Course(TRIAL)
    limit = 1200 / 100 + PATIENCE
    assert course.step(limit, 1199) is Stage.CONNECTING
    assert course.step(limit + 1, 1199) is Stage.SETTLING
    assert not course.connected_in_time


def test_a_charger_that_is_lost_while_it_measures_does_not_turn_it_back() -> None:
    course = Course(TRIAL)
    course.step(1, 1200)
    course.step(11, 1200)
    assert course.step(12, 3) is Stage.MEASURING


def test_somebody_who_stops_it_is_told_that_it_is_not_whole() -> None:
    course = Course(TRIAL)
    course.stop(3)
    assert course.step(4, 1200) is Stage.OVER
    assert course.stopped_early


def test_the_end_is_not_made_early_by_a_late_stop() -> None:
    course = Course(TRIAL)
    for now in (1, 11, 131):
        course.step(now, 1200)
    course.stop(132)
    assert not course.stopped_early


def test_shards_come_as_fast_as_the_connect_rate_allows_and_no_more_than_there_are() -> None:
    course = Course(TRIAL)
    assert [course.shards(now)[0] for now in (0, 4.9, 5, 10, 60)] == [1, 1, 2, 3, 3]


@pytest.mark.parametrize(("minutes", "calm"), [(0.1, 0.9), (1, 9.0), (60, LONGEST_CALM)])
def test_what_happens_comes_after_a_calm_that_fits_the_run(minutes: float, calm: float) -> None:
    assert Course(Trial("reconnect-storm", 10, URL, minutes=minutes)).calm() == pytest.approx(calm)


def test_chargers_that_always_charge_have_each_spoken_before_the_measuring() -> None:
    assert Trial("steady", 10, URL, message_every=30).settling > 30
    assert Trial("command-storm", 10, URL, message_every=30).settling < 30
    assert Trial("steady", 10, URL, settle=0).settling == 0


def test_shards_share_the_chargers_out_without_a_gap() -> None:
    plans = [TRIAL.shard(number) for number in range(TRIAL.shards)]
    assert [(plan.first, plan.count) for plan in plans] == [(1, 500), (501, 500), (1001, 200)]
    assert len({plan.seed for plan in plans}) == 3
    assert TRIAL.identity(7) == "LOAD-0007"
    assert Trial("steady", 20_000, URL).identity(7) == "LOAD-00007"


def test_what_a_shard_is_told_comes_out_as_it_went_in() -> None:
    plan = TRIAL.shard(1)
    line = plan.encode()
    assert line.endswith(b"\n")
    assert type(plan).decode(line) == plan
