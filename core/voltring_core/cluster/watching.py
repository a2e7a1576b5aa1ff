"""Which chargers somebody looks at: only their messages go over the live feed.

A sorted set of charger ids by the second until which they are watched; the API renews, the nodes read.
"""

from typing import Any

from redis.asyncio import Redis

WATCHED = "watched"
SECONDS = 15
"""How long one `watch` lasts; to be renewed at a third of it."""


async def watch(redis: Redis, charger_id: str) -> None:
    """Have the charger's messages published for the next seconds."""
    seconds, _ = await redis.time()
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.zadd(WATCHED, {charger_id: seconds + SECONDS})
        pipeline.zremrangebyscore(WATCHED, "-inf", seconds - SECONDS)
        await pipeline.execute()


async def watched(redis: Redis) -> frozenset[str]:
    """The chargers that are watched now."""
    seconds, _ = await redis.time()
    found: Any = await redis.zrangebyscore(WATCHED, seconds, "+inf")
    return frozenset(found)
