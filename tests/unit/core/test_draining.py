"""The drain's decisions: phases, order, deadline, and the invariants that hold whatever the fleet does (I10)."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltring_core.domain.draining import (
    REFUSING,
    Candidate,
    Cause,
    Firmware,
    Limbo,
    Order,
    Phase,
    Rank,
    Seen,
    begin,
    first,
    over,
    renewed,
    step,
)
from voltring_core.domain.window import FLOOR_RATE, Grant, Peer

OTHER = Peer("node-1", 900, 50.0)
QUICK = Order(quiet_s=1.0, propagate_s=3.0, deadline_s=60.0)


def seen(now=0.0, idle=0, held=0, **more):
    more.setdefault("peers", (OTHER,))
    waiting = {Rank.IDLE: idle, Rank.HELD: held} | more.pop("waiting", {})
    return Seen(now=now, waiting=waiting, **more)


def refusing(order=QUICK, **more):
    """A drain that has just begun to refuse, and when."""
    drain = begin(order, seen(0.0, **more))
    now = 0.0
    while drain.phase is not Phase.DRAINING:
        now += 0.5
        drain = step(drain, seen(now, **more)).drain
    return drain, now


def test_a_drain_is_cordoned_at_once_then_lets_the_router_learn_and_refuses_after_a_quiet_while():
    drain = begin(QUICK, seen(0.0, idle=10))
    assert (drain.phase, drain.initial) == (Phase.CORDONED, 10)
    drain = step(drain, seen(0.2, idle=10)).drain
    assert drain.phase is Phase.PROPAGATING
    drain = step(drain, seen(0.9, idle=11, arrived_at=0.8)).drain
    assert (drain.phase, drain.initial) == (Phase.PROPAGATING, 11)
    assert step(drain, seen(1.7, idle=11, arrived_at=0.8)).drain.phase is Phase.PROPAGATING
    assert step(drain, seen(1.8, idle=11, arrived_at=0.8)).drain.phase is Phase.DRAINING


def test_chargers_that_keep_coming_put_the_refusal_off_only_for_so_long():
    drain = begin(QUICK, seen(0.0, idle=10))
    for tenth in range(1, 30):
        drain = step(drain, seen(tenth / 10, idle=10, arrived_at=tenth / 10)).drain
        assert drain.phase is Phase.PROPAGATING
    assert step(drain, seen(3.0, idle=10, arrived_at=3.0)).drain.phase is Phase.DRAINING


def test_nothing_is_closed_before_the_node_refuses():
    drain = begin(QUICK, seen(0.0, idle=10))
    for tenth in range(1, 10):
        done = step(drain, seen(tenth / 10, idle=10))
        assert done.closes == 0
        drain = done.drain


def test_without_a_ready_node_a_drain_waits_says_so_and_gives_up_at_its_deadline():
    drain, now = refusing(idle=10, peers=())
    waits = step(drain, seen(now + 1, idle=10, peers=(replace(OTHER, is_ready=False),)))
    assert (waits.closes, waits.drain.note) == (0, "no other ready node")
    assert step(drain, seen(now + 1, idle=10)).closes > 0
    end = step(drain, seen(60.0, idle=10, peers=()))
    assert end.drain.phase is Phase.ABORTED
    assert end.drain.note == "the deadline came with 10 chargers left: no other ready node"
    assert end.closes == 0


def test_a_drain_that_gives_up_says_how_many_of_those_left_were_held_and_why_the_others_stayed():
    drain, _ = refusing(idle=20, held=50)
    note = step(drain, seen(60.0, idle=20, held=50)).drain.note
    assert note.startswith("the deadline came with 70 chargers left, 50 of them updating their firmware")
    assert note.endswith("about to start a session")
    assert step(drain, seen(60.0, idle=20, held=50, peers=())).drain.note == f"{note}: no other ready node"


def test_while_postgresql_is_away_nothing_is_closed_and_the_deadline_still_rules():
    drain, now = refusing(idle=10)
    waits = step(drain, seen(now + 1, idle=10, is_sorted=False))
    assert (waits.closes, waits.drain.note) == (0, "PostgreSQL is away: nobody could connect elsewhere")
    assert step(drain, seen(60.0, idle=10, is_sorted=False)).drain.phase is Phase.ABORTED


def test_while_commits_are_slow_the_window_closes_and_the_drain_says_so_in_the_end_as_well():
    drain, now = refusing(idle=10)
    for tick in range(1, 100):
        done = step(drain, seen(now + tick / 5, idle=10, commit_p99_s=1.0))
        drain = done.drain
    said = "nobody is sent away while commits take 1 s: PostgreSQL is at its end"
    assert (done.closes, drain.phase, drain.note) == (0, Phase.DRAINING, said)
    end = step(drain, seen(60.0, idle=10, commit_p99_s=1.0)).drain
    assert end.note == f"the deadline came with 10 chargers left: {said}"


def test_without_word_of_the_others_a_drain_goes_on_at_the_floor_rate():
    drain, now = refusing(idle=1000)
    closes = 0
    for tenth in range(1, 51):
        done = step(drain, seen(now + tenth / 10, idle=1000 - closes, peers=None))
        drain, closes = done.drain, closes + done.closes
    assert closes == pytest.approx(5 * FLOOR_RATE, abs=1)


def test_a_charger_that_updates_its_firmware_is_left_alone_until_the_deadline():
    drain, now = refusing(held=2)
    waits = step(drain, seen(now + 10, held=2))
    assert waits.closes == 0
    assert waits.drain.note == "2 chargers are updating their firmware or about to start a session"
    deferred = step(drain, seen(60.0, held=2))
    assert (deferred.drain.phase, deferred.closes) == (Phase.ABORTED, 0)
    said = "the deadline came with 2 chargers left, 2 of them updating their firmware or about to start a session"
    assert deferred.drain.note == said
    forced, _ = refusing(replace(QUICK, firmware=Firmware.FORCE), held=2)
    done = step(forced, seen(60.0, held=2))
    assert (done.drain.phase, done.closes, done.everybody, done.at_once) == (Phase.DRAINING, 2, True, False)


def test_a_forced_deadline_still_keeps_the_rate_that_was_granted_and_refuses_whatever_the_phase():
    order = replace(QUICK, firmware=Firmware.FORCE, grant=Grant(rate=3.0))
    drain, left = begin(order, seen(0.0, idle=50, held=2)), 52
    for second in range(60, 80):
        done = step(drain, seen(float(second), idle=left, peers=()))
        drain, left = done.drain, left - done.closes
        assert done.closes <= 4
        assert drain.phase in REFUSING
    assert left == 0


def test_the_last_sockets_are_waited_for_and_zero_is_drained():
    drain, now = refusing(idle=2)
    last = step(drain, seen(now + 1, idle=0, leaving=2)).drain
    assert last.phase is Phase.QUIESCING
    assert step(last, seen(now + 2, leaving=1)).drain.phase is Phase.QUIESCING
    assert step(last, seen(now + 3)).drain.phase is Phase.DRAINED


def test_a_charger_that_slips_in_after_all_is_closed_as_well():
    drain, now = refusing(idle=1)
    drained = step(drain, seen(now + 1)).drain
    assert drained.phase is Phase.DRAINED
    again = step(drained, seen(now + 2, idle=1))
    assert (again.drain.phase, again.closes) == (Phase.DRAINING, 1)


def test_a_renewal_keeps_the_phase_and_counts_the_deadline_from_now():
    drain, now = refusing(idle=100)
    again = renewed(drain, replace(QUICK, grant=Grant(rate=3.0), deadline_s=100.0), seen(now, idle=100))
    assert (again.phase, again.deadline_at) == (Phase.DRAINING, now + 100.0)
    assert step(again, seen(now + 1, idle=100)).closes == 3


def test_an_ended_drain_does_nothing_more():
    drain, now = refusing(idle=100)
    for phase in (Phase.SERVING, Phase.ABORTED):
        assert step(over(drain, phase, ""), seen(now + 5, idle=100)).closes == 0


STOP = Order(Cause.STOP, firmware=Firmware.FORCE, deadline_s=30.0, quiet_s=2.0, propagate_s=6.0)


def test_a_process_that_ends_alone_closes_at_once():
    done = step(begin(STOP, seen(0.0, idle=5, peers=())), seen(0.1, idle=5, peers=()))
    assert (done.closes, done.everybody, done.at_once) == (5, True, True)


def test_a_process_that_ends_without_chargers_is_drained_at_once():
    assert step(begin(STOP, seen()), seen(0.1)).drain.phase is Phase.DRAINED


def test_a_charger_that_slips_into_a_process_that_ends_without_any_is_closed_in_time():
    drain = step(begin(Order(Cause.STOP, deadline_s=10.0), seen(0.0)), seen(0.0)).drain
    assert step(drain, seen(10.0, idle=1)).closes == 1
    assert step(drain, seen(5.0, idle=1)).drain.phase is Phase.DRAINING


def test_a_process_that_ends_closes_evenly_even_where_nobody_is_seen_again():
    """The others are known and full: what can't be moved in time is spread over the time."""
    full = (replace(OTHER, accepts_per_s=0.0),)
    drain, now = refusing(STOP, idle=280, peers=full)
    left, worst = 280, 0
    while now < 29.9:
        now += 0.1
        done = step(drain, seen(now, idle=left, limbo=280 - left, peers=full))
        drain, left, worst = done.drain, left - done.closes, max(worst, done.closes)
    assert left <= 2
    assert worst <= 3
    end = step(drain, seen(30.0, idle=left, held=1, peers=full))
    assert (end.closes, end.at_once) == (left + 1, True)


