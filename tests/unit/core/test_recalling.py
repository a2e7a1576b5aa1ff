"""Who is sent home, how fast, and when nobody is."""

from dataclasses import replace

import pytest

from voltring_core.domain.draining import Rank
from voltring_core.domain.recalling import CALM_S, RecallOrder, RecallPhase, RecallSeen, begin, renewed, step
from voltring_core.domain.window import Grant, Peer

OTHER = Peer("street-node-1", connections=900, accepts_per_s=100.0)
SEEN = RecallSeen(
    100.0, {Rank.IDLE: 40, Rank.CHARGING: 5, Rank.BUSY: 1}, same_since=0.0, peers=(OTHER,), connections=100
)
ORDER = RecallOrder("upgrade", Grant(10.0))


def later(recall, seen, seconds, tick=0.2):
    """The recall after so long, and how many it has closed; who is closed is back at once."""
    closed = 0
    for _ in range(round(seconds / tick)):
        seen = replace(seen, now=seen.now + tick)
        done = step(recall, seen)
        idle = seen.misplaced.get(Rank.IDLE, 0) - done.closes
        recall, closed = done.recall, closed + done.closes
        seen = replace(seen, misplaced={**seen.misplaced, Rank.IDLE: idle})
    return recall, seen, closed


def test_idle_misplaced_chargers_go_at_the_granted_rate_until_none_is_left_and_the_others_stay():
    recall, seen, closed = later(begin(ORDER, SEEN), SEEN, 2.0)
    assert 19 <= closed <= 21
    recall, seen, more = later(recall, seen, 4.0 + CALM_S)
    assert closed + more == recall.closed == 40
    assert recall.phase is RecallPhase.DONE
    assert recall.note == "6 stay while something goes on there"


def test_a_rate_below_one_a_second_is_kept_as_well():
    _, _, closed = later(begin(replace(ORDER, grant=Grant(0.2)), SEEN), SEEN, 30.0)
    assert 5 <= closed <= 7


def test_no_more_are_closed_than_the_window_has_room_for():
    recall = begin(replace(ORDER, grant=Grant(1000.0, window=7)), SEEN)
    assert step(recall, replace(SEEN, now=101.0)).closes == 7
    assert step(recall, replace(SEEN, now=101.0, limbo=5)).closes == 2
    assert step(recall, replace(SEEN, now=101.0, limbo=7)).closes == 0


def test_it_is_not_done_while_chargers_are_on_their_way():
    nobody = replace(SEEN, misplaced={}, limbo=1)
    recall, seen, _ = later(begin(ORDER, nobody), nobody, CALM_S + 1)
    assert recall.phase is RecallPhase.RECALLING
    assert step(recall, replace(seen, limbo=0)).recall.phase is RecallPhase.DONE


@pytest.mark.parametrize(
    ("blind", "said"),
    [
        ({"peers": None}, "Redis is away"),
        ({"same_since": None}, "Redis is away"),
        ({"same_since": 95.0}, "the router may not have seen yet"),
        ({"is_sorted": False}, "PostgreSQL has not said"),
    ],
)
def test_nobody_is_closed_and_nothing_is_done_while_it_is_not_known_who_belongs_elsewhere(blind, said):
    for misplaced in ({Rank.IDLE: 9}, {}):
        seen = replace(SEEN, misplaced=misplaced, now=104.0, **blind)
        done = step(begin(ORDER, SEEN), seen)
        assert (done.closes, done.recall.phase) == (0, RecallPhase.RECALLING)
        assert said in done.recall.note
        assert done.recall.idle_at == 104.0


def test_slow_commits_end_the_closing_and_are_named_until_they_are_over():
    slow = replace(SEEN, commit_p99_s=1.0, connections=40, peers=(replace(OTHER, connections=0),))
    recall, seen, closed = later(begin(ORDER, slow), slow, 10.0)
    assert (recall.phase, closed < 40) == (RecallPhase.RECALLING, True)
    assert recall.note == "nobody is sent away while commits take 1 s: PostgreSQL is at its end"
    recall, _, more = later(recall, replace(seen, commit_p99_s=0.0), 15.0)
    assert (recall.note, closed + more) == ("", 40)


def test_a_grant_that_is_over_waits_for_the_next_one_and_does_not_go_on_at_a_floor():
    recall, seen, closed = later(begin(replace(ORDER, grant=Grant(10.0, until=102.0)), SEEN), SEEN, 10.0)
    assert 18 <= closed <= 21
    assert (recall.phase, recall.note) == (RecallPhase.RECALLING, "the grant is over")
    recall = renewed(recall, replace(ORDER, grant=Grant(10.0, until=seen.now + 2)), seen.now)
    _, _, more = later(recall, seen, 1.0)
    assert 9 <= more <= 12


def test_a_deadline_or_a_drain_stops_it_with_a_word():
    late = step(begin(replace(ORDER, deadline_s=5.0), SEEN), replace(SEEN, now=105.0))
    assert (late.closes, late.recall.phase) == (0, RecallPhase.STOPPED)
    assert late.recall.note == "the deadline came with 40 idle ones left"
    drained = step(begin(ORDER, SEEN), replace(SEEN, now=101.0, is_draining=True))
    assert (drained.closes, drained.recall.phase) == (0, RecallPhase.STOPPED)
    assert step(drained.recall, replace(SEEN, now=102.0)).closes == 0


def test_who_came_back_here_is_told_of_at_the_end():
    seen = replace(SEEN, misplaced={}, came_back=2)
    recall, _, _ = later(begin(ORDER, seen), seen, CALM_S + 1)
    assert recall.phase is RecallPhase.DONE
    assert recall.note.startswith("2 came back here")


def test_while_another_node_is_in_trouble_the_window_shrinks():
    trouble = replace(SEEN, peers=(replace(OTHER, queue_s=3.0),), now=101.0)
    calm, troubled = (step(begin(ORDER, SEEN), seen).recall.pace for seen in (replace(SEEN, now=101.0), trouble))
    assert troubled.window < calm.window
