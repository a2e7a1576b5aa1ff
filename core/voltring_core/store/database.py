"""The pool of PostgreSQL connections, with JSON and the errors that mean "away"."""

import asyncio
from typing import Any

import asyncpg
import orjson

from voltring_core.errors import SchemaOutdated, SettingsError
from voltring_core.store.migrate import available, newest_applied

# What asyncpg raises when PostgreSQL is away, restarting, failing over or out of connections: try again later.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    # A connection whose server was killed in the middle of a statement is in no known state.
    asyncpg.InternalClientError,
)
CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 30.0


async def open_pool(dsn: str, *, size: int, name: str) -> asyncpg.Pool:
    """A pool of at most `size` connections, named `name` in pg_stat_activity.

    Raises SettingsError when PostgreSQL can't be used, SchemaOutdated when migrations are missing.
    """
    try:
        pool = await _create(dsn, size, name)
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        raise SettingsError(f"VOLTRING_POSTGRES_DSN can't be used: {error}") from None
    async with pool.acquire() as connection:
        newest = await newest_applied(connection)
    if newest < available()[-1].number:
        await pool.close()
        raise SchemaOutdated
    return pool


async def _create(dsn: str, size: int, name: str) -> asyncpg.Pool:
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        init=_prepare,
        server_settings={"application_name": f"voltring-{name}", "timezone": "UTC"},
    )
    assert pool is not None
    return pool


async def _prepare(connection: asyncpg.Connection) -> None:
    # Binary, so that COPY can write it too; a json value's binary form is its text.
    await connection.set_type_codec("json", schema="pg_catalog", encoder=_encode, decoder=orjson.loads, format="binary")


def _encode(value: Any) -> bytes:
    # Text that is JSON already is passed on as it is, so that what a charger sent is not encoded twice.
    return value.encode() if isinstance(value, RawJson) else orjson.dumps(value, default=str)


class RawJson(str):
    """A string that holds JSON and goes into a json column unchanged."""

    __slots__ = ()


async def is_ready(pool: asyncpg.Pool) -> bool:
    """Whether PostgreSQL answers within a second."""
    try:
        async with asyncio.timeout(1.0):
            return bool(await pool.fetchval("SELECT true"))
    except AWAY:
        return False
