"""What must not be lost when something dies: sockets, nodes, PostgreSQL, Valkey, and all that Valkey holds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.store.migrate import migrate
from voltring_core.testing import Wire, eventually
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

PROTOCOL = ["ocpp1.6"]


@dataclass
class Servers:
    """A PostgreSQL and a Valkey that the test may kill."""

    directory: Path
    postgres: PostgresServer
    valkey: ValkeyServer


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    directory = tmp_path / "data"
    with start_postgres(directory) as postgres, start_valkey(directory) as valkey:
        asyncio.run(migrate(postgres.dsn))
        yield Servers(directory, postgres, valkey)


@pytest.fixture
def postgres_dsn(servers: Servers) -> str:
    return servers.postgres.dsn


@pytest.fixture
def redis_url(servers: Servers) -> str:
    return servers.valkey.url


@dataclass
class Desk:
    """An operator."""

    pool: asyncpg.Pool
    redis: Redis

    async def order(self, action: str, payload: Any, charger_id: str = "CP") -> Any:
        """Queue a command and ring."""
        new = NewCommand(uuid4(), charger_id, action, payload, command_class(action), 1, 60, "test")
        await Commands(self.pool).queue(new)
        await Doorbells(self.redis).ring(charger_id)
        return new.id

    async def becomes(self, command_id: Any, state: str) -> None:
        """Wait for a state."""

        async def look() -> bool:
            return bool(await self.pool.fetchval("SELECT state = $2 FROM commands WHERE id = $1", command_id, state))

        await eventually(look, 20)


@pytest.fixture
async def desk(postgres_dsn: str, redis: Redis) -> AsyncIterator[Desk]:
    pool = await open_pool(postgres_dsn, size=2, name="desk")
    yield Desk(pool, redis)
    pool.terminate()


def start(meter: int) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "A", "meterStart": meter, "timestamp": f"2026-01-01T00:00:00.{meter:03}Z"}


async def closed(socket: Any) -> int:
    """The code with which the other side closes."""
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(10):
            await socket.recv()
    assert caught.value.rcvd is not None
    return int(caught.value.rcvd.code)


async def test_the_newest_socket_wins_on_one_node_and_the_old_ones_close_changes_nothing(
    start_node: Callable[..., Any], database: Any
) -> None:
    node = start_node()
    old = await connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL)
    await Wire(old).boot()
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as new:
        assert await closed(old) == 1000
        assert (await Wire(new).boot())[0] == 3
        assert await database.fetchval("SELECT disconnected_at FROM charger_connection") is None


async def test_across_nodes_the_newest_socket_wins_and_commands_follow_it(
    start_node: Callable[..., Any], database: Any, desk: Desk
) -> None:
    one, two = start_node("node-0"), start_node("node-1")
    old = await connect(f"{one.ocpp}/CP", subprotocols=PROTOCOL)
    await Wire(old).boot()
    async with connect(f"{two.ocpp}/CP", subprotocols=PROTOCOL) as new:
        wire = Wire(new)
        await wire.boot()
        assert await closed(old) == 1000
        command = await desk.order("ClearCache", {})
        await wire.send([3, (await wire.receive())[1], {"status": "Accepted"}])
        await desk.becomes(command, "ACCEPTED")
        row = await database.fetchrow("SELECT node_uid, disconnected_at FROM charger_connection")
        assert row["node_uid"].startswith("node-1.")
        assert row["disconnected_at"] is None


async def test_after_kill_9_of_a_node_its_charger_goes_on_elsewhere_and_a_start_is_not_sent_twice(
    start_node: Callable[..., Any], desk: Desk
) -> None:
    one, two = start_node("node-0"), start_node("node-1")
    async with connect(f"{one.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        remote = await desk.order("RemoteStartTransaction", {"idTag": "A"})
        assert (await wire.receive())[2] == "RemoteStartTransaction"
        one.room.kill()
    async with connect(f"{two.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        await desk.becomes(remote, "UNKNOWN")
        read = await desk.order("GetLocalListVersion", {})
        frame = await wire.receive()
        assert frame[2] == "GetLocalListVersion"
        await wire.send([3, frame[1], {"listVersion": 0}])
        await desk.becomes(read, "ACCEPTED")


async def test_while_postgresql_is_away_nothing_is_acknowledged_and_after_it_everything_is(
    start_node: Callable[..., Any], servers: Servers
) -> None:
    node = start_node()
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        acknowledged = [(await wire.call("StartTransaction", start(1)))[2]["transactionId"]]
        servers.postgres.kill()
        await wire.send([2, "held", "StartTransaction", start(2)])
        with pytest.raises(TimeoutError):
            await wire.receive(1.5)
        servers.postgres = start_postgres(servers.directory)
        answer = await wire.receive(20)
        assert answer[:2] == [3, "held"]
        acknowledged.append(answer[2]["transactionId"])
        assert (await wire.call("Heartbeat", {}))[0] == 3
        connection = await asyncpg.connect(servers.postgres.dsn)
        rows = await connection.fetch("SELECT ocpp_transaction_id::int AS id FROM transactions ORDER BY 1")
        await connection.close()
        assert [row["id"] for row in rows] == sorted(acknowledged)
    servers.postgres.stop()


async def test_while_valkey_is_away_charging_goes_on_and_commands_flow_again_after_it(
    start_node: Callable[..., Any], servers: Servers, desk: Desk
) -> None:
    node = start_node(LEASE_SECONDS="3")
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        servers.valkey.kill()
        assert (await wire.call("StartTransaction", start(1)))[0] == 3
        async with connect(f"{node.ocpp}/NEW", subprotocols=PROTOCOL) as other:
            assert (await Wire(other).boot())[0] == 3
        waiting = await desk.order("ClearCache", {})
        servers.valkey = start_valkey(servers.directory)
        frame = await wire.receive(20)
        assert frame[2] == "ClearCache"
        await wire.send([3, frame[1], {"status": "Accepted"}])
        await desk.becomes(waiting, "ACCEPTED")
    servers.valkey.stop()


async def test_a_valkey_that_forgets_everything_learns_the_routes_again(
    start_node: Callable[..., Any], redis: Redis, desk: Desk
) -> None:
    node = start_node(LEASE_SECONDS="3")
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        await redis.flushall()

        async def routed() -> Any:
            return await redis.hget("o:{CP}", "node")

        assert await eventually(routed, 15)
        command = await desk.order("ClearCache", {})
        await wire.send([3, (await wire.receive())[1], {"status": "Accepted"}])
        await desk.becomes(command, "ACCEPTED")


async def test_a_charger_that_is_dismissed_is_closed_and_comes_back_only_if_it_is_known(
    start_node: Callable[..., Any], database: Any, desk: Desk
) -> None:
    node = start_node(UNKNOWN_CHARGERS="reject")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        await Wire(socket).boot()
        await database.execute("DELETE FROM chargers")
        await Doorbells(desk.redis).dismiss("CP")
        assert await closed(socket) == 1008
    with pytest.raises(InvalidStatus):
        await connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL)


async def test_sigterm_says_goodbye_writes_everything_down_and_ends_within_five_seconds(
    start_node: Callable[..., Any], database: Any, redis: Redis
) -> None:
    node = start_node()
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        await Wire(socket).boot()
        stopping = asyncio.create_task(asyncio.to_thread(node.room.stop, 5))
        assert await closed(socket) == 1001
        assert await stopping == 0
    assert await database.fetchval("SELECT disconnected_at IS NOT NULL FROM charger_connection")
    assert not [key async for key in redis.scan_iter(match="node:*")]


async def test_sigterm_ends_a_node_soon_while_postgresql_is_away_and_a_message_waits(
    start_node: Callable[..., Any], servers: Servers
) -> None:
    node = start_node()
    async with connect(f"{node.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        servers.postgres.kill()
        await wire.send([2, "held", "StartTransaction", start(1)])
        stopping = asyncio.create_task(asyncio.to_thread(node.room.stop, 10))
        assert await closed(socket) == 1001
        assert await stopping == 0
