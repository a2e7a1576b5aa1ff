"""Which nodes live: one lease per node incarnation, never per charger.

The uid is never used twice, so that a stale lease can't be mistaken for a restarted node's.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson
from redis.asyncio import Redis

from voltring_core.cluster import keys
from voltring_core.domain.window import Peer


@dataclass(frozen=True, slots=True)
class NodeLease:
    """What a node says of itself."""

    uid: str
    name: str
    connections: int
    draining: bool
    admin_url: str
    version: str
    phase: str = "Serving"
    """Of its drain (`domain/draining.py`)."""
    ready: bool = True
    """Whether new chargers may come."""
    accepts_per_s: float | None = None
    """Handshakes that it can do; None from a node that does not say."""
    arrivals_per_s: float = 0.0
    queue_s: float = 0.0
    """How long a handshake waits."""
    refused_per_s: float = 0.0
    """Handshakes that are asked to come again."""
    messages_per_s: float | None = None
    """Frames of chargers; None, here and below, from a node that does not say."""
    ack_p50_s: float | None = None
    """Half of the messages that were written lately had their answer within so many seconds; None also: there were
    none."""
    ack_p99_s: float | None = None
    lag_p99_s: float | None = None
    """How late its event loop woke up."""
    postgres: bool | None = None
    """Whether its PostgreSQL answers."""

    @property
    def as_peer(self) -> Peer:
        """As a drain looks at it."""
        return Peer(
            self.name,
            self.connections,
            self.accepts_per_s,
            self.arrivals_per_s,
            self.queue_s,
            self.refused_per_s,
            is_ready=self.ready and not self.draining,
        )


FIELDS = frozenset(one.name for one in fields(NodeLease))


def read(text: str) -> NodeLease:
    """A lease as an older or a newer version has written it."""
    return NodeLease(**{name: value for name, value in orjson.loads(text).items() if name in FIELDS})


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
    leases = [read(value) for value in found if value]
    return {lease.uid: lease for lease in leases}
