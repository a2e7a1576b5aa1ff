"""Whatever happens to the operator between two of its actions, the fleet ends up the same (I11, I10).

It dies before or after any action, forgets to write the status, does everything twice, is away for minutes, and a
second one acts on what it saw a while ago. Nodes and pods fail beside it.
"""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_looks import spec_of
from toy_fleet import ToyFleet

from voltring_operator import actions as do
from voltring_operator.planning import Plan, plan

CALM = {
    "scaleDown": {"stabilizationSeconds": 30, "cooldownSeconds": 30},
    "upgrade": {"canarySeconds": 15},
    "drain": {"maxRate": 2, "limboWindow": 3, "deadlineSeconds": 600},
}


def shrink(fleet: ToyFleet) -> None:
    fleet.spec = fleet.spec.model_copy(update={"replicas": 2})


def upgrade(fleet: ToyFleet) -> None:
    template = {"spec": {"containers": [{"name": "node", "image": "voltring-node:2"}]}}
    fleet.spec = fleet.spec.model_copy(update={"template": template})


def both(fleet: ToyFleet) -> None:
    upgrade(fleet)
    shrink(fleet)


def cordon(fleet: ToyFleet) -> None:
    fleet.cordoned = {"m0"}


def grow(fleet: ToyFleet) -> None:
    fleet.arrive(280)


SCENES: dict[str, Callable[[ToyFleet], None]] = {
    "shrink": shrink,
    "upgrade": upgrade,
    "both": both,
    "cordon": cordon,
    "grow": grow,
}


def settled_fleet(seed: int = 0) -> ToyFleet:
    fleet = ToyFleet(spec_of(replicas=3, **CALM), 12, seed)
    fleet.operate(90)
    return fleet


def is_settled(fleet: ToyFleet) -> bool:
    end = fleet.end
    quiet = not end["active"] and not end["offline"] and not end["old"] and end["phases"] == ["Serving"]
    return quiet and plan(fleet.observe(), fleet.now).actions == ()


def settle(fleet: ToyFleet, within_s: int = 5400) -> None:
    """Until nothing has changed for some minutes."""
    calm = 0
    for _ in range(within_s // 15):
        fleet.operate(15)
        calm = calm + 1 if is_settled(fleet) else 0
        if calm >= 10:
            return
    raise AssertionError(f"it does not settle: {fleet.end}; {fleet.status.message}")


def end_of(fleet: ToyFleet) -> dict[str, object]:
    return {name: one for name, one in fleet.end.items() if name != "misplaced"}


EXPECTED: dict[str, dict[str, object]] = {}


def expected(scene: str) -> dict[str, object]:
    """The end, when nothing goes wrong."""
    if scene not in EXPECTED:
        fleet = settled_fleet()
        SCENES[scene](fleet)
        settle(fleet)
        assert fleet.wrongs == []
        EXPECTED[scene] = end_of(fleet)
    return EXPECTED[scene]


def dies_at(fleet: ToyFleet, number: int, *, after: bool, away_s: int = 90) -> bool:
    """Operate until the action of that number, counted from now; die before or after it. False: so many there are
    not."""
    count = 0
    for _ in range(120):
        fleet.run(15)
        made = plan(fleet.observe(), fleet.now)
        if count + len(made.actions) <= number or after:
            fleet.status = made.status  # one that dies before it acts may not have written the status either
        for action in made.actions:
            if count == number and not after:
                fleet.run(away_s)
                return True
            fleet.carry_out(action)
            count += 1
            if count > number:
                fleet.run(away_s)
                return True
    return False


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("scene", ["shrink", "upgrade", "cordon"])
def test_an_operator_that_dies_at_any_of_its_actions_is_replaced_and_the_end_is_the_same(
    scene: str, *, after: bool
) -> None:
    number = 0
    while True:
        fleet = settled_fleet()
        SCENES[scene](fleet)
        if not dies_at(fleet, number, after=after):
            break
        settle(fleet)
        assert (end_of(fleet), fleet.wrongs) == (expected(scene), []), f"it died at action {number}"
        number += 3 if scene == "upgrade" else 1
    assert number > 8


class Unlucky:
    """An operator to which everything happens."""

    def __init__(self, fleet: ToyFleet, chance: random.Random) -> None:
        self.fleet, self.chance = fleet, chance
        self.stale: list[Plan] = []

    def look(self) -> None:
        fleet, chance = self.fleet, self.chance
        seen = fleet.observe()
        made = plan(seen, fleet.now)
        self._check(made)
        self.stale.append(made)
        if chance.random() < 0.8:
            fleet.status = made.status
        many = chance.randint(0, len(made.actions)) if chance.random() < 0.4 else len(made.actions)
        for action in made.actions[:many]:
            if not fleet.carry_out(action):
                break
            if chance.random() < 0.2:
                fleet.carry_out(action)
        if chance.random() < 0.3:  # another one acts on what it saw earlier
            old = chance.choice(self.stale[-8:])
            for action in old.actions:
                fleet.carry_out(action)

    def _check(self, made: Plan) -> None:
        """Nothing is taken away but what was seen to be drained, by its uid."""
        for action in made.actions:
            if isinstance(action, do.Scale) and action.to < action.from_:
                pod = self.fleet.pods[action.from_ - 1]
                assert (pod.uid, pod.node.uid, pod.node.phase) == (action.pod_uid, action.node_uid, "Drained")
            if isinstance(action, do.DeletePod) and action.node_uid:
                pod = self.fleet.pods[action.slot]
                assert (pod.uid, pod.node.uid, pod.node.phase) == (action.uid, action.node_uid, "Drained")

    def mischief(self) -> None:
        """Nodes that fall silent, processes that crash, pods that are evicted."""
        fleet, chance = self.fleet, self.chance
        fleet.silent = {n for n in fleet.pods if chance.random() < 0.05}
        if chance.random() < 0.03 and fleet.pods:
            fleet.restart(chance.choice(sorted(fleet.pods)))
        if chance.random() < 0.02 and fleet.pods:
            pod = fleet.pods[chance.choice(sorted(fleet.pods))]
            pod.ends = pod.ends or fleet.s + 10


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(SCENES)), st.integers(0, 10_000))
def test_whatever_happens_to_operator_and_nodes_the_end_is_the_same(scene: str, seed: int) -> None:
    fleet, chance = settled_fleet(seed), random.Random(seed)
    SCENES[scene](fleet)
    unlucky = Unlucky(fleet, chance)
    for _ in range(60):
        fleet.run(15 * chance.choice((1, 1, 1, 1, 6)))
        unlucky.look()
        unlucky.mischief()
    fleet.silent = set()
    assert fleet.stateful_set is not None
    fleet.resume = fleet.stateful_set.revision  # new pods that crashed have paused the upgrade, as they should
    settle(fleet, 4 * 3600)
    assert (end_of(fleet), fleet.wrongs) == (expected(scene), [])
