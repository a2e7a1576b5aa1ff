"""Opening Redis, alone or as a Cluster, and the errors that mean "away"."""

from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from voltring_core.cluster.measuring import Alone, Cluster

AWAY = (RedisError, OSError)
"""What any use of Redis may raise when it is away, restarting or failing over: go on without it."""
SOCKET_TIMEOUT = 5.0


def open_redis(url: str, *, name: str, cluster: bool = False) -> Redis:
    """A client with a pool of its own; connects when it is first used.

    `cluster`: the URL names one node of a Redis Cluster, and the client finds the others. No statement here uses keys
    of two hash slots at once, so both kinds of client do the same.
    """
    options: dict[str, Any] = {
        "client_name": f"voltring-{name}",
        "socket_connect_timeout": 2.0,
        "socket_timeout": SOCKET_TIMEOUT,
        # One more try on a fresh connection, so that a restart of Redis costs nobody an error twice.
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        "health_check_interval": 15,
        "decode_responses": True,
    }
    if cluster:
        # It asks another node of its own accord, and looks anew who has which slots.
        return cast(Redis, Cluster.from_url(url, **options))
    return Alone.from_url(url, retry_on_error=[RedisConnectionError], **options)


__all__ = ["AWAY", "RedisTimeoutError", "open_redis"]
