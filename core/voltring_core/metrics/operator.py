"""Of the operator: its looks, what it does, and the fleets as it saw them last."""

from voltring_core.domain.draining import Phase
from voltring_core.metrics.naming import Kind, counter, gauge, histogram

FLEETS = Kind("the namespace's fleets")
REASONS = ("Manual", "NodeDrain", "Rebalance", "ScaleDown", "Upgrade")
"""Of operations."""
ENDS = ("Aborted", "Done", "Failed")
PHASES = tuple(
    dict.fromkeys(("Pending", *(phase.value for phase in Phase if phase is not Phase.SERVING), "Finalising", *ENDS))
)
OUTCOMES = ("done", "refused", "failed")
DOINGS = (
    "ApplyStatefulSet",
    "CreateDrain",
    "DeleteDrain",
    "DeletePod",
    "Event",
    "OrderDrain",
    "Recall",
    "Scale",
    "Undrain",
    "WriteDrain",
    "WriteStatus",
)
CONDITIONS = Kind("the OcppFleet's conditions")

LOOKS = counter(
    "voltring_operator_looks_total",
    "Looks at all fleets: acted, waited (another one acts), failed.",
    "Failed: Kubernetes does not answer, or the rights are wrong.",
    {"outcome": ("acted", "waited", "failed")},
)
LOOK_SECONDS = histogram(
    "voltring_operator_look_seconds",
    "Time of one look, with all that was done in it.",
    "Above some seconds Kubernetes or a node is slow.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
)
LOOKED_AT = gauge(
    "voltring_operator_last_look_timestamp_seconds",
    "When the last look ended that did not fail.",
    "Older than a minute: nobody looks after the fleets.",
    unit="seconds",
)
ACTING = gauge(
    "voltring_operator_acting",
    "1 while this operator holds the Lease: of several one acts.",
    "The sum is to be 1.",
)
PLANS = counter(
    "voltring_operator_plans_total",
    "Plans: acts, idle, or refused as the fleet can't be read.",
    "Refused: the fleet's conditions say why.",
    {"outcome": ("acts", "idle", "refused")},
)
ACTIONS = counter(
    "voltring_operator_actions_total",
    "What was planned: done, refused (what it expected did not hold any more), failed.",
    "Failed in numbers: Kubernetes or a node does not take it.",
    {"action": DOINGS, "outcome": OUTCOMES},
)
KUBERNETES_ERRORS = counter(
    "voltring_operator_kubernetes_errors_total",
    "Requests that Kubernetes refused, by its status; 0: no answer.",
    "403: a right is missing; 409 is part of the work.",
    {"status": Kind("HTTP's; 0")},
)
FLEET_NODES = gauge(
    "voltring_operator_fleet_nodes",
    "Nodes: desired, there, ready, updated, draining, silent.",
    "Ready below desired for long: look at the pods.",
    {"fleet": FLEETS, "state": ("desired", "there", "ready", "updated", "draining", "silent")},
)
FLEET_CONNECTIONS = gauge(
    "voltring_operator_fleet_connections",
    "Chargers connected to the fleet's nodes.",
    "As the operator counts them; it scales by it.",
    {"fleet": FLEETS},
)
FLEET_CAPACITY = gauge(
    "voltring_operator_fleet_capacity",
    "Chargers that the ready nodes are to carry by their target.",
    "Connections beyond it: the fleet can't grow.",
    {"fleet": FLEETS},
)
FLEET_MISPLACED = gauge(
    "voltring_operator_fleet_misplaced",
    "Chargers that the router would send to another node by now.",
    "What a rebalance would move.",
    {"fleet": FLEETS},
)
FLEET_WITHOUT = gauge(
    "voltring_operator_fleet_nodes_without",
    "Nodes that say that their PostgreSQL or Redis is away.",
    "All: the server; some: their network.",
    {"fleet": FLEETS, "server": ("postgres", "redis")},
)
FLEET_CONDITION = gauge(
    "voltring_operator_fleet_condition",
    "1 where the OcppFleet's condition holds, 0 where not.",
    "`kubectl describe ocppfleet` says why.",
    {"fleet": FLEETS, "condition": CONDITIONS},
)
OPERATION_PHASE = gauge(
    "voltring_operator_operation_phase",
    "1 at the phase of the operation that has the turn.",
    "Where a drain, an upgrade or a rebalance stands.",
    {"fleet": FLEETS, "reason": REASONS, "phase": PHASES},
)
OPERATION_REMAINING = gauge(
    "voltring_operator_operation_remaining",
    "Chargers that the operation has still to move.",
    "Not falling: they are held, or the others are full.",
    {"fleet": FLEETS, "reason": REASONS},
)
OPERATION_LIMBO = gauge(
    "voltring_operator_operation_limbo",
    "Chargers that it has closed and that are not back yet.",
    "High for long: chargers do not come back.",
    {"fleet": FLEETS, "reason": REASONS},
)
OPERATION_DEADLINE = gauge(
    "voltring_operator_operation_deadline_timestamp_seconds",
    "Until when it is to be over.",
    "In the past: it is overdue.",
    {"fleet": FLEETS, "reason": REASONS},
    unit="seconds",
)
OPERATIONS = counter(
    "voltring_operator_operations_total",
    "Operations that ended: Done, Aborted, Failed.",
    "Aborted: the deadline came and something was held.",
    {"reason": REASONS, "phase": ENDS},
)
