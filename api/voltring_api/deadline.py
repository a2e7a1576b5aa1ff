"""A request that PostgreSQL keeps waiting is answered 503 within seconds: a server that hangs is as good as away.

Refused connections show at once; one that accepts and says nothing would hold every client for half a minute.
"""

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltring_api.prefer import wait_seconds
from voltring_api.problems import unavailable
from voltring_core.saying import Saying

PATIENCE_S = 4.0
"""Seconds for an answer to begin, beyond those that the client itself asked to wait (`Prefer: wait`)."""
slow = Saying(logging.getLogger("voltring.api"))
"""Of all requests: a server that hangs holds every one."""


class Deadline:
    """Answers in place of a handler that takes too long, and cancels it. What has begun to stream goes on.

    The answer is written beside the handler: a cancelled query may keep its connection, and with it the handler, for
    as long as PostgreSQL hangs.
    """

    def __init__(self, app: ASGIApp, patience_s: float = PATIENCE_S) -> None:
        self._app = app
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch over one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = wait_seconds(Headers(scope=scope).get("prefer")) or 0
        watch = _Watch(scope, receive, send, self._patience_s + asked)
        try:
            await self._app(scope, watch.receive, watch.send)
        except asyncio.CancelledError:
            if not watch.is_over:
                raise
        finally:
            watch.stop()
            if watch.answering is not None:
                await watch.answering


class _Watch:
    """One request's time. It stands still while the client is listened to, who may be slow."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._seconds = seconds
        self._handler = asyncio.current_task()
        self._has_begun = False
        self._timer: asyncio.TimerHandle | None = None
        self.answering: asyncio.Task[None] | None = None
        """The answer that is written in the handler's place."""
        self._start()

    @property
    def is_over(self) -> bool:
        """Whether it was answered in the handler's place."""
        return self.answering is not None

    def stop(self) -> None:
        """No longer watch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def receive(self) -> Message:
        """What the client says."""
        self.stop()
        try:
            return await self._receive()
        finally:
            self._start()

    async def send(self, message: Message) -> None:
        """What the handler answers, unless that comes too late."""
        self.stop()
        if not self.is_over:
            self._has_begun = True
            await self._send(message)

    def _start(self) -> None:
        if not self._has_begun and not self.is_over:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._give_up)

    def _give_up(self) -> None:
        slow.met("nothing came of %s %s in %g s", self._scope["method"], self._scope["path"], self._seconds)
        answer = unavailable("The database does not answer; try again in a moment.")
        self.answering = asyncio.create_task(answer(self._scope, self._receive, self._send), name="answer in its place")
        if self._handler is not None:
            self._handler.cancel()
