"""Which nodes live: one lease per node incarnation, never per charger.

The uid is never used twice, so that a stale lease can't be mistaken for a restarted node's.
"""

from dataclasses import asdict, dataclass

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
    before = await redis.set(keys.node(lease.uid), orjson.dumps(asdict(lease)), px=seconds * 1000, get=True)
    return before is not None


async def give_up(redis: Redis, uid: str) -> None:
    """End the lease and remove the node's doorbells: its chargers are offline from now on."""
    await redis.delete(keys.node(uid))
    await redis.delete(keys.doorbells(uid))


async def live_nodes(redis: Redis) -> dict[str, NodeLease]:
    """The nodes that live, by uid."""
    names = [name async for name in redis.scan_iter(match=keys.NODES, count=500)]
    if not names:
        return {}
    found = await redis.mget(names)
    leases = [NodeLease(**orjson.loads(value)) for value in found if value]
    return {lease.uid: lease for lease in leases}
