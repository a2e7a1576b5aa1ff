"""Windows of local time in the nights in which clocks are set, in both directions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_making import component, tariff

from voltring_core.domain.tariffs import Line, price
from voltring_core.domain.tariffs.windows import transitions
from voltring_core.domain.usage import Span, Usage

MINUTE = timedelta(minutes=1)
# The clocks are set at: (zone, the instant in UTC, local time before, local time after)
BERLIN_SPRING = ("Europe/Berlin", "2026-03-29T01:00")  # 02:00 -> 03:00
BERLIN_AUTUMN = ("Europe/Berlin", "2026-10-25T01:00")  # 03:00 -> 02:00
YORK_SPRING = ("America/New_York", "2026-03-08T07:00")  # 02:00 -> 03:00
YORK_AUTUMN = ("America/New_York", "2026-11-01T06:00")  # 02:00 -> 01:00
HOWE_SPRING = ("Australia/Lord_Howe", "2026-10-03T15:30")  # 02:00 -> 02:30
HOWE_AUTUMN = ("Australia/Lord_Howe", "2026-04-04T15:00")  # 02:00 -> 01:30
CHANGES = [BERLIN_SPRING, BERLIN_AUTUMN, YORK_SPRING, YORK_AUTUMN, HOWE_SPRING, HOWE_AUTUMN]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def charged(begins: datetime, ends: datetime, zone: str, **conditions: object) -> Line | None:
    """The line of a session that charges all the while, paid by the minute while the conditions hold."""
    session = Usage(begins, ends, Decimal(0), (Span(begins, ends, Decimal(0)),))
    found = price(session, tariff(component("charging_time", "0.01", **conditions)), ZoneInfo(zone))
    return found.lines[0] if found.lines else None


def night_minutes(change: tuple[str, str], start: str, end: str) -> int:
    """Paid minutes of a session that lasts from ten hours before the clocks are set until ten hours after."""
    instant = at(change[1])
    window = {"start_time_of_day": start, "end_time_of_day": end}
    line = charged(instant - 600 * MINUTE, instant + 600 * MINUTE, change[0], **window)
    return 0 if line is None else int(line.quantity)


@pytest.mark.parametrize(
    ("change", "start", "end", "minutes"),
    [
        # The night of 23 hours: 02:00 to 03:00 is missing.
        (BERLIN_SPRING, "22:00", "06:00", 420),  # 22:00 to 02:00 are 4 h, 03:00 to 06:00 are 3 h
        (BERLIN_SPRING, "02:00", "03:00", 0),  # never comes
        (BERLIN_SPRING, "02:15", "02:45", 0),  # never comes
        (BERLIN_SPRING, "01:30", "02:30", 30),  # 01:30 to 02:00; then it is 03:00
        (BERLIN_SPRING, "02:30", "03:30", 30),  # 03:00 to 03:30
        (BERLIN_SPRING, "03:00", "04:00", 60),
        # The night of 25 hours: 02:00 to 03:00 comes twice.
        (BERLIN_AUTUMN, "22:00", "06:00", 540),
        (BERLIN_AUTUMN, "02:00", "03:00", 120),  # both
        (BERLIN_AUTUMN, "02:30", "03:00", 60),  # both
        (BERLIN_AUTUMN, "02:15", "02:45", 60),  # both
        (BERLIN_AUTUMN, "01:30", "02:30", 90),  # 01:30 to 02:30 is 1 h; 02:00 to 02:30 comes again
        (BERLIN_AUTUMN, "02:30", "03:30", 90),  # 02:30 to 03:00; 02:30 to 03:00 again, to 03:30
        (BERLIN_AUTUMN, "03:00", "04:00", 60),
        (YORK_SPRING, "00:00", "06:00", 300),
        (YORK_SPRING, "02:00", "03:00", 0),
        (YORK_SPRING, "01:00", "03:00", 60),
        (YORK_AUTUMN, "00:00", "06:00", 420),
        (YORK_AUTUMN, "01:00", "02:00", 120),
        (YORK_AUTUMN, "00:30", "01:30", 90),
        # Half an hour.
        (HOWE_SPRING, "00:00", "06:00", 330),
        (HOWE_SPRING, "02:00", "02:30", 0),  # never comes
        (HOWE_SPRING, "02:15", "02:45", 15),  # 02:30 to 02:45
        (HOWE_AUTUMN, "00:00", "06:00", 390),
        (HOWE_AUTUMN, "01:30", "02:00", 60),  # both
        (HOWE_AUTUMN, "01:45", "02:00", 30),  # both
        (HOWE_AUTUMN, "01:00", "01:45", 60),  # 45 min, and 01:30 to 01:45 again
    ],
)
def test_the_time_that_has_really_passed_is_paid(change: tuple[str, str], start: str, end: str, minutes: int) -> None:
    assert night_minutes(change, start, end) == minutes


@pytest.mark.parametrize(
    ("change", "minutes"),
    list(zip(CHANGES, [1380, 1500, 1380, 1500, 1410, 1470], strict=True)),
)
def test_a_sunday_is_as_long_as_it_is(change: tuple[str, str], minutes: int) -> None:
    # Clocks are set on Sundays: 23, 25, 23.5 and 24.5 hours.
    instant = at(change[1])
    line = charged(instant - 2880 * MINUTE, instant + 2880 * MINUTE, change[0], days_of_week=["Sunday"])
    assert line is not None
    assert line.quantity == minutes


def test_a_window_in_the_hour_that_comes_twice_is_paid_in_two_periods() -> None:
    line = charged(
        at("2026-10-24T20:00"),
        at("2026-10-25T05:00"),
        "Europe/Berlin",
        start_time_of_day="01:30",
        end_time_of_day="02:30",
    )
    assert line is not None
    assert [(one.begins, one.ends) for one in line.periods] == [
        (at("2026-10-24T23:30"), at("2026-10-25T00:30")),  # 01:30 to 02:30 CEST
        (at("2026-10-25T01:00"), at("2026-10-25T01:30")),  # 02:00 to 02:30 CET
    ]


def test_a_session_that_starts_in_the_second_of_the_two_hours_is_priced_by_it() -> None:
    # 01:40 UTC is 02:40 CET, the second time; the window ends at 03:00: 20 min
    window = {"start_time_of_day": "02:00", "end_time_of_day": "03:00"}
    line = charged(at("2026-10-25T01:40"), at("2026-10-25T03:00"), "Europe/Berlin", **window)
    assert line is not None
    assert line.quantity == 20


@pytest.mark.parametrize("change", CHANGES)
def test_the_moment_at_which_clocks_are_set_is_found(change: tuple[str, str]) -> None:
    instant = at(change[1])
    found = list(transitions(ZoneInfo(change[0]), instant - 100 * 1440 * MINUTE, instant + 40 * 1440 * MINUTE))
    assert instant in found
    begins = instant - timedelta(hours=3, microseconds=17)
    assert list(transitions(ZoneInfo(change[0]), begins, instant + 1440 * MINUTE)) == [instant]


def test_a_zone_that_sets_no_clocks_has_no_such_moment() -> None:
    year = (at("2026-01-01T00:00"), at("2027-01-01T00:00"))
    assert list(transitions(ZoneInfo("UTC"), *year)) == []
    assert list(transitions(ZoneInfo("Asia/Tokyo"), *year)) == []


def test_clocks_that_are_set_back_past_midnight_show_the_day_before_once_more() -> None:
    # Newfoundland on 2010-11-07: 00:01 -> 23:01 of the day before, at 02:31 UTC. 23:30 to 23:45 comes twice; a session
    # from 00:00:30 to 23:50 (the second time, 03:20 UTC) has the second of the two.
    window = {"start_time_of_day": "23:30", "end_time_of_day": "23:45"}
    line = charged(at("2010-11-07T02:30:30"), at("2010-11-07T03:20"), "America/St_Johns", **window)
    assert line is not None
    assert (line.quantity, line.begins) == (15, at("2010-11-07T03:00"))
    # Midnight, on a day that has not come yet when the session ends: 23:59 to 00:00:59, then 23:01 to 23:30.
    window = {"start_time_of_day": "00:00", "end_time_of_day": "06:00"}
    line = charged(at("2010-11-07T02:29"), at("2010-11-07T03:00"), "America/St_Johns", **window)
    assert line is not None
    assert (line.quantity, line.begins) == (1, at("2010-11-07T02:30"))


ZONES = st.sampled_from([*{zone for zone, _ in CHANGES}, "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns"])
CLOCK = st.integers(0, 1439)


@given(
    zone=ZONES,
    near=st.sampled_from([at(instant) for _, instant in CHANGES]),
    before=st.integers(0, 1500),
    length=st.integers(1, 2000),
    start=CLOCK,
    end=CLOCK,
)
def test_a_window_is_what_the_clock_on_the_wall_says_minute_by_minute(
    zone: str, near: datetime, before: int, length: int, start: int, end: int
) -> None:
    if start == end:
        end = (end + 1) % 1440
    begins = near - before * MINUTE
    window = {
        name: f"{at // 60:02}:{at % 60:02}" for name, at in (("start_time_of_day", start), ("end_time_of_day", end))
    }

    def is_in(minute: int) -> bool:
        wall = (begins + minute * MINUTE).astimezone(ZoneInfo(zone))
        shown = wall.hour * 60 + wall.minute
        return start <= shown < end if start < end else not end <= shown < start

    line = charged(begins, begins + length * MINUTE, zone, **window)
    assert (0 if line is None else line.quantity) == sum(map(is_in, range(length)))
