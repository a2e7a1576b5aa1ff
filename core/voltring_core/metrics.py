"""Every metric, named once. Bound here without labels of unbounded values: no charger ids."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("voltring_node_connections", "Chargers connected to this node.", ["version"])
ACCEPTED = Counter("voltring_node_accepted_total", "Sockets accepted.", ["version"])
REFUSED = Counter("voltring_node_refused_total", "Handshakes refused.", ["status"])
CLOSED = Counter("voltring_node_closed_total", "Sockets closed.", ["reason"])
MESSAGES = Counter("voltring_node_messages_total", "Frames received.", ["version", "action"])
CALL_ERRORS = Counter("voltring_node_call_errors_total", "CALLs of chargers refused.", ["code"])
TAKEOVERS = Counter("voltring_node_takeovers_total", "Chargers taken over from another socket.")
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
REQUESTS = Counter("voltring_api_requests_total", "API requests.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("voltring_api_request_seconds", "Time of API requests.", ["route"])
SWEPT = Counter("voltring_worker_swept_commands_total", "Commands settled by the sweeper.", ["state"])