def test_a_commanded_drain_that_meets_the_end_of_its_process_is_spread_over_what_is_left():
    drain, now = refusing(QUICK, idle=100, peers=())
    drain = renewed(drain, STOP, seen(now, idle=100))
    assert step(drain, seen(now + 0.1, idle=100)).closes <= 11


def test_a_node_that_is_alone_in_trouble_closes_at_the_floor_rate_without_looking_back():
    order = Order(Cause.ISOLATION, deadline_s=float("inf"), quiet_s=0.0, propagate_s=0.0)
    drain, now = refusing(order, idle=1000, peers=None)
    closes = 0
    for tenth in range(1, 101):
        done = step(drain, seen(now + tenth / 10, idle=1000 - closes, limbo=closes, peers=None, is_sorted=False))
        drain, closes = done.drain, closes + done.closes
    assert closes == pytest.approx(10 * FLOOR_RATE, abs=1)


def test_those_go_first_at_whom_least_goes_on_then_by_lot_and_those_last_who_have_just_come():
    ranks = [Rank.HELD, Rank.UPLOADING, Rank.CHARGING, Rank.BUSY, Rank.IDLE]
    everybody = [Candidate(f"{rank.name}-{lot}", rank, lot == 0, lot / 10) for rank in ranks for lot in (0, 1, 2)]
    order = first(everybody, 15)
    assert [one.partition("-")[0] for one in order[::3]] == [rank.name for rank in reversed(ranks)]
    assert order[:3] == ["IDLE-1", "IDLE-2", "IDLE-0"]


