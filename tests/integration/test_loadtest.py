"""`voltring loadtest` as a process: against real rooms, and against a server that lies."""

import asyncio
import base64
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from router_papers import ISSUE
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request

from voltring_core.ocpp.versions import BY_SUBPROTOCOL, Version
from voltring_core.testing import Room, eventually, free_port
from voltring_loadtest.times import stamp

TOKEN = "a-token-for-load-tests-0123456789"
PATIENCE = 240.0
"""Seconds for a whole run of some seconds: a slow machine takes long to start processes and to draw."""
WIDE = (
    *("--ack-p99-ms", "60000", "--command-p50-ms", "60000", "--command-p99-ms", "60000", "--back-within", "120"),
    *("--message-share", "0.1"),
)
"""How fast this machine is, is not what these tests are about."""
QUICK = ("--chargers", "40", "--message-every", "1", "--settle", "2", "--shard-size", "25")


@pytest.fixture
def api(postgres_dsn: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    """An API as a process: its address."""
    port = free_port()
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "API_PORT": str(port), "BOOTSTRAP_TOKEN": TOKEN}
    room = Room("api", settings | {"ADMIN_PORT": str(free_port())}, tmp_path / "api.log")
    room.wait_ready(f"{room.admin}/readyz")
    yield f"http://127.0.0.1:{port}"
    room.stop()


class Run:
    """A finished load test."""

    def __init__(self, status: int, said: str, folder: Path) -> None:
        self.status = status
        self.said = said
        self.folder = folder
        told = folder / "verdict.json"
        self.verdict: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {}

    @property
    def broken(self) -> list[str]:
        return [check["name"] for check in self.verdict["checks"] if not check["ok"]]

    @property
    def wrongs(self) -> dict[str, int]:
        """Failures by what was wrong."""
        found: dict[str, int] = {}
        for one in self.verdict["failures"]:
            found[one["wrong"]] = found.get(one["wrong"], 0) + one["count"]
        return found


