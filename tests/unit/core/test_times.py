"""Chargers' times: local ones, impossible ones, late ones (TX-22, TX-23)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.times import EARLIEST, FUTURE_TOLERATED, LATE_AFTER, is_late, local_time, read_time, trusted

BERLIN, NEW_YORK, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "zone", "received", "meant"),
    [
        ("2026-01-01T13:00", BERLIN, "2026-01-01T12:00:03", "2026-01-01T12:00"),
        ("2026-07-01T13:00", BERLIN, "2026-07-01T11:00:03", "2026-07-01T11:00"),
        ("2026-07-01T13:00", KOLKATA, "2026-07-01T07:30:03", "2026-07-01T07:30"),
        # On 25 October 2026 Berlin shows 02:00 to 03:00 twice: at 00:00 and at 01:00 UTC.
        ("2026-10-25T02:30", BERLIN, "2026-10-25T00:30:02", "2026-10-25T00:30"),
        ("2026-10-25T02:30", BERLIN, "2026-10-25T01:30:02", "2026-10-25T01:30"),
        ("2026-10-25T02:30", BERLIN, "2026-10-25T00:55:00", "2026-10-25T00:30"),
        ("2026-10-25T02:30", BERLIN, "2026-10-25T01:10:00", "2026-10-25T00:30"),  # the other one is to come yet
        ("2026-10-25T02:30", BERLIN, "2026-10-25T01:26:00", "2026-10-25T01:30"),  # a clock that is 4 minutes ahead
        ("2026-10-25T02:30", BERLIN, "2026-10-26T12:00:00", "2026-10-25T01:30"),
        ("2026-11-01T01:30", NEW_YORK, "2026-11-01T05:31:00", "2026-11-01T05:30"),
        ("2026-11-01T01:30", NEW_YORK, "2026-11-01T06:31:00", "2026-11-01T06:30"),
        # On 29 March it shows 02:00 to 03:00 never: a clock that was not moved yet means an hour of winter.
        ("2026-03-29T02:30", BERLIN, "2026-03-29T01:30:02", "2026-03-29T01:30"),
        ("2026-03-29T02:30", BERLIN, "2026-03-29T00:30:02", "2026-03-29T00:30"),
    ],
)
def test_a_local_time_is_the_one_nearer_to_its_receipt(local, zone, received, meant):
    assert local_time(datetime.fromisoformat(local), zone, utc(received)) == utc(meant)


def test_a_local_time_without_a_receipt_is_the_first_one():
    assert local_time(datetime(2026, 10, 25, 2, 30), BERLIN) == utc("2026-10-25T00:30")


@given(st.datetimes(datetime(2015, 6, 1), datetime(2037, 1, 1)), st.sampled_from([BERLIN, NEW_YORK, KOLKATA]))
def test_what_is_told_at_once_means_the_moment_in_which_it_was_told(moment, zone):
    """Whatever the clock is moved by: a charger that speaks at once and names no zone is understood."""
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    assert local_time(shown, zone, moment + SECOND) == moment


@pytest.mark.parametrize(
    ("at", "is_replaced"),
    [
        (None, True),
        (datetime(1970, 1, 1, tzinfo=UTC), True),
        (EARLIEST - SECOND, True),
        (EARLIEST, False),
        (NOW + FUTURE_TOLERATED, False),
        (NOW + FUTURE_TOLERATED + SECOND, True),
        (NOW - timedelta(days=400), False),
    ],
)
def test_a_time_before_2015_or_5_minutes_ahead_is_replaced_by_that_of_its_receipt(at, is_replaced):
    assert trusted(at, NOW) == ((NOW if is_replaced else at), is_replaced)


@pytest.mark.parametrize(
    ("at", "late"),
    [
        (NOW, False),
        (NOW - LATE_AFTER, False),
        (NOW - LATE_AFTER - SECOND, True),
        (NOW + timedelta(days=1), False),
        (EARLIEST - SECOND, False),
    ],
)
def test_what_happened_more_than_5_minutes_ago_is_told_late(at, late):
    assert is_late(at, NOW) is late


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-01T12:00:00", NOW),
        ("2026-01-01T12:00:00Z", NOW),
        ("2026-01-01 13:00:00+01:00", NOW),
        ("20260101T120000Z", NOW),
        ("noon", None),
        (1767268800, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_time_without_a_zone_is_utc(text, read):
    assert read_time(text) == read
