"""Which nodes live: one lease per node incarnation, never per charger.

The uid is never used twice, so that a stale lease can't be mistaken for a restarted node's.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from voltring_core.cluster import keys


@dataclass(frozen=True, slots=True)
class NodeLease:
    """What a node says of itself."""

    uid: str
    name: str
    connections: int
    draining: bool
    admin_url: str
    version: str


async def renew(redis: Redis, lease: NodeLease, seconds: int) -> bool:
    """Keep the lease for `seconds` more; False when Redis did not know it (any more)."""
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.set(keys.node(lease.uid), orjson.dumps(asdict(lease)), px=seconds * 1000, get=True)
        pipeline.sadd(keys.NODES, lease.uid)
        before, _ = await pipeline.execute()
    return before is not None


async def give_up(redis: Redis, uid: str) -> None:
    """End the lease and remove the node's doorbells: its chargers are offline from now on."""
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.delete(keys.node(uid))
        pipeline.delete(keys.doorbells(uid))
        pipeline.srem(keys.NODES, uid)
        await pipeline.execute()


async def live_nodes(redis: Redis) -> dict[str, NodeLease]:
    """The nodes that live, by uid."""
    uids: Any = await redis.smembers(keys.NODES)
    if not uids:
        return {}
    async with redis.pipeline(transaction=False) as pipeline:
        for uid in sorted(uids):
            pipeline.get(keys.node(uid))
        found = await pipeline.execute()
    if gone := [uid for uid, value in zip(sorted(uids), found, strict=True) if value is None]:
        await redis.srem(keys.NODES, *gone)
    leases = [NodeLease(**orjson.loads(value)) for value in found if value]
    return {lease.uid: lease for lease in leases}