def test_limbo_ends_by_being_seen_again_or_by_age_and_is_counted_once():
    limbo = Limbo(180.0)
    for number in range(3):
        limbo.add(f"CP-{number}", 7, float(number))
    assert limbo.held()[0] == ("CP-0", 7)
    limbo.back(["CP-1", "CP-1", "CP-9"])
    assert (len(limbo), limbo.returned) == (2, 1)
    limbo.age(180.5)
    assert [one for one, _ in limbo.held()] == ["CP-2"]
    assert limbo.returned == 1


class Fleet:
    """A node that drains, and others that take chargers up after a back-off: time, refusals and all."""

    def __init__(self, draw, chargers, order, capacity, absent):
        self.lots = random.Random(draw)
        self.ranks = {f"CP-{i}": self.lots.choice(list(Rank)[:4]) for i in range(chargers)}
        self.leaving = {}  # charger -> when its exchanges end
        self.away = {}  # charger -> when it knocks elsewhere
        self.limbo = Limbo(180.0)
        self.capacity, self.absent = capacity, absent
        self.elsewhere, self.now, self.epoch = 0, 0.0, 1
        self.closed = []  # (time, rank, least rank that was waiting)
        self.peers_now = self._peers()
        self.drain = begin(order, self.look())

    def _peers(self):
        known = self.lots.random() > 0.05
        queue = 2.0 if self.lots.random() < 0.05 else 0.0
        return (Peer("other", self.elsewhere, self.capacity, 0.0, queue),) if known else None

    def look(self):
        waiting = Counter(rank for one, rank in self.ranks.items() if one not in self.leaving)
        return Seen(self.now, waiting, len(self.leaving), len(self.limbo) + len(self.leaving), peers=self.peers_now)

    def tick(self, seconds):
        self.now += seconds
        self.peers_now = self._peers()
        for one, at in list(self.leaving.items()):
            if at <= self.now:
                del self.leaving[one], self.ranks[one]
                self.limbo.add(one, self.epoch, self.now)
                if self.lots.random() >= self.absent:
                    self.away[one] = self.now + 10 + 10 * self.lots.random()
        back = [one for one, at in self.away.items() if at <= self.now][: int(self.capacity * seconds) + 1]
        for one in back:
            del self.away[one]
        self.elsewhere += len(back)
        self.limbo.back(back)
        self.limbo.age(self.now)
        done = step(self.drain, self.look())
        here = [
            Candidate(one, rank, lot=self.lots.random()) for one, rank in self.ranks.items() if one not in self.leaving
        ]
        chosen = first(here, done.closes)
        least = sorted(one.rank for one in here)
        for number, one in enumerate(chosen):
            self.closed.append((self.now, self.ranks[one], least[number]))
            self.leaving[one] = self.now + (30.0 if self.lots.random() < 0.02 else 0.0)
        self.drain = done.drain
        return done


