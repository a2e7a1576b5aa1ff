"""A node that stands still, and sockets whose other end is gone: they take no charger from anybody."""

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from voltring_core.testing import PATIENCE_S, Wire, eventually
from voltring_local.servers import ValkeyServer, start_valkey

Live = Callable[[str], Awaitable[ClientConnection]]
PROTOCOL = [Subprotocol("ocpp1.6")]
STALL_S = 4.0
"""How long a node stands still: the cause of what is tested, not a wait for it."""


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    """Connects a charger and boots it."""
    async with AsyncExitStack() as stack:

        async def connected(url: str) -> ClientConnection:
            socket = await stack.enter_async_context(connect(url, subprotocols=PROTOCOL, open_timeout=PATIENCE_S))
            await Wire(socket).boot()
            return socket

        yield connected


async def knock(url: str) -> asyncio.StreamWriter:
    """A charger that asks for the upgrade and is gone then: nothing is read, nothing is closed."""
    place = urlsplit(url)
    _, writer = await asyncio.open_connection(place.hostname, place.port, limit=1)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {place.path} HTTP/1.1",
        f"Host: {place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: ocpp1.6",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
    return writer


@asynccontextmanager
async def standing_still(node: Any) -> AsyncIterator[None]:
    """The node is stopped, for some seconds in all, and goes on."""
    begin = asyncio.get_running_loop().time()
    os.kill(node.room.process.pid, signal.SIGSTOP)
    try:
        yield
        await asyncio.sleep(begin + STALL_S - asyncio.get_running_loop().time())
    finally:
        os.kill(node.room.process.pid, signal.SIGCONT)


def says(node: Any, words: str) -> Callable[[], Any]:
    async def look() -> bool:
        return words in node.room.log.read_text()

    return look


async def test_a_node_that_wakes_up_does_not_steal_a_charger_for_a_handshake_it_left_behind(
    start_node: Callable[..., Any], database: asyncpg.Connection, live: Live
) -> None:
    one, two = start_node("node-0"), start_node("node-1")
    async with standing_still(one):
        gone = await knock(f"{one.ocpp}/CP")
        socket = await live(f"{two.ocpp}/CP")
    await eventually(says(one, "does not answer a ping"))
    assert (await Wire(socket).call("Heartbeat", {}))[0] == 3
    row = await database.fetchrow("SELECT node_uid, disconnected_at, swaps FROM charger_connection")
    assert row["node_uid"].startswith("node-1.")
    assert (row["disconnected_at"], row["swaps"]) == (None, 0)
    gone.close()


async def test_a_socket_that_waited_long_for_its_claim_owns_only_if_it_answers_a_ping(
    start_node: Callable[..., Any], postgres_dsn: str, database: asyncpg.Connection, live: Live
) -> None:
    node = start_node()
    await database.execute("INSERT INTO chargers (id) VALUES ('gone'), ('there')")
    other = await asyncpg.connect(postgres_dsn)
    async with other.transaction():
        await other.execute("LOCK TABLE chargers IN ACCESS EXCLUSIVE MODE")
        gone = await knock(f"{node.ocpp}/gone")
        there = asyncio.ensure_future(live(f"{node.ocpp}/there"))
        await asyncio.sleep(STALL_S)
    await other.close()
    await there
    await eventually(says(node, "gone does not answer a ping"))
    assert [row["charger_id"] for row in await database.fetch("SELECT charger_id FROM charger_connection")] == ["there"]
    gone.close()


async def test_a_zombie_that_wakes_up_lets_go_of_chargers_that_went_elsewhere_though_its_kicks_are_lost(
    start_node: Callable[..., Any], redis: Redis, database: asyncpg.Connection, live: Live
) -> None:
    settings = {"LEASE_SECONDS": "3", "AUDIT_SECONDS": "3600"}
    one, two = start_node("node-0", **settings), start_node("node-1")
    old = await live(f"{one.ocpp}/CP")
    uid = await redis.hget("o:{CP}", "node")

    async def was_seen() -> Any:
        return await database.fetchval("SELECT last_seen_at > connected_at FROM charger_connection")

    await eventually(was_seen)  # from now on it is silent: its last-seen time tells nothing any more
    async with standing_still(one):
        new = await live(f"{two.ocpp}/CP")
        assert await redis.delete(f"s:{uid}")
        await redis.pexpire(f"node:{uid}", 60_000)  # a lost lease would tell, too

    async def is_let_go() -> bool:
        return (old.close_code, old.close_reason) == (1000, "superseded")

    await eventually(is_let_go)
    assert (await Wire(new).call("Heartbeat", {}))[0] == 3


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey that the test may kill."""
    with start_valkey(tmp_path / "valkey") as server:
        yield server


async def test_without_redis_the_newest_socket_wins_even_over_an_epoch_of_the_future(
    start_node: Callable[..., Any], valkey: ValkeyServer, tmp_path: Path, database: asyncpg.Connection, live: Live
) -> None:
    one, two = start_node("node-0", REDIS_URL=valkey.url), start_node("node-1", REDIS_URL=valkey.url)
    old = await live(f"{one.ocpp}/CP")
    far = 2**52
    await database.execute("UPDATE charger_connection SET epoch = $1", far)
    valkey.kill()
    new = await live(f"{two.ocpp}/CP")
    row = await database.fetchrow("SELECT epoch, node_uid FROM charger_connection")
    assert (row["epoch"], row["node_uid"][:7]) == (far + 1, "node-1.")

    async def is_let_go() -> bool:
        if old.close_code is None:
            with contextlib.suppress(ConnectionClosed):  # it may be let go in the middle of a word
                await Wire(old).call("Heartbeat", {})
        return old.close_code == 1000

    await eventually(is_let_go)  # its last-seen time is refused
    assert (await Wire(new).call("Heartbeat", {}))[0] == 3
    with start_valkey(tmp_path / "valkey") as again:
        client = Redis.from_url(again.url, decode_responses=True)

        async def is_routed() -> bool:
            return await client.hmget("o:{CP}", "ep", "st") == [str(far + 1), "live"]

        await eventually(is_routed)
        await client.aclose()
