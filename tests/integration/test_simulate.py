"""`voltring simulate` against a scripted CSMS on a real WebSocket server."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import BY_SUBPROTOCOL, Version
from voltring_loadtest.profile import Profile
from voltring_loadtest.swarm import Plan, Swarm
from voltring_loadtest.target import target
from voltring_loadtest.times import stamp


class Csms:
    """Accepts every charger and keeps what it said."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self.wrong: list[object] = []
        self.sockets: dict[str, ServerConnection] = {}
        self.headers: dict[str, str] = {}
        self.opened = 0
        self.status: int | None = None
        self.answers: dict[str, Any] = {}
        self.transactions = 0

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        self.headers[request.path] = request.headers.get("Authorization", "")
        return None if self.status is None else connection.respond(self.status, "no")

    async def converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        identity = socket.request.path.rsplit("/", 1)[-1]
        version = BY_SUBPROTOCOL[str(socket.subprotocol)]
        self.sockets[identity] = socket
        self.opened += 1
        with contextlib.suppress(Exception):
            async for text in socket:
                await self._take(socket, identity, version, json.loads(text))

    async def call(self, identity: str, action: str, payload: dict[str, Any]) -> Any:
        message_id = f"{identity}-{action}-{len(self.answers)}"
        await self.sockets[identity].send(json.dumps([2, message_id, action, payload]))
        await until(lambda: message_id in self.answers)
        return self.answers[message_id]

    def said(self, action: str, identity: str = "") -> list[dict[str, Any]]:
        return [payload for who, what, payload in self.heard if what == action and identity in ("", who)]

    async def _take(self, socket: ServerConnection, identity: str, version: Version, frame: list[Any]) -> None:
        if frame[0] != 2:
            self.answers[frame[1]] = frame[2]
            return
        _, message_id, action, payload = frame
        self.wrong += violations(version, action, payload)
        self.heard.append((identity, action, payload))
        await socket.send(json.dumps([3, message_id, self._answer(version, action)]))

    def _answer(self, version: Version, action: str) -> dict[str, Any]:
        accepted = {"status": "Accepted"}
        if action == "BootNotification":
            return accepted | {"currentTime": stamp(time.time()), "interval": 60}
        if action == "Heartbeat":
            return {"currentTime": stamp(time.time())}
        if action == "StartTransaction":
            self.transactions += 1
            return {"transactionId": self.transactions, "idTagInfo": accepted}
        if action == "Authorize":
            return {"idTokenInfo" if version.is_2x else "idTagInfo": accepted}
        return {}