@asynccontextmanager
async def started(folder: Path, profile: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A load test that runs; it has ended afterwards."""
    given = [sys.executable, "-m", "voltring_core", "loadtest", profile, "--out", str(folder), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOLTRING_", "LOCUST_"))}
    process = await asyncio.create_subprocess_exec(
        *given, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def run(folder: Path, profile: str, *words: str) -> Run:
    """A whole load test."""
    async with started(folder, profile, *words) as process, asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
        assert process.returncode is not None
        return Run(process.returncode, said.decode(), folder)


async def fails(process: asyncio.subprocess.Process) -> str:
    """What a load test says that is stopped as soon as it has seen a failure: its report is about that."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while " 0 failures" in (line := (await process.stdout.readline()).decode()) or "failures" not in line:
            assert line, "it has ended"
        process.terminate()
        said = (await process.stdout.read()).decode()
        await process.wait()
        return said


async def test_a_steady_run_passes_and_what_it_counted_is_in_the_database(
    node: Any, api: str, database: asyncpg.Connection, tmp_path: Path
) -> None:
    aim = ("--url", node.ocpp, "--api", api, "--api-token", TOKEN)
    found = await run(tmp_path / "out", "steady", *QUICK, *aim, "--minutes", "0.1", *WIDE, "--max-failures", "0")
    assert found.status == 0, found.said
    assert found.verdict["ok"] is True
    assert found.verdict["failures"] == []
    assert found.verdict["figures"]["messages"] >= 40
    answered = sum(
        one["count"] for one in found.verdict["answers"] if one["name"] in ("StartTransaction", "BootNotification")
    )
    kept = await database.fetchval(
        "SELECT count(*) FROM ocpp_messages WHERE direction = 'in'"
        " AND action IN ('StartTransaction', 'BootNotification') AND reply IS NOT NULL"
    )
    assert kept == answered == 40 + 20
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files >= {"report.html", "verdict.json", "locust.html", "locust_stats.csv", "connected.png"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert not re.search(r"(src|href)=\"?https?:", page)
    assert TOKEN not in page + found.said + json.dumps(found.verdict)
    lines = (tmp_path / "out" / "locust_stats.csv").read_text()
    assert "ocpp1.6,BootNotification,20,0" in lines
    assert "ocpp2.0.1,BootNotification,20,0" in lines


async def test_after_a_storm_everybody_is_back_and_the_curve_is_drawn(node: Any, api: str, tmp_path: Path) -> None:
    aim = ("--url", node.ocpp, "--api", api, "--api-token", TOKEN)
    words = ("--minutes", "0.5", "--reconnect-min", "0.2", *WIDE)
    found = await run(tmp_path / "out", "reconnect-storm", *QUICK, *aim, *words)
    assert found.status == 0, found.said
    assert found.verdict["figures"]["back"]["chargers"] == 40
    assert (tmp_path / "out" / "return.png").stat().st_size > 1000


async def test_commands_are_executed_once_each(node: Any, api: str, tmp_path: Path) -> None:
    aim = ("--url", node.ocpp, "--api", api, "--api-token", TOKEN)
    words = ("--chargers", "12", "--minutes", "0.25", "--settle", "1", "--command-rate", "10", *WIDE)
    found = await run(tmp_path / "out", "command-storm", *aim, *words)
    assert found.status == 0, found.said
    assert found.verdict["figures"]["commands"] > 50
    [once] = [check for check in found.verdict["checks"] if check["name"] == "starts and unlocks executed"]
    assert once["ok"], once


async def test_nodes_are_restarted_by_a_command_and_everybody_is_back(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    node = start_node("node-0", STOP_SECONDS="0")
    program = (
        "import os, pathlib, signal, sys;pathlib.Path(sys.argv[1]).write_text(os.environ['VOLTRING_LOADTEST_RESTART'])"
    )
    told = tmp_path / "told"
    script = f'"{sys.executable}" -c "{program}" "{told}"'
    words = ("--url", node.ocpp, "--minutes", "0.2", "--restart-command", script, "--restarts", "2", *WIDE)
    found = await run(tmp_path / "out", "rolling-restart", *QUICK, *words, "--restart-every", "1")
    # The command did nothing to the node: nobody was moved, and that is said.
    assert found.broken[-2:] == ["chargers that were moved", "longest away"]
    assert told.read_text() == "2"


async def test_a_node_that_is_not_there_fails_it_with_the_reason(tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{free_port()}/ocpp"
    async with started(tmp_path / "out", "steady", "--url", url, "--chargers", "3") as process:
        said = await fails(process)
    assert "FAILED" in said
    assert process.returncode == 1
    found = Run(1, said, tmp_path / "out")
    assert "run to its end" in found.broken
    assert any("nothing listens" in wrong for wrong in found.wrongs)


class Liar:
    """A server that answers most things rightly, and some in its own way."""

    def __init__(self, lie: str) -> None:
        self.lie = lie

    async def converse(self, socket: ServerConnection) -> None:
        version = BY_SUBPROTOCOL[str(socket.subprotocol)]
        with suppress(Exception):
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    await self._answer(socket, version, frame)

    async def _answer(self, socket: ServerConnection, version: Version, frame: list[Any]) -> None:
        _, message_id, action, _ = frame
        if self.lie == "none" or action not in ("MeterValues", "TransactionEvent"):
            await socket.send(json.dumps([3, message_id, self._right(version, action)]))
        elif self.lie == "wrong id":
            await socket.send(json.dumps([3, "another", {}]))
        elif self.lie == "error":
            await socket.send(json.dumps([4, message_id, "InternalError", "", {}]))
        elif self.lie == "schema":
            await socket.send(json.dumps([3, message_id, {"unheard": "of"}]))
        elif self.lie == "twice":
            for _ in range(2):
                await socket.send(json.dumps([3, message_id, {}]))
        elif self.lie == "hangs up":
            await socket.close(1011)

    def _right(self, version: Version, action: str) -> dict[str, Any]:
        if action == "BootNotification":
            status = "Rejected" if self.lie == "rejects" else "Accepted"
            return {"status": status, "currentTime": stamp(time.time()), "interval": 300}
        if action == "Heartbeat":
            return {"currentTime": stamp(time.time())}
        if action == "StartTransaction":
            return {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
        if action == "Authorize":
            return {"idTokenInfo" if version.is_2x else "idTagInfo": {"status": "Accepted"}}
        return {}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For this machine, signed by itself; its key is beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("papers") / "server.pem"
    names = ["-subj", "/CN=load test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*ISSUE, "-keyout", f"{path}.key", "-out", str(path), *names], check=True, capture_output=True)
    return path


@asynccontextmanager
async def served_by_tls(certificate: Path, seen: list[str]) -> AsyncIterator[str]:
    """An honest server behind TLS: its address. What chargers authorize themselves by is put into `seen`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate), f"{certificate}.key")

    def note(connection: ServerConnection, request: Request) -> None:
        seen.append(request.headers.get("Authorization", ""))

    subprotocols: Any = [version.subprotocol for version in Version]
    converse = Liar("none").converse
    async with serve(converse, "127.0.0.1", 0, subprotocols=subprotocols, ssl=context, process_request=note) as server:
        yield f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"


async def test_chargers_speak_tls_and_show_their_password(certificate: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    words = ("--chargers", "4", "--message-every", "1", "--settle", "0", "--minutes", "0.1", "--password", "a" * 20)
    async with served_by_tls(certificate, seen) as url:
        found = await run(tmp_path / "out", "tls", "--url", url, *words, "--ca-file", str(certificate), *WIDE)
    assert found.status == 0, found.said
    assert sorted(base64.b64decode(one.removeprefix("Basic ")).decode() for one in seen) == [
        f"LOAD-000{number}:{'a' * 20}" for number in range(1, 5)
    ]
    assert "a" * 20 not in found.said + json.dumps(found.verdict) + (tmp_path / "out" / "report.html").read_text()


async def test_a_certificate_of_somebody_else_is_not_taken(certificate: Path, tmp_path: Path) -> None:
    async with served_by_tls(certificate, []) as url:
        words = ("--url", url, "--chargers", "2", "--password", "a" * 20)
        async with started(tmp_path / "out", "tls", *words) as process:
            assert "failures" in await fails(process)
    found = Run(1, "", tmp_path / "out")
    assert any("certificate verify failed" in wrong.lower() for wrong in found.wrongs), found.wrongs


@pytest.fixture
async def liar(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Its address."""
    subprotocols: Any = [version.subprotocol for version in Version]
    async with serve(Liar(request.param).converse, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"


@pytest.mark.parametrize(
    ("liar", "named"),
    [
        ("wrong id", "an answer to an id that was never sent"),
        ("error", "CALLERROR InternalError"),
        ("schema", "an answer that breaks its schema"),
        ("twice", "an answer to an id that was never sent"),
        ("silent", "no answer in time"),
        ("hangs up", "the server closed it (1011)"),
    ],
    indirect=["liar"],
)
async def test_a_server_that_lies_fails_the_run_by_the_lies_name(liar: str, named: str, tmp_path: Path) -> None:
    words = ("--url", liar, "--chargers", "4", "--message-every", "1", "--settle", "0", "--answer-timeout", "2")
    async with started(tmp_path / "out", "steady", *words, "--minutes", "10", *WIDE) as process:
        said = await fails(process)
    assert process.returncode == 1
    found = Run(1, said, tmp_path / "out")
    assert "failures" in found.broken
    assert found.wrongs.get(named, 0) > 0, found.wrongs
    assert named in (tmp_path / "out" / "report.html").read_text()


async def test_the_web_ui_answers_on_loopback_while_it_runs(node: Any, tmp_path: Path) -> None:
    port = free_port()
    words = ("--url", node.ocpp, "--chargers", "2", "--minutes", "5", "--web", "--web-port", str(port))
    async with started(tmp_path / "out", "steady", *words) as process:

        async def answers() -> str:
            with suppress(OSError):
                return await asyncio.to_thread(_read, f"http://127.0.0.1:{port}/")
            assert process.returncode is None
            return ""

        assert "Locust" in await eventually(answers, PATIENCE)

        async def counts() -> bool:
            stats = json.loads(await asyncio.to_thread(_read, f"http://127.0.0.1:{port}/stats/requests"))
            return any(one["name"] == "BootNotification" for one in stats["stats"])

        assert await eventually(counts, PATIENCE)
        process.terminate()
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert "web UI" in (await process.stdout.read()).decode()
            assert await process.wait() == 1


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())
