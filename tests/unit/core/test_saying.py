"""What goes wrong often is said seldom: when it begins, every half minute, and when it is over."""

import logging

import pytest

from voltring_core.saying import EVERY_S, FORGOTTEN_S, Saying

logger = logging.getLogger("voltring.test-saying")


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, logger.name)
    return lambda: [(one.levelname, one.getMessage()) for one in caplog.records]


@pytest.fixture
def clock():
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def saying(clock):
    return Saying(logger, clock)


def test_a_server_that_is_away_for_a_minute_is_said_three_times_whatever_the_tries(saying, clock, said):
    for _ in range(120):
        saying.met("%d departures wait: %s", 3, "refused")
        clock.now += 0.5
    saying.over("departures are written down again")
    begins, goes_on, over = said()
    assert begins == ("WARNING", "3 departures wait: refused")
    assert goes_on == ("WARNING", "3 departures wait: refused (60 times in 30 s)")
    assert over == ("INFO", "departures are written down again (after 60.0 s)")


def test_what_was_never_wrong_is_not_said_to_be_over(saying, said):
    saying.over("it is over")
    assert said() == []


def test_it_is_said_to_be_over_once(saying, said):
    saying.met("away")
    saying.over("back")
    saying.over("back")
    assert [level for level, _ in said()] == ["WARNING", "INFO"]


def test_after_it_was_over_it_begins_anew_at_once(saying, clock, said):
    saying.met("away")
    saying.over("back")
    clock.now += 0.1
    saying.met("away")
    assert [sentence for _, sentence in said()] == ["away", "back (after 0.0 s)", "away"]


def test_a_trouble_of_which_nobody_tells_the_end_begins_anew_after_a_calm(saying, clock, said):
    saying.met("away")
    clock.now += FORGOTTEN_S + 1
    saying.met("away")
    assert [sentence for _, sentence in said()] == ["away", "away"]


def test_how_often_counts_from_the_last_line(saying, clock, said):
    saying.met("away")
    for _ in range(2):
        clock.now += EVERY_S
        saying.met("away")
    assert [sentence for _, sentence in said()] == ["away", "away (1 times in 30 s)", "away (1 times in 30 s)"]


def test_the_line_carries_whom_it_is_about(saying, caplog):
    saying.met("%s waits", "CP-1", extra={"charger": "CP-1"})
    assert caplog.records[0].charger == "CP-1"
