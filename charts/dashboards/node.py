"""The nodes, one beside the other: how soon each answers its chargers, what waits, how much of a core it uses."""

from expressions import gauge, mean, quantile, rate
from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row

ACKS = "voltring_node_acknowledgement_seconds"
PHASES = "voltring_node_commit_phase_seconds"
NODES = 'room="node"'
ANSWERS = Row(
    "Answers",
    (
        Panel(
            "Acknowledgement, p50",
            "From a CALL's frame received to its answer written: half of them took no longer.",
            "s",
            (Query(quantile(0.5, ACKS, "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Acknowledgement, p99",
            "99 of 100 took no longer; later than a second is a failure of the objective.",
            "s",
            (Query(quantile(0.99, ACKS, "pod"), "{{pod}}"),),
            THIRD,
            red=1,
        ),
        Panel(
            "Messages",
            "What chargers say to each node; `unanswered` was not committed in time, and the charger keeps it.",
            "cps",
            (
                Query(rate("voltring_node_messages_total", "pod"), "{{pod}}"),
                Query(
                    rate("voltring_node_messages_total", "pod", 'outcome="unanswered"') + " > 0", "{{pod}}: unanswered"
                ),
            ),
            THIRD,
        ),
        Panel(
            "Handling, p99",
            "What a node itself takes to read and understand a frame, before anything is committed.",
            "s",
            (Query(quantile(0.99, "voltring_node_handling_seconds", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Waiting for a commit, p99",
            "How long the oldest message of a group had waited when its commit began.",
            "s",
            (Query(quantile(0.99, "voltring_node_commit_wait_seconds", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Commit by phase",
            "The mean of each: a connection, what is known, the decision, the rows, COMMIT. A slow disk shows in the"
            " last, a pool that is too small in the first.",
            "s",
            (Query(mean(PHASES, "phase"), "{{phase}}"),),
            THIRD,
            is_stacked=True,
        ),
    ),
)
QUEUES = Row(
    "Queues",
    (
        Panel(
            "What waits",
            "Messages for their commit, handshakes for their turn, chargers with a command on its way, events,"
            " departures and alarms to be written down.",
            "short",
            (Query(gauge("voltring_node_waiting", "pod, what") + " > 0", "{{pod}}: {{what}}"),),
            is_stacked=True,
        ),
        Panel(
            "The oldest waits",
            "A message close to VOLTRING_ANSWER_DEADLINE stays unanswered.",
            "s",
            (Query(f"max by (pod, what) (voltring_node_oldest_wait_seconds{{{HERE}}})", "{{pod}}: {{what}}"),),
        ),
        Panel(
            "Handshakes, p99",
            "From a connection's first moment to its charger being owned, for those who got in.",
            "s",
            (Query(quantile(0.99, "voltring_node_handshake_seconds", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Claims, p99",
            "The part of it that the servers take: the epoch from Redis, the fence in PostgreSQL.",
            "s",
            (Query(quantile(0.99, "voltring_node_claim_seconds", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Handshakes that had their turn",
            "Whatever came of them: what a node has to do for those who come.",
            "cps",
            (Query(rate("voltring_node_handshakes_total", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Claims by outcome",
            "Many that do not own: two sockets fight for a charger, or the fence is slow.",
            "cps",
            (Query(rate("voltring_node_claims_total", "outcome"), "{{outcome}}"),),
            THIRD,
            is_stacked=True,
        ),
    ),
)
PROCESS = Row(
    "Process",
    (
        Panel(
            "Cores in use",
            "A node is one process and uses one core at most: beyond 0.8 another node is wanted.",
            "short",
            (Query(f"sum by (pod) (rate(process_cpu_seconds_total{{{HERE}}}[$__rate_interval]))", "{{pod}}"),),
            THIRD,
            red=0.8,
        ),
        Panel(
            "Memory",
            "Resident, of every room.",
            "bytes",
            (Query(f"sum by (pod) (process_resident_memory_bytes{{{HERE}}})", "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Event loop: late by, p99",
            "How late the process wakes up; from 0.25 s on VoltringEventLoopLag rings.",
            "s",
            (Query(quantile(0.99, "voltring_node_loop_lag_seconds", "pod"), "{{pod}}"),),
            THIRD,
            red=0.25,
        ),
        Panel(
            "Ready",
            "1 while new chargers may come, by the node's own word.",
            "short",
            (Query(f"max by (pod) (voltring_node_ready{{{HERE}}})", "{{pod}}"),),
            QUARTER,
            top=1,
        ),
        Panel(
            "Versions",
            "Nodes by the version that they run.",
            "short",
            (Query(f"count by (version) (voltring_build_info{{{HERE}, {NODES}}})", "{{version}}"),),
            QUARTER,
        ),
        Panel(
            "Kicks",
            "Chargers that another node was told it has lost, and those that a node was told of; the two go together.",
            "cps",
            (Query(rate("voltring_node_kicks_total", "way"), "{{way}}"),),
            QUARTER,
        ),
        Panel(
            "Misplaced",
            "Chargers that the router would send to another node by now; absent where that is not known.",
            "short",
            (Query(gauge("voltring_node_misplaced", "pod"), "{{pod}}"),),
            QUARTER,
        ),
    ),
)
BOARD = Dashboard(
    "voltring-node",
    "Voltring / Node",
    "How soon each node answers its chargers, what it waits for, how much of a core it uses.",
    (ANSWERS, QUEUES, PROCESS),
)
