"""Stops that name no session: each belongs to the session that it fits, where no other way of giving them out would
have it otherwise."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.matching import Begun, Changes, Nameless, OwnStop, certain, changes, match
from voltring_core.domain.transactions import Transaction, TransactionState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATE = 10_000.0
"""A minute by which all sessions are over: what was told then was queued."""
A, B, ONE, TWO = (UUID(int=number) for number in range(4))


def at(minute):
    return NOON + timedelta(minutes=minute)


def begun(minute, meter, *, tag="CARD", heard=LATE, connector=1, next_at=None, own=None, flags=()):
    session = Transaction(
        uuid4(),
        "CP",
        "1.6",
        "7",
        TransactionState.ACTIVE,
        evse_id=connector,
        id_token=tag,
        started_at=at(minute),
        meter_start_wh=Decimal(meter),
        flags=flags,
    )
    own_stop = None if own is None else OwnStop(at(own[0]), Decimal(own[1]))
    return Begun(session, at(heard), None if next_at is None else at(next_at), own_stop)


def stop(minute, meter, *, tag="CARD", heard=LATE, flags=("start_lost",)):
    orphan = Transaction(
        uuid4(),
        "CP",
        "1.6",
        "-1",
        TransactionState.ORPHAN,
        id_token=tag,
        ended_at=at(minute),
        start_received_at=at(heard),
        end_received_at=at(heard),
        meter_stop_wh=Decimal(meter),
        flags=flags,
    )
    return Nameless(orphan, at(heard))


def pairs(*both):
    return {one.orphan.id: other.session.id for one, other in both}


def test_a_stop_and_the_one_session_that_it_fits_belong_together():
    session, end = begun(0, 1000), stop(30, 6000)
    assert match([session], [end]) == pairs((end, session))


@pytest.mark.parametrize(
    "unlike",
    [{"tag": "OTHER"}, {"flags": ("start_lost", "clock")}, {"minute": -1}, {"meter": 999}, {"meter": 9 * 10**9}],
)
def test_what_does_not_fit_by_tag_time_or_meter_belongs_to_nobody(unlike):
    given_ = {"minute": 30, "meter": 6000} | unlike
    assert match([begun(0, 1000)], [stop(given_.pop("minute"), given_.pop("meter"), **given_)]) == {}


def test_of_two_stops_of_one_session_neither_is_taken():
    assert match([begun(0, 1000)], [stop(30, 6000), stop(90, 9000)]) == {}


def test_of_two_sessions_of_one_stop_neither_is_taken():
    assert match([begun(0, 1000), begun(10, 1000, connector=2)], [stop(30, 6000)]) == {}


def test_two_sessions_of_one_tag_have_each_their_own_stop():
    first, second, early, late = begun(0, 1000), begun(60, 6000, connector=2), stop(30, 6000), stop(90, 9000)
    assert match([first, second], [late, early]) == pairs((early, first), (late, second))


def test_two_sessions_side_by_side_whose_stops_fit_both_are_left_to_somebody_who_knows():
    assert match([begun(0, 1000), begun(5, 1000, connector=2)], [stop(30, 6000), stop(40, 7000)]) == {}


def test_a_stop_after_the_next_start_on_the_connector_is_not_the_earlier_ones():
    first, late = begun(0, 1000, next_at=60), stop(90, 9000)
    assert match([first], [late]) == {}
    assert match([begun(0, 1000, next_at=90)], [late]) != {}


def test_a_stop_that_was_made_after_its_start_was_answered_would_name_it():
    running = begun(0, 1000, heard=0)
    assert match([running], [stop(30, 6000, heard=30)]) == {}
    assert match([begun(0, 1000, heard=31)], [stop(30, 6000, heard=32)]) != {}
    assert match([begun(0, 1000, heard=20)], [stop(30, 6000, heard=19)]) != {}  # its clock is ahead, it came before


def test_a_session_with_a_stop_of_its_own_takes_no_other_but_the_same_one_said_again():
    session = begun(0, 1000, own=(30, 6000))
    same, other = stop(30, 6000), stop(40, 6500)
    assert match([session], [same, other]) == pairs((same, session))


def test_a_stop_without_a_tag_fits_any():
    session, end = begun(0, 1000), stop(30, 6000, tag=None)
    assert match([session], [end]) == pairs((end, session))


@st.composite
def days(draw):
    """What happens on one connector or several: sessions one after the other, each by one of two tags."""
    sessions = []
    for connector in range(1, draw(st.integers(1, 2)) + 1):
        minute, meter = draw(st.integers(0, 30)), draw(st.sampled_from([0, 1000]))
        for _ in range(draw(st.integers(1, 4))):
            lasted, took, tag = draw(st.integers(1, 90)), draw(st.integers(0, 9000)), draw(st.sampled_from("XY"))
            sessions.append((connector, tag, minute, meter, minute + lasted, meter + took))
            minute, meter = minute + lasted + draw(st.integers(0, 60)), meter + took
    return sessions


def told(sessions):
    """Starts and stops as they are known when all have come."""
    found = []
    for connector, tag, minute, meter, end, stop_meter in sessions:
        later = [one[2] for one in sessions if one[0] == connector and one[2] > minute]
        start = begun(minute, meter, tag=tag, connector=connector, next_at=min(later, default=None))
        found.append((start, stop(end, stop_meter, tag=tag)))
    return found


@given(days(), st.data())
def test_on_one_connector_every_stop_finds_its_session_and_elsewhere_none_finds_another_ones_in_its_stead(
    sessions, data
):
    both = told(sessions)
    starts = data.draw(st.permutations([one for one, _ in both]))
    stops = data.draw(st.permutations([one for _, one in both]))
    found, truth = match(starts, stops), pairs(*((end, start) for start, end in both))
    if len({one[0] for one in sessions}) == 1:
        assert found == truth
    assert found == match([one for one, _ in both], [one for _, one in both])
    assert found.items() <= truth.items()


@given(st.dictionaries(st.integers(0, 4), st.sets(st.integers(10, 14)), max_size=5))
def test_a_pair_is_certain_when_every_largest_assignment_has_it(edges):
    fits = {UUID(int=stop): [UUID(int=one) for one in sorted(of)] for stop, of in edges.items()}
    every = assignments(list(fits.items()))
    most = max(map(len, every))
    largest = [set(one.items()) for one in every if len(one) == most]
    assert set(certain(fits).items()) == set.intersection(*largest)


def assignments(left):
    if not left:
        return [{}]
    (stop, of), rest = left[0], assignments(left[1:])
    return rest + [{stop: one, **each} for one in of for each in rest if one not in each.values()]


def test_a_stop_that_is_joined_is_taken_back_when_another_one_fits_as_well():
    session, wrong, own = begun(0, 1000), stop(90, 9000), stop(30, 6000)
    now = {wrong.orphan.id: session.session.id, own.orphan.id: None}
    assert changes([session], [wrong, own], now, []) == Changes(left=(wrong.orphan.id,))


def test_each_gets_its_own_once_both_sessions_are_known():
    first, second, early, late = begun(0, 1000, next_at=60), begun(60, 6000), stop(30, 6000), stop(90, 9000)
    now = {late.orphan.id: first.session.id, early.orphan.id: None}
    found = changes([first, second], [early, late], now, [])
    assert (found.left, found.joined) == ((), pairs((early, first), (late, second)))
    assert changes([first, second], [early, late], found.joined, []) == Changes()


def test_what_a_session_was_billed_by_stays_until_another_one_is_its_stop_beyond_doubt():
    session, wrong, own = begun(0, 1000), stop(90, 9000), stop(30, 6000)
    now, billed = {wrong.orphan.id: session.session.id, own.orphan.id: None}, [session.session.id]
    assert changes([session], [wrong, own], now, billed) == Changes(doubted=frozenset(billed))
    first = begun(0, 1000, next_at=60)
    now = {wrong.orphan.id: first.session.id, own.orphan.id: None}
    found = changes([first, begun(60, 6000)], [wrong, own], now, [first.session.id])
    assert (found.joined[own.orphan.id], found.doubted) == (first.session.id, {first.session.id})


def test_a_session_that_was_billed_by_its_one_stop_is_in_no_doubt():
    session, end = begun(0, 1000), stop(30, 6000)
    assert changes([session], [end], {end.orphan.id: session.session.id}, [session.session.id]) == Changes()
