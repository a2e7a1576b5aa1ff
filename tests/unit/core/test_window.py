"""The window and the rate of a drain: what the other nodes can take, and no more than was granted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.window import (
    BETA,
    FLOOR_RATE,
    RECOVERY_S,
    Grant,
    Pace,
    Peer,
    go_on,
    shut,
    widest,
)

AMPLE = Grant(rate=10_000.0)


def peer(accepts=50.0, arrivals=0.0, *, connections=1000, ready=True, queue_s=0.0, refused=0.0):
    return Peer("node", connections, accepts, arrivals, queue_s, refused, is_ready=ready)


def test_the_window_is_four_seconds_of_what_the_ready_ones_can_take_beyond_what_they_do():
    assert widest([peer(50, 20), peer(50, 45)], own=1000) == 4 * (30 + 5)
    assert widest([peer(50, 20), peer(50, 0, ready=False)], own=1000) == 4 * 30


def test_the_window_is_at_most_a_tenth_of_the_fleet_whether_its_nodes_are_ready_or_not():
    assert widest([peer(1000, connections=100), peer(1000, connections=100, ready=False)], own=100) == 30


def test_a_fleet_of_three_is_drained_one_at_a_time():
    assert widest([peer(50, connections=0)], own=3) == 1
    assert widest([peer(0.1, connections=1000)], own=3) == 1


def test_nothing_is_closed_while_no_other_node_has_room():
    assert widest([], own=100) == 0
    assert widest([peer(50, 60)], own=100) == 0
    assert go_on(Pace(0.0, 0.0), [peer(50, 60)], 100, 0.0, AMPLE, 1.0).room(0) == 0


def test_a_node_that_does_not_say_what_it_takes_is_believed_to_take_little():
    assert Peer("old", 10).spare == 20


@pytest.mark.parametrize(
    ("others", "commit_p99_s"),
    [([peer(queue_s=1.5)], 0.0), ([peer(refused=0.2)], 0.0), ([peer()], 0.5)],
    ids=["a queue", "refusals", "slow commits"],
)
def test_trouble_halves_the_window_every_second_and_calm_opens_it_within_half_a_minute(others, commit_p99_s):
    pace = Pace(0.0, 100.0)
    for second in (1, 2, 3):
        pace = go_on(pace, others, 1000, commit_p99_s, AMPLE, float(second))
    assert pace.window == pytest.approx(pace.widest / 8)
    for second in range(4, 4 + int(RECOVERY_S)):
        pace = go_on(pace, [peer()], 1000, 0.0, AMPLE, float(second))
    assert pace.window == pace.widest


@pytest.mark.parametrize(
    ("others", "commit_p99_s", "said"),
    [
        ([peer(queue_s=1.5)], 0.0, "nobody is sent away while chargers wait for node or are refused there"),
        ([peer()], 0.5, "nobody is sent away while commits take 0.5 s: PostgreSQL is at its end"),
        ([peer(50, 60)], 0.0, "the other nodes accept no more than they do"),
    ],
    ids=["a queue", "slow commits", "no room"],
)
def test_a_window_that_has_no_room_for_anybody_says_why_and_one_that_has_says_nothing(others, commit_p99_s, said):
    pace, told = Pace(0.0, 4.0), []
    for second in range(1, 8):
        pace = go_on(pace, others, 30, commit_p99_s, AMPLE, float(second))
        told.append(shut(pace, others, commit_p99_s))
    assert told[-1] == said
    assert [one == "" for one in told] == sorted((one == "" for one in told), reverse=True)
    assert shut(pace, [peer()], 0.0) in ("", "the other nodes accept no more than they do")
    for second in range(8, 8 + int(RECOVERY_S)):
        pace = go_on(pace, [peer()], 30, 0.0, AMPLE, float(second))
    assert shut(pace, [peer()], 0.0) == ""


def test_the_rate_is_the_least_of_the_grant_and_half_of_what_all_ready_ones_accept():
    ready = [peer(50), peer(30), peer(1000, ready=False)]
    assert go_on(Pace(0.0, 10.0), ready, 100, 0.0, AMPLE, 1.0).rate == BETA * 80
    assert go_on(Pace(0.0, 10.0), ready, 100, 0.0, Grant(rate=7.0), 1.0).rate == 7.0


def test_a_grant_that_is_over_leaves_the_floor_rate_and_no_more_than_was_granted():
    over = Grant(rate=80.0, until=10.0)
    assert go_on(Pace(9.0, 10.0), [peer(1000)], 100, 0.0, over, 9.9).rate == 80.0
    assert go_on(Pace(9.0, 10.0), [peer(1000)], 100, 0.0, over, 10.0).rate == FLOOR_RATE
    assert Grant(rate=2.0, until=10.0).rate_at(11.0) == 2.0


def test_a_floor_that_was_granted_takes_the_place_of_the_usual_one():
    over = Grant(rate=80.0, until=10.0, floor=1.5)
    assert go_on(Pace(9.0, 10.0), [peer(1000)], 100, 0.0, over, 9.9).rate == 80.0
    assert go_on(Pace(9.0, 10.0), [peer(1000)], 100, 0.0, over, 10.0).rate == 1.5
    assert go_on(Pace(0.0, 64.0), None, 100, 0.0, Grant(floor=20.0), 1.0).rate == 20.0
    assert Grant(rate=2.0, until=10.0, floor=20.0).rate_at(11.0) == 2.0, "never more than was granted"


def test_without_word_of_the_others_the_rate_is_the_floors_and_the_window_stays_as_it_was():
    pace = go_on(Pace(0.0, 64.0), None, 100, 0.0, AMPLE, 1.0)
    assert (pace.rate, pace.window) == (FLOOR_RATE, 64.0)
    assert widest(None, own=95) == 10


def test_who_is_in_limbo_takes_room_of_the_window():
    pace = Pace(0.0, 10.0, credit=100.0)
    assert (pace.room(0), pace.room(7), pace.room(10), pace.room(50)) == (10, 3, 0, 0)
    assert Pace(0.0, 10.0, most=4.0, credit=100.0).room(1) == 3


def test_a_rate_that_was_not_used_is_not_saved_up():
    pace = Pace(0.0, 1000.0)
    for second in range(1, 61):
        pace = go_on(pace, [peer(1000)], 1000, 0.0, Grant(rate=7.0), float(second))
    assert pace.credit <= 8.0
    assert go_on(pace, [peer(1000)], 1000, 0.0, Grant(rate=7.0), 660.0).credit <= 8.0


@given(
    rate=st.floats(0.1, 200),
    steps=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=80),
)
def test_closes_never_exceed_the_rate_over_any_time(rate, steps):
    pace, now, closes = Pace(0.0, 1e9), 0.0, [(0.0, 0)]
    for one in steps:
        now += one
        pace = go_on(pace, [peer(10_000, connections=10**9)], 10**6, 0.0, Grant(rate=rate), now)
        done = pace.room(0)
        pace = pace.spent(done)
        closes.append((now, closes[-1][1] + done))
    assert closes[-1][1] <= rate * now + 1e-6
    longest = max(b[0] - a[0] for a, b in pairwise(closes))
    for i, (start, before) in enumerate(closes):
        for end, after in closes[i + 1 :]:
            # What a step earns is spent at its end, so a look between two steps sees at most one step more.
            assert after - before <= rate * (end - start + min(longest, 1.0)) + 1 + 1e-6
