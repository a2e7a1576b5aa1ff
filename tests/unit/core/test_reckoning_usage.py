"""What a session used, span by span: cut where something was read or changed, and nothing is lost in between."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.folding import fold
from voltring_core.domain.messages import EventKind, IdToken, Metered, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, END, ENERGY_REGISTER, POWER
from voltring_core.domain.reckoning import EXACT, Account, reckon
from voltring_core.domain.reckoning_points import ENERGY_INTERVAL, EXPORT_REGISTER

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def sample(minutes: float, value: int, measurand: str = ENERGY_REGISTER) -> Sample:
    """A total."""
    return Sample(at(minutes), measurand, Decimal(value), "W" if measurand == POWER else "Wh", str(value))


def spans_of(*said: TransactionReported | Metered, version: str = "1.6") -> list[tuple[float, float, Decimal, bool]]:
    """Begin and end in minutes after noon, energy, idle."""
    found = account(said, version)
    assert found.usage is not None
    minute = timedelta(minutes=1)
    return [
        ((one.begins - NOON) / minute, (one.ends - NOON) / minute, one.energy_wh, one.is_idle)
        for one in found.usage.spans
    ]


def account(said: tuple[TransactionReported | Metered, ...], version: str) -> Account:
    """Of what was said, in this order, a minute before each was received."""
    heard = tuple(Heard(n, at(600 + n), one) for n, one in enumerate(said))
    evidence = Evidence(UUID(int=1), "CP", version, "1", heard)
    return reckon(evidence, fold(evidence), at(700))


def start(wh: int | None, minutes: float = 0) -> TransactionReported:
    """1.6's start."""
    meter = None if wh is None else Decimal(wh)
    return TransactionReported(EventKind.STARTED, at(minutes), token=IdToken("A"), meter_wh=meter, evse_id=1)


def stop(wh: int | None, minutes: float) -> TransactionReported:
    """1.6's stop."""
    return TransactionReported(EventKind.ENDED, at(minutes), "1", meter_wh=None if wh is None else Decimal(wh))


def reads(*points: tuple[float, int], measurand: str = ENERGY_REGISTER) -> list[Metered]:
    """A message for each (minute, value)."""
    return [Metered(1, "1", (sample(minutes, value, measurand),)) for minutes, value in points]


def event(kind: EventKind, number: int, minutes: float, state: str, *samples: Sample) -> TransactionReported:
    """2.x's TransactionEvent."""
    return TransactionReported(kind, at(minutes), "t", number, charging_state=state, samples=samples)


def test_a_session_is_cut_at_every_reading_from_its_start_to_its_end() -> None:
    assert spans_of(start(1000), *reads((10, 2000), (20, 3500)), stop(4000, 30)) == [
        (0, 10, 1000, False),
        (10, 20, 1500, False),
        (20, 30, 500, False),
    ]


def test_before_the_first_and_after_the_last_reading_nothing_is_known_to_have_flowed() -> None:
    assert spans_of(start(None), *reads((10, 2000), (20, 3500)), stop(None, 60)) == [
        (0, 10, 0, False),
        (10, 20, 1500, False),
        (20, 60, 0, False),
    ]


def test_a_change_of_state_cuts_and_the_energy_goes_to_where_it_charged() -> None:
    story = (
        event(EventKind.STARTED, 0, 0, "EVConnected", sample(0, 1000)),
        event(EventKind.UPDATED, 1, 4, "Charging"),
        event(EventKind.UPDATED, 2, 10, "SuspendedEV"),
        event(EventKind.UPDATED, 3, 20, "SuspendedEV", sample(20, 4000)),
        event(EventKind.UPDATED, 4, 30, "SuspendedEVSE"),
        event(EventKind.UPDATED, 5, 40, "EVConnected"),
        event(EventKind.ENDED, 6, 50, "Idle", sample(50, 4000)),
    )
    assert spans_of(*story, version="2.0.1") == [
        (0, 4, 1200, False),  # connected, and had not charged yet
        (4, 10, 1800, False),
        (10, 20, 0, True),
        (20, 30, 0, True),
        (30, 40, 0, False),  # the station holds it back
        (40, 50, 0, True),  # connected still, after it has charged
    ]


def test_a_third_of_a_watt_hour_is_not_lost_between_parts_of_the_same_length() -> None:
    story = (
        event(EventKind.STARTED, 0, 0, "Charging", sample(0, 0)),
        event(EventKind.UPDATED, 1, 1, "SuspendedEVSE"),
        event(EventKind.UPDATED, 2, 2, "Charging"),
        event(EventKind.ENDED, 3, 3, "Charging", sample(3, 100)),
    )
    energies = [energy for _, _, energy, _ in spans_of(*story, version="2.0.1")]
    assert energies == [Decimal("33.333333333"), Decimal("33.333333333"), Decimal("33.333333334")]


