"""What is counted of messages and of the sessions they bring: on every message's way, so little is done for each."""

import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from uuid import UUID

from prometheus_client import Counter

from voltring_core.domain.session import Transaction, TransactionState
from voltring_core.metrics.commands import COMMAND_RESULTS, COMMANDS, TO
from voltring_core.metrics.messages import ACKNOWLEDGEMENT_SECONDS, FLAG_WORDS, FLAGGED_MESSAGES, MESSAGES
from voltring_core.metrics.naming import OTHER
from voltring_core.metrics.sessions import ENDED, ENERGY, STARTED
from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.conversation import Called, Sent
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Decided
from voltring_node.facts import TransactionFact

MESSAGE, HANDSHAKE = "message", "handshake"
"""What a fault of ours may be of."""
ANSWERED, REFUSED, UNANSWERED, KEPT = "answered", "refused", "unanswered", "kept"
"""What comes of a message."""
CALLERROR = "[4"


class Messages:
    """Those of one version; what is counted for each is found without asking for the version again."""

    __slots__ = ("_acknowledgement", "_actions", "_counters", "_version")

    def __init__(self, version: Version) -> None:
        self._version = version.value
        self._actions = FROM_CHARGER[version]
        self._acknowledgement = ACKNOWLEDGEMENT_SECONDS.labels(version.value)
        self._counters: dict[tuple[str, str], Counter] = {}

    def count(self, event: Called | Sent, reply: str | None, came_at: float) -> None:
        """A message is done with: `reply` was written, or nothing. `came_at` is its frame's moment, monotonic."""
        if reply is not None:
            self._acknowledgement.observe(time.monotonic() - came_at)
            outcome = REFUSED if reply.startswith(CALLERROR) else ANSWERED
        else:
            outcome = KEPT if isinstance(event, Sent) else UNANSWERED
        counter = self._counters.get((event.action, outcome))
        (self._counter(event.action, outcome) if counter is None else counter).inc()

    def _counter(self, action: str, outcome: str) -> Counter:
        # Only known actions are labels, and remembered, so that their number is bounded.
        if action not in self._actions:
            return MESSAGES.labels(self._version, OTHER, outcome)
        return self._counters.setdefault((action, outcome), MESSAGES.labels(self._version, action, outcome))


@cache
def messages_of(version: Version) -> Messages:
    """What counts the messages of a version."""
    return Messages(version)


def count_group(group: Iterable[Decided], before: Mapping[UUID, Transaction]) -> None:
    """What a committed group has brought; `before`: its sessions as they were."""
    sessions: dict[Version, dict[UUID, Transaction]] = {}
    last, of_version = None, {}
    for one in group:
        message = one.asked.message
        if one.flags or message.flags:
            for flag in (*message.flags, *one.flags):
                _flagged(flag if flag in FLAG_WORDS else OTHER).inc()
        for fact in one.facts:
            if type(fact) is TransactionFact:
                if message.version is not last:
                    last, of_version = message.version, sessions.setdefault(message.version, {})
                of_version[fact.transaction.id] = fact.transaction
    for version, found in sessions.items():
        _count_sessions(version.value, found, before)


def _count_sessions(version: str, found: Mapping[UUID, Transaction], before: Mapping[UUID, Transaction]) -> None:
    energy = Decimal(0)
    for session_id, now in found.items():
        was = before.get(session_id)
        if was is None or was.state is not now.state:
            _count_state(version, was, now)
        if now.energy_wh is not None:
            more = now.energy_wh if was is None or was.energy_wh is None else now.energy_wh - was.energy_wh
            if more > 0:
                energy += more
    if energy:
        ENERGY.labels(version).inc(float(energy))


def _count_state(version: str, was: Transaction | None, now: Transaction) -> None:
    if was is None and now.state is not TransactionState.ORPHAN:
        STARTED.labels(version).inc()
    if now.state is TransactionState.ENDED:
        ENDED.labels(version).inc()


@cache
def _flagged(flag: str) -> Counter:
    return FLAGGED_MESSAGES.labels(flag)


def count_command(action: str, state: str) -> None:
    """What became of a command."""
    COMMANDS.labels(state).inc()
    COMMAND_RESULTS.labels(action if action in TO else OTHER, state).inc()
