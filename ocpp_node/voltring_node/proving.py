"""Proof that somebody is at the other end of a socket, before it takes a charger from another one.

A node that stood still may find handshakes of chargers that gave up long ago and are connected elsewhere: a claim for
such a socket would steal the charger. So a claim must follow soon after a sign of life.
"""

import asyncio
import math
import time
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from voltring_node.sockets import Socket

FRESH_S = 2.0
"""Seconds for which a sign of life is good for a claim. Chargers wait 10 s and more before they give up and connect
elsewhere; what is younger can't have been left behind."""
PONG_PATIENCE_S = 5.0
BEAT_S = 0.5
STALL_S = 1.0
"""Seconds by which a beat is late when the loop stood still, not only had much to do."""


def is_fresh(alive_at: float) -> bool:
    """Whether a sign of life at that time (monotonic) is good for a claim now."""
    return time.monotonic() - alive_at <= FRESH_S


async def is_there(socket: Socket, patience: float = PONG_PATIENCE_S) -> bool:
    """Whether the charger answers a ping, or says anything after it, within `patience` seconds."""
    if socket.state is not State.OPEN:
        return False
    asked_at = time.monotonic()
    try:
        async with asyncio.timeout(patience):
            await (await socket.ping())
    except TimeoutError:
        return socket.state is State.OPEN and socket.heard_at > asked_at
    except ConnectionClosed:
        return False
    return True


class Stalls:
    """Notices that this process stood still: it was stopped, swapped out, or its machine slept."""

    def __init__(self) -> None:
        self._beat_at = time.monotonic()
        self._over_at = -math.inf

    async def watch(self, on_stall: Callable[[float], None]) -> None:
        """Beat for ever; to be supervised. `on_stall` gets for how many seconds the loop stood still."""
        self._beat_at = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            late, self._beat_at = now - self._beat_at - BEAT_S, now
            if late > STALL_S:
                self._over_at = now
                on_stall(late)

    def may_hide(self, came_at: float) -> bool:
        """Whether a socket that seemed to come at `came_at` may have waited unseen: during a stall, in the kernel's
        queue, which is emptied soon after."""
        is_late = time.monotonic() - self._beat_at > BEAT_S + STALL_S
        return is_late or came_at < self._over_at + FRESH_S