@pytest.mark.parametrize(
    ("story", "idle"),
    [
        # It charged, then took nothing for twenty minutes.
        (reads((10, 2003), (20, 3010), (30, 3010), (40, 3010)), [False, False, True, True, False]),
        # Four minutes are no pause.
        (reads((10, 2003), (20, 3010), (24, 3010), (40, 4900)), [False, False, False, False, False]),
        # Power flowed meanwhile.
        ([*reads((10, 2003), (20, 3010), (30, 3010)), *reads((25, 900), measurand=POWER)], [False] * 4),
        # It waited before it charged: it was not full.
        (reads((10, 1000), (20, 1000), (30, 3003), (40, 4010)), [False, False, False, False, False]),
        # A register in steps of a kilowatt-hour, at this pace one in twelve minutes.
        (reads((10, 2000), (20, 2000), (30, 3000), (40, 3000)), [False, False, False, False, False]),
    ],
)
def test_a_16_session_is_idle_when_it_took_nothing_after_it_had_charged(story: list[Metered], idle: list[bool]) -> None:
    found = spans_of(start(1000), *story, stop(5000, 50))
    assert [is_idle for _, _, _, is_idle in found] == idle


def test_a_session_of_no_length_is_one_span_of_no_length_with_what_it_took() -> None:
    assert spans_of(start(1000), stop(1200, 0)) == [(0, 0, 200, False)]
    assert spans_of(start(1000), stop(1000, 0)) == []


def test_spans_follow_the_method_that_counts() -> None:
    by_interval = reads((10, 900), (20, 600), measurand=ENERGY_INTERVAL)
    assert spans_of(start(None), *by_interval, stop(None, 25)) == [
        (0, 10, 900, False),
        (10, 20, 600, False),
        (20, 25, 0, False),
    ]
    by_power = reads((0, 6000), (10, 6000), (20, 0), measurand=POWER)
    assert spans_of(start(None), *by_power, stop(None, 20)) == [(0, 10, 1000, False), (10, 20, 500, False)]


moments = st.integers(-90, 300).map(at) | st.just(datetime(1970, 1, 1, tzinfo=UTC)) | st.just(at(900))
numbers = st.decimals(-10, 200_000, places=3) | st.integers(0, 20).map(Decimal) | st.just(Decimal("999999999999999.5"))
samples = st.builds(
    lambda when, measurand, value, phase, context: Sample(
        when, measurand, value, "W" if measurand == POWER else "Wh", str(value), phase, None, context
    ),
    moments,
    st.sampled_from([ENERGY_REGISTER, ENERGY_REGISTER, POWER, ENERGY_INTERVAL, EXPORT_REGISTER]),
    st.none() | numbers,
    st.sampled_from([None, None, None, "L1", "L2", "L3"]),
    st.sampled_from([None, None, "Sample.Periodic", BEGIN, END]),
)
several = st.lists(samples, max_size=4).map(tuple)
events = st.builds(
    TransactionReported,
    kind=st.sampled_from(EventKind),
    at=moments,
    transaction_id=st.just("t"),
    seq_no=st.integers(0, 5),
    offline=st.booleans(),
    charging_state=st.sampled_from([None, "Charging", "SuspendedEV", "SuspendedEVSE", "EVConnected"]),
    meter_wh=st.none() | numbers,
    samples=several,
)
messages = events | several.filter(bool).map(lambda found: Metered(1, "t", found))
stories = st.tuples(events, st.lists(messages, max_size=8)).map(lambda told: [told[0], *told[1]])


def evidence_of(story: list[TransactionReported | Metered], order: list[int]) -> Evidence:
    """The messages as they are given in that order; each came when it came."""
    heard = [Heard(0, at(200) + timedelta(seconds=n), one) for n, one in enumerate(story)]
    ordered = tuple(Heard(n, heard[place].received_at, heard[place].said) for n, place in enumerate(order))
    return Evidence(UUID(int=1), "CP", "2.0.1", "t", ordered)


@given(stories)
def test_whatever_was_said_energy_is_not_negative_and_the_spans_are_all_of_it_without_gaps(
    story: list[TransactionReported | Metered],
) -> None:
    evidence = evidence_of(story, list(range(len(story))))
    found = reckon(evidence, fold(evidence), at(300))
    assert all(energy >= 0 for energy in found.by_method.values())
    assert found.usage is not None
    with localcontext(EXACT):
        assert sum(one.energy_wh for one in found.usage.spans) == found.usage.energy_wh == (found.energy_wh or 0)
    assert all(one.energy_wh >= 0 and one.begins <= one.ends for one in found.usage.spans)
    edges = [(one.begins, one.ends) for one in found.usage.spans]
    assert [ends for _, ends in edges[:-1]] == [begins for begins, _ in edges[1:]]
    if edges:
        assert (edges[0][0], edges[-1][1]) == (found.usage.started_at, found.usage.ended_at)


@given(stories, st.data())
def test_the_same_evidence_in_any_order_gives_the_same_account(
    story: list[TransactionReported | Metered], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(story))))
    one, other = evidence_of(story, list(range(len(story)))), evidence_of(story, list(order))
    assert reckon(one, fold(one), at(300)) == reckon(other, fold(other), at(300))


@given(stories, st.data())
def test_a_message_that_came_twice_changes_nothing_that_is_paid(
    story: list[TransactionReported | Metered], data: st.DataObject
) -> None:
    again = data.draw(st.integers(0, len(story) - 1))
    evidence = evidence_of(story, list(range(len(story))))
    repeated = Heard(len(story), at(201), story[again])
    twice = Evidence(UUID(int=1), "CP", "2.0.1", "t", (*evidence.heard, repeated))
    one, other = reckon(evidence, fold(evidence), at(300)), reckon(twice, fold(twice), at(300))
    if isinstance(story[again], TransactionReported):
        assert (one.energy_wh, one.usage, one.by_method) == (other.energy_wh, other.usage, other.by_method)
