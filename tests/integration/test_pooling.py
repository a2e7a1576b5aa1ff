"""Single statements on connections that are kept at hand: as good as asyncpg's own pool, whatever befalls them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from voltring_core.store.database import open_pool
from voltring_core.store.pooling import is_open
from voltring_core.testing import eventually


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[Any]:
    """Six connections, of which two are kept at hand."""
    opened = await open_pool(postgres_dsn, size=6, name="pooling")
    yield opened
    await opened.close()


async def backend(pool: Any) -> int:
    return int(await pool.fetchval("SELECT pg_backend_pid()"))


async def test_one_statement_after_the_other_runs_on_the_same_connection_without_going_back(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await backend(pool)

    async def none(*_: Any, **__: Any) -> None:
        raise AssertionError("the pool was asked for another one")

    monkeypatch.setattr(pool, "acquire", none)
    assert [await backend(pool) for _ in range(5)] == [first] * 5


async def test_every_kind_of_statement_gives_what_asyncpg_gives(pool: Any) -> None:
    assert await pool.execute("SELECT 1") == "SELECT 1"
    assert [tuple(row) for row in await pool.fetch("SELECT x FROM generate_series(1, $1::int) x", 2)] == [(1,), (2,)]
    assert tuple(await pool.fetchrow("SELECT 1, $1::json", {"a": [None]})) == (1, {"a": [None]})
    assert await pool.fetchval("SELECT 1, 2", column=1) == 2


async def test_far_more_statements_at_once_than_connections_are_all_answered(pool: Any) -> None:
    asked = (pool.fetchval("SELECT $1::int FROM pg_sleep(0.001)", number) for number in range(300))
    assert await asyncio.gather(*asked) == list(range(300))


async def test_transactions_find_connections_beside_those_at_hand(pool: Any) -> None:
    await asyncio.gather(*(backend(pool) for _ in range(6)))
    async with asyncio.timeout(5), pool.acquire(), pool.acquire(), pool.acquire(), pool.acquire():
        assert await backend(pool)


async def test_a_statement_that_fails_leaves_the_next_one_alone(pool: Any) -> None:
    for _ in range(10):
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.fetch("SELECT * FROM nothing")
        assert await pool.fetchval("SELECT 1") == 1
    assert pool.get_size() <= 6


async def test_a_statement_that_is_given_up_leaves_the_next_ones_alone(pool: Any) -> None:
    for _ in range(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await pool.fetchval("SELECT 1 FROM pg_sleep(5)")
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(pool.fetchval("SELECT $1::int", one) for one in range(20))) == list(range(20))


async def test_a_connection_that_dies_while_it_is_at_hand_is_replaced(pool: Any, database: Any) -> None:
    before = await backend(pool)
    await database.execute("SELECT pg_terminate_backend($1)", before)

    async def is_gone() -> bool:
        return not is_open(pool._at_hand[0])

    assert await eventually(is_gone)
    assert await backend(pool) != before


async def test_closing_waits_for_the_statement_that_runs_and_leaves_no_connection(
    postgres_dsn: str, database: Any
) -> None:
    pool = await open_pool(postgres_dsn, size=6, name="closing")
    await asyncio.gather(*(backend(pool) for _ in range(4)))
    running = asyncio.create_task(pool.fetchval("SELECT 7 FROM pg_sleep(0.2)"))
    await asyncio.sleep(0)  # it has begun
    async with asyncio.timeout(5):
        await pool.close()
    assert await running == 7
    named = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'voltring-closing'"

    async def none_left() -> bool:
        return not await database.fetchval(named)

    assert await eventually(none_left)
