"""`voltring up` as a newcomer runs it, on free ports and data of the test's own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

READY_WITHIN_S = 240.0
STOPPED_WITHIN_S = 90.0
"""A quiet machine takes a tenth of both; seven processes that start on a core that others want take much longer."""


@dataclass
class Stack:
    """A running `voltring up`."""

    process: "subprocess.Popen[bytes]"
    told: dict[str, Any]
    seconds: float
    data: Path

    def children(self) -> list[int]:
        """The process ids of everything that it started."""
        return descendants(self.process.pid)

    def stop(self) -> float:
        """SIGTERM, and how many seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(STOPPED_WITHIN_S) == 0
        return time.monotonic() - started


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Run `voltring up` with options until it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, data: str = "data") -> Stack:
        ready = tmp_path / f"ready-{len(started)}.json"
        command = [sys.executable, "-m", "voltring_core", "up", "--ocpp-port", "0", "--api-port", "0"]
        command += ["--data-dir", str(tmp_path / data), "--ready-file", str(ready), *options]
        log = tmp_path / f"up-{len(started)}.log"
        begun = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        started.append(process)
        while not ready.exists():
            over = process.poll() is not None or time.monotonic() - begun > READY_WITHIN_S
            assert not over, log.read_text()[-4000:]
            time.sleep(0.05)
        return Stack(process, json.loads(ready.read_text()), time.monotonic() - begun, tmp_path / data)

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(STOPPED_WITHIN_S)


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, PostgresServer | ValkeyServer]]:
    """Servers for `voltring up` that nobody starts again but the test: `postgres` and `redis`."""
    postgres, valkey = start_postgres(tmp_path / "pg", fsync=False), start_valkey(tmp_path / "valkey")
    running: dict[str, PostgresServer | ValkeyServer] = {"postgres": postgres, "redis": valkey}
    monkeypatch.setenv("VOLTRING_POSTGRES_DSN", postgres.dsn)
    monkeypatch.setenv("VOLTRING_REDIS_URL", valkey.url)
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[[Stack], httpx.AsyncClient]]:
    """A REST client with the admin token of a stack."""
    clients: list[httpx.AsyncClient] = []

    def make(stack: Stack) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {stack.told['token']}"}
        clients.append(httpx.AsyncClient(base_url=stack.told["api"], headers=headers, timeout=60))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


def descendants(pid: int) -> list[int]:
    """The living processes below a process."""
    try:
        listing = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("`ps` is missing: install procps")
    rows = [line.split() for line in listing.splitlines()]
    parents = {int(row[0]): int(row[1]) for row in rows if not row[2].startswith("Z")}
    found, look = [], [pid]
    while look:
        children = [child for child, parent in parents.items() if parent == look[-1]]
        look.pop()
        found += children
        look += children
    return found
