"""The routes of this node's chargers in Redis, as far as Redis answers: it must not keep chargers waiting.

When Redis is away or hangs it is left alone for a moment, and what it was not told is told by anti-entropy.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.ownership import Claim, Ownership, Socket
from voltring_core.domain.ownership import Route, RouteState
from voltring_core.saying import Saying

S = TypeVar("S")
T = TypeVar("T")
logger = logging.getLogger("voltring.owning")
PATIENCE_S = 1.5
"""Seconds until a Redis that hangs is as good as away; a handshake waits for it."""
ALONE_S = 1.0
"""Seconds in which it is not asked again."""


class Routes:
    """Ownership and kicks, without exceptions: None where Redis could not be asked."""

    def __init__(self, ownership: Ownership, doorbells: Doorbells) -> None:
        self._ownership = ownership
        self._doorbells = doorbells
        self._again_at = 0.0
        self._away = Saying(logger)
        self.on_missed: Callable[[], None] = lambda: None
        """Called when Redis was not told something."""

    async def claim(self, sockets: Sequence[Socket]) -> list[Claim] | None:
        """As `Ownership.claim`."""
        return await self._ask(f"{len(sockets)} chargers are claimed without Redis", self._ownership.claim, sockets)

    async def go_live(self, sockets: Sequence[Socket]) -> None:
        """These have passed the fence."""
        await self._ask(
            f"{len(sockets)} routes are not shown as live",
            lambda all_: self._ownership.move(all_, RouteState.LIVE),
            sockets,
        )

    async def kick(self, lost: Sequence[tuple[str, str, int]]) -> None:
        """Tell nodes that they have lost a charger: (node, charger, epoch)."""
        await self._ask(f"{len(lost)} older owners are not told", self._doorbells.kick_all, lost)

    async def release(self, sockets: Sequence[Socket]) -> None:
        """As `Ownership.release`."""
        # A route that stays points to a node that will say nothing: a doorbell is lost, and the sweeper helps.
        await self._ask(f"{len(sockets)} owner records are not released", self._ownership.release, sockets)

    async def reassert(self, sockets: Sequence[Socket]) -> list[bool] | None:
        """As `Ownership.reassert`."""
        return await self._ask(f"{len(sockets)} owner records are not put back", self._ownership.reassert, sockets)

    async def look(self, sockets: Sequence[Socket]) -> list[Route | None] | None:
        """As `Ownership.look`."""
        return await self._ask(f"{len(sockets)} owner records are not looked at", self._ownership.look, sockets)

    async def _ask(self, otherwise: str, ask: Callable[[Sequence[S]], Awaitable[T]], about: Sequence[S]) -> T | None:
        if not about:
            return None
        if time.monotonic() >= self._again_at:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await ask(about)
            except AWAY as error:
                self._away.met("%s: %s", otherwise, error or type(error).__name__)
                self._again_at = time.monotonic() + ALONE_S
            else:
                self._away.over("Redis answers")
                return answer
        self.on_missed()
        return None
