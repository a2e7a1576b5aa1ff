"""Whoever writes several fences locks them in one order, so that nobody waits for who waits for him."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post, Reclaim
from voltring_core.testing import eventually

LOCK = "SELECT FROM charger_connection WHERE charger_id = $1 FOR NO KEY UPDATE"
FIRST, LAST = "CP-A", "CP-Z"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[Any]:
    """Two fences of epoch 5, the last one on the disk before the first."""
    opened = await open_pool(postgres_dsn, size=6, name="locks")
    for charger_id in (LAST, FIRST):
        await opened.execute("INSERT INTO chargers (id) VALUES ($1)", charger_id)
        await Fence(opened).take("a", [post(charger_id, 5)])
    yield opened
    await opened.close()


def post(charger_id: str, epoch: int) -> Post:
    return Post(charger_id, epoch, str(uuid4()), "1.6", "")


BOTH = [(LAST, 5), (FIRST, 5)]
WRITES: dict[str, Callable[[Fence], Awaitable[Any]]] = {
    "disconnect": lambda fence: fence.disconnect(BOTH),
    "reopen": lambda fence: fence.reopen(BOTH),
    "seen": lambda fence: fence.seen([(*one, NOW) for one in BOTH]),
    "reclaim": lambda fence: fence.reclaim("a", [Reclaim(post(one, 9), 5, 5) for one, _ in BOTH]),
    "take": lambda fence: fence.take("b", [post(one, 9) for one, _ in BOTH]),
}


@pytest.mark.parametrize("name", WRITES)
async def test_who_waits_for_the_first_fence_holds_none_of_the_later_ones(pool: Any, name: str) -> None:
    async with pool.acquire() as other, other.transaction():
        await other.execute(LOCK, FIRST)
        writing = asyncio.ensure_future(WRITES[name](Fence(pool)))

        async def waits() -> bool:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(await pool.fetchval(waiting))

        await eventually(waits)
        await other.execute(LOCK + " NOWAIT", LAST)
    await writing
