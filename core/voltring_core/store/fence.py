"""The fence: PostgreSQL decides who owns a charger, by a compare-and-set on the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from voltring_core.domain.ownership import Fenced
from voltring_core.domain.takeovers import MOST, WINDOW
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


@dataclass(frozen=True, slots=True)
class Reclaim:
    """One socket that owned a charger, and takes it back."""

    post: Post
    over: int
    """The epoch that it saw at the fence."""
    first_epoch: int
    """The first one that it owned under: what it wrote under that one stays good."""


class Fence:
    """The rows of `charger_connection`. Every method raises what PostgreSQL raises when it is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self, node_uid: str, posts: Sequence[Post]) -> dict[str, int]:
        """Fence the chargers of these sockets. One post per charger.

        Returns those that own now, each with how often an open socket of it was taken over of late, this time
        included; 0 for one that took over from nobody.
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
            MOST,
            WINDOW.total_seconds(),
        )
        own = {row["charger_id"]: row["swaps"] for row in rows}
        versions = {post.charger_id: post.ocpp_version for post in posts if post.charger_id in own}
        await self._pool.execute(SQL["set_version"], list(versions), list(versions.values()))
        return own

    async def reclaim(self, node_uid: str, reclaims: Sequence[Reclaim]) -> set[str]:
        """Take chargers back, each over the epoch that was seen; those that own now."""
        rows = await self._pool.fetch(
            SQL["reclaim"],
            [one.post.charger_id for one in reclaims],
            [one.post.epoch for one in reclaims],
            [one.post.connection_id for one in reclaims],
            node_uid,
            [one.post.ocpp_version for one in reclaims],
            [one.post.remote_address for one in reclaims],
            [one.post.online_limit_s for one in reclaims],
            [one.over for one in reclaims],
            [one.first_epoch for one in reclaims],
        )
        return {row["charger_id"] for row in rows}

    async def owners(self, charger_ids: Sequence[str]) -> dict[str, Fenced]:
        """Who owns these chargers; those that nobody ever owned are left out."""
        rows = await self._pool.fetch(SQL["owners"], list(charger_ids))
        return {charger_id: Fenced(*fenced) for charger_id, *fenced in rows}

    async def disconnect(self, gone: Sequence[tuple[str, int]]) -> None:
        """Note that the sockets of these (charger, epoch) are closed."""
        await self._pool.execute(SQL["disconnect"], [one[0] for one in gone], [one[1] for one in gone])

    async def reopen(self, alive: Sequence[tuple[str, int]]) -> None:
        """Note that the sockets of these (charger, epoch) are open, whatever was noted of them."""
        await self._pool.execute(SQL["reopen"], [one[0] for one in alive], [one[1] for one in alive])

    async def seen(self, alive: Sequence[tuple[str, int, datetime]]) -> set[str]:
        """Write last-seen times of (charger, epoch, at); the chargers whose epoch does not own (any more)."""
        rows = await self._pool.fetch(SQL["seen"], *([one[i] for one in alive] for i in range(3)))
        return {row["charger_id"] for row in rows}
