"""A node that is asked for more than it can do: who is sent away, how cheaply, and that all get in in the end."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from voltring_core.domain.secrets import digest
from voltring_core.testing import PATIENCE_S, Wire, eventually

SECRET = "correct horse 16"


async def come(node: Any, identity: str) -> ClientConnection:
    """A charger with the right secret. Raises InvalidStatus."""
    told = b64encode(f"{identity}:{SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {told}"}
    return await connect(
        f"{node.ocpp}/{identity}", subprotocols=["ocpp1.6"], additional_headers=headers, open_timeout=PATIENCE_S
    )


async def come_until_let_in(node: Any, identity: str) -> tuple[ClientConnection, int]:
    """As a charger that heeds Retry-After; its socket, and how often it was sent away."""
    sent_away = 0
    while True:
        try:
            return await come(node, identity), sent_away
        except InvalidStatus as refused:
            if refused.response.status_code != 503:
                raise
            sent_away += 1
            await asyncio.sleep(int(refused.response.headers["Retry-After"]))


async def register(database: asyncpg.Connection, *identities: str) -> None:
    rows = [(identity, digest(SECRET)) for identity in identities]
    await database.executemany("INSERT INTO chargers (id, secret_hash) VALUES ($1, $2)", rows)


async def metric(node: Any, name: str) -> float:
    """One sample of the node's metrics; 0 where there is none."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{node.room.admin}/metrics")).text
    lines = (line.rpartition(" ") for line in text.splitlines())
    return next((float(value) for sample, _, value in lines if sample == name), 0.0)


async def outcome(task: "asyncio.Task[ClientConnection]") -> int:
    """The HTTP status that a handshake ended with."""
    try:
        await task
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


async def test_beyond_its_places_a_node_says_503_before_it_asks_postgresql(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    fleet = [f"CP-{number}" for number in range(10)]
    await register(database, "HERE", *fleet)
    node = start_node(UNKNOWN_CHARGERS="reject", HANDSHAKES_AT_ONCE="1", HANDSHAKES_WAITING="2")
    here = Wire(await come(node, "HERE"))
    assert (await here.boot())[2]["status"] == "Accepted"
    async with database.transaction():
        await database.execute("LOCK TABLE chargers IN ACCESS EXCLUSIVE MODE")
        coming = [asyncio.create_task(come(node, identity)) for identity in fleet]

        async def seven_have_their_answer() -> bool:
            return sum(one.done() for one in coming) == 7

        await eventually(seven_have_their_answer)
        assert [await outcome(one) for one in coming if one.done()] == [503] * 7
        assert (await here.call("Heartbeat", {}))[0] == 3, "who is connected is answered meanwhile"
    assert sorted([await outcome(one) for one in coming]) == [101] * 3 + [503] * 7
    assert await metric(node, 'voltring_node_refused_total{reason="full",status="503"}') == 7
    late = await come(node, fleet[-1])
    for socket in (here.socket, late, *(one.result() for one in coming if not one.exception())):
        await socket.close()


async def test_a_fleet_that_comes_at_once_gets_in_to_the_last_one_while_others_charge(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    fleet = [f"CP-{number}" for number in range(60)]
    await register(database, "CHARGING", *fleet)
    limits = {"HANDSHAKE_RATE": "100", "HANDSHAKE_BURST": "5", "HANDSHAKES_AT_ONCE": "4", "HANDSHAKES_WAITING": "20"}
    node = start_node(UNKNOWN_CHARGERS="reject", **limits)
    charging = Wire(await come(node, "CHARGING"))
    await charging.boot()
    coming = asyncio.gather(*(come_until_let_in(node, identity) for identity in fleet))
    sampled = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "1"}]}]
    answered = 0
    while not coming.done():
        assert (await charging.call("MeterValues", {"connectorId": 1, "meterValue": sampled}))[0] == 3
        answered += 1
        await asyncio.sleep(0.05)
    sockets = await coming
    assert answered > 1
    assert sum(sent_away for _, sent_away in sockets) > 0, "more came at once than may wait"
    assert await database.fetchval("SELECT count(*) FROM charger_connection WHERE disconnected_at IS NULL") == 61
    for socket, _ in [*sockets, (charging.socket, 0)]:
        await socket.close()


@pytest.mark.parametrize(("identity", "reason", "status"), [("HERE", "credentials", 401), ("NOBODY", "unknown", 404)])
async def test_who_is_refused_for_what_he_is_holds_no_place(
    start_node: Callable[..., Any], database: asyncpg.Connection, identity: str, reason: str, status: int
) -> None:
    await database.execute("INSERT INTO chargers (id, secret_hash) VALUES ('HERE', $1)", digest("another secret"))
    node = start_node(UNKNOWN_CHARGERS="reject", HANDSHAKES_AT_ONCE="1", HANDSHAKES_WAITING="20")
    coming = [asyncio.create_task(come(node, identity)) for _ in range(10)]
    assert [await outcome(one) for one in coming] == [status] * 10
    assert await metric(node, f'voltring_node_refused_total{{reason="{reason}",status="{status}"}}') == 10


async def test_what_is_no_upgrade_and_what_is_hung_up_holds_no_place(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    await register(database, "HERE")
    node = start_node(UNKNOWN_CHARGERS="reject", HANDSHAKES_AT_ONCE="1", HANDSHAKES_WAITING="2")
    host, port = node.ocpp.removeprefix("ws://").removesuffix("/ocpp").split(":")
    for request in (b"GET /ocpp/HERE HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"GET /ocpp/HERE HT"):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with await come(node, "HERE") as socket:
        assert (await Wire(socket).boot())[2]["status"] == "Accepted"


UPGRADE = (
    "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"GET /ocpp/EVIL HTTP/1.1\r\nX-A: {'a' * 4200}\r\nX-B: {'b' * 4200}\r\nX-C:", 431),
        ("GET /nope/EVIL HTTP/1.1\r\n" + UPGRADE, 404),
        ("GET /ocpp/HERE HTTP/1.1\r\nAuthorization: Basic SEVSRTp3cm9uZw==\r\n" + UPGRADE, 401),
        ("GET /ocpp/HERE HTTP/1.1\r\nHost: x\r\n\r\n", 401),
    ],
)
async def test_who_is_refused_and_never_closes_keeps_nobody_out(
    start_node: Callable[..., Any], database: asyncpg.Connection, request_: str, status: int
) -> None:
    await register(database, "HERE")
    node = start_node(UNKNOWN_CHARGERS="reject", HANDSHAKES_AT_ONCE="1", HANDSHAKES_WAITING="20")
    host, port = node.ocpp.removeprefix("ws://").removesuffix("/ocpp").split(":")
    stalling = []
    for _ in range(10):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request_.encode())
        stalling.append((reader, writer))
    # Each would hold the only place for as long as websockets waits for its end to close.
    answers = [await asyncio.wait_for(reader.readline(), PATIENCE_S) for reader, _ in stalling]
    assert [answer.split()[1] for answer in answers] == [str(status).encode()] * 10
    async with await come(node, "HERE") as socket:
        assert (await Wire(socket).boot())[2]["status"] == "Accepted"
    async with httpx.AsyncClient() as client:
        accepting = (await client.get(f"{node.room.admin}/status")).json()["accepting"]
    assert (accepting["capacity_per_s"], accepting["queue"]) == (1000.0, 0)
    for _, writer in stalling:
        writer.close()
