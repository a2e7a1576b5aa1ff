"""The last step of an operation: what is taken away, and which process is ordered what."""

from dataclasses import replace
from typing import Any

import pytest
from operator_looks import MINUTE, NOON, document, look, slot, spec_of

from voltring_operator import actions as do
from voltring_operator.drains import After, DrainPhase, DrainState
from voltring_operator.model import Observed
from voltring_operator.planning import plan
from voltring_operator.report import read


def finalising(after: After, **node: Any) -> Observed:
    """A look at an operation on slot 2 that may take it away now, if its node is as it should be."""
    status = {"phase": "Finalising", "podUID": "p2", "nodeUID": "n2", "startedAt": NOON, "deadlineAt": NOON + MINUTE}
    spec = {"fleet": "f", "slot": 2, "podUID": "p2", "reason": "ScaleDown", "after": after}
    meta = {"name": "d", "uid": "u", "resourceVersion": "5", "createdAt": NOON}
    drain = DrainState.model_validate({**meta, "spec": spec, "status": status})
    told = {"phase": "Drained", "cause": "order", "reason": drain.order, "initial": 9, "remaining": 0, "closed": 9}
    told |= {"returned": 9, "limbo": 0, "window": 5, "rate_now": 5, **node.pop("drain", {})}
    chargers = node.pop("chargers", 0)
    pod = node.pop("pod", {})
    report = {"uid": "n2", "phase": "Drained", "ready": False, "drain": told, **node}
    slots = (
        {2: slot(2, read(document(chargers, **report)), is_ready=False, **pod)} if node != {"is_silent": True} else {}
    )
    counts: list[int | None] = [3, 3, None if node else 0]
    return look(spec_of(replicas=2), counts, slots=slots, drains=(drain,))


def taken(seen: Observed) -> list[str]:
    return [type(one).__name__ for one in plan(seen, NOON).actions if isinstance(one, do.Scale | do.DeletePod)]


@pytest.mark.parametrize(("after", "how"), [(After.DELETE, "Scale"), (After.RETURN, "DeletePod")])
def test_nothing_is_taken_away_but_the_very_process_that_is_drained_and_empty(after: After, how: str) -> None:
    assert taken(finalising(after)) == [how]
    for wrong in (
        {"uid": "another process"},
        {"pod": {"uid": "another pod"}},
        {"pod": {"is_leaving": True}},
        {"phase": "Quiescing"},
        {"phase": "Serving", "ready": True},
        {"chargers": 1},
        {"drain": {"reason": "an engineer's"}},
        {"is_silent": True},
    ):
        assert taken(finalising(after, **wrong)) == [], wrong


def test_a_process_that_was_ordered_without_being_written_down_is_written_down() -> None:
    seen = finalising(After.DELETE, uid="n2-later", phase="Draining")
    (drain,) = seen.drains
    status = drain.status.model_copy(update={"phase": DrainPhase.DRAINING, "deadline_at": NOON + 9 * MINUTE})
    made = plan(replace(seen, drains=(drain.model_copy(update={"status": status}),)), NOON)
    assert [one.status.node_uid for one in made.actions if isinstance(one, do.WriteDrain)] == ["n2-later"]
