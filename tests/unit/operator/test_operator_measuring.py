"""What the operator tells of a fleet in its metrics: what it does not know has no figure."""

from contextlib import nullcontext
from typing import Any

import pytest
from operator_looks import LONG_AGO, MINUTE, NOON, look, spec_of
from prometheus_client import REGISTRY

from voltring_core import metrics
from voltring_operator.actions import WriteDrain
from voltring_operator.drains import DrainPhase, DrainSpec, DrainState, DrainStatus, Reason
from voltring_operator.fleet_status import Condition, FleetStatus
from voltring_operator.kube import KubeError, Refused
from voltring_operator.measuring import GAUGES, Measures, counted, ended, samples
from voltring_operator.model import Observed


def told(seen: Observed, status: FleetStatus) -> dict[tuple[str, ...], float]:
    """Figures by the metric's name, without its prefix, and its labels but for the fleet."""
    found = {}
    for sample in samples(seen, status):
        assert sample.labels[0] == "f"
        name = sample.gauge._name.removeprefix("voltring_operator_")
        found[name, *sample.labels[1:]] = sample.value
    return found


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"voltring_operator_{name}", labels)


def operation(phase: DrainPhase, **status: Any) -> DrainState:
    spec = DrainSpec(fleet="f", slot=1, reason=Reason.UPGRADE)
    return DrainState(
        name="d",
        uid="u",
        resource_version="1",
        created_at=LONG_AGO,
        spec=spec,
        status=DrainStatus(phase=phase, **status),
    )


def test_a_node_that_is_silent_is_counted_as_such_and_the_fleets_chargers_are_not_known() -> None:
    status = FleetStatus(desired_replicas=4, ready_replicas=2, connections=None, capacity=200)
    found = told(look(spec_of(), [10, None, 20]), status)
    assert found["fleet_nodes", "silent"] == 1
    assert (found["fleet_nodes", "desired"], found["fleet_nodes", "there"], found["fleet_nodes", "ready"]) == (4, 3, 2)
    assert ("fleet_connections",) not in found
    assert ("fleet_nodes", "updated") not in found


def test_nodes_that_drain_or_miss_a_server_are_counted() -> None:
    nodes = {0: {"postgres": {"away_since": "2026-03-02T11:00:00Z"}}, 2: {"phase": "Draining"}}
    found = told(look(spec_of(), [1, 2, 3], nodes=nodes), FleetStatus())
    assert (found["fleet_nodes_without", "postgres"], found["fleet_nodes_without", "redis"]) == (1, 0)
    assert found["fleet_nodes", "draining"] == 1


def test_a_condition_that_is_not_known_has_no_figure() -> None:
    conditions = tuple(
        Condition(type=kind, status=truth, reason="R", last_transition_time=NOON)
        for kind, truth in (("Degraded", "True"), ("UpgradePaused", "False"), ("Balanced", "Unknown"))
    )
    found = told(look(spec_of(), [1]), FleetStatus(conditions=conditions))
    assert {key[1]: one for key, one in found.items() if key[0] == "fleet_condition"} == {
        "Degraded": 1,
        "UpgradePaused": 0,
    }


def test_the_operation_that_has_the_turn_is_told_with_its_deadline() -> None:
    drain = operation(DrainPhase.DRAINING, remaining=7, limbo=2, started_at=NOON, deadline_at=NOON + MINUTE)
    found = told(look(spec_of(), [1, 7], drains=(drain,)), FleetStatus())
    assert found["operation_phase", "Upgrade", "Draining"] == 1
    assert (found["operation_remaining", "Upgrade"], found["operation_limbo", "Upgrade"]) == (7, 2)
    assert found["operation_deadline_timestamp_seconds", "Upgrade"] == NOON.timestamp() + 60


def test_an_operation_whose_drain_is_over_has_no_deadline() -> None:
    drain = operation(DrainPhase.FINALISING, remaining=0, deadline_at=NOON + MINUTE)
    found = told(look(spec_of(), [1, 7], drains=(drain,)), FleetStatus())
    assert found["operation_phase", "Upgrade", "Finalising"] == 1
    assert ("operation_deadline_timestamp_seconds", "Upgrade") not in found


def test_an_operation_that_is_over_is_told_no_more() -> None:
    found = told(look(spec_of(), [1, 7], drains=(operation(DrainPhase.DONE),)), FleetStatus())
    assert not [key for key in found if key[0].startswith("operation")]


def test_a_fleet_that_is_gone_has_no_figures() -> None:
    measures = Measures()
    measures.planned(look(spec_of(), [1, 2]), FleetStatus(ready_replicas=2, connections=3), 0)
    assert value("fleet_connections", fleet="f") == 3
    measures.keep({"another"})
    assert all(not next(iter(gauge.collect())).samples for gauge in GAUGES)


def test_a_fleet_that_cant_be_read_has_no_figures_and_is_counted() -> None:
    measures = Measures()
    measures.planned(look(spec_of(), [1]), FleetStatus(connections=1), 1)
    before = value("plans_total", outcome="refused") or 0
    measures.unreadable("f")
    assert value("plans_total", outcome="refused") == before + 1
    assert value("fleet_connections", fleet="f") is None


def test_a_look_that_failed_is_counted_and_leaves_the_time_of_the_last_good_one() -> None:
    now = 1000.0
    measures = Measures(lambda: now)
    measures.looked("acted", 0.0)
    now = 2000.0
    measures.looked("failed", 0.0)
    assert value("last_look_timestamp_seconds") == 1000
    assert value("acting") == 0
    measures.looked("waited", 0.0)
    assert (value("last_look_timestamp_seconds"), value("acting")) == (2000, 0)


@pytest.mark.parametrize(
    ("error", "outcome"), [(None, "done"), (Refused("it is another"), "refused"), (KubeError(500, "no"), "failed")]
)
def test_an_action_is_counted_by_what_became_of_it(error: Exception | None, outcome: str) -> None:
    before = value("actions_total", action="Scale", outcome=outcome) or 0
    with pytest.raises(type(error)) if error else nullcontext(), counted("Scale"):
        if error is not None:
            raise error
    assert value("actions_total", action="Scale", outcome=outcome) == before + 1


def test_an_operation_is_counted_once_when_its_end_is_written() -> None:
    before = value("operations_total", reason="Upgrade", phase="Aborted") or 0
    end = WriteDrain("d", "u", "1", DrainStatus(phase=DrainPhase.ABORTED))
    ended(end, look(spec_of(), [1], drains=(operation(DrainPhase.DRAINING),)))
    ended(end, look(spec_of(), [1], drains=(operation(DrainPhase.ABORTED),)))
    assert value("operations_total", reason="Upgrade", phase="Aborted") == before + 1


def test_no_label_of_the_operator_is_unbounded() -> None:
    allowed = {"fleet", "state", "server", "condition", "reason", "phase", "action", "outcome", "status"}
    known = [one for one in vars(metrics).values() if hasattr(one, "_labelnames")]
    operators = [one for one in known if one._name.startswith("voltring_operator")]
    assert len(operators) > 10
    assert {label for one in operators for label in one._labelnames} <= allowed
