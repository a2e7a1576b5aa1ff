"""The WebSocket of one charger: what websockets' own connection lacks for us."""

import time
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.typing import ExtensionName

from voltring_core.domain.chargers import Charger
from voltring_core.ocpp.versions import Version

SUPERSEDED = (1000, "superseded")
GOING_AWAY = (1001, "the node stops")
DISMISSED = (1008, "no longer registered")
DEAF = (1000, "commands stay unanswered")
NOT_TEXT = (1003, "OCPP is text")
TOO_MANY_FAULTS = (1002, "too many malformed frames")
TRY_LATER = (1013, "try again later")


class Inflate(Extension):
    """Reads what a charger compresses without having negotiated it; what goes out stays as it is."""

    __slots__ = ("_deflate",)
    name = ExtensionName("permessage-deflate")

    def __init__(self) -> None:
        self._deflate: PerMessageDeflate | None = None  # made for the first compressed frame: most never send one

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """The frame, inflated if it is compressed."""
        if self._deflate is None:
            if not frame.rsv1:
                return frame
            self._deflate = PerMessageDeflate(
                remote_no_context_takeover=False,
                local_no_context_takeover=True,
                remote_max_window_bits=15,
                local_max_window_bits=15,
            )
        return self._deflate.decode(frame, max_size=max_size)

    def encode(self, frame: Frame) -> Frame:
        """The frame as it is."""
        return frame


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
