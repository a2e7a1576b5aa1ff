"""A changed template reaches the nodes one by one; a canary stops it; a bad one can be left behind. Rebalances."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from operator_looks import LONG_AGO, MINUTE, NOON, document, look, slot, spec_of
from toy_fleet import ToyFleet

from voltring_operator import actions as do
from voltring_operator.drains import Reason
from voltring_operator.finalising import is_aware
from voltring_operator.planning import plan
from voltring_operator.report import read

CANARY_S = 120


def fleet_of(nodes: int, chargers: int = 30, **parts: Any) -> ToyFleet:
    rules = {"canarySeconds": CANARY_S, **parts.pop("upgrade", {})}
    fleet = ToyFleet(spec_of(replicas=nodes, upgrade=rules, **parts), chargers)
    fleet.operate(120)
    assert fleet.end["pods"] == list(range(nodes))
    fleet.moves = 0
    return fleet


def template(image: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "node", "image": image}]}}


def change(fleet: ToyFleet, image: str = "voltring-node:2") -> None:
    fleet.spec = fleet.spec.model_copy(update={"template": template(image)})
    fleet.operate(15)


def upgraded(fleet: ToyFleet) -> int:
    return len(fleet.pods) - len(fleet.end["old"])  # type: ignore[arg-type]


def until_done(fleet: ToyFleet, seconds: int = 1800) -> list[do.Action]:
    done: list[do.Action] = []
    for _ in range(seconds // 15):
        done += fleet.operate(15)
        if not fleet.end["old"] and not fleet.end["active"] and not fleet.end["offline"]:
            return done
    raise AssertionError(f"{fleet.end}, {fleet.status.message}")


def test_a_changed_template_replaces_one_node_after_the_other_and_each_gets_its_chargers_back() -> None:
    fleet = fleet_of(3)
    change(fleet)
    done = until_done(fleet)
    deleted = [one.slot for one in done if isinstance(one, do.DeletePod)]
    assert deleted == [2, 1, 0]
    assert (fleet.wrongs, fleet.end["misplaced"], fleet.end["replicas"]) == ([], 0, 3)
    assert fleet.moves <= 2.0 * len(fleet.chargers)
    assert {one.spec.reason for one in fleet.drains.values()} == {Reason.UPGRADE}
    assert fleet.status.updated_replicas == 3


def test_chargers_that_are_busy_stay_where_they_are_and_the_upgrade_goes_on() -> None:
    fleet = fleet_of(3)
    fleet.busy = set(list(fleet.chargers)[:15])
    change(fleet)
    until_done(fleet, 1200)
    assert fleet.end["misplaced"] in range(1, 16)
    assert {one.status.note for one in fleet.drains.values()} >= {"f-node-2 serves, and who was idle is home"}


def test_the_second_node_waits_until_the_first_new_one_was_watched() -> None:
    fleet = fleet_of(3, upgrade={"canarySeconds": 600})
    change(fleet)
    while upgraded(fleet) < 1 or not fleet.pods[2].is_up:
        fleet.operate(15)
    ready = fleet.pods[2].ready
    while upgraded(fleet) < 2:
        fleet.operate(15)
    assert ready is not None
    assert fleet.s - ready >= 600


def test_a_new_node_that_errs_pauses_the_upgrade_until_the_template_changes() -> None:
    fleet = fleet_of(3)
    change(fleet)
    while upgraded(fleet) < 1 or not fleet.pods[2].is_up:
        fleet.operate(15)
    fleet.pods[2].node.errors = 0.2
    fleet.operate(15)
    fleet.pods[2].node.errors = 0.0
    fleet.operate(900)
    assert upgraded(fleet) == 1
    paused = fleet.status.condition("UpgradePaused")
    assert paused is not None
    assert paused.status == "True"
    assert "f-node-2 answers messages with errors: 20.0%, 5.0% are allowed. Change" in paused.message
    assert [one.reason for one in fleet.events].count("UpgradePaused") == 1
    change(fleet, "voltring-node:1")
    until_done(fleet)
    assert fleet.wrongs == []


def pauses_at(**told: object) -> str:
    """Why an upgrade is paused whose first new node tells that; empty when it is not."""
    seen = look(spec_of(replicas=3), [5] * 3, nodes={2: told})
    old = {n: slot(n, seen.slots[n].report, revision="old") for n in (0, 1)}
    fresh = slot(2, seen.slots[2].report, created_at=NOON + MINUTE, ready_since=NOON + MINUTE)
    before = plan(replace(seen, slots=(old[0], old[1], seen.slots[2])), NOON).status
    rolling = replace(seen, slots=(old[0], old[1], fresh), fleet=replace(seen.fleet, status=before))
    paused = plan(rolling, NOON + 2 * MINUTE).status.condition("UpgradePaused")
    assert paused is not None
    return paused.message if paused.status == "True" else ""


@pytest.mark.parametrize(("refused", "pauses"), [(2.0, True), (0.1, False)])
@pytest.mark.parametrize("errors", [{}, {"asked": 300, "faults": 0, "share": 0.0}])
def test_a_new_node_that_refuses_handshakes_pauses_the_upgrade(
    refused: float, errors: dict[str, float], *, pauses: bool
) -> None:
    door = {"capacity_per_s": 100, "arrivals_per_s": 4, "refused_per_s": refused, "queue_s": 0}
    said = pauses_at(accepting=door, errors=errors)
    assert bool(said) is pauses, said
    assert not pauses or "f-node-2 refuses handshakes: 33.3%" in said


@pytest.mark.parametrize(
    ("errors", "pauses"),
    [
        ({"asked": 60, "faults": 6, "share": 0.1}, True),
        ({"asked": 600, "faults": 6, "share": 0.01}, False),
        ({"asked": 10, "faults": 2, "share": 0.2}, False),  # of a few messages: it may be chance
        ({"asked": 0, "faults": 0, "share": None}, False),
    ],
)
def test_a_new_node_whose_faults_are_a_notable_share_pauses_the_upgrade(
    errors: dict[str, float | None], *, pauses: bool
) -> None:
    said = pauses_at(errors=errors)
    assert bool(said) is pauses, said
    assert not pauses or "f-node-2 answers messages with errors: 10.0%, 5.0% are allowed" in said


def test_somebody_may_let_a_paused_upgrade_go_on() -> None:
    fleet = fleet_of(2)
    change(fleet)
    while upgraded(fleet) < 1 or not fleet.pods[1].is_up:
        fleet.operate(15)
    fleet.pods[1].restarts = 3
    fleet.operate(300)
    assert upgraded(fleet) == 1
    assert fleet.stateful_set is not None
    fleet.resume = fleet.stateful_set.revision
    until_done(fleet)


def test_a_template_whose_pods_do_not_start_stops_at_the_first_node_and_can_be_left_behind() -> None:
    fleet = fleet_of(3)
    change(fleet, "no-such-image")
    assert fleet.stateful_set is not None
    fleet.broken = {fleet.stateful_set.revision}
    fleet.operate(1500)
    assert upgraded(fleet) == 1
    assert sum(one.is_up for one in fleet.pods.values()) == 2
    assert any(one.reason == "DrainFailed" for one in fleet.events)
    change(fleet)
    until_done(fleet, 3600)
    assert (fleet.wrongs, fleet.end["misplaced"]) == ([], 0)


def test_nodes_that_never_served_anybody_are_replaced_at_once() -> None:
    bad = {
        "ready": False,
        "reasons": ["PostgreSQL does not answer"],
        "postgres": {"away_since": "2026-03-02T11:00:00Z"},
    }
    told = read({**look(spec_of(), [0]).slots[0].report.model_dump(mode="json"), **bad})  # type: ignore[union-attr]
    sick = {n: slot(n, told, revision="old", is_ready=False) for n in range(3)}
    made = plan(look(spec_of(), [0] * 3, slots=sick), NOON)
    assert [one.slot for one in made.actions if isinstance(one, do.DeletePod)] == [2, 1, 0]


def test_nodes_that_hold_chargers_and_can_not_be_drained_are_left_to_a_person() -> None:
    bad = {"ready": False, "connections": {"ocpp1.6": 9}, "postgres": {"away_since": "2026-03-02T11:00:00Z"}}
    told = read({**look(spec_of(), [0]).slots[0].report.model_dump(mode="json"), **bad})  # type: ignore[union-attr]
    sick = {n: slot(n, told, revision="old", is_ready=False) for n in range(2)}
    made = plan(look(spec_of(), [0] * 2, slots=sick), NOON)
    assert made.actions == ()
    assert made.status.message == "f-node-0 has had no PostgreSQL since 11:00:00"


@pytest.mark.parametrize("is_running", [False, True])
def test_a_silent_process_is_not_taken_for_an_empty_one(*, is_running: bool) -> None:
    silent = slot(1, None, revision="old", is_ready=False, is_running=is_running)
    made = plan(look(spec_of(), [5, 5, 5], slots={1: silent}), NOON)
    deleted = [one.slot for one in made.actions if isinstance(one, do.DeletePod)]
    assert deleted == ([] if is_running else [1])


def test_the_fleet_is_neither_shrunk_nor_rebalanced_while_it_is_upgraded() -> None:
    fleet = fleet_of(3, scaleDown={"stabilizationSeconds": 30, "cooldownSeconds": 0})
    change(fleet)
    fleet.spec = fleet.spec.model_copy(update={"replicas": 1})
    until_done(fleet)
    reasons = [one.spec.reason for one in fleet.drains.values()]
    assert reasons.index(Reason.SCALE_DOWN) == 3 if Reason.SCALE_DOWN in reasons else len(reasons) == 3


@pytest.mark.parametrize(
    ("counted", "seconds", "is_so"),
    [([0, 1], 0, True), ([1], 3600, False), (None, 19, False), (None, 20, True)],
    ids=[
        "it counts it",
        "it does not count it yet",
        "it does not tell, and just now",
        "it does not tell, and long ago",
    ],
)
def test_who_is_to_send_chargers_home_has_to_know_that_their_node_serves(
    counted: list[int] | None, seconds: float, is_so: bool
) -> None:
    back, other = slot(0, read(document())), slot(1, read(document(counted=counted)))
    assert is_aware(other, back, timedelta(seconds=seconds)) is is_so


def test_who_is_silent_is_another_matter() -> None:
    assert is_aware(slot(1, None), slot(0, read(document())), timedelta())


def test_a_node_that_carries_far_more_than_the_others_sends_idle_chargers_home_slowly() -> None:
    rules = {"minAbsolute": 5, "ratePercentPerMinute": 30}
    fleet = fleet_of(2, chargers=60, slots={"min": 1, "max": 4}, rebalance=rules)
    fleet.spec = fleet.spec.model_copy(update={"replicas": 4})
    done = fleet.operate(900)
    orders = [one for one in done if isinstance(one, do.Recall)]
    assert orders
    assert all(0 < one.rate <= 60 * 0.30 / 60 for one in orders)
    (balance, *_) = fleet.drains.values()
    assert balance.spec.reason is Reason.REBALANCE
    most = max(sum(at == n for at in fleet.chargers.values()) for n in range(4))
    assert most <= 1.25 * 15 + 1
    assert fleet.wrongs == []


OVERFULL = {0: {"misplaced": 30}}


@pytest.mark.parametrize(
    ("mode", "chargers", "nodes", "begins"),
    [
        ("Overload", [90, 30, 30], OVERFULL, True),
        ("Overload", [60, 50, 50], OVERFULL, False),
        ("Overload", [90, 30, 30], {0: {"misplaced": None}}, False),
        ("Overload", [90, 30, 30], {}, False),
        ("Off", [90, 30, 30], OVERFULL, False),
        ("Always", [40, 40, 40], OVERFULL, True),
    ],
)
def test_it_is_rebalanced_on_overload_only_unless_it_is_always(
    mode: str, chargers: list[int], nodes: dict[int, Any], *, begins: bool
) -> None:
    spec = spec_of(rebalance={"mode": mode, "minAbsolute": 20}, replicas=3)
    made = plan(look(spec, chargers, nodes=nodes), NOON)
    assert [one.spec.reason for one in made.actions if isinstance(one, do.CreateDrain)] == [Reason.REBALANCE] * begins


def test_it_is_not_rebalanced_in_the_hours_that_are_kept_free() -> None:
    kept = {"blackout": [{"from": "11:00", "to": "13:00"}]}
    spec = spec_of(rebalance={"minAbsolute": 20}, scaleDown=kept, replicas=3)
    assert plan(look(spec, [90, 30, 30], nodes=OVERFULL), NOON).actions == ()


def test_a_rebalance_gives_way_to_an_upgrade() -> None:
    fleet = fleet_of(2, chargers=60, slots={"min": 1, "max": 4}, rebalance={"minAbsolute": 5})
    fleet.spec = fleet.spec.model_copy(update={"replicas": 4})
    fleet.operate(120)
    (balance,) = fleet.drains.values()
    assert balance.is_active
    change(fleet)
    fleet.operate(45)
    (balance, *others) = fleet.drains.values()
    assert balance.status.note == "f-node-3 is to be drained (Upgrade)"
    assert [one.spec.reason for one in others] == [Reason.UPGRADE]


def test_a_pod_that_is_ready_for_long_is_no_canary() -> None:
    pods = {n: slot(n, None, revision="old") for n in (0, 1)}
    reports = look(spec_of(), [5] * 3).slots
    old = {n: slot(n, reports[n].report, revision="old") for n in pods}
    restarted = slot(2, reports[2].report, restarts=9, created_at=LONG_AGO, ready_since=NOON - timedelta(seconds=5))
    made = plan(look(spec_of(replicas=3), [5] * 3, slots={**old, 2: restarted}), NOON)
    assert [one.spec.slot for one in made.actions if isinstance(one, do.CreateDrain)] == [1]
