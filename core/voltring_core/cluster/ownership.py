"""Who owns a charger's route: one record per charger in Redis, written only by compare-and-set scripts.

The record routes doorbells; it decides nothing. What decides is the fence in PostgreSQL (`store/fence.py`): both
carry the same epoch, and the higher one wins. A late close of an old socket changes nothing, because `release`
compares the connection and the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis

from voltring_core.cluster import keys

OWNED_MS = 24 * 3600 * 1000
"""A live record is renewed by anti-entropy long before."""
TOMBSTONE_MS = 30 * 24 * 3600 * 1000
"""How long the epoch of a charger that went away is kept."""


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
        self._claim = redis.register_script(_source("owner_claim"))
        self._release = redis.register_script(_source("owner_release"))
        self._reassert = redis.register_script(_source("owner_reassert"))

    async def claim(self, sockets: Sequence[Socket]) -> list[Claim]:
        """Claim the chargers of these sockets; a socket's `epoch` is the least it may be given."""
        answers = await self._each(
            self._claim, [(s.charger_id, [self._uid, s.connection_id, s.epoch, OWNED_MS]) for s in sockets]
        )
        return [Claim(int(epoch), node or None) for epoch, node, _ in answers]

    async def release(self, sockets: Sequence[Socket]) -> list[bool]:
        """Mark chargers as gone, where the record is still this socket's."""
        answers = await self._each(
            self._release, [(s.charger_id, [s.connection_id, s.epoch, TOMBSTONE_MS]) for s in sockets]
        )
        return [bool(answer) for answer in answers]

    async def reassert(self, sockets: Sequence[Socket]) -> list[bool]:
        """Put records back; False where a newer epoch holds the charger."""
        answers = await self._each(
            self._reassert, [(s.charger_id, [self._uid, s.connection_id, s.epoch, OWNED_MS]) for s in sockets]
        )
        return [bool(answer) for answer in answers]

    async def _each(self, script: Any, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """One pipeline for all; not a transaction, since each call is its own hash slot."""
        if not calls:
            return []
        async with self._redis.pipeline(transaction=False) as pipeline:
            for charger_id, arguments in calls:
                await script(keys=[keys.owner(charger_id)], args=arguments, client=pipeline)
            return list(await pipeline.execute())


def _source(name: str) -> str:
    return files("voltring_core.cluster").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
