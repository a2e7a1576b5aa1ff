"""Who may shake hands, who waits, who is asked to come again; and that a fleet always comes back."""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.admission import (
    RETRY_LEAST_S,
    RETRY_MOST_S,
    SPREAD,
    STALLED_S,
    Limits,
    arrived,
    began,
    calm,
    capacity,
    expected_wait,
    finished,
    has_overstayed,
    has_stalled,
    left,
    measured,
    retry_after,
)

LIMITS = Limits(rate=10.0, burst=3, at_once=100, wait_s=5.0, waiting=1000)


def come(crowd, limits, now, many):
    """So many arrive at once; the crowd, and the verdicts."""
    verdicts = []
    for _ in range(many):
        crowd, verdict = arrived(crowd, limits, now)
        verdicts.append(verdict)
    return crowd, verdicts


def begin(crowd, limits, now):
    """As many begin as may; the crowd, how many, and the pause until the next."""
    many = 0
    while True:
        crowd, pause = began(crowd, limits, now)
        if pause:
            return crowd, many, pause
        many += 1


def test_after_a_calm_a_burst_begins_at_once_and_then_one_for_each_token():
    crowd, _ = come(calm(LIMITS, 0.0), LIMITS, 0.0, 20)
    crowd, many, pause = begin(crowd, LIMITS, 0.0)
    assert (many, pause) == (3, pytest.approx(0.1))
    crowd, many, _ = begin(crowd, LIMITS, 0.25)
    assert many == 2
    crowd, many, _ = begin(crowd, LIMITS, 100.0)
    assert many == 3, "a calm saves up no more than a burst"


def test_no_more_are_in_progress_than_allowed_and_the_next_begins_when_one_is_over():
    limits = replace(LIMITS, burst=100, at_once=2)
    crowd, _ = come(calm(limits, 0.0), limits, 0.0, 5)
    crowd, many, pause = begin(crowd, limits, 0.0)
    assert (many, pause, crowd.in_progress) == (2, math.inf, 2)
    crowd, many, _ = begin(finished(crowd, limits, 0.1), limits, 0.1)
    assert (many, crowd.in_progress, crowd.waiting) == (1, 2, 2)


def test_nobody_waits_for_more_work_than_the_limit_of_seconds():
    crowd, verdicts = come(calm(LIMITS, 0.0), LIMITS, 0.0, 80)
    assert [one.may_wait for one in verdicts] == [True] * 51 + [False] * 29
    assert expected_wait(crowd, LIMITS) == pytest.approx(5.1)


def test_nobody_waits_beyond_the_limit_of_places():
    limits = replace(LIMITS, waiting=7)
    _, verdicts = come(calm(limits, 0.0), limits, 0.0, 10)
    assert [one.may_wait for one in verdicts] == [True] * 7 + [False] * 3


def test_who_leaves_while_waiting_makes_room():
    limits = replace(LIMITS, waiting=1)
    crowd, _ = come(calm(limits, 0.0), limits, 0.0, 1)
    crowd, refused = come(crowd, limits, 0.0, 1)
    crowd, welcome = come(left(crowd, limits, 0.0), limits, 0.0, 1)
    assert (refused[0].may_wait, welcome[0].may_wait) == (False, True)


def done(crowd, limits, now, took):
    """A handshake ends well."""
    return finished(measured(crowd, limits, took, now), limits, now)


def work(crowd, limits, now, pace, seconds):
    """The node is at work with its queue never empty, at a pace of its own."""
    for step in range(1, int(seconds * pace) + 1):
        at = now + step / pace
        crowd, _ = come(crowd, limits, at, 1)
        crowd, _, _ = begin(crowd, limits, at)
        crowd = done(crowd, limits, at, took=limits.at_once / pace)
    return crowd


def test_a_node_that_is_slow_under_load_believes_in_what_it_does_and_keeps_fewer_waiting():
    limits = replace(LIMITS, rate=1000.0, burst=1000, at_once=10)
    crowd, _ = come(calm(limits, 0.0), limits, 0.0, 20)
    crowd, _, _ = begin(crowd, limits, 0.0)
    crowd = work(crowd, limits, 0.0, pace=50.0, seconds=60)
    assert 50 <= capacity(crowd, limits) < 250
    _, verdicts = come(crowd, limits, 60.0, 2000)
    kept = sum(one.may_wait for one in verdicts) + crowd.waiting
    assert kept <= limits.wait_s * capacity(crowd, limits) + 1


