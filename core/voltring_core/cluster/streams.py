"""Adding to and reading from Redis streams, on connections that are kept at hand: what rings are made of.

`redis` takes a connection out of its pool, wraps the command into a retry and puts the connection back: 40 of the
100 us that a small command costs, and a remote command has four (ADR 0004). Here a connection goes from one command to
the next without going back in between. What goes wrong on it goes the library's way once more, so an entry may be added
twice: for rings, which may be doubled.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from redis.asyncio import Redis

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.measuring import Alone, timed

KEPT = 4
"""Connections at hand at most."""
Entries = list[tuple[str, dict[str, str]]]
"""Ids and fields, the oldest first."""


class Streams:
    """Streams of one Redis; in a Redis Cluster the library's way, which knows who has which slot."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._is_alone = type(redis) in (Redis, Alone)
        self._at_hand: list[Any] = []

    async def add(self, stream: str, entry: Mapping[str, str | int], *, kept: int) -> None:
        """Add an entry to a stream of about `kept`. Raises what Redis raises."""
        fields = [word for field in entry.items() for word in field]
        added = self._do(
            ("XADD", stream, "MAXLEN", "~", kept, "*", *fields),
            lambda: self._redis.xadd(stream, dict(entry), maxlen=kept, approximate=True),  # type: ignore[arg-type]
        )
        await timed("ring", added)

    async def read(self, stream: str, after: str, *, most: int, block_ms: int) -> Entries:
        """The entries after an id, waiting for the first of them; none after a while. Raises what Redis raises."""
        found = await self._do(
            ("XREAD", "COUNT", most, "BLOCK", block_ms, "STREAMS", stream, after),
            lambda: self._redis.xread({stream: after}, count=most, block=block_ms),
        )
        return [entry for _, entries in found or () for entry in entries]

    async def _do(self, words: tuple[str | int, ...], otherwise: Callable[[], Awaitable[Any]]) -> Any:
        if not self._is_alone:
            return await otherwise()
        pool = self._redis.connection_pool
        connection: Any = self._at_hand.pop() if self._at_hand else await pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_packed_command(connection.pack_command(*words), check_health=False)
            reply = await self._redis.parse_response(connection, str(words[0]))
        except BaseException as error:
            # Its answer may still be on the way, and would be taken for that of the next command.
            await connection.disconnect(nowait=True)
            await pool.release(connection)
            if isinstance(error, AWAY):  # the connection was old, or Redis is away: the library finds out which
                return await otherwise()
            raise
        if len(self._at_hand) < KEPT:
            self._at_hand.append(connection)
        else:
            await pool.release(connection)
        return reply
