"""The fence: PostgreSQL decides who owns a charger, by a compare-and-set on the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from voltring_core.store.queries import load

SQL = load("voltring_core.store", "fence.sql")


@dataclass(frozen=True, slots=True)
class Post:
    """One socket that asks to own a charger under an epoch."""

    charger_id: str
    epoch: int
    connection_id: str
    ocpp_version: str
    remote_address: str
    online_limit_s: float = 600.0
    """Seconds of silence after which the charger counts as offline (TR-29)."""
    took_over: int = 0
    """Open sockets of the charger that were closed for it."""


class Fence:
    """The rows of `charger_connection`. Every method raises what PostgreSQL raises when it is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self, node_uid: str, posts: Sequence[Post]) -> dict[str, int]:
        """Fence the chargers of these sockets. One post per charger.

        Returns those that own now, each with how often an open socket of it was taken over within the last minute.
        """
        rows = await self._pool.fetch(
            SQL["fence"],
            [post.charger_id for post in posts],
            [post.epoch for post in posts],
            [post.connection_id for post in posts],
            node_uid,
            [post.ocpp_version for post in posts],
            [post.remote_address for post in posts],
            [post.online_limit_s for post in posts],
            [post.took_over for post in posts],
        )
        own = {row["charger_id"]: row["swaps"] for row in rows}
        versions = {post.charger_id: post.ocpp_version for post in posts if post.charger_id in own}
        await self._pool.execute(SQL["set_version"], list(versions), list(versions.values()))
        return own

    async def epochs(self, charger_ids: Sequence[str]) -> dict[str, int]:
        """The epochs that own these chargers."""
        rows = await self._pool.fetch(SQL["epochs"], list(charger_ids))
        return {row["charger_id"]: row["epoch"] for row in rows}

    async def disconnect(self, gone: Sequence[tuple[str, int]]) -> None:
        """Note that the sockets of these (charger, epoch) are closed."""
        await self._pool.execute(SQL["disconnect"], [one[0] for one in gone], [one[1] for one in gone])

    async def seen(self, alive: Sequence[tuple[str, int, datetime]]) -> None:
        """Write last-seen times of (charger, epoch, at)."""
        await self._pool.execute(SQL["seen"], *([one[i] for one in alive] for i in range(3)))
