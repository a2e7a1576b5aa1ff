"""Which nodes live, remembered for a second, as the statements that ask "online?" want it.

A charger is online when its socket is not closed in PostgreSQL, the node that holds it lives, and the charger was
heard within its limit (TR-29): `ONLINE` is that condition, for every statement that asks. When Redis is away nobody
knows which nodes live; then PostgreSQL alone is believed.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.leases import NodeLease, live_nodes
from voltring_core.saying import Saying
from voltring_core.store.queries import load

logger = logging.getLogger("voltring.api")
BELIEVED_S = 1.0
PATIENCE_S = 1.0
ONLINE = load("voltring_api", "presence.sql")["online"]
"""The condition on a row `k` of `charger_connection`; it wants the values of `Live`."""


@dataclass(frozen=True, slots=True)
class Live:
    """The nodes that live. `unsure` when Redis could not be asked: every node counts as living."""

    nodes: tuple[NodeLease, ...] = ()
    unsure: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """The values `:uids`, `:names` and `:unsure` of a statement and of ONLINE in it."""
        return {"uids": list(self.names), "names": list(self.names.values()), "unsure": self.unsure}


class Presence:
    """Asks Redis at most once a second, whoever asks meanwhile."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._lock = asyncio.Lock()
        self._away = Saying(logger)
        self._until = float("-inf")
        self._live = Live(unsure=True)

    async def live(self) -> Live:
        """The nodes that live now; never raises."""
        if self._clock() < self._until:
            return self._live
        async with self._lock:
            if self._clock() >= self._until:
                self._live = await self._ask()
                self._until = self._clock() + BELIEVED_S
        return self._live

    async def _ask(self) -> Live:
        try:
            async with asyncio.timeout(PATIENCE_S):
                nodes = await live_nodes(self._redis)
        except (*AWAY, TimeoutError) as error:
            self._away.met("Redis is away, PostgreSQL alone says who is online: %s", type(error).__name__)
            # Names that were known before stay good: a uid is never used twice.
            return Live(unsure=True, names=self._live.names)
        self._away.over("Redis says again which nodes live")
        names = {uid: node.name for uid, node in nodes.items()}
        return Live(tuple(sorted(nodes.values(), key=lambda node: (node.name, node.uid))), names=names)
