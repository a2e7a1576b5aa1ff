"""One WebSocket of one charger: `websockets` without its own tasks, on a plain asyncio protocol.

Ten thousand chargers in one process must not be ten thousand tasks: bytes come in by callback, go through
`websockets`' sans-I/O client, and what the charger answers is written at once.
"""

import asyncio
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from voltring_loadtest.target import Target, authorization, refusal

MAX_MESSAGE = 2**20


class Owner(Protocol):
    """Whom a link reports to; each is called at most once per link but `on_text`."""

    def on_open(self, link: "Link") -> None: ...
    def on_text(self, link: "Link", text: str) -> None: ...
    def on_closed(self, link: "Link") -> None: ...


class Link(asyncio.Protocol):
    """A connection from the first byte of the handshake to the close."""

    __slots__ = ("_owner", "_parts", "_transport", "_ws", "is_open", "reason", "retry_after")

    def __init__(self, owner: Owner, target: Target, identity: str, subprotocol: str, password: bytes | None) -> None:
        self._owner = owner
        offered = [ClientPerMessageDeflateFactory()] if target.deflate else None
        self._ws = ClientProtocol(
            target.uri(identity),
            subprotocols=[Subprotocol(subprotocol)],
            extensions=offered,
            max_size=MAX_MESSAGE,
        )
        self._parts: list[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self.is_open = False
        self.reason = ""
        """Why it did not open, or closed: the end of a sentence."""
        self.retry_after = 0.0
        """Seconds that the server asked for."""
        self._greet(identity, password or target.password)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._ws.receive_data(data)
        self._flush()
        for event in self._ws.events_received():
            if isinstance(event, Response):
                self._greeted(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._close_when_over()

    def eof_received(self) -> None:
        self._ws.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._transport = None
        if not self.reason:
            said = self._ws.close_rcvd
            self.reason = "the connection was cut" if said is None else f"the server closed it ({int(said.code)})"
        self._owner.on_closed(self)

    def send(self, text: str) -> None:
        """Write a text frame; on a connection that is going away it is lost, as in the field."""
        if self.is_open and self._ws.state is State.OPEN:
            self._ws.send_text(text.encode())
            self._flush()

    def close(self) -> None:
        """Begin the closing handshake."""
        if self._ws.state is State.OPEN:
            self._ws.send_close(1000)
            self._flush()
        elif self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _greet(self, identity: str, password: bytes | None) -> None:
        request = self._ws.connect()
        if password is not None:
            request.headers["Authorization"] = authorization(identity, password)
        self._ws.send_request(request)

    def _greeted(self, response: Response) -> None:
        error = self._ws.handshake_exc
        if error is None and self._ws.subprotocol is None:
            # Without it nobody knows what language the other side speaks (TR-05).
            self.reason = "the server chose no subprotocol"
            self.abort()
        elif error is None:
            self.is_open = True
            self._owner.on_open(self)
        elif isinstance(error, InvalidStatus):
            self.reason = refusal(response.status_code)
            after = response.headers.get("Retry-After", "")
            self.retry_after = float(after) if after.isdecimal() else 0.0
        else:
            self.reason = f"the server does not speak WebSocket: {error}"

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._owner.on_text(self, bytes(frame.data).decode(errors="replace"))
        elif frame.opcode is Opcode.TEXT:
            self._parts = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT and self._parts is not None:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                text, self._parts = b"".join(self._parts).decode(errors="replace"), None
                self._owner.on_text(self, text)

    def _flush(self) -> None:
        if self._transport is None:
            return
        for data in self._ws.data_to_send():
            if data:
                self._transport.write(data)

    def _close_when_over(self) -> None:
        self._flush()
        over = self._ws.close_expected() or self._ws.handshake_exc is not None
        if over and self._transport is not None:
            self._transport.close()
