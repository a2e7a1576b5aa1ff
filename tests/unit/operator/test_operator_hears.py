"""What is worth a look when it changes, and what is not."""

from typing import Any

from voltring_operator.handlers import signature


def body(kind: str, generation: int = 1, **status: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"uid": "u", "generation": generation}, "status": status}


def test_a_stateful_set_is_worth_a_look_when_its_controller_has_taken_in_the_template() -> None:
    applied = signature(body("StatefulSet", 2, observedGeneration=1, updateRevision="old"))
    assert signature(body("StatefulSet", 2, observedGeneration=2, updateRevision="new")) != applied
    assert signature(body("StatefulSet", 2, observedGeneration=1, updateRevision="old", readyReplicas=3)) == applied


def test_what_the_operator_writes_into_a_fleets_status_wakes_nobody() -> None:
    seen = signature(body("OcppFleet", 2, observedGeneration=1, message="one node is desired"))
    assert signature(body("OcppFleet", 2, observedGeneration=2, message="all is well")) == seen
    assert signature(body("OcppFleet", 3, observedGeneration=2)) != seen
