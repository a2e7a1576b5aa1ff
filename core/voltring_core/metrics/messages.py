"""Of a node: what chargers say, how soon it is committed and answered, and what waits."""

from voltring_core.metrics.chargers import VERSIONS
from voltring_core.metrics.naming import OTHER, counter, gauge, histogram, words
from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.codes import Code

FROM = (*words(action for actions in FROM_CHARGER.values() for action in actions), OTHER)
"""Actions of chargers."""
MESSAGE_OUTCOMES = ("answered", "refused", "unanswered", "kept")
ACKNOWLEDGED = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMMIT_PHASES = ("acquire", "read", "decide", "write", "commit")
"""Of a group's commit."""
FLAG_WORDS = (
    *("handler_fault", "late", "malformed", "poison", "repeat", "result_refused", "signed", "stray", "unknown_stream"),
    OTHER,
)
WAITING_FOR = ("commit", "handshake", "command", "live feed", "departure", "alarm")

MESSAGES = counter(
    "voltring_node_messages_total",
    "CALLs and SENDs of chargers by what came of them: answered, refused (CALLERROR), unanswered (not committed in"
    " time: the charger keeps it), kept (a SEND: nobody waits for an answer).",
    "The load by action; `unanswered` should be none, `refused` is a charger that breaks its schema.",
    {"version": VERSIONS, "action": FROM, "outcome": MESSAGE_OUTCOMES},
    zero=False,
)
CALL_ERRORS = counter(
    "voltring_node_call_errors_total",
    "CALLs of chargers refused, by code.",
    "InternalError is ours; the others are the charger's: look at its messages.",
    {"code": tuple(code.value for code in Code)},
)
ACKNOWLEDGEMENT_SECONDS = histogram(
    "voltring_node_acknowledgement_seconds",
    "From a CALL's frame received to its answer written; a CALL that is not answered is not in it.",
    "The objective `acknowledgement` (slo.md): 99.9 % within a second.",
    {"version": VERSIONS},
    buckets=ACKNOWLEDGED,
)
HANDLING_SECONDS = histogram(
    "voltring_node_handling_seconds",
    "Time that the node itself takes to read and understand a frame, before anything is committed.",
    "Grows with the size of frames, and where the machine is too slow.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25),
)
FLAGGED_MESSAGES = counter(
    "voltring_node_flagged_messages_total",
    "Messages that were odd, by flag; words of vendors' quirks are `other`.",
    "A new firmware that misbehaves shows here.",
    {"flag": FLAG_WORDS},
)
COMMIT_SECONDS = histogram(
    "voltring_node_commit_seconds",
    "Time of one group commit.",
    "Above some tens of milliseconds PostgreSQL or its disk is slow.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
COMMIT_PHASE_SECONDS = histogram(
    "voltring_node_commit_phase_seconds",
    "The same by phase: a connection, what is known, the decision, the rows, COMMIT.",
    "Tells a slow disk (commit) from slow reading, a pool that is too small, and a slow node (decide).",
    {"phase": COMMIT_PHASES},
)
COMMIT_WAIT_SECONDS = histogram(
    "voltring_node_commit_wait_seconds",
    "How long the oldest message of a group had waited when its commit began.",
    "With the commit's own time, what an acknowledgement takes.",
)
GROUP_SIZE = histogram(
    "voltring_node_commit_group_size",
    "Messages in one commit.",
    "Grows with the load, and makes it cheaper.",
    unit="messages",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500),
)
POISONED = counter(
    "voltring_node_unwritable_messages_total",
    "Messages that PostgreSQL refused; kept as frames.",
    "Any is a fault of ours: the log has it.",
)
MESSAGES_LOST = counter(
    "voltring_node_frames_not_kept_total",
    "Frames nobody waits for that were not kept: PostgreSQL was away.",
    "The message log has a gap there; nothing that was acknowledged.",
)
WAITING = gauge(
    "voltring_node_waiting",
    "What waits: messages for their commit, handshakes for their turn, chargers with a command on its way, events for"
    " the live feed, departures and alarms to be written down.",
    "A queue that grows for minutes has a server behind it that is slow or away.",
    {"what": WAITING_FOR},
    zero=True,
)
OLDEST_WAIT_SECONDS = gauge(
    "voltring_node_oldest_wait_seconds",
    "How long the oldest waits.",
    "Close to VOLTRING_ANSWER_DEADLINE messages stay unanswered.",
    {"what": ("commit", "handshake")},
    unit="seconds",
    zero=True,
)
LOOP_LAG = histogram(
    "voltring_node_loop_lag_seconds",
    "How late the event loop woke up.",
    "Above 0.1 s the node has too little CPU, or something blocks it.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
READY = gauge(
    "voltring_node_ready",
    "1 while new chargers may come, 0 while not (/readyz).",
    "What the router goes by; /status says why not.",
)
AWAY_SECONDS = gauge(
    "voltring_node_server_away_seconds",
    "For how long this node has not reached a server; 0 while it does.",
    "Of all nodes: the server; of one: its network.",
    {"server": ("postgres", "redis")},
    unit="seconds",
    zero=True,
)
