"""The WebSocket of one charger: what websockets' own connection lacks for us.

Whole texts are handed over the moment they are read, by a call in place of a queue, a future and a task that wakes
up: at ten thousand chargers that is a third of a message's cost. The WebSocket protocol itself (frames, masks,
deflate, pings, the closing handshake) stays websockets'.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import ExtensionName

from voltring_core.domain.chargers import Charger
from voltring_core.ocpp.versions import Version
from voltring_node.framing import WHOLE_TEXT, Cut, cut, payload, text_frame
from voltring_node.origins import Origin

SUPERSEDED = (1000, "superseded")
GOING_AWAY = (1001, "please connect again")
DISMISSED = (1008, "no longer registered")
FOREIGN = (1002, "no subprotocol in common")
DEAF = (1000, "commands stay unanswered")
NOT_TEXT = (1003, "OCPP is text")
TOO_MANY_FAULTS = (1002, "too many malformed frames")
TRY_LATER = (1013, "try again later")
DATA = frozenset({Opcode.TEXT, Opcode.CONT, Opcode.BINARY})
NOWHERE = Origin("")
END_OF_UPGRADE = b"\r\n\r\n"
EARLY_MOST = 16
"""Texts that may come before somebody listens; beyond it the socket is not read."""


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
    """A server connection that hands over texts, and knows when it last heard anything and who was let in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard_at = time.monotonic()
        """On the monotonic clock; any byte counts as alive (TR-28)."""
        self.asked_at = self.heard_at
        """When its request was there, which may have waited for its turn since."""
        self.pinged_at = 0.0
        self.charger: Charger | None = None
        """Who was let in by the handshake."""
        self.version: Version | None = None
        self.origin = NOWHERE
        """Where it comes from, as the handshake found."""
        self._listener: Callable[[str], None] | None = None
        self._early: deque[str] | None = None  # what came before somebody listened
        self._parts: list[bytes] | None = None  # of a fragmented text
        self._full = False  # the listener takes no more
        self._at_start = False  # websockets has read the upgrade and not a byte more
        self._is_plain = False  # frames are cut here; websockets gets whole ones that are no whole texts
        self._rest = b""  # of a frame that is not whole yet
        self._goodbye: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        if self._is_plain:
            self._cut(data)
        elif self._at_start and self.protocol.state is State.OPEN and _are_plain(self.protocol.extensions):
            self._at_start, self._is_plain = False, True
            self._cut(data)
        else:
            upgrades = self.request is None
            super().data_received(data)
            self._at_start = upgrades and data.endswith(END_OF_UPGRADE)

    def _cut(self, data: bytes) -> None:
        """Take whole texts; hand on every other frame, and everything after what is strange or ends it all."""
        data = self._rest + data if self._rest else data
        start, size, most = 0, len(data), self.protocol.max_message_size or sys.maxsize
        while start < size:
            begin, end = cut(data, start, most)
            if end == Cut.INCOMPLETE:
                break
            if end == Cut.STRANGE or self.protocol.state is not State.OPEN:
                self._is_plain, self._rest = False, b""
                super().data_received(data[start:])
                return
            if data[start] == WHOLE_TEXT and self._parts is None:
                self._take_text(payload(data, begin, end))
            else:
                super().data_received(data[start:end])
            start = end
        self._rest = data[start:]

    def listen(self, listener: Callable[[str], None]) -> None:
        """Hand every text over to `listener`, in order, from the first one on; it must not raise."""
        self._listener = listener
        early, self._early = self._early, None
        for text in early or ():
            self._tell(text)
        self._pace()

    def process_event(self, event: Any) -> None:
        """As websockets has it, but for data: those don't go into its queue."""
        if self.request is None or event.opcode not in DATA:
            super().process_event(event)
        elif event.opcode is Opcode.BINARY:
            self.give_up(*NOT_TEXT)
        elif event.fin and self._parts is None:
            self._take_text(event.data)
        else:
            self._parts = self._parts or []
            self._parts.append(bytes(event.data))
            if event.fin:
                parts, self._parts = self._parts, None
                self._take_text(b"".join(parts))

    def _take_text(self, data: bytes) -> None:
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as error:
            self.give_up(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            return
        self._tell(text)

    def _tell(self, text: str) -> None:
        if self._listener is not None:
            self._listener(text)
            return
        self._early = self._early or deque()
        self._early.append(text)
        self._pace()

    def give_up(self, code: int, reason: str) -> None:
        """Close, without waiting for the charger's goodbye; what it still says is not heard."""
        self._listener = _deaf
        self._goodbye = self.loop.create_task(self.close(code, reason), name="goodbye")

    def send_now(self, text: str) -> bool:
        """Write a text without waiting; False when the socket is gone.

        A charger that does not take its answers is not read either, so what waits for it is bounded.
        """
        if self.protocol.state is not State.OPEN:
            return False
        if self._is_plain:
            self.transport.write(text_frame(text.encode()))
        else:
            self.protocol.send_text(text.encode())
            self.send_data()
        return True

    async def say(self, text: str) -> bool:
        """Write a text and wait until there is room for another one; False when the socket is gone."""
        try:
            await self.send(text)
        except ConnectionClosed:
            return False
        return True

    def hold(self, full: bool) -> None:
        """Whether the listener can take no more for now: the socket is then not read."""
        if full is not self._full:
            self._full = full
            self._pace()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._pace()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._pace()

    def _pace(self) -> None:
        """Read or don't; harmless when it is so already."""
        if self.transport.is_closing():
            return
        if self._full or self.paused or (self._early is not None and len(self._early) >= EARLY_MOST):
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()


def _are_plain(extensions: Sequence[Extension]) -> bool:
    """Whether texts come and go as they are, for as long as no frame has its bit of compression set."""
    return all(isinstance(one, Inflate) for one in extensions)


def _deaf(text: str) -> None:
    """Who listens when it is over."""
