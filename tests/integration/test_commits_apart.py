"""A node's commits keep apart (ADR 0010), but nothing waits that need not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import asyncpg
import pytest_asyncio
from recorded_site import Silent
from websockets.asyncio.client import connect

from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_core.testing import Wire
from voltring_node.deciding import Asked, Decided
from voltring_node.facts import Message
from voltring_node.recorder import Recorder
from voltring_node.understanding import Understood, understand

LONG_S = 600.0
"""Far beyond what a test waits for."""
FULL = 5
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
NUMBERS = count(1)


@pytest_asyncio.fixture
async def pool(postgres_dsn: str, database: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    pool = await open_pool(postgres_dsn, size=2, name="recorder")
    yield pool
    await pool.close()


@asynccontextmanager
async def recording(pool: asyncpg.Pool, spacing: float, groups: list[int]) -> AsyncIterator[Recorder]:
    """A recorder that runs; `groups` gets the size of each group that it has committed."""

    def committed(group: list[Decided]) -> None:
        groups.append(len(group))

    publisher: Any = Silent()
    made = Recorder(pool, publisher, window=0, most=FULL, patience=LONG_S, spacing=spacing, on_commit=committed)
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def asked() -> Asked:
    """A status of CP."""
    word = f"m{next(NUMBERS)}"
    found = understand(Version.V16, Registration.ACCEPTED, Called(word, "StatusNotification", STATUS))
    assert isinstance(found, Understood)
    frame = f'[2,"{word}","StatusNotification",{{}}]'
    now = datetime.now(UTC)
    return Asked(Message("CP", 1, Version.V16, now, "in", frame, 2, word, "StatusNotification", STATUS, found.said))


async def said(recorder: Recorder, messages: int = 1) -> None:
    """So many at once, all committed."""
    async with asyncio.timeout(60):
        assert all(await asyncio.gather(*(recorder.record(asked()) for _ in range(messages))))


async def test_who_comes_after_a_commit_waits_for_the_next_one(pool: asyncpg.Pool) -> None:
    groups: list[int] = []
    async with recording(pool, 0.5, groups) as recorder:
        began = time.monotonic()
        await said(recorder)
        await said(recorder, 3)
        assert time.monotonic() - began >= 0.5
    assert groups == [1, 3]


async def test_the_first_one_and_a_full_group_wait_for_nothing(pool: asyncpg.Pool) -> None:
    groups: list[int] = []
    async with recording(pool, LONG_S, groups) as recorder:
        await said(recorder)
        await said(recorder, FULL)
    assert groups == [1, FULL]


async def test_a_message_after_a_pause_does_not_wait(pool: asyncpg.Pool) -> None:
    groups: list[int] = []
    async with recording(pool, LONG_S, groups) as recorder:
        await said(recorder)
        recorder._began_at -= LONG_S  # the pause
        await said(recorder)
    assert groups == [1, 1]


async def test_the_setting_says_how_far_apart(start_node: Callable[..., Any]) -> None:
    node = start_node(COMMIT_SPACING_MS="100")
    async with connect(f"{node.ocpp}/CP-1", subprotocols=["ocpp1.6"]) as socket:
        charger = Wire(socket)
        await charger.boot()
        began = time.monotonic()
        for _ in range(10):
            await charger.call("StatusNotification", STATUS)
        assert time.monotonic() - began >= 0.9
