"""What a session took: by which method, in which units, and what speaks against it (TX-14..TX-18, TX-23)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from voltring_core.domain.evidence import AssumedEnd, Evidence, Heard
from voltring_core.domain.folding import fold
from voltring_core.domain.messages import EventKind, IdToken, Metered, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, END, ENERGY_REGISTER, POWER
from voltring_core.domain.reckoning import ENERGY_MISMATCH, Account, reckon
from voltring_core.domain.reckoning_clock import CLOCK_SKEW, READINGS_STOPPED
from voltring_core.domain.reckoning_points import ENERGY_INTERVAL, EXPORT_REGISTER
from voltring_core.domain.registers import METER_BELOW_START, METER_FELL, METER_ROLLED_OVER
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import IMPLAUSIBLE_ENERGY

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Said = TransactionReported | Metered


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def sample(minutes: float, value: float | str, measurand: str = ENERGY_REGISTER, **more: str) -> Sample:
    """A value, in the unit of its measurand."""
    unit = more.pop("unit", "W" if measurand == POWER else "Wh")
    return Sample(at(minutes), measurand, Decimal(str(value)), unit, str(value), **more)  # type: ignore[arg-type]


def start(wh: float | None = 1000, minutes: float = 0, **more: object) -> TransactionReported:
    """1.6's start."""
    meter = None if wh is None else Decimal(str(wh))
    return TransactionReported(EventKind.STARTED, at(minutes), token=IdToken("A"), meter_wh=meter, evse_id=1, **more)  # type: ignore[arg-type]


def stop(wh: float | None, minutes: float, **more: object) -> TransactionReported:
    """1.6's stop."""
    meter = None if wh is None else Decimal(str(wh))
    return TransactionReported(EventKind.ENDED, at(minutes), "1", meter_wh=meter, **more)  # type: ignore[arg-type]


def metered(*samples: Sample) -> Metered:
    """1.6's MeterValues."""
    return Metered(1, "1", samples)


def reads(*points: tuple[float, float], measurand: str = ENERGY_REGISTER) -> list[Said]:
    """A message for each (minute, value)."""
    return [metered(sample(minutes, value, measurand)) for minutes, value in points]


def event(
    kind: EventKind, number: int, minutes: float, *samples: Sample, state: str | None = None, **more: object
) -> TransactionReported:
    """2.x's TransactionEvent."""
    return TransactionReported(kind, at(minutes), "t", number, charging_state=state, samples=samples, **more)  # type: ignore[arg-type]


def heard(said: Said, number: int) -> Heard:
    """A message that came a second after its time."""
    told = said.at if isinstance(said, TransactionReported) else max(one.at for one in said.samples)
    return Heard(number, told + timedelta(seconds=1), said)


def of(*said: Said, version: str = "1.6", ended: AssumedEnd | None = None) -> Evidence:
    """The evidence of a session."""
    return Evidence(UUID(int=1), "CP", version, "1", tuple(heard(one, n) for n, one in enumerate(said)), ended)


def reckoned(evidence: Evidence, now: datetime | None = None, rated: float | None = None) -> Account:
    """Its account, a second after its last message unless said otherwise."""
    last = max(one.received_at for one in evidence.heard)
    power = None if rated is None else Decimal(str(rated))
    return reckon(evidence, fold(evidence), now or last, rated_power_w=power)


def test_the_registers_at_both_ends_are_the_best_evidence_and_the_others_check_it() -> None:
    points = [(n, 1000 + 120 * n) for n in range(0, 61, 5)]
    powers = reads(*((n, 7200) for n in range(0, 61, 5)), measurand=POWER)
    intervals = reads(*((n, 600) for n in range(5, 61, 5)), measurand=ENERGY_INTERVAL)
    found = reckoned(of(start(), *reads(*points[1:-1]), *powers, *intervals, stop(8200, 60)))
    assert (found.method, found.energy_wh, found.flags) == ("registers", 7200, ())
    assert found.by_method == {"registers": 7200, "readings": 6000, "intervals": 7200, "power": 7200}
    assert found.difference_wh == 1200  # the first and the last five minutes, of which readings know nothing