def test_a_pace_without_load_says_nothing_and_an_old_one_is_forgotten():
    limits = replace(LIMITS, rate=1000.0, burst=1000, at_once=1)
    crowd = calm(limits, 0.0)
    for second in range(30):  # one a second, nobody waits
        crowd, _ = come(crowd, limits, float(second), 1)
        crowd, _, _ = begin(crowd, limits, float(second))
        crowd = done(crowd, limits, second + 0.5, took=0.5)
    assert capacity(crowd, limits) == 1000
    crowd, _ = come(crowd, limits, 30.0, 100)
    crowd, _, _ = begin(crowd, limits, 30.0)
    crowd = done(crowd, limits, 50.0, took=20.0)  # twenty seconds for one
    assert capacity(crowd, limits) < 200
    for _ in range(99):
        crowd = left(crowd, limits, 50.0)
    crowd, _ = come(crowd, limits, 200.0, 1)
    assert capacity(crowd, limits) > 900


def test_a_handshake_has_stalled_after_its_seconds_and_not_before():
    assert not has_stalled(began=10.0, now=10.0 + STALLED_S)
    assert has_stalled(began=10.0, now=10.1 + STALLED_S)


def test_handshakes_that_come_to_nothing_say_nothing_of_the_pace():
    limits = replace(LIMITS, rate=1000.0, burst=1000, at_once=10)
    crowd, _ = come(calm(limits, 0.0), limits, 0.0, 1000)
    for second in range(1, 31):  # each of them held its place for as long as it could
        crowd, many, _ = begin(crowd, limits, float(second))
        assert many == 10
        for _ in range(many):
            crowd = finished(crowd, limits, float(second))
    assert crowd.waiting > 0
    assert capacity(crowd, limits) == 1000


def test_a_slow_pace_stays_believed_while_others_are_refused_at_once():
    limits = replace(LIMITS, rate=1000.0, burst=1000, at_once=10)
    crowd, _ = come(calm(limits, 0.0), limits, 0.0, 20)
    crowd, _, _ = begin(crowd, limits, 0.0)
    crowd = work(crowd, limits, 0.0, pace=50.0, seconds=60)
    slow = capacity(crowd, limits)
    for _ in range(500):
        crowd, _ = come(crowd, limits, 60.0, 1)
        crowd, _, _ = begin(crowd, limits, 60.0)
        crowd = finished(crowd, limits, 60.0)
    assert capacity(crowd, limits) == slow


def test_the_refused_are_called_back_one_after_the_other_as_fast_as_they_can_be_served():
    crowd, verdicts = come(calm(LIMITS, 0.0), LIMITS, 0.0, 151)
    waits = [one.retry_s for one in verdicts if not one.may_wait]
    assert waits[0] == pytest.approx(expected_wait(crowd, LIMITS) / 2)
    assert waits[50] - waits[0] == pytest.approx(50 / LIMITS.rate)
    _, verdicts = come(crowd, LIMITS, 0.0, 5000)
    assert {RETRY_LEAST_S <= one.retry_s <= RETRY_MOST_S for one in verdicts} == {True}
    assert verdicts[-1].retry_s == RETRY_MOST_S


def test_the_seconds_of_retry_after_are_spread_by_charger_and_time():
    told = [retry_after(10.0, f"CP-{number}", 1.0) for number in range(200)]
    assert (min(told), max(told)) == (11, 12)
    assert retry_after(10.0, "CP-1", 1.0) == retry_after(10.0, "CP-1", 1.0)
    assert len({retry_after(100.0, "CP-1", at) for at in range(50)}) > 5
    assert all(100 <= retry_after(100.0, "CP-1", at) <= 100 * (1 + SPREAD) + 1 for at in range(50))


def test_who_waited_twice_the_limit_has_overstayed():
    assert not has_overstayed(LIMITS, 0.0, 10.0)
    assert has_overstayed(LIMITS, 0.0, 10.1)


