"""Server-sent events: one response that lasts, bounded in number, ended by whoever goes first.

A stream ends when the client leaves or stops reading, when it has fallen behind, when its key is no longer good,
and when the API stops.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import orjson
from redis.asyncio import Redis
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.events import Event, Lagged
from voltring_core.cluster.watching import SECONDS as WATCHED_S
from voltring_core.cluster.watching import listen, watch
from voltring_core.ending import end
from voltring_core.errors import Unavailable
from voltring_core.metrics.api import LAGGED_FEEDS, LISTENERS
from voltring_core.store.database import AWAY as POSTGRES_AWAY

logger = logging.getLogger("voltring.api")
MOST_STREAMS = 1_000
HEARTBEAT_S = 15.0
PATIENCE_S = 30.0
"""Seconds that a client may leave what was sent unread."""
HELLO = b"retry: 2000\n: connected\n\n"
HEARTBEAT = b": still here\n\n"
LAGGED = b"event: lagged\ndata: {}\n\n"
HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no", "Cache-Control": "no-store"}


def is_wanted(event: Event, charger_id: str | None, messages: bool) -> bool:
    """Whether a listener asked for this event."""
    if event["type"] == "message" and not messages:
        return False
    return charger_id is None or event.get("charger_id") == charger_id


def as_frame(event_id: str, event: Event) -> bytes:
    """An event as it goes over the wire."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), event["type"].encode(), orjson.dumps(event))


class Streams:
    """How many streams are open."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self._open = 0

    def admit(self) -> None:
        """Raise Unavailable when there are too many."""
        if self._open >= self._most:
            raise Unavailable("too many live feeds are open here; try again in a moment")

    @contextlib.contextmanager
    def counted(self) -> Any:
        """One more, while it lasts."""
        self._open += 1
        LISTENERS.inc()
        try:
            yield
        finally:
            self._open -= 1
            LISTENERS.dec()


class EventStream(Response):
    """Sends frames until somebody ends it. `beside` runs as long as the stream does."""

    def __init__(
        self,
        frames: AsyncIterator[bytes],
        still_allowed: Callable[[], Awaitable[bool]],
        stopping: asyncio.Event,
        streams: Streams,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._frames = frames
        self._still_allowed = still_allowed
        self._stopping = stopping
        self._streams = streams
        self._beside = beside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the end."""
        ends = [
            asyncio.create_task(_until_gone(receive), name="event stream: client"),
            asyncio.create_task(self._stopping.wait(), name="event stream: stop"),
        ]
        beside = [asyncio.create_task(self._beside(), name="event stream: watch")] if self._beside else []
        with self._streams.counted():
            try:
                await self._write(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._stream(send, ends)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except (OSError, TimeoutError):
                logger.debug("a listener went away")
            finally:
                await end([*ends, *beside])

    async def _stream(self, send: Send, ends: list[asyncio.Task[Any]]) -> None:
        loop = asyncio.get_running_loop()
        pull = asyncio.create_task(self._next(), name="event stream: next")
        beat = loop.time() + HEARTBEAT_S
        try:
            await self._body(send, HELLO)
            while True:
                await asyncio.wait({pull, *ends}, timeout=beat - loop.time(), return_when=asyncio.FIRST_COMPLETED)
                if any(task.done() for task in ends):
                    return
                if pull.done():
                    await self._body(send, pull.result())
                    pull = asyncio.create_task(self._next(), name="event stream: next")
                if loop.time() >= beat:
                    if not await self._is_allowed():
                        return
                    await self._body(send, HEARTBEAT)
                    beat = loop.time() + HEARTBEAT_S
        except Lagged:
            LAGGED_FEEDS.inc()
            await self._body(send, LAGGED)
        finally:
            await end([pull])

    async def _next(self) -> bytes:
        return await anext(self._frames)

    async def _is_allowed(self) -> bool:
        try:
            return await self._still_allowed()
        except POSTGRES_AWAY:
            return True

    async def _body(self, send: Send, body: bytes) -> None:
        await self._write(send, {"type": "http.response.body", "body": body, "more_body": True})

    async def _write(self, send: Send, message: dict[str, Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await send(message)


async def look(redis: Redis, charger_id: str | None, messages: bool) -> None:
    """Have the events of a charger, or of all, published for the next seconds, and its messages if they are wanted."""
    try:
        await listen(redis, charger_id)
        if messages and charger_id is not None:
            await watch(redis, charger_id)
    except REDIS_AWAY as error:
        logger.debug("the nodes don't know who looks: %s", error)


async def keep_looking(redis: Redis, charger_id: str | None, messages: bool) -> None:
    """`look` for as long as this runs."""
    while True:
        await asyncio.sleep(WATCHED_S / 3)
        await look(redis, charger_id, messages)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