@pytest.mark.parametrize(
    ("story", "method", "energy"),
    [
        ([start(None), *reads((1, 500), (30, 4500)), stop(None, 31)], "readings", 4000),
        ([start(1000), *reads((30, 4500)), stop(None, 31)], "readings", 3500),
        ([start(None), *reads((10, 900), (20, 600), measurand=ENERGY_INTERVAL), stop(None, 20)], "intervals", 1500),
        ([start(None), *reads((0, 6000), (30, 6000), measurand=POWER), stop(None, 30)], "power", 3000),
        ([start(None), stop(None, 30)], None, None),
    ],
)
def test_without_a_register_at_both_ends_the_next_best_is_named(
    story: list[Said], method: str | None, energy: int | None
) -> None:
    found = reckoned(of(*story))
    assert (found.method, found.energy_wh) == (method, energy)
    assert found.usage is not None
    assert found.usage.energy_wh == (energy or 0)


def test_the_contexts_begin_and_end_bound_a_2x_session_wherever_they_come() -> None:
    story = [
        event(EventKind.STARTED, 0, 0, state="EVConnected"),
        event(EventKind.UPDATED, 1, 1, sample(0, 500, context=BEGIN), sample(1, 620), state="Charging"),
        event(EventKind.ENDED, 2, 30, sample(29, 4000), sample(30, 4100, context=END)),
    ]
    found = reckoned(of(*story, version="2.0.1"))
    assert (found.method, found.energy_wh) == ("registers", 3600)


def test_phases_make_a_total_only_all_three_and_only_where_none_is_told() -> None:
    phases = [sample(10, 100, phase=name) for name in ("L1", "L2", "L3")]
    two = [sample(20, 5000, phase=name) for name in ("L1-N", "L2-N")]
    both = [sample(30, 900), *(sample(30, 400, phase=name) for name in ("L1", "L2", "L3"))]
    story = [start(None), metered(*phases), metered(*two), metered(*both), stop(None, 31)]
    found = reckoned(of(*story))
    assert (found.energy_wh, found.flags) == (600, ())  # from 300 to 900


def test_what_is_measured_elsewhere_or_in_no_energy_is_no_evidence_and_export_stands_apart() -> None:
    odd = [sample(5, 9000, location="EV"), sample(5, 9000, location="Inlet"), sample(5, 9000, unit="kVAh")]
    exports = [metered(sample(n, 10 * n, EXPORT_REGISTER)) for n in (1, 9)]
    found = reckoned(of(start(), metered(*odd), *exports, stop(2000, 10)))
    assert (found.energy_wh, found.by_method, found.exported_wh) == (1000, {"registers": 1000}, 80)


def test_a_clock_sample_of_the_station_counts_only_within_the_session() -> None:
    story = [start(None, 10), *reads((0, 100), (11, 1000), (20, 1500), (60, 9000)), stop(None, 30)]
    assert reckoned(of(*story)).energy_wh == 500


@pytest.mark.parametrize(
    ("begin", "values", "end", "energy", "flags"),
    [
        (999_500, [999_900, 300], 900, 1400, (METER_ROLLED_OVER,)),
        (1000, [3000, 100, 900], 1500, 2000 + 1400, (METER_FELL, METER_BELOW_START)),
        (100_000, [0, 1500], 1500, 1500, (METER_BELOW_START,)),
        (1000, [1500, 0, 2000], 2500, 1500, (METER_FELL,)),  # one value out of line is no reset
        (1000, [1500, 90_000, 2000], 2500, 1500, (METER_FELL,)),
        (1000, [2000, 3000, 3100], 2500, 1500, (METER_FELL,)),  # the stop decides
        (1000, [2000, 3000], 0, 2000, (METER_FELL, METER_BELOW_START)),
    ],
)
def test_a_register_that_falls_is_counted_on_and_flagged(
    begin: int, values: list[int], end: int, energy: int, flags: tuple[str, ...]
) -> None:
    points = [(15.0 * n, value) for n, value in enumerate(values, 1)]
    found = reckoned(of(start(begin), *reads(*points), stop(end, 15 * len(values) + 15)))
    assert found.energy_wh == energy
    assert [word for word in found.flags if word.startswith("meter_")] == list(flags)


