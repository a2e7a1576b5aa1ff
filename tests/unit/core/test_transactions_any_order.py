"""Whatever is said of a session, in whatever order: energy is never negative, repeats change nothing."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, ENERGY_REGISTER, POWER
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import TransactionState, apply, begin, metered, supersede

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONCE = ("evse_id", "connector_id", "id_token", "id_token_type", "reservation_id", "remote_start_id", "started_at")
times = st.integers(-600, 600).map(lambda minutes: NOON + timedelta(minutes=minutes)) | st.just(
    datetime(1970, 1, 1, tzinfo=UTC)
)
numbers = st.decimals(-1000, 100_000, places=1)
samples = st.builds(
    lambda at, measurand, value, context: Sample(at, measurand, value, "Wh", str(value), context=context),
    times,
    st.sampled_from([ENERGY_REGISTER, POWER]),
    st.none() | numbers,
    st.sampled_from([None, BEGIN]),
)
messages = st.builds(
    TransactionReported,
    kind=st.sampled_from(EventKind),
    at=times,
    transaction_id=st.just("t"),
    seq_no=st.none() | st.integers(0, 6),
    offline=st.booleans(),
    charging_state=st.sampled_from([None, "Charging", "SuspendedEV"]),
    evse_id=st.none() | st.integers(0, 2),
    connector_id=st.none() | st.integers(0, 2),
    token=st.none() | st.builds(IdToken, st.sampled_from(["", "A", "B"])),
    meter_wh=st.none() | numbers,
    samples=st.lists(samples, max_size=3).map(tuple),
    reason=st.sampled_from([None, "Local", "Reboot"]),
    reservation_id=st.none() | st.integers(1, 3),
    remote_start_id=st.none() | st.integers(1, 3),
)
stories = st.lists(messages, min_size=1, max_size=6)


def told(story):
    now = begin(UUID(int=1), "CP", "2.0.1", "t", story[0], NOON)
    yield now
    for one in story[1:]:
        now = apply(now, one, NOON)
        yield now


@given(stories, st.lists(samples, max_size=3), st.booleans())
def test_energy_is_never_negative(story, readings, superseded):
    for now in told(story):
        for then in (now, metered(now, tuple(readings))):
            then = supersede(then, NOON, NOON) if superseded else then
            assert then.energy_wh is None or then.energy_wh >= 0


@given(stories)
def test_a_message_applied_twice_is_as_if_applied_once(story):
    *_, now = told(story)
    again = story[-1]
    if now.state is not TransactionState.ORPHAN or again.kind is EventKind.ENDED:
        assert apply(now, again, NOON) == now


@given(stories, st.lists(samples, max_size=3))
def test_a_reading_applied_twice_is_as_if_applied_once(story, readings):
    *_, now = told(story)
    once = metered(now, tuple(readings))
    assert metered(once, tuple(readings)) == once


@given(stories, st.lists(samples, max_size=3))
def test_what_comes_once_is_never_lost(story, readings):
    known = dict.fromkeys(ONCE)
    for now in told(story):
        for name in ONCE:
            value = getattr(now, name)
            # A start whose time was that of its receipt may turn out to have been earlier.
            better = name == "started_at" and CLOCK in now.flags and known[name] is not None and value < known[name]
            assert known[name] is None or value == known[name] or better, name
            known[name] = value
        assert [getattr(metered(now, tuple(readings)), name) for name in ONCE] == list(known.values())


@given(stories)
def test_a_session_that_is_over_stays_over(story):
    states = [now.state for now in told(story)]
    for before, after in itertools.pairwise(states):
        assert before is TransactionState.ACTIVE or after is before


@given(st.permutations(range(4)))
def test_a_session_is_complete_whatever_the_order_its_messages_come_in(order):
    def reading(value, minutes, context=None):
        at = NOON + timedelta(minutes=minutes)
        return (Sample(at, ENERGY_REGISTER, Decimal(value), "Wh", str(value), context=context),)

    story = [
        TransactionReported(EventKind.STARTED, NOON, "t", 0, token=IdToken("A"), samples=reading(100, 0, BEGIN)),
        TransactionReported(EventKind.UPDATED, NOON + timedelta(minutes=1), "t", 1, evse_id=1),
        TransactionReported(EventKind.UPDATED, NOON + timedelta(minutes=2), "t", 2, reservation_id=3),
        TransactionReported(EventKind.ENDED, NOON + timedelta(minutes=3), "t", 3, samples=reading(900, 3)),
    ]
    received = NOON + timedelta(minutes=4)
    now = begin(UUID(int=1), "CP", "2.0.1", "t", story[order[0]], received)
    for place in order[1:]:
        now = apply(now, story[place], received)
    assert (now.state, now.started_at, now.id_token) == (TransactionState.ENDED, NOON, "A")
    assert (now.evse_id, now.reservation_id, now.energy_wh) == (1, 3, 800)
