"""Clients of Redis that measure: how long what they ask takes, and how often it fails, by what it is.

What is asked by a script of `lua/` goes by the script's name, all else by Redis' own word; a pipeline by its first.
"""

import time
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.cluster import ClusterPipeline, RedisCluster

from voltring_core.cluster import scripts
from voltring_core.metrics.naming import OTHER
from voltring_core.metrics.servers import REDIS, REDIS_ERRORS, REDIS_SECONDS

T = TypeVar("T")
WAITS = frozenset({"XREAD"})
"""What waits for something on purpose, so that its time says nothing."""
SECONDS = {operation: REDIS_SECONDS.labels(operation) for operation in REDIS}
ERRORS = {operation: REDIS_ERRORS.labels(operation) for operation in REDIS}


def operation(words: tuple[Any, ...]) -> str:
    """What a command is, as the metrics have it."""
    word = str(words[0]).partition(" ")[0]
    if word in ("EVALSHA", "EVAL"):
        return scripts.NAMES.get(words[1], OTHER)
    return word.lower() if word.lower() in SECONDS else OTHER


async def timed(what: str, work: Awaitable[T]) -> T:
    """Do it, and measure."""
    began = time.monotonic()
    try:
        return await work
    except Exception:
        ERRORS[what].inc()
        raise
    finally:
        SECONDS[what].observe(time.monotonic() - began)


class Alone(Redis):
    """One Redis."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """As the library has it."""
        work = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return await (work if args[0] in WAITS else timed(operation(args), work))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """As the library has it."""
        return Batch(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class Cluster(RedisCluster):
    """A Redis Cluster."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As the library has it."""
        work = super().execute_command(*args, **kwargs)
        return await (work if args[0] in WAITS else timed(operation(args), work))

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """As the library has it."""
        return ClusterBatch(self, transaction)  # type: ignore[abstract]


class Batch(Pipeline):
    """A pipeline of one Redis."""

    _first = OTHER

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As the library has it."""
        self._first = operation(args) if self._first is OTHER else self._first
        return super().execute_command(*args, **kwargs)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """As the library has it."""
        return await timed(self._first, super().execute(raise_on_error))


class ClusterBatch(ClusterPipeline):
    """A pipeline of a Redis Cluster."""

    _first = OTHER

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As the library has it."""
        self._first = operation(args) if self._first is OTHER else self._first
        return super().execute_command(*args, **kwargs)

    async def execute(self, raise_on_error: bool = True, allow_redirections: bool = True) -> list[Any]:
        """As the library has it."""
        return await timed(self._first, super().execute(raise_on_error, allow_redirections))
