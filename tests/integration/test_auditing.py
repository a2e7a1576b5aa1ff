"""Anti-entropy on real servers: what no message tells of is found and put right."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post
from voltring_core.testing import Desk, Wire, eventually

PROTOCOL = [Subprotocol("ocpp1.6")]
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
LiveAt = Callable[[Any], Awaitable[ClientConnection]]
OFTEN, NEVER = "0.3", "3600"


@pytest.fixture
async def desk(postgres_dsn: str, redis: Redis) -> AsyncIterator[Desk]:
    pool = await open_pool(postgres_dsn, size=2, name="desk")
    yield Desk(pool, redis, "CP")
    await pool.close()


@pytest.fixture
async def live_at() -> AsyncIterator[Callable[[Any], Awaitable[ClientConnection]]]:
    """Connects a charger to a node, and boots it."""
    async with AsyncExitStack() as stack:

        async def connected(node: Any) -> ClientConnection:
            socket = await stack.enter_async_context(connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL))
            await Wire(socket).boot()
            return socket

        yield connected


async def superseded(socket: ClientConnection) -> bool:
    return (socket.close_code, socket.close_reason) == (1000, "superseded")


async def test_a_socket_whose_kick_was_lost_is_let_go(
    start_node: Callable[..., Any], redis: Redis, live_at: LiveAt
) -> None:
    one, two = start_node("node-0", AUDIT_SECONDS=OFTEN), start_node("node-1")
    old = await live_at(one)
    await redis.delete("o:{CP}")  # so that nobody knows whom to kick
    new = await live_at(two)
    await eventually(lambda: superseded(old), 20)
    assert (await Wire(new).call("Heartbeat", {}))[0] == 3


async def test_a_socket_that_speaks_and_does_not_own_is_found_by_its_last_seen_time(
    start_node: Callable[..., Any], redis: Redis, live_at: LiveAt
) -> None:
    one, two = start_node("node-0", AUDIT_SECONDS=NEVER), start_node("node-1")
    old = await live_at(one)
    await redis.delete("o:{CP}")
    await live_at(two)

    async def speaks() -> bool:
        if old.close_code is None:
            with contextlib.suppress(ConnectionClosed):  # it may be found in the middle of a word
                await Wire(old).call("Heartbeat", {})
        return await superseded(old)

    await eventually(speaks, 30)


async def test_a_charger_whose_claimant_died_before_the_fence_is_taken_back_and_its_command_runs_once(
    start_node: Callable[..., Any], redis: Redis, database: asyncpg.Connection, desk: Desk, live_at: LiveAt
) -> None:
    node = start_node(AUDIT_SECONDS=OFTEN)
    socket = await live_at(node)
    wire = Wire(socket)
    first = await database.fetchval("SELECT epoch FROM charger_connection")
    sent = await desk.order("GetConfiguration")
    frame = await wire.receive()
    (claim,) = await Ownership(redis, "dead-node").claim([Socket("CP", str(uuid4()))])

    async def is_back() -> Any:
        return await redis.hget("o:{CP}", "node") != "dead-node"

    await eventually(is_back, 20)
    epoch = await database.fetchval("SELECT epoch FROM charger_connection")
    assert epoch > claim.epoch > first
    assert await redis.hmget("o:{CP}", "ep", "st") == [str(epoch), "live"]
    # What was sent under the first epoch is neither given up nor sent again, and what the socket says counts.
    row = await desk.commands.get(sent)
    assert (row["state"], row["attempts"]) == ("SENT", 1)
    await wire.send([3, frame[1], {"configurationKey": [{"key": "Told", "readonly": True, "value": "1"}]}])
    await desk.becomes(sent, "ACCEPTED")
    assert await database.fetchval("SELECT value FROM variables WHERE variable = 'Told'") == "1"
    assert (await wire.call("StatusNotification", STATUS))[0] == 3
    assert await database.fetchval("SELECT status FROM connectors WHERE connector_id = 1") == "Charging"
    asked = await desk.order("ClearCache")
    frame = await wire.receive()
    assert frame[2] == "ClearCache"
    await wire.send([3, frame[1], {"status": "Accepted"}])
    await desk.becomes(asked, "ACCEPTED")


async def test_a_late_claimant_that_was_shut_out_may_claim_again_but_not_pass_with_its_old_epoch(
    start_node: Callable[..., Any], redis: Redis, database: asyncpg.Connection, desk: Desk, live_at: LiveAt
) -> None:
    node = start_node(AUDIT_SECONDS=OFTEN)
    socket = await live_at(node)
    late = str(uuid4())
    (claim,) = await Ownership(redis, "slow-node").claim([Socket("CP", late)])

    async def is_back() -> Any:
        return await database.fetchval("SELECT epoch > $1 FROM charger_connection", claim.epoch)

    await eventually(is_back, 20)
    assert await Fence(desk.pool).take("slow-node", [Post("CP", claim.epoch, late, "1.6", "")]) == {}
    (claim,) = await Ownership(redis, "slow-node").claim([Socket("CP", late, claim.epoch + 1)])
    assert "CP" in await Fence(desk.pool).take("slow-node", [Post("CP", claim.epoch, late, "1.6", "")])
    await eventually(lambda: superseded(socket), 20)


async def test_a_charger_that_was_written_down_as_closed_by_mistake_is_open_again(
    start_node: Callable[..., Any], database: asyncpg.Connection, live_at: LiveAt
) -> None:
    node = start_node(AUDIT_SECONDS=OFTEN)
    socket = await live_at(node)
    await database.execute("UPDATE charger_connection SET disconnected_at = now()")

    async def is_open() -> Any:
        return await database.fetchval("SELECT disconnected_at IS NULL FROM charger_connection")

    await eventually(is_open)
    await socket.close()

    async def is_closed() -> Any:
        return not await is_open()

    await eventually(is_closed)


async def test_a_deleted_chargers_socket_is_closed(
    start_node: Callable[..., Any], database: asyncpg.Connection, live_at: LiveAt
) -> None:
    node = start_node(AUDIT_SECONDS=OFTEN)
    socket = await live_at(node)
    await database.execute("DELETE FROM chargers")

    async def is_closed() -> bool:
        return socket.close_code == 1008

    await eventually(is_closed)


async def test_a_route_that_redis_lost_is_back_within_a_period(
    start_node: Callable[..., Any], redis: Redis, live_at: LiveAt
) -> None:
    node = start_node(AUDIT_SECONDS=OFTEN)
    await live_at(node)
    before = await redis.hmget("o:{CP}", "node", "cid", "ep", "st")
    assert before[3] == "live"
    await redis.delete("o:{CP}")

    async def is_back() -> bool:
        return await redis.hmget("o:{CP}", "node", "cid", "ep", "st") == before

    await eventually(is_back)


async def test_a_claim_that_redis_gave_too_low_an_epoch_is_made_again_above_the_fence(
    start_node: Callable[..., Any], redis: Redis, database: asyncpg.Connection, live_at: LiveAt
) -> None:
    node = start_node()
    far = 2**52
    socket = await live_at(node)
    await socket.close()
    await redis.flushdb()
    await database.execute("UPDATE charger_connection SET epoch = $1", far)
    await live_at(node)
    assert await database.fetchval("SELECT epoch FROM charger_connection") == far + 1
    assert await redis.hmget("o:{CP}", "ep", "st") == [str(far + 1), "live"]
