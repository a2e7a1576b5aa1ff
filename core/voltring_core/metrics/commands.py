"""Of a node and the API: commands, by what became of them and by the time of each step."""

from voltring_core.domain.commands import State
from voltring_core.metrics.naming import OTHER, counter, gauge, histogram, words
from voltring_core.ocpp.actions import TO_CHARGER

TO = (*words(action for actions in TO_CHARGER.values() for action in actions), OTHER)
"""Actions of ours."""
STATES = tuple(state.value for state in State)
HOPS = ("queued", "taken", "sent", "answered")
"""By what the command is waiting in that step."""
QUICK = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.012, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

COMMANDS = counter(
    "voltring_node_commands_total",
    "Commands by what became of them; QUEUED: to be repeated.",
    "UNKNOWN ones wait for somebody to look.",
    {"state": STATES},
)
COMMAND_RESULTS = counter(
    "voltring_node_command_results_total",
    "The same by action; a pair is there once it has happened.",
    "Which action chargers refuse or do not answer.",
    {"action": TO, "state": STATES},
    zero=False,
)
COMMAND_HOP_SECONDS = histogram(
    "voltring_node_command_hop_seconds",
    "Steps of a command: queued (from its row to being taken), taken (to SENT, committed), sent (to the charger's"
    " answer), answered (to the API being told, the outcome committed).",
    "Where a slow command spends its time: `sent` is the charger, the others are ours.",
    {"hop": HOPS},
    buckets=QUICK,
)
DOORBELLS = gauge(
    "voltring_node_doorbells_waiting",
    "Doorbells that the node has not read yet, as of some seconds ago.",
    "More than some for long: the node is too busy, or Redis is slow.",
)
COMMAND_SECONDS = histogram(
    "voltring_api_command_seconds",
    "From a command asked for to its outcome told to who waits for it; what was not answered in time is not in it.",
    "What operators wait for; its steps are in voltring_node_command_hop_seconds.",
    buckets=QUICK,
)
QUEUED = counter(
    "voltring_api_commands_total",
    "Commands that were asked for: queued, repeated (an Idempotency-Key that came before), refused (too many wait).",
    "Refused: somebody sends more than a charger takes.",
    {"outcome": ("queued", "repeated", "refused")},
)
COMMAND_WAITERS = gauge(
    "voltring_api_command_waiters",
    "Requests that wait for their command now.",
    "Grows where chargers do not answer.",
)
