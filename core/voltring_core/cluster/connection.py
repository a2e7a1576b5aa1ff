"""Opening Redis, and the errors that mean "away"."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

AWAY = (RedisError, OSError)
"""What any use of Redis may raise when it is away, restarting or failing over: go on without it."""
SOCKET_TIMEOUT = 5.0


def open_redis(url: str, *, name: str) -> Redis:
    """A client with a pool of its own; connects when it is first used."""
    return Redis.from_url(
        url,
        client_name=f"voltring-{name}",
        socket_connect_timeout=2.0,
        socket_timeout=SOCKET_TIMEOUT,
        # One more try on a fresh connection, so that a restart of Redis costs nobody an error twice.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        retry_on_error=[RedisConnectionError],
        health_check_interval=15,
        decode_responses=True,
    )


__all__ = ["AWAY", "RedisTimeoutError", "open_redis"]
