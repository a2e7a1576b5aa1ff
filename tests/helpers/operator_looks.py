"""Looks at a fleet, made by hand: nodes with so many chargers, and whatever is wrong with them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from voltring_operator.fleet_status import FleetStatus
from voltring_operator.manifests import digest
from voltring_operator.model import Fleet, Observed, Pod, Slot, StatefulSet
from voltring_operator.report import NodeReport, read
from voltring_operator.spec import FleetSpec

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""
LONG_AGO = NOON - timedelta(days=1)
MINUTE = timedelta(minutes=1)


def spec_of(**parts: Any) -> FleetSpec:
    """A fleet of 1 to 20 nodes, 100 chargers each, 200 at most."""
    small = {
        "slots": {"min": 1, "max": 20},
        "target": {"connectionsPerPod": 100},
        "hardCap": {"connectionsPerPod": 200},
        "template": {"spec": {"containers": [{"name": "node", "image": "voltring-node:1"}]}},
    }
    return FleetSpec.model_validate({**small, **parts})


def document(chargers: int = 0, **more: Any) -> dict[str, Any]:
    """What a node that is well says of itself."""
    return {
        "name": "f-node-0",
        "uid": "n0",
        "version": "1.0",
        "phase": "Serving",
        "ready": True,
        "connections": {"ocpp1.6": chargers},
        "accepting": {"capacity_per_s": 100, "arrivals_per_s": 0, "refused_per_s": 0, "queue_s": 0},
        "loop_lag": {"p99_s": 0.004},
        "limbo": 0,
        "misplaced": 0,
        "drain": None,
        "redis": {"away_since": None},
        "postgres": {"away_since": None},
    } | more


def slot(ordinal: int, told: NodeReport | None, *, revision: str = "new", **pod: Any) -> Slot:
    """A slot with a pod; without a report it is silent."""
    made = {
        "name": f"f-node-{ordinal}",
        "ordinal": ordinal,
        "uid": f"p{ordinal}",
        "revision": revision,
        "created_at": LONG_AGO,
        "is_ready": True,
        "ready_since": LONG_AGO,
        "is_running": True,
    }
    return Slot(ordinal, Pod(**(made | pod)), told)


def look(
    spec: FleetSpec,
    chargers: Sequence[int | None],
    *,
    status: FleetStatus | None = None,
    nodes: Mapping[int, Mapping[str, Any]] | None = None,
    slots: Mapping[int, Slot] | None = None,
    **more: Any,
) -> Observed:
    """So many chargers at each node, None where it is silent. `nodes` says more of some; `slots` replace whole ones."""
    fleet = Fleet("f", "ns", "fleet-uid", 1, "1", spec, status or FleetStatus())
    made = []
    for ordinal, count in enumerate(chargers):
        extra = (nodes or {}).get(ordinal)
        told = None if count is None else _well(ordinal, count)
        if count is not None and extra:
            told = read(document(count, **{"uid": f"n{ordinal}", **extra}))
        made.append(slot(ordinal, told))
    replaced = tuple((slots or {}).get(one.ordinal, one) for one in made)
    stateful_set = StatefulSet("sts", "7", len(made), "new", digest(fleet))
    return Observed(fleet, stateful_set, replaced, **more)


@cache
def _well(ordinal: int, chargers: int) -> NodeReport:
    return read(document(chargers, uid=f"n{ordinal}"))
