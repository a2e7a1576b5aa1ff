"""Sessions, their energy and their money: a node counts what it commits, the worker what it finds."""

from voltring_core.domain.billing import Billing
from voltring_core.domain.flag_words import SENTENCES
from voltring_core.domain.watchdogs import Rule
from voltring_core.metrics.chargers import VERSIONS
from voltring_core.metrics.naming import OTHER, counter, gauge, words

FLAGS = (*words(SENTENCES), OTHER)
"""What is odd about sessions, and what speaks against their bills."""
CHARGER_STATES = ("online", "silent", "offline", "never")
RULES = tuple(rule.value for rule in Rule)

STARTED = counter(
    "voltring_node_sessions_started_total",
    "Sessions that this node has heard of for the first time.",
    "The business as it goes; none at noon is an incident.",
    {"version": VERSIONS},
)
ENDED = counter(
    "voltring_node_sessions_ended_total",
    "Sessions that ended, by their chargers' word.",
    "Started and ended go together over a day.",
    {"version": VERSIONS},
)
ENERGY = counter(
    "voltring_node_energy_wh_total",
    "Energy delivered, as sessions' registers rise; what a register falls is not taken back.",
    "Times 3600 / 1000 as a rate: the power in kW. For money ask the API.",
    {"version": VERSIONS},
    unit="Wh",
)
SESSIONS = gauge(
    "voltring_worker_sessions_active",
    "Sessions in progress, as of some seconds ago.",
    "Compare with chargers connected.",
)
CHARGERS = gauge(
    "voltring_worker_chargers",
    "Registered chargers: online, silent (connected, but not heard within their limit, or their node is dead), offline,"
    " never (seen).",
    "The objective `online` (slo.md): online of all but never.",
    {"state": CHARGER_STATES},
)
UNKNOWN_COMMANDS = gauge(
    "voltring_worker_commands_unknown",
    "Commands that are UNKNOWN and wait for an operator.",
    "Resolve them: nobody else will.",
)
QUEUED_COMMANDS = gauge(
    "voltring_worker_commands_queued",
    "Commands that are QUEUED, mostly for chargers that are away.",
    "Grows where chargers stay away.",
)
SWEPT = counter(
    "voltring_worker_swept_commands_total",
    "Commands settled by the sweeper.",
    "UNKNOWN after a node died; EXPIRED of chargers that were away.",
    {"state": ("EXPIRED", "QUEUED", "UNKNOWN")},
)
CHECKED = counter(
    "voltring_worker_checked_sessions_total",
    "Sessions reconciled: from all their evidence, or going on.",
    "Whole checks cost more.",
    {"way": ("onwards", "whole")},
)
FLAGGED = counter(
    "voltring_worker_flagged_sessions_total",
    "Flags that a check of sessions found anew.",
    "What went wrong with sessions; `not_checked` is a fault of ours.",
    {"flag": FLAGS},
)
OLDEST_UNCHECKED = gauge(
    "voltring_worker_oldest_unchecked_seconds",
    "How long the session has waited that waits longest to be reconciled.",
    "Minutes: the worker is too slow, or stands.",
    unit="seconds",
)
BILLS = gauge(
    "voltring_worker_bills_waiting",
    "Sessions whose money waits: provisional (an end that may still change) or held (for a person).",
    "Held ones are in the inbox.",
    {"state": (Billing.PROVISIONAL.value, Billing.HELD.value)},
)
BILL_REASONS = gauge(
    "voltring_worker_bill_reasons",
    "What those wait for; a session may wait for several.",
    "The commonest reason is what to mend.",
    {"reason": FLAGS},
)
ALARMS_RAISED = counter(
    "voltring_worker_alarms_raised_total",
    "Alarms that watchdogs raised.",
    "A wave of one rule is one cause.",
    {"rule": RULES},
)
ALARMS_OPEN = gauge(
    "voltring_worker_alarms_open",
    "Alarms of watchdogs that are open.",
    "What is in the list of alarms.",
    {"rule": RULES},
    zero=True,
)
ABANDONED = counter(
    "voltring_worker_abandoned_sessions_total",
    "Sessions ended without their chargers' word.",
    "Each is billed only once somebody or its charger confirms it.",
)
