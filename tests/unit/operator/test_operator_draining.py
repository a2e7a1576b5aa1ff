"""One operation on one slot, step by step: what is ordered, what is waited for, what is taken away and when not."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from operator_looks import spec_of
from toy_fleet import ToyFleet

from voltring_operator import actions as do
from voltring_operator.drains import After, DrainPhase, DrainSpec, DrainState, Reason
from voltring_operator.planning import plan

QUICK = {"stabilizationSeconds": 60, "cooldownSeconds": 300}


def fleet_of(nodes: int, chargers: int = 24, **parts: Any) -> ToyFleet:
    """A fleet that has settled, and that nothing makes smaller."""
    fleet = ToyFleet(spec_of(replicas=nodes, scaleDown=QUICK, **parts), chargers)
    fleet.operate(60)
    fleet.operate(60)
    assert fleet.end["pods"] == list(range(nodes))
    return fleet


def shrinking(nodes: int = 3, **parts: Any) -> ToyFleet:
    """The same, with one node that is not wanted any more."""
    fleet = fleet_of(nodes, **parts)
    fleet.spec = fleet.spec.model_copy(update={"replicas": nodes - 1})
    return fleet


def by_hand(fleet: ToyFleet, slot: int, **more: Any) -> None:
    spec = DrainSpec(fleet="f", slot=slot, **more)
    made = do.CreateDrain(f"by-hand-{fleet.s:.0f}-{slot}", spec, "")
    fleet.carry_out(made)


def only(fleet: ToyFleet) -> DrainState:
    (drain,) = fleet.drains.values()
    return drain


def until(fleet: ToyFleet, holds: Callable[[ToyFleet], bool], looks: int = 60) -> list[do.Action]:
    done: list[do.Action] = []
    for _ in range(looks):
        if holds(fleet):
            return done
        done += fleet.operate(15)
    raise AssertionError(f"not within {looks} looks: {fleet.end}, {fleet.status.message}")


def is_at(*phases: DrainPhase) -> Callable[[ToyFleet], bool]:
    return lambda fleet: any(one.status.phase in phases for one in fleet.drains.values())


def set_spec(fleet: ToyFleet, **more: Any) -> None:
    drain = only(fleet)
    fleet.drains[drain.name] = drain.model_copy(update={"spec": drain.spec.model_copy(update=more)})


def kinds(done: list[do.Action]) -> set[str]:
    return {type(one).__name__ for one in done}


def test_the_highest_slot_is_drained_and_then_taken_away() -> None:
    fleet = shrinking()
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    fleet.operate(60)
    drain = only(fleet)
    assert (drain.status.phase, drain.spec.slot, drain.spec.after) == (DrainPhase.DONE, 2, After.DELETE)
    assert drain.status.note == "slot 2 was taken away"
    assert (fleet.wrongs, fleet.end["offline"], fleet.end["misplaced"]) == ([], 0, 0)
    assert fleet.moves == 24 + (drain.status.closed or 0), "who was not there was not moved"
    told = [one.reason for one in fleet.events]
    assert told[-4:] == ["DrainStarted", "DrainDone", "ScaleDown", "DrainDone"]
    assert fleet.status.last_scale is not None
    assert fleet.status.last_scale.reason == "f-node-2 is drained"


def test_grants_are_renewed_at_each_look_and_carry_what_is_left_of_the_deadline() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 2, "deadlineSeconds": 600})
    done = until(fleet, is_at(DrainPhase.DRAINED))
    orders = [one for one in done if isinstance(one, do.OrderDrain)]
    assert len(orders) >= 3
    assert {(one.rate, one.window, one.until_s, one.slot) for one in orders} == {(1, 2, 60, 2)}
    lefts = [one.deadline_s for one in orders]
    assert all(earlier - later == 15 for earlier, later in pairwise(lefts))
    assert fleet.wrongs == []


def test_a_drain_may_use_half_of_what_the_others_accept_at_most() -> None:
    fleet = shrinking(drain={"maxRate": 1000})
    orders = [one for one in until(fleet, is_at(DrainPhase.DRAINED)) if isinstance(one, do.OrderDrain)]
    assert {one.rate for one in orders} == {100}  # two others, 100 a second each


def test_with_silent_nodes_it_goes_on_at_the_floor_rate() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1, "floorRate": 0.5})
    until(fleet, is_at(DrainPhase.DRAINING))
    fleet.silent = {0}
    done = fleet.operate(15)
    assert [one.rate for one in done if isinstance(one, do.OrderDrain)] == [0.5]


def test_the_floor_rate_goes_with_each_order_for_when_nobody_renews_it() -> None:
    fleet = shrinking(drain={"floorRate": 0.5})
    orders = [one for one in until(fleet, is_at(DrainPhase.DRAINED)) if isinstance(one, do.OrderDrain)]
    assert {one.floor_rate for one in orders} == {0.5}


def test_a_node_that_gives_up_at_the_deadline_ends_the_operation_and_is_left_alone_for_a_while() -> None:
    fleet = shrinking(drain={"deadlineSeconds": 60})
    fleet.held = set(fleet.chargers)
    until(fleet, is_at(DrainPhase.ABORTED))
    assert "the deadline came with" in only(fleet).status.note
    assert fleet.pods[2].node.phase == "Serving"
    assert fleet.operate(15) == []
    fleet.held = set()
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    assert fleet.wrongs == []


def test_force_goes_through() -> None:
    fleet = shrinking(drain={"deadlineSeconds": 60, "firmwarePolicy": "Force"})
    fleet.held = set(fleet.chargers)
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    assert fleet.wrongs == []


@pytest.mark.parametrize("phase", [DrainPhase.PENDING, DrainPhase.DRAINING, DrainPhase.DRAINED, DrainPhase.FINALISING])
def test_an_operation_that_is_aborted_brings_its_node_back(phase: DrainPhase) -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(phase))
    set_spec(fleet, abort=True)
    until(fleet, is_at(DrainPhase.ABORTED), 2)
    fleet.operate(30)
    assert fleet.pods[2].node.phase == "Serving"
    assert only(fleet).status.note == "somebody asked for it to be aborted"
    assert fleet.end["replicas"] == 3


def pause(fleet: ToyFleet, *, paused: bool = True) -> None:
    fleet.spec = fleet.spec.model_copy(update={"paused": paused})


def test_a_drain_that_runs_goes_on_while_the_fleet_is_paused_and_what_comes_after_it_waits() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 2})
    until(fleet, is_at(DrainPhase.DRAINING))
    pause(fleet)
    done = until(fleet, is_at(DrainPhase.DRAINED))
    assert kinds(done) == {"WriteDrain", "OrderDrain"}
    assert {(one.rate, one.until_s) for one in done if isinstance(one, do.OrderDrain)} == {(1, 60)}, "no floor"
    fleet.operate(600)
    assert (fleet.end["replicas"], fleet.end["pods"]) == (3, [0, 1, 2])
    assert only(fleet).status.note == "the fleet is paused: what comes after the drain waits"
    assert fleet.status.message == "paused: nothing is begun or taken away; slot 2 is Drained"
    pause(fleet, paused=False)
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    assert fleet.wrongs == []


def test_a_drain_that_has_not_begun_waits_while_the_fleet_is_paused() -> None:
    fleet = fleet_of(3)
    pause(fleet)
    by_hand(fleet, 1)
    assert fleet.operate(120) == []
    assert fleet.pods[1].node.phase == "Serving"
    pause(fleet, paused=False)
    until(fleet, is_at(DrainPhase.DRAINED))


def test_an_upgrade_that_is_paused_in_a_drain_ends_that_drain_and_touches_no_other_node() -> None:
    fleet = fleet_of(3, drain={"maxRate": 1, "limboWindow": 2})
    fleet.spec = fleet.spec.model_copy(update={"template": {"spec": {"containers": [{"name": "node", "image": "2"}]}}})
    until(fleet, is_at(DrainPhase.DRAINING))
    pause(fleet)
    pods = {ordinal: pod.uid for ordinal, pod in fleet.pods.items()}
    until(fleet, is_at(DrainPhase.DRAINED))
    assert kinds(fleet.operate(900)) == {"WriteDrain"}
    assert {ordinal: pod.uid for ordinal, pod in fleet.pods.items()} == pods
    assert [pod.node.phase for _, pod in sorted(fleet.pods.items())] == ["Serving", "Serving", "Drained"]


def test_an_abort_is_heard_while_the_fleet_is_paused() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.DRAINING))
    pause(fleet)
    set_spec(fleet, abort=True)
    assert kinds(fleet.operate(60)) == {"WriteDrain", "Undrain"}
    assert fleet.pods[2].node.phase == "Serving"
    assert fleet.operate(120) == []


def test_an_operation_whose_object_is_deleted_brings_its_node_back() -> None:
    fleet = fleet_of(3)
    by_hand(fleet, 1)
    until(fleet, is_at(DrainPhase.DRAINED))
    fleet.operate(60)
    assert only(fleet).status.note == "it stays drained until this object is deleted"
    assert fleet.end["replicas"] == 3
    fleet.drains.clear()
    fleet.operate(30)
    assert fleet.pods[1].node.phase == "Serving"


def test_a_drain_that_an_engineer_ordered_at_the_node_is_left_alone() -> None:
    fleet = fleet_of(3)
    pod = fleet.pods[1]
    fleet.carry_out(do.OrderDrain(1, pod.uid, pod.node.uid, "new disks", 50, 5, 3600, 3600, only_defer()))
    fleet.operate(90)
    assert pod.node.phase == "Drained"


def only_defer() -> Any:
    return spec_of().drain.firmware_policy


def test_a_node_that_somebody_lets_serve_again_is_not_drained_again() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.DRAINING))
    node = fleet.pods[2].node
    assert node.drain is not None
    node.phase = "Serving"
    until(fleet, is_at(DrainPhase.ABORTED), 2)
    assert only(fleet).status.note == "somebody let f-node-2 serve again"


def test_a_slot_that_is_needed_again_is_kept() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.DRAINING))
    fleet.arrive(250)
    until(fleet, is_at(DrainPhase.ABORTED), 4)
    assert only(fleet).status.note.startswith("it is needed again: 27")
    fleet.operate(15)
    assert fleet.pods[2].node.phase == "Serving"
    assert fleet.end["replicas"] == 3


def test_a_wish_for_more_ends_a_scale_down() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.FINALISING))
    fleet.spec = fleet.spec.model_copy(update={"replicas": 3})
    done = fleet.operate(30)
    assert kinds(done) == {"WriteDrain", "Undrain"}
    assert only(fleet).status.note == "it is needed again: 3 are asked for"


@pytest.mark.parametrize("phase", [DrainPhase.DRAINING, DrainPhase.DRAINED, DrainPhase.FINALISING])
def test_a_process_that_restarts_is_drained_anew_before_its_slot_goes(phase: DrainPhase) -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(phase))
    before = only(fleet).status.node_uid
    fleet.restart(2)
    fleet.run(20)
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    assert only(fleet).status.node_uid != before
    assert fleet.wrongs == []


def test_a_pod_that_is_replaced_in_the_middle_ends_a_scale_down() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.DRAINING))
    fleet.pods[2].ends = fleet.s
    until(fleet, is_at(DrainPhase.ABORTED), 5)
    assert only(fleet).status.note == "f-node-2 is another pod by now"
    assert fleet.end["replicas"] == 3


def test_replicas_stay_when_the_drained_node_is_silent() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.FINALISING))
    fleet.silent = {2}
    done = fleet.operate(120)
    assert not kinds(done) & {"Scale", "DeletePod"}
    fleet.silent = set()
    until(fleet, lambda it: it.end["pods"] == [0, 1])


def test_a_node_that_never_answers_is_given_up_and_told_about() -> None:
    fleet = fleet_of(4, drain={"deadlineSeconds": 60})
    fleet.silent = {1}
    by_hand(fleet, 1)
    until(fleet, is_at(DrainPhase.FAILED))
    assert only(fleet).status.note == "f-node-1 does not answer"
    assert [one.reason for one in fleet.events if one.is_warning][-1] == "DrainFailed"


def test_of_two_operations_the_second_waits_for_the_first() -> None:
    fleet = fleet_of(3, drain={"maxRate": 1, "limboWindow": 1})
    by_hand(fleet, 1, after=After.RETURN)
    fleet.operate(30)
    spec = DrainSpec(fleet="f", slot=0)
    second = only(fleet).model_copy(update={"name": "second", "uid": "d-second", "spec": spec, "status": _fresh()})
    fleet.drains["second"] = second.model_copy(update={"created_at": fleet.now})
    fleet.operate(15)
    assert fleet.drains["second"].status.note.startswith("it waits for by-hand-")
    assert fleet.pods[0].node.phase == "Serving"
    until(fleet, lambda it: it.pods[0].node.phase == "Drained")
    assert fleet.end["active"] == ["second"]
    assert fleet.pods[1].node.phase == "Serving"


def _fresh() -> Any:
    return DrainState.model_fields["status"].default


def test_only_the_highest_slot_can_be_taken_away() -> None:
    fleet = fleet_of(3)
    by_hand(fleet, 1, after=After.DELETE)
    until(fleet, is_at(DrainPhase.ABORTED), 2)
    assert only(fleet).status.note == "slot 1 is not the highest one: only that can be taken away"


def test_a_slot_that_is_not_there_is_told() -> None:
    fleet = fleet_of(2)
    by_hand(fleet, 7)
    until(fleet, is_at(DrainPhase.FAILED), 2)
    assert only(fleet).status.note == "there is no slot 7"


def test_the_scale_down_of_a_stateful_set_that_has_changed_is_not_done() -> None:
    fleet = shrinking()
    until(fleet, is_at(DrainPhase.FINALISING))
    (scale,) = [one for one in plan(fleet.observe(), fleet.now).actions if isinstance(one, do.Scale)]
    assert fleet.stateful_set is not None
    fleet.stateful_set = replace(fleet.stateful_set, resource_version="other")
    assert not fleet.carry_out(scale)


def test_a_pod_on_a_machine_that_takes_no_more_is_moved_before_it_is_evicted() -> None:
    fleet = fleet_of(3)
    fleet.cordoned = {"m1"}
    until(fleet, lambda it: it.end["cordoned"] == it.end["active"] == [] and not it.end["offline"])
    assert only(fleet).spec.reason is Reason.NODE_DRAIN
    assert only(fleet).status.phase is DrainPhase.DONE
    assert (fleet.wrongs, fleet.end["misplaced"], fleet.end["offline"]) == ([], 0, 0)


def test_a_pod_that_is_evicted_in_the_middle_gets_its_chargers_back_all_the_same() -> None:
    fleet = fleet_of(3, drain={"maxRate": 1, "limboWindow": 1})
    fleet.cordoned = {"m1"}
    until(fleet, is_at(DrainPhase.DRAINING))
    fleet.pods[1].ends = fleet.s + 10
    until(fleet, is_at(DrainPhase.DONE))
    assert (fleet.end["cordoned"], fleet.end["misplaced"], fleet.end["phases"]) == ([], 0, ["Serving"])


def test_the_only_node_is_stopped_as_nobody_else_could_take_its_chargers() -> None:
    fleet = fleet_of(1, chargers=4, slots={"min": 1, "max": 1})
    fleet.cordoned = {"m0"}
    done = until(fleet, lambda it: it.end["cordoned"] == [] and it.end["offline"] == 0)
    assert "alone" in next(str(one) for one in done if isinstance(one, do.DeletePod))


def test_operations_that_are_long_over_are_forgotten_but_not_those_by_hand() -> None:
    fleet = fleet_of(3)
    over = DrainState.model_validate(
        {
            "name": "x",
            "uid": "u",
            "resourceVersion": "1",
            "createdAt": fleet.now,
            "spec": {"fleet": "f", "slot": 0, "reason": "Upgrade"},
            "status": {"phase": "Done"},
        }
    )
    for number in range(12):
        fleet.drains[f"x{number}"] = over.model_copy(update={"name": f"x{number}"})
    hand = over.spec.model_copy(update={"reason": Reason.MANUAL})
    fleet.drains["hand"] = over.model_copy(update={"name": "hand", "spec": hand})
    fleet.operate(15)
    assert len(fleet.drains) == 11
    assert "hand" in fleet.drains


def test_a_node_that_is_being_stopped_is_ordered_nothing() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, lambda it: bool(it.drains))
    fleet.operate(15)
    fleet.pods[2].ends = fleet.s + 40
    assert kinds(fleet.operate(15)) <= {"WriteDrain"}


def test_an_order_that_somebody_else_has_overwritten_is_given_again() -> None:
    fleet = shrinking(drain={"maxRate": 1, "limboWindow": 1})
    until(fleet, is_at(DrainPhase.DRAINED))
    node = fleet.pods[2].node
    assert node.drain is not None
    node.drain.reason = "an engineer's"
    until(fleet, lambda it: it.end["pods"] == [0, 1])
    assert fleet.wrongs == []
