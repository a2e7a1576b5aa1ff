"""How many nodes: growth, shrinking, and what forbids either."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_looks import LONG_AGO, MINUTE, NOON, look, slot, spec_of
from toy_fleet import LOOK_S

from voltring_operator.actions import CreateDrain, Scale
from voltring_operator.drains import Reason
from voltring_operator.fleet_status import Change, FleetStatus, Peak, Watch
from voltring_operator.model import Observed
from voltring_operator.planning import plan
from voltring_operator.spec import FleetSpec

STORMY = {"accepting": {"capacity_per_s": 100, "arrivals_per_s": 60, "refused_per_s": 20, "queue_s": 3}}


def calm(want: int, *, above: bool = False, **more: Any) -> FleetStatus:
    """A status after `want` nodes were needed for an hour."""
    watch = Watch(
        since=NOON - timedelta(hours=1),
        at=NOON - timedelta(seconds=15),
        above_since=NOON - MINUTE if above else None,
        peaks=(Peak(at=NOON - timedelta(seconds=15), want=want),),
    )
    return FleetStatus(watch=watch, **more)


def scales(seen: Observed) -> list[tuple[int, int]]:
    return [(one.from_, one.to) for one in plan(seen, NOON).actions if isinstance(one, Scale)]


def drains(seen: Observed) -> list[tuple[int, Reason]]:
    return [(one.spec.slot, one.spec.reason) for one in plan(seen, NOON).actions if isinstance(one, CreateDrain)]


def held(seen: Observed) -> str:
    made = plan(seen, NOON)
    condition = made.status.condition("ScalingHeld")
    assert condition is not None
    return condition.message


def test_a_fleet_grows_when_more_was_needed_for_half_a_minute() -> None:
    before = look(spec_of(), [150, 150, 150], status=calm(5))
    assert scales(before) == []
    assert held(before) == "it has not lasted yet"
    assert scales(look(spec_of(), [150, 150, 150], status=calm(5, above=True))) == [(3, 5)]


def test_it_waits_a_minute_between_two_steps() -> None:
    just_now = Change(time=NOON - MINUTE / 2, from_=2, to=3)
    seen = look(spec_of(), [150] * 3, status=calm(5, above=True, last_scale=just_now))
    assert scales(seen) == []
    assert held(seen) == "it has just changed"


def test_who_lets_it_shrink_and_grow_by_hand_does_not_wait_an_hour() -> None:
    fleet = Load(spec_of(scaleDown={"stabilizationSeconds": 60, "cooldownSeconds": 60}), 3)
    for wish in (3, 2, 3, 2, 3, 2):
        fleet.spec = fleet.spec.model_copy(update={"replicas": wish})
        for _ in range(12):
            fleet.go(50)
    assert [to for _, to in fleet.sizes] == [2, 3, 2, 3, 2]


def test_it_grows_by_a_step_at_most() -> None:
    crowded = look(spec_of(), [500] * 3, status=calm(15, above=True))
    assert scales(crowded) == [(3, 7)]
    many = look(spec_of(), [160] * 12, status=calm(20, above=True))
    assert scales(many) == [(12, 18)]


def test_it_never_grows_beyond_its_slots_and_says_so() -> None:
    seen = look(spec_of(slots={"min": 1, "max": 4}), [150] * 4, status=calm(6, above=True))
    assert scales(seen) == []
    assert held(seen) == "6 nodes are needed (600 chargers), slots.max is 4"


def test_one_more_is_there_than_the_hard_cap_needs() -> None:
    seen = look(spec_of(hardCap={"connectionsPerPod": 100}), [100, 100, 100], status=calm(4, above=True))
    assert scales(seen) == [(3, 4)]
    assert "also when a node is lost" in plan(seen, NOON).status.plan[0]


@pytest.mark.parametrize(
    "sign",
    [
        {"loop_lag": {"p99_s": 0.2}},
        {"commands": {"doorbells": 300}},
        {"cpu": 0.9},
    ],
)
def test_slow_nodes_are_helped_by_another_one(sign: dict[str, Any]) -> None:
    slow = dict.fromkeys(range(3), sign)
    assert scales(look(spec_of(), [10] * 3, status=calm(4, above=True), nodes=slow))


@pytest.mark.parametrize("sign", [{"loop_lag": {"p99_s": 0.2}}, {"commands": {"doorbells": 300}}])
def test_nodes_that_are_slow_while_an_upgrade_goes_on_are_left_to_end_it(sign: dict[str, Any]) -> None:
    seen = look(spec_of(), [10] * 3, status=calm(4, above=True), nodes=dict.fromkeys(range(3), sign))
    assert scales(seen)
    first = seen.slots[0]
    assert scales(replace(seen, slots=(slot(0, first.report, revision="old"), *seen.slots[1:]))) == []


def test_one_slow_node_of_four_is_sick_and_no_reason_to_grow() -> None:
    assert scales(look(spec_of(), [10] * 4, status=calm(4, above=True), nodes={0: {"loop_lag": {"p99_s": 9}}})) == []


def test_in_a_storm_it_grows_only_when_the_hard_cap_is_in_danger() -> None:
    stormy = dict.fromkeys(range(3), STORMY)
    calm_one = look(spec_of(), [150] * 3, status=calm(5, above=True), nodes=stormy)
    assert scales(calm_one) == []
    assert "masses" in held(calm_one)
    assert scales(look(spec_of(), [170] * 3, status=calm(6, above=True), nodes=stormy)) == [(3, 6)]


def test_somebodys_wish_makes_it_grow_at_once_even_when_nodes_are_silent() -> None:
    assert scales(look(spec_of(replicas=4), [None, None, 10])) == [(3, 4)]
    assert scales(look(spec_of(slots={"min": 5, "max": 9}), [1, 1, 1])) == [(3, 5)]


def test_the_highest_slot_goes_when_fewer_were_enough_for_the_whole_window() -> None:
    assert drains(look(spec_of(), [20] * 4, status=calm(2))) == [(3, Reason.SCALE_DOWN)]


def test_what_is_asked_for_is_not_taken_away() -> None:
    assert drains(look(spec_of(replicas=4), [20] * 4, status=calm(2))) == []
    assert drains(look(spec_of(replicas=3), [20] * 4, status=calm(2))) == [(3, Reason.SCALE_DOWN)]


def test_a_window_with_a_gap_is_not_a_window() -> None:
    gap = calm(2)
    assert gap.watch is not None
    late = gap.model_copy(update={"watch": gap.watch.model_copy(update={"at": NOON - timedelta(minutes=5)})})
    assert "not watched" in held(look(spec_of(), [20] * 4, status=late))


def test_what_was_needed_within_the_window_counts() -> None:
    peak = calm(2)
    assert peak.watch is not None
    peaks = (Peak(at=NOON - 14 * MINUTE, want=4), *peak.watch.peaks)
    high = peak.model_copy(update={"watch": peak.watch.model_copy(update={"peaks": peaks})})
    assert held(look(spec_of(), [20] * 4, status=high)) == "4 were needed within the last 900 s"
    assert drains(look(spec_of(scaleDown={"stabilizationSeconds": 800}), [20] * 4, status=high))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"nodes": dict.fromkeys(range(4), STORMY)}, "masses"),
        ({"nodes": {1: {"ready": False, "reasons": ["PostgreSQL does not answer"]}}}, "PostgreSQL does not answer"),
        ({"nodes": {1: {"redis": {"away_since": "2026-03-02T11:00:00Z"}}}}, "no Redis since 11:00:00"),
        ({"status": calm(2, last_scale=Change(time=NOON - 5 * MINUTE, from_=3, to=4))}, "not long ago"),
        ({"status": calm(2, reversed_at=NOON - 50 * MINUTE)}, "for an hour"),
        ({"slots": {1: slot(1, None)}}, "f-node-1 does not answer"),
        ({"slots": {1: slot(1, None, is_running=False, is_ready=False, trouble="waits for its image")}}, "image"),
    ],
)
def test_what_forbids_shrinking_is_said(given: dict[str, Any], says: str) -> None:
    seen = look(spec_of(), [20] * 4, **({"status": calm(2)} | given))
    assert drains(seen) == []
    assert says in held(seen)


def test_it_does_not_shrink_in_the_hours_that_are_kept_free() -> None:
    hours = [{"from": "11:00", "to": "13:00"}]
    seen = look(spec_of(scaleDown={"blackout": hours}), [20] * 4, status=calm(2))
    assert drains(seen) == []
    assert held(seen) == "not within 11:00-13:00 UTC"


def test_it_does_not_shrink_when_the_others_would_be_nearly_full() -> None:
    seen = look(spec_of(), [70, 20, 20, 40], status=calm(2))
    assert drains(seen) == []
    assert "would have 84 chargers, 80% of the target are 80" in held(seen)


@pytest.mark.parametrize("silent", [1, 2, 3])
def test_when_more_than_a_fifth_is_silent_nothing_is_decided(silent: int) -> None:
    chargers = [None] * silent + [500] * (4 - silent)
    seen = look(spec_of(), chargers, status=calm(2, above=True))
    made = plan(seen, NOON)
    assert made.actions == ()
    degraded = made.status.condition("Degraded")
    assert degraded is not None
    assert (degraded.status, degraded.reason) == ("True", "NodesSilent")
    assert made.status.connections is None
    assert [one.reason for one in made.news] == ["Degraded"]


def test_a_few_silent_nodes_are_taken_to_be_as_full_as_the_others() -> None:
    seen = look(spec_of(), [None, 100, 100, 100, 100, 100], status=calm(6))
    condition = plan(seen, NOON).status.condition("Degraded")
    assert condition is not None
    assert condition.status == "False"
    fuller = look(spec_of(), [None, 120, 120, 120, 120, 120], status=calm(8, above=True))
    assert scales(fuller) == [(6, 8)]


def test_a_pod_that_starts_is_not_a_silent_one() -> None:
    new = slot(3, None, is_ready=False, ready_since=None, created_at=NOON - MINUTE)
    old = slot(3, None, is_ready=False, ready_since=None, created_at=LONG_AGO)
    for starting, is_blind in ((new, False), (old, True)):
        seen = look(spec_of(), [100] * 4, slots={3: starting})
        degraded = plan(seen, NOON).status.condition("Degraded")
        assert degraded is not None
        assert (degraded.status == "True") is is_blind


def test_chargers_on_their_way_are_counted() -> None:
    limbo = {ordinal: {"limbo": 60} for ordinal in range(3)}
    assert scales(look(spec_of(), [90] * 3, status=calm(5, above=True), nodes=limbo)) == [(3, 5)]


@pytest.mark.parametrize("switch", ["paused", "dryRun"])
def test_who_must_not_act_says_what_would_be_done(switch: str) -> None:
    seen = look(spec_of(**{switch: True}), [150] * 3, status=calm(5, above=True))
    made = plan(seen, NOON)
    assert made.actions == ()
    assert made.status.plan == ("scale from 3 to 5: 5 are needed (450 chargers)",)
    again = plan(replace(seen, fleet=replace(seen.fleet, status=made.status)), NOON)
    told = [one.note for one in made.events if one.reason == "DryRun"]
    assert told == (["Would scale from 3 to 5: 5 are needed (450 chargers)"] if switch == "dryRun" else [])
    assert again.events == ()


class Load:
    """A fleet whose chargers spread evenly at once; drains take no time. Only the number of nodes is looked at."""

    def __init__(self, spec: FleetSpec, nodes: int) -> None:
        self.spec, self.nodes, self.status, self.now = spec, nodes, FleetStatus(), NOON
        self.sizes: list[tuple[float, int]] = []
        self.s = 0.0

    def go(self, chargers: int, silent: int = 0, seconds: float = LOOK_S) -> None:
        self.s += seconds
        self.now = NOON + timedelta(seconds=self.s)
        share = [chargers // self.nodes + (n < chargers % self.nodes) for n in range(self.nodes)]
        told = [None if n < silent else count for n, count in enumerate(share)]
        made = plan(look(self.spec, told, status=self.status), self.now)
        self.status = made.status
        for one in made.actions:
            to = one.to if isinstance(one, Scale) else self.nodes - 1 if _shrinks(one) else self.nodes
            if to != self.nodes:
                self._check(to, chargers, silent)
                self.nodes = to
                self.sizes.append((self.s, to))

    def _check(self, to: int, chargers: int, silent: int) -> None:
        assert silent <= 0.2 * self.nodes, "acts on missing data"
        assert self.spec.slots.min <= to <= self.spec.slots.max
        if to < self.nodes:
            assert silent == 0, "shrinks while a node is silent"
            assert ceil(chargers / to) <= 0.8 * self.spec.target.connections_per_pod, "fewer than needed"
            assert ceil(chargers / self.spec.hard_cap.connections_per_pod) < to, "no room when another one is lost"


def _shrinks(action: object) -> bool:
    return isinstance(action, CreateDrain) and action.spec.reason is Reason.SCALE_DOWN


def most_reversals(sizes: list[tuple[float, int]], first: int, within_s: float = 3600) -> int:
    """Changes of direction within any hour."""
    turns, size, direction = [], first, 0
    for at, to in sizes:
        now = 1 if to > size else -1
        if direction and now != direction:
            turns.append(at)
        size, direction = to, now
    return max((sum(1 for one in turns if at <= one < at + within_s) for at in turns), default=0)


PARTS = st.lists(
    st.tuples(st.integers(1, 100), st.integers(0, 1500), st.integers(0, 60), st.integers(0, 1)), max_size=8
)


@settings(max_examples=10, deadline=None)
@given(PARTS, st.integers(1, 12), st.sampled_from([60, 300]), st.randoms(use_true_random=False))
def test_whatever_the_load_does_it_does_not_flap_nor_starve(parts: Any, nodes: int, window: int, chance: Any) -> None:
    rules = {"stabilizationSeconds": window, "cooldownSeconds": 60}
    fleet = Load(spec_of(slots={"min": 1, "max": 12}, scaleDown=rules), nodes)
    for looks, level, noise, silent in parts:
        for _ in range(looks):
            away = silent if chance.random() < 0.1 else 0
            fleet.go(max(0, level + chance.randint(-noise, noise)), away, seconds=45)
    assert most_reversals(fleet.sizes, nodes) <= 2


@pytest.mark.parametrize("period", [1000, 1500, 2500])
def test_a_load_made_to_make_it_flap_does_not(period: int) -> None:
    rules = {"stabilizationSeconds": 60, "cooldownSeconds": 0}
    fleet = Load(spec_of(scaleDown=rules), 2)
    for number in range(240):
        fleet.go(800 if (number * 60) % period < period / 2 else 50, seconds=60)
    assert most_reversals(fleet.sizes, 2) in (1, 2)


def test_the_largest_load_that_stays_is_served_within_minutes() -> None:
    fleet = Load(spec_of(), 2)
    for _ in range(40):
        fleet.go(1500)
    assert fleet.nodes == 15


def test_a_load_that_goes_away_lets_the_fleet_shrink_slot_by_slot() -> None:
    fleet = Load(spec_of(slots={"min": 2, "max": 20}), 5)
    for _ in range(60):
        fleet.go(60, seconds=45)
    assert [to for _, to in fleet.sizes] == [4, 3, 2]
    times = [at for at, _ in fleet.sizes]
    assert times[0] >= 900
    assert all(later - earlier >= 600 for earlier, later in pairwise(times))
