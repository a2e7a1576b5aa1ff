"""The pool of PostgreSQL connections, with JSON and the errors that mean "away"."""

import asyncio
from typing import Any

import asyncpg
import orjson

from voltring_core.errors import SchemaOutdated, SettingsError
from voltring_core.store.away import AWAY as AWAY
from voltring_core.store.measuring import Measured
from voltring_core.store.migrate import available, newest_applied
from voltring_core.store.pooling import Pool, show

CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 30.0
SESSION = {
    "timezone": "UTC",
    # A process that is frozen, or whose machine is lost, may hold locks on the fences of its chargers: until PostgreSQL
    # ends its transaction no other node can own them, nor any charger whose claim waits together with theirs.
    "idle_in_transaction_session_timeout": "5s",
    "tcp_user_timeout": "15s",
    # In the middle of a COPY no timeout but these tells that the machine is lost; the system's begin after two hours.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
}
"""What every session is set to."""
BY_KEY = {
    # PostgreSQL would plan a statement anew at each use as long as its arrays are shorter than it guesses: 0.4 ms.
    "plan_cache_mode": "force_generic_plan",
    # Of tables that were empty when they were planned for it would read every row until they are analyzed.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}
"""What sessions are set to that find rows by their keys alone."""


class Connection(Measured):
    """A connection that measures, and needs no cleaning between two uses.

    Nothing here sets anything for a session or listens, and transactions end with their block; so the statement that
    asyncpg sends before each reuse, a round trip of its own, is left out. An open transaction is still rolled back.
    """

    def get_reset_query(self) -> str:
        return ""


async def open_pool(dsn: str, *, size: int, name: str, by_key: bool = False) -> asyncpg.Pool:
    """A pool of at most `size` connections, named `name` in pg_stat_activity. `by_key`: for a room whose statements
    find their rows by keys alone, which then are planned once and for that.

    Raises SettingsError when PostgreSQL can't be used, SchemaOutdated when migrations are missing.
    """
    try:
        pool = await _create(dsn, size, name, BY_KEY if by_key else {})
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        raise SettingsError(f"VOLTRING_POSTGRES_DSN can't be used: {error}") from None
    async with pool.acquire() as connection:
        newest = await newest_applied(connection)
    if newest < available()[-1].number:
        await pool.close()
        raise SchemaOutdated
    return pool


async def _create(dsn: str, size: int, name: str, more: dict[str, str]) -> Pool:
    pool = await Pool(
        dsn,
        size=size,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        init=_prepare,
        connection_class=Connection,
        server_settings={"application_name": f"voltring-{name}", **SESSION, **more},
    )
    assert isinstance(pool, Pool)
    show(pool)
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
    asked = asyncio.create_task(_answers(pool), name="readiness")
    done, _ = await asyncio.wait({asked}, timeout=1.0)
    if not done:
        # Not waited for: where a server hangs, its connection takes longer to be given up.
        asked.cancel()
    return bool(done) and asked.result()


async def _answers(pool: asyncpg.Pool) -> bool:
    try:
        return bool(await pool.fetchval("SELECT true"))
    except AWAY:
        return False