async def until(is_true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for a condition, at most `seconds`."""
    async with asyncio.timeout(seconds):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
async def csms() -> AsyncIterator[tuple[Csms, str]]:
    found = Csms()
    async with listen(found) as server:
        yield found, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"


def listen(csms: Csms, port: int = 0, compression: str | None = None) -> Any:
    return serve(
        csms.converse,
        "127.0.0.1",
        port,
        subprotocols=[version.subprotocol for version in Version],  # type: ignore[misc]
        process_request=csms.check,
        compression=compression,
    )


FAST = Profile(
    session_seconds=1.5,
    busy=1.0,
    first_arrival=(0.05, 0.2),
    card=(0.05, 0.1),
    energize=(0.05, 0.1),
    unplug=(0.05, 0.1),
    reboot=(0.1, 0.2),
    meter_interval=1,
    ramp=0.2,
    boots_on_reconnect=0.0,
)


@contextlib.asynccontextmanager
async def playing(url: str, count: int, password: str | None = None, deflate: bool = False) -> AsyncIterator[Swarm]:
    plan = Plan(count, tuple(Version), FAST, backoff_minimum=0.05, seed=1)
    swarm, stop = Swarm(plan, target(url, password, deflate)), asyncio.Event()
    task = asyncio.create_task(swarm.run(stop), name="swarm")
    try:
        yield swarm
    finally:
        stop.set()
        async with asyncio.timeout(3):
            await task


async def test_a_mixed_swarm_connects_charges_and_leaves_nothing_open(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 6):
        await until(lambda: len(server.sockets) == 6)
        await until(lambda: server.said("StopTransaction"))
        await until(lambda: any(event["eventType"] == "Ended" for event in server.said("TransactionEvent")))
    assert not server.wrong
    assert all(socket.close_code == 1000 for socket in server.sockets.values())
    starts = len(server.said("StartTransaction"))
    assert len(server.said("StopTransaction")) == starts
    kinds = [event["eventType"] for event in server.said("TransactionEvent")]
    assert kinds.count("Started") == kinds.count("Ended")


async def test_a_cut_connection_comes_back_and_the_session_goes_on(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 3) as swarm:
        await until(lambda: {"SIM-0001", "SIM-0002"} <= {who for who, what, _ in server.heard if what != "Boot"})
        await until(lambda: server.said("StartTransaction", "SIM-0001"))
        for socket in list(server.sockets.values()):
            socket.transport.abort()
        await until(lambda: server.opened == 6)
        await until(lambda: server.said("StopTransaction", "SIM-0001"))
        assert any("cut" in line for line in swarm.refusals.lines())
    assert len(server.said("BootNotification", "SIM-0001")) == 1
    assert server.said("StopTransaction", "SIM-0001")[0]["transactionId"] == 1
    for identity in ("SIM-0002", "SIM-0003"):
        by_transaction: dict[str, list[int]] = {}
        for event in server.said("TransactionEvent", identity):
            by_transaction.setdefault(event["transactionInfo"]["transactionId"], []).append(event["seqNo"])
        assert all(numbers == list(range(len(numbers))) for numbers in by_transaction.values())


async def test_a_csms_that_restarts_gets_its_chargers_back(csms: tuple[Csms, str]) -> None:
    server = Csms()
    async with listen(server) as first:
        port = first.sockets[0].getsockname()[1]
        async with playing(f"ws://127.0.0.1:{port}/ocpp", 3) as swarm:
            await until(lambda: len(server.sockets) == 3)
            await close(first)
            await until(lambda: any("nothing listens" in line for line in swarm.refusals.lines()))
            second = Csms()
            async with listen(second, port):
                await until(lambda: len(second.sockets) == 3)


async def close(server: Server) -> None:
    server.close()
    await server.wait_closed()


async def test_a_remote_start_and_a_reset_reach_the_charger(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 1):
        await until(lambda: server.said("BootNotification"))
        await until(lambda: server.said("StatusNotification"))
        assert await server.call("SIM-0001", "Reset", {"type": "Hard"}) == {"status": "Accepted"}
        await until(lambda: len(server.said("BootNotification")) == 2)


async def test_pings_are_answered(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 1):
        await until(lambda: server.sockets)
        pong = await server.sockets["SIM-0001"].ping()
        async with asyncio.timeout(2):
            await pong


async def test_the_password_is_sent_as_http_basic(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 1, password="secret"):
        await until(lambda: server.sockets)
    assert server.headers["/ocpp/SIM-0001"] == "Basic U0lNLTAwMDE6c2VjcmV0"


async def test_a_fragmented_message_is_put_together(csms: tuple[Csms, str]) -> None:
    server, url = csms
    async with playing(url, 1):
        await until(lambda: server.said("BootNotification"))
        await server.sockets["SIM-0001"].send(iter(['[2,"frag",', '"ClearCache"', ",{}]"]))
        await until(lambda: server.answers.get("frag") == {"status": "Accepted"})


async def test_compression_is_spoken_when_it_is_offered() -> None:
    server = Csms()
    async with listen(server, compression="deflate") as found:
        url = f"ws://127.0.0.1:{found.sockets[0].getsockname()[1]}/ocpp"
        async with playing(url, 1, deflate=True):
            await until(lambda: server.said("StatusNotification"))
            assert server.sockets["SIM-0001"].protocol.extensions


@pytest.mark.parametrize(("status", "word"), [(401, "password"), (404, "register"), (503, "not ready")])
async def test_a_refusal_is_named_and_tried_again(csms: tuple[Csms, str], status: int, word: str) -> None:
    server, url = csms
    server.status = status
    told: list[str] = []
    async with playing(url, 1) as swarm:
        await until(lambda: told.extend(swarm.refusals.lines()) or told)
        assert word in told[0]
        server.status = None
        await until(lambda: server.sockets)


async def test_the_command_prints_a_status_line_and_ends_within_two_seconds_of_sigterm(
    csms: tuple[Csms, str],
) -> None:
    server, url = csms
    options = ["--url", url, "--count", "6", "--report-interval", "1", "--busy", "1"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "voltring_core", "simulate", *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: len(server.sockets) == 6, 15)
        await until(lambda: server.said("StartTransaction") and server.said("TransactionEvent"), 15)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2.5):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert "6 of 6 connected" in out.decode()
    assert not server.wrong
    assert server.said("StopTransaction")[-1]["reason"] == "PowerLoss"


@pytest.mark.parametrize("url", ["http://127.0.0.1/ocpp", "nonsense"])
async def test_a_wrong_url_is_a_usage_error(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "voltring_core", "simulate", "--url", url, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert "WebSocket URL" in said.decode()