@settings(max_examples=40, deadline=None)
@given(
    draw=st.integers(0, 2**32),
    chargers=st.integers(0, 60),
    rate=st.floats(2.0, 200.0),
    window=st.sampled_from([3.0, 10.0, 1e9]),
    capacity=st.floats(1.0, 100.0),
    absent=st.sampled_from([0.0, 0.05]),
    tick=st.floats(0.2, 1.0),
)
def test_a_drain_keeps_its_bounds_and_ends_when_the_others_accept(draw, chargers, rate, window, capacity, absent, tick):
    order = Order(grant=Grant(rate, window), deadline_s=1e6, quiet_s=1.0, propagate_s=3.0)
    fleet = Fleet(draw, chargers, order, capacity, absent)
    remaining, before = [], 0
    while fleet.drain.phase is not Phase.DRAINED:
        done = fleet.tick(tick)
        if done.closes:
            limbo = len(fleet.limbo) + len(fleet.leaving) - done.closes
            assert limbo + done.closes <= min(window, done.drain.pace.window) + 1e-9
        remaining.append(done.drain.closed)
        assert done.drain.closed - before <= rate * min(tick, 1.0) + 1 + 1e-9
        before = done.drain.closed
        assert fleet.now < 100_000, "it never ends"
    assert fleet.drain.closed == chargers
    assert remaining == sorted(remaining)
    assert all(rank == least for _, rank, least in fleet.closed)
    assert len(fleet.closed) <= rate * fleet.now + 1
