"""A pool that keeps some connections at hand for single statements.

Taking a connection out of asyncpg's pool and putting it back costs a task, two timers and a queue: 50 to 100 us of the
way of a command, for each of its statements. Which connection a single statement runs on is of no interest, so
a few go from one to the next without going back in between.
"""

import time
from typing import Any

import asyncpg
import asyncpg.pool

from voltring_core.metrics.servers import POOL_CONNECTIONS, POOL_SECONDS

QUERIES = 50_000
IDLE_S = 300.0
"""As asyncpg's own pools."""


class Pool(asyncpg.pool.Pool):  # type: ignore[misc]
    """At most `size` connections to `dsn`; to be awaited. A third of them, where there are three, is kept at hand.

    The others are there for transactions, which acquire one as ever.
    """

    def __init__(self, dsn: str, *, size: int, **more: Any) -> None:
        super().__init__(
            dsn,
            min_size=1,
            max_size=size,
            max_queries=QUERIES,
            max_inactive_connection_lifetime=IDLE_S,
            loop=None,
            record_class=asyncpg.Record,
            **more,
        )
        self._most = size // 3
        self._at_hand: list[Any] = []

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """As `asyncpg.Pool.execute`."""
        return str(await self._on_one("execute", query, args, timeout))

    async def fetch(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:
        """As `asyncpg.Pool.fetch`."""
        return await self._on_one("fetch", query, args, timeout, record_class=record_class)

    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:
        """As `asyncpg.Pool.fetchrow`."""
        return await self._on_one("fetchrow", query, args, timeout, record_class=record_class)

    async def fetchval(self, query: str, *args: Any, column: int = 0, timeout: float | None = None) -> Any:
        """As `asyncpg.Pool.fetchval`."""
        return await self._on_one("fetchval", query, args, timeout, column=column)

    @property
    def at_hand(self) -> int:
        """Connections that are kept at hand and not in use."""
        return len(self._at_hand)

    async def close(self) -> None:
        """As `asyncpg.Pool.close`: waits for who uses a connection."""
        self._most = 0
        while self._at_hand:
            await self.release(self._at_hand.pop())
        await super().close()

    async def _acquire(self, timeout: float | None) -> Any:
        """As `asyncpg.Pool._acquire`, measured: all that get a connection come by here."""
        began = time.monotonic()
        try:
            return await super()._acquire(timeout)
        finally:
            POOL_SECONDS.observe(time.monotonic() - began)

    async def _on_one(self, kind: str, query: str, args: tuple[Any, ...], timeout: float | None, **more: Any) -> Any:
        connection = await self._take()
        try:
            found = await getattr(connection, kind)(query, *args, timeout=timeout, **more)
        except BaseException:
            await self.release(connection)  # which finds out in what state it is
            raise
        if len(self._at_hand) < self._most:
            self._at_hand.append(connection)
        else:
            await self.release(connection)
        return found

    async def _take(self) -> Any:
        while self._at_hand:
            connection = self._at_hand.pop()
            if is_open(connection):
                return connection
            await self.release(connection)
        return await self.acquire()


def show(pool: Pool) -> None:
    """From now on the gauges of the pool tell of this one."""
    POOL_CONNECTIONS.labels("idle").set_function(lambda: pool.get_idle_size() + pool.at_hand)
    POOL_CONNECTIONS.labels("in use").set_function(lambda: pool.get_size() - pool.get_idle_size() - pool.at_hand)
    POOL_CONNECTIONS.labels("most").set_function(pool.get_max_size)


def is_open(connection: Any) -> bool:
    """Whether a connection of the pool can be used. One whose server went away has gone back by itself."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
