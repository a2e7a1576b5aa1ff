"""How long one charger may be silent, and may take to answer: the node's terms, or its own."""

from voltring_core.domain.chargers import Charger
from voltring_node.terms import Terms


class Patience:
    """What is waited for at a charger's socket."""

    __slots__ = ("_terms", "charger")

    def __init__(self, charger: Charger, terms: Terms) -> None:
        self.charger = charger
        self._terms = terms

    @property
    def ping_interval(self) -> float:
        """Seconds of silence before a ping."""
        return self._terms.ping_interval_of(self.charger)

    @property
    def silence_limit(self) -> float:
        """Seconds of silence before the socket is given up: never before three pings."""
        return self._terms.silence_limit_of(self.charger)

    @property
    def call_timeout(self) -> float:
        """Seconds that it has to answer a CALL."""
        return self._terms.call_timeout_of(self.charger)

    @property
    def online_limit_s(self) -> float:
        """Seconds of silence after which it counts as offline (TR-29)."""
        return self._terms.online_limit_of(self.charger)
