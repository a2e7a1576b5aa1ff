"""Every metric, named once. Bound here without labels of unbounded values: no charger ids."""

from collections.abc import Iterable

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric
from prometheus_client.registry import Collector

CONNECTIONS = Gauge("voltring_node_connections", "Chargers connected to this node.", ["version"])
ACCEPTED = Counter("voltring_node_accepted_total", "Sockets accepted.", ["version"])
REFUSED = Counter("voltring_node_refused_total", "Handshakes refused.", ["status", "reason"])
HANDSHAKES = Counter("voltring_node_handshakes_total", "Handshakes that had their turn, whatever came of them.")
FAULTS = Counter(
    "voltring_node_faults_total",
    "What chargers asked for and did not get, or not as meant, by a fault of ours.",
    ["of"],
)
CLOSED = Counter("voltring_node_closed_total", "Sockets closed.", ["reason"])
MESSAGES = Counter("voltring_node_messages_total", "Frames received.", ["version", "action"])
CALL_ERRORS = Counter("voltring_node_call_errors_total", "CALLs of chargers refused.", ["code"])
TAKEOVERS = Counter("voltring_node_takeovers_total", "Chargers taken over from another socket.")
REMEDIES = Counter("voltring_node_remedies_total", "Owners put right by anti-entropy.", ["remedy"])
DUPLICATES = Counter(
    "voltring_node_duplicate_identities_total", "Alarms that several chargers seem to go by one identity."
)
COMMIT_SECONDS = Histogram(
    "voltring_node_commit_seconds",
    "Time of one group commit.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
GROUP_SIZE = Histogram(
    "voltring_node_commit_group_size", "Messages in one commit.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500)
)
POISONED = Counter("voltring_node_unwritable_messages_total", "Messages that PostgreSQL refused; kept as frames.")
MESSAGES_LOST = Counter(
    "voltring_node_frames_not_kept_total", "Frames nobody waits for that were not kept: PostgreSQL was away."
)
COMMANDS = Counter("voltring_node_commands_total", "Commands by what became of them.", ["state"])
DOORBELLS = Gauge(
    "voltring_node_doorbells_waiting", "Doorbells that the node has not read yet, as of some seconds ago."
)
LOOP_LAG = Histogram(
    "voltring_node_loop_lag_seconds",
    "How late the event loop woke up.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
DRAIN_PHASE = Gauge("voltring_node_drain_phase", "1 at the phase of the latest drain; Serving without one.", ["phase"])
DRAIN_REMAINING = Gauge("voltring_node_drain_remaining", "Chargers that are still here, by what goes on.", ["rank"])
DRAIN_LIMBO = Gauge("voltring_node_drain_limbo", "Chargers that a drain closed and that are not seen again yet.")
DRAIN_WINDOW = Gauge("voltring_node_drain_window", "How many may be in limbo.")
DRAIN_RATE = Gauge("voltring_node_drain_rate", "Closes a second that a drain may do now.")
DRAIN_CLOSED = Counter("voltring_node_drain_closed_total", "Chargers that drains asked to go elsewhere.", ["rank"])
DRAIN_RETURNED = Counter("voltring_node_drain_returned_total", "Of those, the ones that were seen again.")
REQUESTS = Counter("voltring_api_requests_total", "API requests.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("voltring_api_request_seconds", "Time of API requests.", ["route"])
SWEPT = Counter("voltring_worker_swept_commands_total", "Commands settled by the sweeper.", ["state"])
CHECKED = Counter(
    "voltring_worker_checked_sessions_total", "Sessions reconciled: from all their evidence, or going on.", ["way"]
)
FLAGGED = Counter("voltring_worker_flagged_sessions_total", "Flags that a check of sessions found anew.", ["flag"])
OLDEST_UNCHECKED = Gauge(
    "voltring_worker_oldest_unchecked_seconds", "How long the session has waited that waits longest to be reconciled."
)

LOOKS = Counter(
    "voltring_operator_looks_total", "Looks at all fleets: acted, waited (another one acts), failed.", ["outcome"]
)
LOOK_SECONDS = Histogram("voltring_operator_look_seconds", "Time of one look, with all that was done in it.")
LOOKED_AT = Gauge("voltring_operator_last_look_timestamp_seconds", "When the last look ended that did not fail.")
ACTING = Gauge("voltring_operator_acting", "1 while this operator holds the Lease: of several one acts.")
PLANS = Counter(
    "voltring_operator_plans_total", "Plans: acts, idle, or refused as the fleet can't be read.", ["outcome"]
)
ACTIONS = Counter(
    "voltring_operator_actions_total",
    "What was planned: done, refused (what it expected did not hold any more), failed.",
    ["action", "outcome"],
)
KUBERNETES_ERRORS = Counter(
    "voltring_operator_kubernetes_errors_total",
    "Requests that Kubernetes refused, by its status; 0: no answer.",
    ["status"],
)
FLEET_NODES = Gauge(
    "voltring_operator_fleet_nodes", "Nodes: desired, there, ready, updated, draining, silent.", ["fleet", "state"]
)
FLEET_CONNECTIONS = Gauge("voltring_operator_fleet_connections", "Chargers connected to the fleet's nodes.", ["fleet"])
FLEET_CAPACITY = Gauge(
    "voltring_operator_fleet_capacity", "Chargers that the ready nodes are to carry by their target.", ["fleet"]
)
FLEET_MISPLACED = Gauge(
    "voltring_operator_fleet_misplaced", "Chargers that the router would send to another node by now.", ["fleet"]
)
FLEET_WITHOUT = Gauge(
    "voltring_operator_fleet_nodes_without",
    "Nodes that say that their PostgreSQL or Redis is away.",
    ["fleet", "server"],
)
FLEET_CONDITION = Gauge(
    "voltring_operator_fleet_condition", "1 where the OcppFleet's condition holds, 0 where not.", ["fleet", "condition"]
)
OPERATION_PHASE = Gauge(
    "voltring_operator_operation_phase",
    "1 at the phase of the operation that has the turn.",
    ["fleet", "reason", "phase"],
)
OPERATION_REMAINING = Gauge(
    "voltring_operator_operation_remaining", "Chargers that the operation has still to move.", ["fleet", "reason"]
)
OPERATION_LIMBO = Gauge(
    "voltring_operator_operation_limbo", "Chargers that it has closed and that are not back yet.", ["fleet", "reason"]
)
OPERATION_DEADLINE = Gauge(
    "voltring_operator_operation_deadline_timestamp_seconds", "Until when it is to be over.", ["fleet", "reason"]
)
OPERATIONS = Counter(
    "voltring_operator_operations_total", "Operations that ended: Done, Aborted, Failed.", ["reason", "phase"]
)


class OfRoom(Collector):
    """What one room tells: its own metrics, and those of the process.

    Every room knows all of the names above. One that told zeros for another's would hide that the other is away.
    """

    def __init__(self, room: str, everything: Collector = REGISTRY) -> None:
        self._own, self._everything = f"voltring_{room}_", everything

    def collect(self) -> Iterable[Metric]:
        """As Prometheus asks."""
        return (one for one in self._everything.collect() if self._is_told(one.name))

    def _is_told(self, name: str) -> bool:
        return not name.startswith("voltring_") or name.startswith(self._own)
