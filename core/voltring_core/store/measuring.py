"""A connection to PostgreSQL that measures: how long its statements take, by the file of SQL that they are in, and how
often they fail."""

import time
from collections.abc import Awaitable
from functools import cache
from typing import Any, TypeVar

import asyncpg
from prometheus_client import Histogram

from voltring_core.metrics.naming import OTHER
from voltring_core.metrics.servers import POSTGRES_ERRORS, POSTGRES_SECONDS
from voltring_core.store.away import AWAY
from voltring_core.store.queries import home

T = TypeVar("T")
ENDS = ("BEGIN", "COMMIT", "ROLLBACK")
COPY = "copy"
BUSY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


def operation(statement: str) -> str:
    """What a statement is, as the metrics have it."""
    known = home(statement)
    if known is not None:
        return known
    word = statement[:9].replace(";", " ").partition(" ")[0]
    return word.lower() if word in ENDS else OTHER


@cache
def _seconds(what: str) -> Histogram:
    return POSTGRES_SECONDS.labels(what)


def kind(error: Exception) -> str:
    """What a failure is of, as the metrics have it."""
    if isinstance(error, BUSY):
        return "busy"
    # asyncpg's of a value that can't be sent is also one of its interface.
    return "away" if isinstance(error, AWAY) and not isinstance(error, ValueError) else "refused"


async def timed(what: str, work: Awaitable[T]) -> T:
    """Do it, and measure."""
    began = time.monotonic()
    try:
        return await work
    except Exception as error:
        POSTGRES_ERRORS.labels(kind(error)).inc()
        raise
    finally:
        _seconds(what).observe(time.monotonic() - began)


class Measured(asyncpg.Connection):  # type: ignore[misc]
    """As asyncpg's, where not said otherwise."""

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await timed(operation(query), super().fetch(query, *args, **options))

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await timed(operation(query), super().fetchrow(query, *args, **options))

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await timed(operation(query), super().fetchval(query, *args, **options))

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        return await timed(operation(query), super().execute(query, *args, **options))

    async def executemany(self, command: str, args: Any, **options: Any) -> Any:
        return await timed(operation(command), super().executemany(command, args, **options))

    async def copy_records_to_table(self, table_name: str, **options: Any) -> Any:
        return await timed(COPY, super().copy_records_to_table(table_name, **options))

    async def copy_to_table(self, table_name: str, **options: Any) -> Any:
        return await timed(COPY, super().copy_to_table(table_name, **options))
