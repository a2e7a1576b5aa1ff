"""Taking turns: when thousands want to go on at once, a few do in each turn of the loop, and others come in between."""

import asyncio
from collections import deque


class Turns:
    """Lets so many through in one turn of the loop; the rest in the next ones, in order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._passed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next: asyncio.Handle | None = None

    async def take(self) -> None:
        """Return at once while there is room in this turn."""
        loop = asyncio.get_running_loop()
        if self._next is None:
            self._next = loop.call_soon(self._turn)
        if self._passed < self._most and not self._waiting:
            self._passed += 1
            return
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def _turn(self) -> None:
        self._passed, self._next = 0, None
        while self._waiting and self._passed < self._most:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                self._passed += 1
        if self._passed:
            self._next = asyncio.get_running_loop().call_soon(self._turn)