@pytest.mark.parametrize(
    ("story", "flagged"),
    [
        # Half an hour at 11 kW is 5500 Wh.
        ([start(), *reads(*((n, 11_000) for n in range(31)), measurand=POWER), stop(1000 + 5500, 30)], False),
        ([start(), *reads(*((n, 11_000) for n in range(31)), measurand=POWER), stop(1000 + 5300, 30)], True),
        ([start(), *reads(*((n, 11_000) for n in range(31)), measurand=POWER), stop(1000, 30)], True),
        # The stop is far from the last reading, a minute before.
        ([start(), *reads(*((n, 1000 + 180 * n) for n in range(1, 30))), stop(6400, 30)], False),
        ([start(), *reads(*((n, 1000 + 180 * n) for n in range(1, 30))), stop(64_000, 30)], True),
        # It said nothing for an hour, and has gone on meanwhile.
        ([start(), *reads(*((n, 1000 + 180 * n) for n in range(1, 30))), stop(6220 + 10_000, 89)], False),
        # Less than 100 Wh is none, whatever its share is.
        ([start(), *reads((10, 90), measurand=ENERGY_INTERVAL), stop(1000, 10)], False),
        # Power that went up and down between two readings may be anything between the two.
        ([start(), *reads((0, 0), (10, 22_000), (20, 0), measurand=POWER), stop(1000 + 2400, 20)], False),
    ],
)
def test_two_methods_that_contradict_each_other_are_a_mismatch_and_what_one_can_not_know_is_none(
    story: list[Said], flagged: bool
) -> None:
    assert (ENERGY_MISMATCH in reckoned(of(*story)).flags) is flagged


@pytest.mark.parametrize(("energy", "rated", "flagged"), [(12_000, 11_000, False), (13_000, 11_000, True)])
def test_more_than_the_rated_power_gives_in_the_time_is_implausible(energy: int, rated: int, flagged: bool) -> None:
    found = reckoned(of(start(0), stop(energy, 60)), rated=rated)
    assert (IMPLAUSIBLE_ENERGY in found.flags) is flagged


def test_without_a_rated_power_only_what_nothing_on_wheels_takes_is_implausible() -> None:
    assert IMPLAUSIBLE_ENERGY not in reckoned(of(start(0), stop(1_000_000, 60))).flags
    assert IMPLAUSIBLE_ENERGY in reckoned(of(start(0), stop(5_000_000, 60))).flags


@pytest.mark.parametrize(
    ("every", "silent_for", "stopped"), [(1, 5, False), (1, 5.1, True), (10, 29, False), (10, 31, True)]
)
def test_a_running_session_without_readings_for_three_intervals_and_five_minutes_is_flagged(
    every: int, silent_for: float, stopped: bool
) -> None:
    story = of(start(), *reads(*((n * every, 1000 + n) for n in range(1, 6))))
    now = story.heard[-1].received_at + timedelta(minutes=silent_for)
    assert (READINGS_STOPPED in reckoned(story, now).flags) is stopped
    ended = of(start(), *reads(*((n * every, 1000 + n) for n in range(1, 6))), stop(2000, 6 * every))
    assert READINGS_STOPPED not in reckoned(ended, now + timedelta(hours=1)).flags


def test_a_session_that_was_never_read_is_given_half_an_hour() -> None:
    story = of(start())
    assert READINGS_STOPPED not in reckoned(story, at(30)).flags
    assert READINGS_STOPPED in reckoned(story, at(31)).flags


