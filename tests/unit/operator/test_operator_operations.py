"""Which operation is begun: one at a time, not while something is wrong, not again at once after it was given up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from operator_looks import MINUTE, NOON, look, slot, spec_of

from voltring_operator import actions as do
from voltring_operator.drains import DrainPhase, DrainState, Reason
from voltring_operator.model import Observed
from voltring_operator.planning import plan

NOT_READY = {"ready": False, "reasons": ["PostgreSQL does not answer"]}


def begun(seen: Observed) -> list[tuple[int, Reason]]:
    return [(one.spec.slot, one.spec.reason) for one in plan(seen, NOON).actions if isinstance(one, do.CreateDrain)]


def drain_of(reason: str, ordinal: int, **status: Any) -> DrainState:
    spec = {"fleet": "f", "slot": ordinal, "podUID": f"p{ordinal}", "reason": reason}
    meta = {"name": f"d-{reason}", "uid": "u", "resourceVersion": "5", "createdAt": NOON - MINUTE}
    return DrainState.model_validate({**meta, "spec": spec, "status": status})


def with_old(seen: Observed, *ordinals: int, **pod: Any) -> Observed:
    """The same, where these pods were made from another template, or are otherwise."""
    given = {"revision": "old", **pod}
    return replace(
        seen,
        slots=tuple(slot(one.ordinal, one.report, **given) if one.ordinal in ordinals else one for one in seen.slots),
    )


def cordoned(seen: Observed, *ordinals: int) -> Observed:
    return replace(seen, slots=tuple(replace(one, is_cordoned=one.ordinal in ordinals) for one in seen.slots))


def test_a_pod_on_a_cordoned_machine_is_moved_unless_another_node_does_not_serve() -> None:
    spec = spec_of(replicas=3)
    assert begun(cordoned(look(spec, [5, 5, 5]), 1)) == [(1, Reason.NODE_DRAIN)]
    assert begun(cordoned(look(spec, [5, 5, 5], nodes={0: NOT_READY}), 1)) == []
    assert begun(cordoned(look(spec, [None, 5, 5]), 1)) == []


def test_of_several_cordoned_machines_one_is_emptied_at_a_time_the_highest_slot_first() -> None:
    assert begun(cordoned(look(spec_of(replicas=3), [5, 5, 5]), 0, 1)) == [(1, Reason.NODE_DRAIN)]


def test_a_cordoned_machine_goes_before_an_upgrade_and_a_rebalance() -> None:
    seen = look(spec_of(replicas=3, rebalance={"minAbsolute": 5}), [90, 5, 5], nodes={0: {"misplaced": 40}})
    assert begun(cordoned(with_old(seen, 2), 1)) == [(1, Reason.NODE_DRAIN)]
    assert begun(with_old(seen, 2)) == [(2, Reason.UPGRADE)]
    assert begun(seen) == [(0, Reason.REBALANCE)]


@pytest.mark.parametrize("phase", [DrainPhase.ABORTED, DrainPhase.FAILED])
def test_what_was_given_up_is_not_begun_again_at_that_pod_for_a_while(phase: DrainPhase) -> None:
    def after(minutes: int) -> Observed:
        given_up = drain_of("Upgrade", 2, phase=phase, finishedAt=NOON - minutes * MINUTE)
        return replace(look(spec_of(replicas=3), [5, 5, 5]), drains=(given_up,))

    assert begun(with_old(after(2), 2)) == []
    assert begun(with_old(after(2), 1, 2)) == [(1, Reason.UPGRADE)]
    assert begun(cordoned(after(2), 2)) == []
    assert begun(with_old(after(11), 2)) == [(2, Reason.UPGRADE)]


def test_while_an_operation_goes_on_no_other_one_begins() -> None:
    busy = replace(look(spec_of(replicas=3), [5, 5, 5]), drains=(drain_of("Manual", 0, phase="Draining"),))
    assert begun(with_old(busy, 2)) == []


def test_nothing_is_rebalanced_while_an_upgrade_waits_for_its_canary() -> None:
    seen = look(spec_of(replicas=3, rebalance={"minAbsolute": 5}), [90, 5, 5], nodes={0: {"misplaced": 40}})
    rolling = with_old(seen, 0, 1)
    first = plan(rolling, NOON).status
    canary = with_old(rolling, 2, revision="new", created_at=NOON + MINUTE, ready_since=NOON + MINUTE)
    watched = replace(canary, fleet=replace(canary.fleet, status=first))
    made = plan(watched, NOON + 2 * MINUTE)
    assert made.actions == ()
    assert "is watched for another 540 s" in made.status.message


def test_the_fullest_node_is_not_helped_by_moving_chargers_of_another_one() -> None:
    spec = spec_of(replicas=3, rebalance={"minAbsolute": 5})
    assert begun(look(spec, [30, 90, 30], nodes={0: {"misplaced": 20}})) == []


@pytest.mark.parametrize(
    ("chargers", "recall", "ends"),
    [
        ([50, 30, 30], None, False),
        ([33, 30, 30], None, True),  # even enough
        ([50, 30, 30], {"phase": "Done", "reason": "OcppDrain/d-Rebalance/u"}, True),  # the others are busy
        ([50, 30, 30], {"phase": "Done", "reason": "an engineer's"}, False),
    ],
)
def test_a_rebalance_ends_when_the_fleet_is_even_or_nobody_idle_is_left(
    chargers: Any, recall: Any, *, ends: bool
) -> None:
    status = {"phase": "Draining", "podUID": "p0", "nodeUID": "n0", "startedAt": NOON, "deadlineAt": NOON + 30 * MINUTE}
    seen = look(spec_of(replicas=3), chargers, nodes={0: {"misplaced": 9, "recall": recall}})
    made = plan(replace(seen, drains=(drain_of("Rebalance", 0, **status),)), NOON)
    written = [one.status.phase for one in made.actions if isinstance(one, do.WriteDrain)]
    assert written == [DrainPhase.DONE if ends else DrainPhase.DRAINING]
    assert any(isinstance(one, do.Recall) for one in made.actions) is not ends


def test_a_second_plan_for_the_same_thing_gives_it_the_same_name() -> None:
    seen = with_old(look(spec_of(replicas=3), [5, 5, 5]), 2)
    names = [
        [one.name for one in plan(seen, NOON + n * MINUTE).actions if isinstance(one, do.CreateDrain)] for n in (0, 1)
    ]
    assert names == [["f-2-upgrade-p2-1"]] * 2
    again = drain_of("Upgrade", 2, phase="Aborted", finishedAt=NOON - timedelta(hours=1))
    again = again.model_copy(update={"name": "f-2-upgrade-p2-1"})
    (later,) = [
        one.name for one in plan(replace(seen, drains=(again,)), NOON).actions if isinstance(one, do.CreateDrain)
    ]
    assert later == "f-2-upgrade-p2-2"


@pytest.mark.parametrize(("seconds", "phase"), [(10, DrainPhase.FINALISING), (25, DrainPhase.DONE)])
def test_that_nobody_belongs_to_a_new_pod_is_believed_once_the_others_know_of_it(
    seconds: int, phase: DrainPhase
) -> None:
    status = {"phase": "Finalising", "podUID": "p-before", "nodeUID": "n", "startedAt": NOON - 9 * MINUTE}
    status |= {"goneAt": NOON - 2 * MINUTE, "readyAt": NOON - timedelta(seconds=seconds)}
    drain = drain_of("Upgrade", 2, **status)
    returns = drain.model_copy(
        update={"spec": drain.spec.model_copy(update={"pod_uid": "p-before", "after": "Return"})}
    )
    made = plan(replace(look(spec_of(replicas=3), [5, 5, 5]), drains=(returns,)), NOON)
    assert [one.status.phase for one in made.actions if isinstance(one, do.WriteDrain)] == [phase]


def test_the_next_operation_has_a_name_of_its_own_also_when_older_ones_were_tidied_away() -> None:
    seen = cordoned(look(spec_of(replicas=3), [5, 5, 5]), 1)
    ((first,),) = [[one.name for one in plan(seen, NOON).actions if isinstance(one, do.CreateDrain)]]
    stem = first.removesuffix("1")
    over = [drain_of("NodeDrain", 1, phase="Aborted", finishedAt=NOON - 60 * MINUTE) for _ in range(10)]
    kept = tuple(
        one.model_copy(update={"name": f"{stem}{number}", "uid": f"u{number}"}) for number, one in enumerate(over, 3)
    )
    ((later,),) = [
        [one.name for one in plan(replace(seen, drains=kept), NOON).actions if isinstance(one, do.CreateDrain)]
    ]
    assert (first, later) == (f"{stem}1", f"{stem}13")
