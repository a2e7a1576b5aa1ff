"""Keeping sockets honest: pings, the end of silent ones, and last-seen times in batches (TR-28)."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from websockets.exceptions import ConnectionClosed

from voltring_core.metrics import CLOSED
from voltring_core.store.database import AWAY
from voltring_core.store.fence import Fence
from voltring_node.connection import Connection

SWEEP_SECONDS = 5.0
SEEN_SECONDS = 10.0
SLICE, SLICE_PAUSE_S = 250, 0.05
"""Last-seen times written at once, and seconds until the next ones: commits of others come in between."""
PER_TURN = 50
"""Sockets looked at before others get the loop."""


async def ping_the_silent(connections: Callable[[], Iterable[Connection]], ping_interval: float) -> None:
    """Ping who is silent for its ping interval, drop who is for its limit; to be supervised.

    `ping_interval` is the node's: where it is short, chargers are looked at more often.
    """
    while True:
        await asyncio.sleep(min(SWEEP_SECONDS, ping_interval / 2))
        for number, connection in enumerate(list(connections())):
            if number % PER_TURN == 0:
                await asyncio.sleep(0)
            await _look_at(connection, time.monotonic())


async def _look_at(connection: Connection, now: float) -> None:
    socket = connection.socket
    silence = now - socket.heard_at
    if silence > connection.silence_limit:
        CLOSED.labels("silent").inc()
        socket.transport.abort()  # nobody is there to say goodbye to
    elif silence > connection.ping_interval and now - socket.pinged_at > connection.ping_interval:
        socket.pinged_at = now
        with contextlib.suppress(ConnectionClosed):
            await socket.ping()


class LastSeen:
    """Writes when chargers were last heard, some hundreds in one statement."""

    def __init__(
        self,
        fence: Fence,
        connections: Callable[[], Iterable[Connection]],
        on_lost: Callable[[Iterable[str]], None],
        on_back: Callable[[], None],
    ) -> None:
        """`on_lost` gets chargers that are not this node's any more; `on_back` is called when PostgreSQL is back."""
        self._fence = fence
        self._connections = connections
        self._on_lost = on_lost
        self._on_back = on_back
        self._was_away = False
        self._written_at = time.monotonic()

    async def cycle(self) -> str:
        """Write the times of those who were heard since the last cycle."""
        now, wall = time.monotonic(), datetime.now(UTC)
        heard = [
            (one.id, one.epoch, wall - timedelta(seconds=now - one.socket.heard_at))
            for one in self._connections()
            if one.epoch and one.socket.heard_at > self._written_at
        ]
        try:
            for start in range(0, len(heard), SLICE):
                if start:
                    await asyncio.sleep(SLICE_PAUSE_S)
                self._on_lost(await self._fence.seen(heard[start : start + SLICE]))
        except AWAY as error:
            self._was_away = True
            return f"last-seen times of {len(heard)} chargers wait for PostgreSQL: {error}"
        if self._was_away and heard:
            self._was_away = False
            self._on_back()
        self._written_at = now
        return ""