def shifted(evidence: Evidence, **by: float) -> Evidence:
    """The same, received later (or earlier) by so much."""
    later = timedelta(**by)
    moved = tuple(Heard(one.number, one.received_at + later, one.said) for one in evidence.heard)
    return Evidence(UUID(int=1), "CP", "1.6", "1", moved)


@pytest.mark.parametrize(
    ("received_later_s", "flag"), [(-100, CLOCK_SKEW), (-20, None), (20, None), (100, CLOCK_SKEW), (400, CLOCK)]
)
def test_a_clock_that_is_off_is_measured_by_what_comes_live(received_later_s: float, flag: str | None) -> None:
    story = of(start(), *reads(*((n, 1000 + n) for n in range(1, 6))), stop(2000, 6))
    found = reckoned(shifted(story, seconds=received_later_s))
    assert found.clock_skew_s == -received_later_s - 1
    assert [word for word in found.flags if word in (CLOCK, CLOCK_SKEW)] == ([flag] if flag else [])


def test_a_session_that_was_queued_offline_says_nothing_of_the_clock() -> None:
    said = [start(), *reads(*((n, 1000 + n) for n in range(1, 6))), stop(1006, 6)]
    at_once = tuple(Heard(n, at(180) + timedelta(seconds=n), one) for n, one in enumerate(said))
    found = reckoned(Evidence(UUID(int=1), "CP", "1.6", "1", at_once))
    assert (found.clock_skew_s, found.flags) == (None, ())


def test_two_ends_that_say_different_things_at_one_time_are_taken_in_one_order_however_they_are_given() -> None:
    first, one, other = start(), stop(2000, 30), stop(3000, 30)
    assert reckoned(of(first, one, other)) == reckoned(of(first, other, one))


def test_a_session_whose_end_was_assumed_is_reckoned_up_to_its_last_reading() -> None:
    end = AssumedEnd("superseded", at(90), at(90))
    found = reckoned(of(start(), *reads((30, 4000), (60, 7000)), ended=end), at(100))
    assert (found.method, found.energy_wh) == ("readings", 6000)
    assert found.usage is not None
    assert (found.usage.ended_at, found.usage.spans[-1].energy_wh) == (at(90), 0)


def test_of_two_stops_of_one_session_the_bill_goes_by_the_one_that_the_session_goes_by():
    said = (start(), *reads((15, 3500), (45, 8500)), stop(11000, 60), stop(12000, 70))
    evidence = of(*said)
    account = reckon(evidence, fold(evidence), at(80))
    assert (account.energy_wh, account.method) == (Decimal(10000), "registers")
    assert fold(evidence).transaction.energy_wh == Decimal(10000)


def test_a_stop_without_an_id_beside_the_sessions_own_counts_for_nothing_and_is_for_a_person_to_look_at():
    own = stop(4000, 25)
    foreign = TransactionReported(EventKind.ENDED, at(40), None, meter_wh=Decimal(12000))
    evidence = of(start(), foreign, own)
    folded = fold(evidence)
    account = reckon(evidence, folded, at(50))
    assert (account.energy_wh, folded.transaction.energy_wh) == (Decimal(3000), Decimal(3000))
    assert "seq_conflict" in account.flags


@pytest.mark.parametrize("creeping", [0, 1])
def test_a_stop_far_above_readings_that_stand_still_is_a_mismatch_for_a_person(creeping: int) -> None:
    """What began to flow after the last reading can't be told from a meter that jumped: the safe side is to ask."""
    still = reads(*((minutes, 1000 + creeping * minutes / 10) for minutes in (10, 20, 30)))
    found = reckoned(of(start(), *still, stop(8000, 60)))
    assert (found.energy_wh, ENERGY_MISMATCH in found.flags) == (7000, True)
    assert ENERGY_MISMATCH not in reckoned(of(start(), *still, stop(1090, 60))).flags
    rated = reckoned(of(start(), *still, stop(8000, 60)), rated=22_000)
    assert ENERGY_MISMATCH not in rated.flags
