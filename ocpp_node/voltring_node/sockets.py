"""The WebSocket of one charger: what websockets' own connection lacks for us."""

import time
from typing import Any

from websockets.asyncio.server import ServerConnection

from voltring_core.domain.chargers import Charger
from voltring_core.ocpp.versions import Version

SUPERSEDED = (1000, "superseded")
GOING_AWAY = (1001, "the node stops")
DISMISSED = (1008, "no longer registered")
DEAF = (1000, "commands stay unanswered")
NOT_TEXT = (1003, "OCPP is text")
TOO_MANY_FAULTS = (1002, "too many malformed frames")
TRY_LATER = (1013, "try again later")


class Socket(ServerConnection):
    """A server connection that knows when it last heard anything, and who was let in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard_at = time.monotonic()
        """On the monotonic clock; any byte counts as alive (TR-28)."""
        self.pinged_at = 0.0
        self.charger: Charger | None = None
        """Who was let in by the handshake."""
        self.version: Version | None = None

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().data_received(data)
