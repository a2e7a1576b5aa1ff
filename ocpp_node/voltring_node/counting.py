"""How many messages of which action were received, as a metric; and of what a fault of ours is counted."""

from functools import cache

from prometheus_client import Counter

from voltring_core.metrics import MESSAGES
from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.versions import Version

MESSAGE, HANDSHAKE = "message", "handshake"
"""What a fault of ours may be of."""


def count(version: Version, action: str) -> None:
    """One more."""
    # Only known actions are labels, so that their number is bounded.
    _counter(version, action if action in FROM_CHARGER[version] else "unknown").inc()


@cache
def _counter(version: Version, label: str) -> Counter:
    return MESSAGES.labels(version.value, label)
