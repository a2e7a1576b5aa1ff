"""Redis as a Cluster of three masters: routes, doorbells, leases and the feed work as on one server."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError
from websockets.asyncio.client import connect

from voltring_core.cluster import leases
from voltring_core.cluster.backlog import Heard
from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.doorbells import Doorbells, Ring, listen, waiting
from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.domain.ownership import RouteState
from voltring_core.store.database import open_pool
from voltring_core.testing import Desk, Wire, eventually, free_port
from voltring_local.valkey import binary

MASTERS = 3
SLOTS = 16_384


def _start(directory: Path, port: int, bus: int) -> subprocess.Popen[bytes]:
    directory.mkdir()
    options = {"port": port, "cluster-port": bus, "bind": "127.0.0.1", "dir": directory, "cluster-enabled": "yes"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen([str(binary()), *words, "--save", ""], stdout=log, stderr=log)


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Cluster of three masters; the URL names one of them."""
    places = [(free_port(), free_port()) for _ in range(MASTERS)]
    directory = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        for port, bus in places:
            process = _start(directory / str(port), port, bus)
            stack.callback(process.wait)
            stack.callback(process.kill)
        asyncio.run(_join(places))
        yield f"redis://127.0.0.1:{places[0][0]}"


async def _join(places: list[tuple[int, int]]) -> None:
    clients = [redis.Redis(port=port, decode_responses=True) for port, _ in places]

    async def answers() -> bool:
        try:
            return all(client.ping() for client in clients)
        except RedisError:
            return False

    await eventually(answers, 20)
    for number, client in enumerate(clients):
        client.execute_command("CLUSTER ADDSLOTSRANGE", SLOTS * number // MASTERS, SLOTS * (number + 1) // MASTERS - 1)
        client.execute_command("CLUSTER MEET", "127.0.0.1", *places[0])

    async def is_one() -> bool:
        infos = [client.execute_command("CLUSTER INFO") for client in clients]
        return all(one["cluster_state"] == "ok" and one["cluster_known_nodes"] == str(MASTERS) for one in infos)

    await eventually(is_one, 30)
    for client in clients:
        client.close()


@pytest.fixture
async def cluster(cluster_url: str) -> AsyncIterator[Redis]:
    client = open_redis(cluster_url, name="test", cluster=True)
    yield client
    await client.aclose()


async def test_routes_of_many_slots_are_claimed_moved_released_and_put_back_in_one_go(cluster: Redis) -> None:
    node, other = Ownership(cluster, "a"), Ownership(cluster, "b")
    sockets = [Socket(f"CP-{uuid4()}", str(uuid4())) for _ in range(60)]
    claims = await node.claim(sockets)
    owned = [Socket(one.charger_id, one.connection_id, claim.epoch) for one, claim in zip(sockets, claims, strict=True)]
    assert await node.move(owned, RouteState.LIVE) == [True] * 60
    await cluster.script_flush()  # type: ignore[no-untyped-call]
    assert await node.reassert(owned) == [True] * 60
    later = await other.claim([Socket(one.charger_id, str(uuid4())) for one in sockets])
    assert [claim.previous_node for claim in later] == ["a"] * 60
    assert await node.release(owned) == [False] * 60
    assert await node.reassert(owned) == [False] * 60
    assert {route.node for route in await node.look(owned) if route} == {"b"}


async def test_doorbells_and_leases_work(cluster: Redis) -> None:
    uid, charger = f"node-{uuid4()}", f"CP-{uuid4()}"
    await Ownership(cluster, uid).claim([Socket(charger, str(uuid4()))])
    bells = Doorbells(cluster)
    assert await bells.ring(charger)
    await bells.kick_all([(uid, charger, 7), (f"gone-{uid}", charger, 7)])
    read = Heard()
    assert await waiting(cluster, uid, read) == 2
    heard = await anext(listen(cluster, uid, read))
    assert await waiting(cluster, uid, read) == 0
    assert heard == [Ring("command", charger), Ring("kick", charger, 7)]
    lease = leases.NodeLease(uid, "node", 1, False, "", "1")
    assert await leases.renew(cluster, lease, 10) is False
    assert await leases.renew(cluster, lease, 10) is True
    assert uid in await leases.live_nodes(cluster)
    await leases.give_up(cluster, uid)
    assert uid not in await leases.live_nodes(cluster)


async def test_a_node_takes_chargers_and_commands_on_a_cluster(
    start_node: Callable[..., Any], cluster_url: str, cluster: Redis, postgres_dsn: str
) -> None:
    node = start_node(REDIS_URL=cluster_url, REDIS_CLUSTER="true")
    pool = await open_pool(postgres_dsn, size=2, name="desk")
    async with connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:  # type: ignore[list-item]
        wire = Wire(socket)
        await wire.boot()
        desk = Desk(pool, cluster, "CP")
        command = await desk.order("ClearCache")
        await wire.send([3, (await wire.receive())[1], {"status": "Accepted"}])
        await desk.becomes(command, "ACCEPTED")
        assert "waits:" not in node.room.log.read_text()
        assert '"error"' not in node.room.log.read_text()
    await pool.close()
