"""Every metric, named once. Bound here without labels of unbounded values: no charger ids."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("voltring_node_connections", "Chargers connected to this node.", ["version"])
ACCEPTED = Counter("voltring_node_accepted_total", "Sockets accepted.", ["version"])
REFUSED = Counter("voltring_node_refused_total", "Handshakes refused.", ["status", "reason"])
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
