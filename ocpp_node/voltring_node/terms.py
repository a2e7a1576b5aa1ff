"""What is agreed with a charger beside OCPP: silence, messages that wait, malformed frames, who is asked first."""

import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field

from voltring_core.domain.chargers import Charger, Intervals
from voltring_node.costs import Costs
from voltring_node.facts import Message
from voltring_node.providers import CONSULTED, Providers, consult

TRANSACTION_EVENT = "TransactionEvent"
FAULTS_TOLERATED, FAULTS_SECONDS = 20, 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the node's settings say to every connection."""

    intervals: Intervals
    inbox_limit: int
    ping_interval: float = 30.0
    silence_limit: float = 90.0
    call_timeout: float = 30.0
    providers: Providers = field(default_factory=Providers)
    costs: Costs | None = None
    """Who is asked what a session costs, for chargers that show it."""

    def advice_on(self, message: Message) -> Awaitable[object] | None:
        """What is to be found out before a message can be decided; None for nothing."""
        if message.action in CONSULTED:
            return consult(self.providers, message)
        if message.action == TRANSACTION_EVENT and self.costs is not None and self.costs.are_told(message):
            return self.costs.find(message)
        return None

    def ping_interval_of(self, charger: Charger) -> float:
        """Seconds of silence before a ping."""
        return charger.ping_interval_s or self.ping_interval

    def silence_limit_of(self, charger: Charger) -> float:
        """Seconds of silence before the socket is given up: never before three pings."""
        return charger.silence_limit_s or max(self.silence_limit, 3 * self.ping_interval_of(charger))

    def call_timeout_of(self, charger: Charger) -> float:
        """Seconds that it has to answer a CALL."""
        return charger.call_timeout_s or self.call_timeout

    def online_limit_of(self, charger: Charger) -> float:
        """Seconds of silence after which it counts as offline (TR-29)."""
        return max(2.0 * self.intervals.heartbeat, 3 * self.ping_interval_of(charger))


class Faults:
    """Malformed frames of one socket: only a flood of them ends it (TR-17)."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[float] | None = None  # made for the first one: most sockets have none

    def one_more(self) -> bool:
        """Count one; True when it is one too many."""
        times = self._times = self._times or deque(maxlen=FAULTS_TOLERATED)
        now = time.monotonic()
        times.append(now)
        return len(times) == FAULTS_TOLERATED and now - times[0] < FAULTS_SECONDS
