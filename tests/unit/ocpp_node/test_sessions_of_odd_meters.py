"""Sessions of chargers whose clock, meter or messages are odd: the energy is right, and what is doubtful is flagged."""

from datetime import timedelta
from decimal import Decimal

import pytest


def reading(value, at, context=None):
    sampled = {"value": value} | ({"context": context} if context else {})
    return [{"timestamp": at, "sampledValue": [sampled]}]


@pytest.fixture
def the(base):
    def one():
        (session,) = base.sessions()
        return session

    return one


def test_a_session_that_began_without_a_clock_has_its_energy_and_ends_after_its_begin(event, base, the):
    base.group(event("Started", 0, timestamp="1970-01-01T00:00:10Z", meterValue=reading(1000, "1970-01-01T00:00:10Z")))
    base.group(event("Updated", 1, minutes=-50, meterValue=reading(5000, "2026-01-01T11:10:00Z")))
    assert the().energy_wh == Decimal(4000), "also while it runs"
    base.group(event("Ended", 2, minutes=-10, meterValue=reading(9000, "2026-01-01T11:50:00Z")))
    assert the().energy_wh == Decimal(8000)
    assert the().started_at <= the().ended_at
    assert "clock" in the().flags


def test_a_clock_that_is_set_back_during_a_session_costs_no_energy(event, base, the):
    base.group(event("Started", 0, meterValue=reading(1000, "2026-01-01T12:00:00Z")))
    base.group(event("Updated", 1, minutes=30, meterValue=reading(5000, "2026-01-01T12:34:00Z")))
    base.group(event("Ended", 2, minutes=33, meterValue=reading(9000, "2026-01-01T12:33:00Z", "Transaction.End")))
    assert the().energy_wh == Decimal(8000)


def test_an_end_with_the_only_reading_is_no_start(event, base, the):
    base.group(event("Started", 0))
    base.group(event("Ended", 1, minutes=60, meterValue=reading(9000, "2026-01-01T13:00:00Z", "Transaction.End")))
    assert (the().energy_wh, the().meter_stop_wh) == (None, Decimal(9000))
    assert "no_meter_start" in the().flags


def test_an_end_without_a_reading_is_flagged_and_learns_it_from_what_comes_late(event, base, the):
    base.group(event("Started", 0, meterValue=reading(1000, "2026-01-01T12:00:00Z")))
    base.group(event("Ended", 3, minutes=60))
    assert (the().energy_wh, "no_meter_stop" in the().flags) == (Decimal(0), True)
    base.group(event("Updated", 1, minutes=30, meterValue=reading(5000, "2026-01-01T12:30:00Z"), message_id="late"))
    assert (the().energy_wh, "no_meter_stop" in the().flags) == (Decimal(4000), True)
    again = reading(9000, "2026-01-01T13:00:00Z", "Transaction.End")
    base.group(event("Ended", 4, minutes=61, meterValue=again, message_id="again"))
    assert (the().energy_wh, "no_meter_stop" in the().flags) == (Decimal(8000), False)


def test_a_start_that_comes_late_is_missing_no_more(event, base, the):
    base.group(event("Ended", 2, minutes=60, meterValue=reading(9000, "2026-01-01T13:00:00Z")))
    assert "start_missing" in the().flags
    base.group(event("Started", 0, meterValue=reading(1000, "2026-01-01T12:00:00Z"), message_id="late"))
    assert (the().energy_wh, "start_missing" in the().flags) == (Decimal(8000), False)


@pytest.mark.parametrize(("stop", "is_flagged"), [(4_294_967_295, True), (3_000_000, False)])
def test_more_energy_than_anything_could_take_is_flagged(start16, stop16, base, answer, the, stop, is_flagged):
    (started,) = base.group(start16(0))
    base.group(stop16(answer(started)["transactionId"], stop, minutes=60))
    assert ("implausible_energy" in the().flags) is is_flagged
    assert the().ended_at - the().started_at == timedelta(hours=1)
