"""What the launcher does in Redis for its nodes.

A node that was killed can't give its lease up. The launcher has seen it die and does that in its place: its
chargers are offline at once then, not only when the lease has run out.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.leases import give_up, live_nodes
from voltring_local.errors import StartFailed

PATIENCE = 1.5


async def reach(redis_url: str) -> None:
    """See that Redis answers. Raises StartFailed when it does not."""
    try:
        async with _redis(redis_url) as redis:
            await redis.get("voltring")
    except (RedisError, OSError, ValueError) as error:
        raise StartFailed(f"Redis (VOLTRING_REDIS_URL) can't be used: {error or 'no answer'}") from None


async def forget(redis_url: str, name: str | None = None) -> None:
    """End the leases of the node `name`, or of all. When Redis is away they run out by themselves."""
    # TypeError, ValueError: a lease that another version has written.
    with contextlib.suppress(RedisError, OSError, TypeError, ValueError):
        async with _redis(redis_url) as redis:
            for uid, lease in (await live_nodes(redis)).items():
                if name in (None, lease.name):
                    await give_up(redis, uid)


@contextlib.asynccontextmanager
async def _redis(url: str) -> AsyncIterator[Redis]:
    redis = open_redis(url, name="voltring-up")
    try:
        async with asyncio.timeout(PATIENCE):
            yield redis
    finally:
        await redis.aclose()
