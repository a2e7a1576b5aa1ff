"""Drains and scaling: how many nodes there are and why, and how the chargers fare that are moved."""

from panels import HERE, QUARTER, THIRD, WIDE, Dashboard, Panel, Query, Row

NODES = "voltring_operator_fleet_nodes"
SIZE = Row(
    "Size",
    (
        Panel(
            "Nodes",
            "Desired by the load, there, ready, made from the template as it is now.",
            "short",
            (Query(f"max by (state) ({NODES}{{{HERE}}})", "{{state}}"),),
        ),
        Panel(
            "Chargers and capacity",
            "What the ready nodes are meant for, what they carry, and who would be elsewhere by now.",
            "short",
            (
                Query(f"max(voltring_operator_fleet_capacity{{{HERE}}})", "capacity"),
                Query(f"max(voltring_operator_fleet_connections{{{HERE}}})", "connected"),
                Query(f"max(voltring_operator_fleet_misplaced{{{HERE}}})", "misplaced"),
            ),
        ),
        Panel(
            "Conditions",
            "1 where a condition of the OcppFleet holds; its message is in `kubectl describe of`.",
            "short",
            (Query(f"max by (condition) (voltring_operator_fleet_condition{{{HERE}}})", "{{condition}}"),),
            WIDE,
            top=1,
        ),
    ),
)
DRAIN = Row(
    "What is moved",
    (
        Panel(
            "The operation that has the turn",
            "Its reason and phase: Pending, Cordoned, Propagating, Draining, Quiescing, Drained, Finalising.",
            "short",
            (Query(f"max by (reason, phase) (voltring_operator_operation_phase{{{HERE}}})", "{{reason}}: {{phase}}"),),
            top=1,
        ),
        Panel(
            "Left to move",
            "Open sockets of the node that drains, by what goes on at them: idle ones go first, firmware waits.",
            "short",
            (Query(f"sum by (pod, rank) (voltring_node_drain_remaining{{{HERE}}}) > 0", "{{pod}} {{rank}}"),),
            is_stacked=True,
        ),
        Panel(
            "Time left",
            "Until the deadline of the operation; at 0 for 5 minutes VoltringOperationOverdue rings.",
            "s",
            (
                Query(
                    f"max by (reason) (voltring_operator_operation_deadline_timestamp_seconds{{{HERE}}}) - time()",
                    "{{reason}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "In limbo",
            "Chargers that were asked to go and are not back yet, and how many that may be.",
            "short",
            (
                Query(f"sum by (pod) (voltring_node_drain_limbo{{{HERE}}})", "{{pod}}"),
                Query(f"sum by (pod) (voltring_node_drain_window{{{HERE}}}) > 0", "{{pod}}: window"),
            ),
            THIRD,
        ),
        Panel(
            "Pace",
            "Closes a second that a drain may do, closes that it did, and returns.",
            "cps",
            (
                Query(f"sum by (pod) (voltring_node_drain_rate{{{HERE}}}) > 0", "{{pod}}: may"),
                Query(
                    f"sum by (pod) (rate(voltring_node_drain_closed_total{{{HERE}}}[$__rate_interval]))",
                    "{{pod}}: closed",
                ),
                Query(
                    f"sum by (pod) (rate(voltring_node_drain_returned_total{{{HERE}}}[$__rate_interval]))",
                    "{{pod}}: returned",
                ),
            ),
            THIRD,
        ),
        Panel(
            "The operation, as the operator hears of it",
            "Chargers that it has still to move, and those that it has closed and that are not back yet.",
            "short",
            (
                Query(f"max by (reason) (voltring_operator_operation_remaining{{{HERE}}})", "{{reason}}: to move"),
                Query(f"max by (reason) (voltring_operator_operation_limbo{{{HERE}}})", "{{reason}}: in limbo"),
            ),
            THIRD,
        ),
        Panel(
            "Recalled, not back yet",
            "Chargers that a recall sent home to another node and that are not seen there yet.",
            "short",
            (Query(f"sum by (pod) (voltring_node_recall_limbo{{{HERE}}})", "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Phases of the nodes",
            "Where each node stands that does not serve, by its own word.",
            "short",
            (
                Query(
                    f'max by (pod, phase) (voltring_node_drain_phase{{{HERE}, phase!="Serving"}}) > 0',
                    "{{pod}} {{phase}}",
                ),
            ),
        ),
        Panel(
            "Operations that ended",
            "Done, Aborted (given up, the node serves again) or Failed, in the last hour.",
            "short",
            (
                Query(
                    f"sum by (reason, phase) (increase(voltring_operator_operations_total{{{HERE}}}[1h]))",
                    "{{reason}}: {{phase}}",
                ),
            ),
        ),
    ),
)
OPERATOR = Row(
    "The operator",
    (
        Panel(
            "Acting",
            "Operators that hold the Lease: 1.",
            "short",
            (Query(f"sum(voltring_operator_acting{{{HERE}}})", "acting"),),
            QUARTER,
            is_number=True,
            red=1,
            is_red_below=True,
        ),
        Panel(
            "Last look",
            "Seconds since it looked at the fleet last; it does so every 15 s at least.",
            "s",
            (Query(f"time() - max(voltring_operator_last_look_timestamp_seconds{{{HERE}}})", "ago"),),
            QUARTER,
            is_number=True,
            red=180,
        ),
        Panel(
            "Time of a look, p99",
            "With everything that was done in it.",
            "s",
            (
                Query(
                    "histogram_quantile(0.99, sum by (le) ("
                    f"rate(voltring_operator_look_seconds_bucket{{{HERE}}}[15m])))",
                    "p99",
                ),
            ),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Looks that failed",
            "In the last hour: Kubernetes did not answer.",
            "short",
            (Query(f'sum(increase(voltring_operator_looks_total{{{HERE}, outcome="failed"}}[1h]))', "failed"),),
            QUARTER,
            is_number=True,
            red=1,
        ),
        Panel(
            "Nodes without a server",
            "Nodes that say to the operator that PostgreSQL or Redis is away; it begins nothing risky then.",
            "short",
            (Query(f"max by (server) (voltring_operator_fleet_nodes_without{{{HERE}}})", "{{server}}"),),
            THIRD,
            red=1,
        ),
        Panel(
            "Plans",
            "Looks at a fleet that had something to do, and those that had nothing.",
            "cps",
            (
                Query(
                    f"sum by (outcome) (rate(voltring_operator_plans_total{{{HERE}}}[$__rate_interval]))", "{{outcome}}"
                ),
            ),
            THIRD,
        ),
        Panel(
            "Actions",
            "What it did, by what became of it; `refused` found things changed since the look, the next one decides.",
            "short",
            (
                Query(
                    "sum by (action, outcome) ("
                    f"increase(voltring_operator_actions_total{{{HERE}}}[$__rate_interval])) > 0",
                    "{{action}} {{outcome}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "Errors of Kubernetes",
            "Requests that it refused, by status: 409 and 422 are preconditions, 0 is no answer.",
            "short",
            (
                Query(
                    "sum by (status) (increase("
                    f"voltring_operator_kubernetes_errors_total{{{HERE}}}[$__rate_interval])) > 0",
                    "{{status}}",
                ),
            ),
            THIRD,
        ),
    ),
)
BOARD = Dashboard(
    "voltring-drain",
    "Voltring / Drain and scaling",
    "How many nodes there are and why, and how the chargers fare that are moved.",
    (SIZE, DRAIN, OPERATOR),
)
