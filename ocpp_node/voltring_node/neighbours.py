"""The other nodes, by their leases in Redis: as a drain looks at them, and remembered for when Redis is away."""

import asyncio
import logging
import time
from collections.abc import Callable

from redis.asyncio import Redis

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.leases import NodeLease, live_nodes
from voltring_core.domain.window import Peer
from voltring_core.saying import Saying

logger = logging.getLogger("voltring.neighbours")
PATIENCE_S = 1.0
BELIEVED_S = 5.0
"""What was read longer ago says nothing of now."""


class Neighbours:
    """Every node but this one."""

    def __init__(self, redis: Redis, uid: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._uid = uid
        self._clock = clock
        self._away = Saying(logger)
        self._read_at = float("-inf")
        self.last: tuple[NodeLease, ...] = ()
        """As they were known last."""

    async def look(self) -> None:
        """Read the leases; when Redis is away what was known stays. Never raises."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                leases = await live_nodes(self._redis)
        except (*AWAY, TimeoutError) as error:
            self._away.met("the other nodes' leases are not read: %s", error or type(error).__name__)
            return
        except (TypeError, ValueError) as error:  # a lease that is none
            logger.warning("the other nodes' leases can't be read: %s", error)
            return
        self.last = tuple(lease for uid, lease in sorted(leases.items()) if uid != self._uid)
        self._read_at = self._clock()
        self._away.over("the other nodes' leases are read again")

    @property
    def peers(self) -> tuple[Peer, ...] | None:
        """As a drain looks at them; None when nobody knows how they are."""
        return self.peers_within(BELIEVED_S)

    def peers_within(self, seconds: float) -> tuple[Peer, ...] | None:
        """As they were at most so long ago; None when they were read before that."""
        if self._clock() - self._read_at > seconds:
            return None
        return tuple(lease.as_peer for lease in self.last)
