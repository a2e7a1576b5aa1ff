"""Who owns a charger's route: one record per charger in Redis, written only by compare-and-set scripts.

The record routes doorbells; it decides nothing. What decides is the fence in PostgreSQL (`store/fence.py`): both
carry the same epoch, and the higher one wins. The scripts do what the functions of `domain/ownership.py` say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from voltring_core.cluster import keys, scripts
from voltring_core.domain.ownership import Route, RouteState

OWNED_MS = 24 * 3600 * 1000
"""A live record is renewed by anti-entropy long before."""
TOMBSTONE_MS = 30 * 24 * 3600 * 1000
"""How long the epoch of a charger that went away is kept."""
CLAIM, STATE, RELEASE = scripts.load("owner_claim"), scripts.load("owner_state"), scripts.load("owner_release")
REASSERT, LOOK = scripts.load("owner_reassert"), scripts.load("owner_look")


@dataclass(frozen=True, slots=True)
class Socket:
    """One connection of one charger: what owns."""

    charger_id: str
    connection_id: str
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The epoch a socket was given, and the node (if any) that held the charger until now."""

    epoch: int
    previous_node: str | None


class Ownership:
    """The records of one node's chargers. Every method raises what Redis raises when it is away."""

    def __init__(self, redis: Redis, node_uid: str) -> None:
        self._redis = redis
        self._uid = node_uid

    async def claim(self, sockets: Sequence[Socket]) -> list[Claim]:
        """Claim the chargers of these sockets; a socket's `epoch` is the least it may be given."""
        answers = await self._each(CLAIM, sockets, lambda s: (self._uid, s.connection_id, s.epoch, OWNED_MS))
        return [Claim(int(epoch), node or None) for epoch, node in answers]

    async def move(self, sockets: Sequence[Socket], state: RouteState) -> list[bool]:
        """Note where these sockets stand now; False where the record is not theirs (any more)."""
        answers = await self._each(STATE, sockets, lambda s: (s.connection_id, s.epoch, state.value, OWNED_MS))
        return [bool(answer) for answer in answers]

    async def release(self, sockets: Sequence[Socket]) -> list[bool]:
        """Mark chargers as gone, where the record is still this socket's."""
        answers = await self._each(RELEASE, sockets, lambda s: (s.connection_id, s.epoch, TOMBSTONE_MS))
        return [bool(answer) for answer in answers]

    async def reassert(self, sockets: Sequence[Socket]) -> list[bool]:
        """Put records back; False where a newer epoch holds the charger."""
        answers = await self._each(REASSERT, sockets, lambda s: (self._uid, s.connection_id, s.epoch, OWNED_MS))
        return [bool(answer) for answer in answers]

    async def look(self, sockets: Sequence[Socket]) -> list[Route | None]:
        """The records of these sockets' chargers; those that are theirs are kept for longer."""
        answers = await self._each(LOOK, sockets, lambda s: (s.connection_id, s.epoch, OWNED_MS))
        return [_route(*answer) for answer in answers]

    async def _each(self, script: scripts.Script, sockets: Sequence[Socket], arguments: Any) -> list[Any]:
        return await scripts.run(self._redis, script, [(keys.owner(s.charger_id), arguments(s)) for s in sockets])


def _route(node: str | None, connection_id: str | None, epoch: str | None, state: str | None) -> Route | None:
    if connection_id is None or epoch is None or state is None:
        return None
    return Route(connection_id, int(epoch), RouteState(state), node)