@given(
    st.lists(st.tuples(st.sampled_from(["arrive", "begin", "finish", "leave"]), st.floats(0, 3)), max_size=60),
    st.builds(
        Limits,
        rate=st.floats(1, 100),
        burst=st.integers(1, 20),
        at_once=st.integers(1, 5),
        wait_s=st.floats(0.1, 5),
        waiting=st.integers(1, 20),
    ),
)
def test_whatever_happens_the_counts_are_kept_and_the_bounds_hold(steps, limits):
    crowd, now, waiting, inside = calm(limits, 0.0), 0.0, 0, 0
    for kind, pause in steps:
        now += pause
        if kind == "arrive":
            crowd, verdict = arrived(crowd, limits, now)
            waiting += verdict.may_wait
            assert verdict.may_wait or RETRY_LEAST_S <= verdict.retry_s <= RETRY_MOST_S
        elif kind == "begin":
            crowd, wait = began(crowd, limits, now)
            waiting, inside = (waiting - 1, inside + 1) if wait == 0 else (waiting, inside)
        elif kind == "finish" and inside:
            crowd, inside = done(crowd, limits, now, took=pause), inside - 1
        elif kind == "leave" and waiting:
            crowd, waiting = left(crowd, limits, now), waiting - 1
        assert (crowd.waiting, crowd.in_progress) == (waiting, inside)
        assert waiting <= limits.waiting
        assert inside <= limits.at_once
        assert 0 <= crowd.tokens <= limits.burst
        assert 1 <= capacity(crowd, limits) <= max(1, limits.rate)


@dataclass
class Storm:
    """Chargers without jitter, who try again after a fixed time and ignore Retry-After, at a server that can do
    `pace` handshakes a second and pays `cheap` of one for a refusal."""

    limits: Limits | None
    pace: float
    cheap: float
    chargers: int = 10_000
    patience: float = 20.0
    back_off: float = 10.0
    wasted: int = 0
    events: list = field(default_factory=list)
    due: dict = field(default_factory=dict)

    def run(self, seconds):
        """The share of the fleet that is back after so many seconds."""
        crowd = calm(self.limits, 0.0) if self.limits else None
        queue, free_at, home = deque(), 0.0, set()
        # The storm begins with a second in which all come.
        self.events = [(number / self.chargers, number) for number in range(self.chargers)]
        while self.events or queue:
            at = self.events[0][0] if self.events else math.inf
            if queue and max(free_at, queue[0][0]) <= at:
                asked_at, charger = queue.popleft()
                start = max(free_at, asked_at)
                if start > seconds:
                    break
                if crowd is not None:
                    # The gate sees who hung up, and sends away whom it kept for too long.
                    if start > asked_at + self.patience:
                        crowd = left(crowd, self.limits, start)
                        continue
                    if has_overstayed(self.limits, asked_at, start):
                        crowd = left(crowd, self.limits, start)
                        free_at = start + self.cheap / self.pace
                        self._again(start + self.back_off, charger)
                        continue
                    crowd, pause = began(crowd, self.limits, start)
                    assert pause == 0, pause
                free_at = start + 1 / self.pace
                if crowd is not None:
                    crowd = done(crowd, self.limits, free_at, took=1 / self.pace)
                if free_at > asked_at + self.patience:
                    self.wasted += 1
                else:
                    home.add(charger)
                continue
            if at > seconds:
                break
            _, charger = heapq.heappop(self.events)
            if charger in home or self.due.get(charger, at) != at:
                continue
            verdict = None
            if crowd is not None:
                crowd, verdict = arrived(crowd, self.limits, at)
            if verdict is None or verdict.may_wait:
                queue.append((at, charger))
                self._again(at + self.patience + self.back_off, charger)
            else:
                free_at = max(free_at, at) + self.cheap / self.pace
                self._again(at + self.back_off, charger)
        return len(home) / self.chargers

    def _again(self, at, charger):
        self.due[charger] = at
        heapq.heappush(self.events, (at, charger))


GATE = Limits(rate=10_000.0, burst=10_000, at_once=1, wait_s=5.0, waiting=4000)


@pytest.mark.parametrize("pace", [100.0, 200.0])
def test_a_fleet_of_ten_thousand_without_jitter_comes_back(pace):
    assert Storm(GATE, pace=pace, cheap=0.05).run(seconds=300) == 1.0


def test_without_the_gate_every_handshake_is_for_somebody_who_has_given_up():
    storm = Storm(None, pace=100.0, cheap=0.05)
    assert storm.run(seconds=300) < 0.5
    assert storm.wasted > 10_000


def test_no_work_is_spent_on_those_who_gave_up():
    storm = Storm(GATE, pace=100.0, cheap=0.05)
    storm.run(seconds=300)
    assert storm.wasted == 0
