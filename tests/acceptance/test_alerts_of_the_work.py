"""What goes badly while everything is there raises the alerts that are for it: a slow PostgreSQL, a node that wakes up
late, rows that are refused, commands that nobody answers, chargers that are gone, an API that answers with 5xx.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from alerts_rung import SOON_S, hurry, is_quiet, rings, rings_by, stopped
from fault_fleet import signal_tree
from prometheus_asked import Prometheus, needed

from voltring_core.testing import eventually
from voltring_local.servers import start_postgres

CROWD = 60
"""More than fifty, below which nobody is told that chargers are gone."""
HANG_S, LATE_S = 2.0, 0.6


@pytest.fixture
def crowd() -> Iterator[Callable[[Any], "subprocess.Popen[bytes]"]]:
    """Chargers that are not the launcher's: nobody starts them again."""
    started: list[subprocess.Popen[bytes]] = []

    def start(stack: Any) -> "subprocess.Popen[bytes]":
        words = ["--url", stack.told["ocpp"], "--count", str(CROWD), "--id-prefix", "CROWD-", "--version", "1.6"]
        words += ["--busy", "0.5", "--meter-interval", "1", "--reconnect-min", "0.2"]
        command = [sys.executable, "-m", "voltring_core", "simulate", *words]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


@contextlib.asynccontextmanager
async def asked_at_once(client: httpx.AsyncClient, times: int) -> AsyncIterator[None]:
    """So many questions that need PostgreSQL, all open at once."""
    asking = [asyncio.create_task(client.get("/v1/chargers")) for _ in range(times)]
    yield
    await asyncio.gather(*asking, return_exceptions=True)


async def hang(pid: int, client: httpx.AsyncClient) -> None:
    """PostgreSQL does nothing for a while, all of its processes."""
    signal_tree(pid, signal.SIGSTOP)
    try:
        async with asked_at_once(client, 60):
            await asyncio.sleep(HANG_S)
            signal_tree(pid, signal.SIGCONT)
    finally:
        signal_tree(pid, signal.SIGCONT)
    await asyncio.sleep(1.0)  # it works off what has waited


async def held_up(pid: int) -> None:
    """A process gets no core for a moment, again and again."""
    for _ in range(5):
        with stopped(pid):
            await asyncio.sleep(LATE_S)
        await asyncio.sleep(LATE_S / 3)


@contextlib.asynccontextmanager
async def refused_rows(dsn: str) -> AsyncIterator[None]:
    """PostgreSQL takes no reading any more."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("ALTER TABLE meter_values ADD CONSTRAINT none_more CHECK (false) NOT VALID")
    yield
    await connection.execute("ALTER TABLE meter_values DROP CONSTRAINT none_more")
    await connection.close()


async def unlocked(client: httpx.AsyncClient, number: int) -> httpx.Response:
    """A command that must not be repeated."""
    command = {"action": "UnlockConnector", "payload": {"connectorId": 1}}
    return await client.post(f"/v1/chargers/CROWD-{number:04}/commands", json=command)


async def test_work_that_goes_badly_rings(
    start_up: Callable[..., Any],
    client_of: Callable[..., httpx.AsyncClient],
    crowd: Callable[[Any], "subprocess.Popen[bytes]"],
    servers: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed()
    monkeypatch.setenv("VOLTRING_CALL_TIMEOUT", "2")
    stack = start_up("--observability", "--prometheus-port", "0", "--chargers", "4")
    prometheus, client = Prometheus(stack.told["prometheus"]), client_of(stack)
    hurry(stack)
    chargers = crowd(stack)

    async def all_are_there() -> bool:
        return (prometheus.value("sum(voltring_node_connections)") or 0) >= CROWD + 4

    await eventually(all_are_there, SOON_S)
    await is_quiet(prometheus, "VoltringCommitsSlow", "VoltringEventLoopLag", "VoltringMessagesNotKept")

    await rings_by(prometheus, "VoltringEventLoopLag", partial(held_up, stack.told["nodes"][0]["pid"]))
    postgres = servers["postgres"].pid
    await rings_by(prometheus, "VoltringCommitsSlow", partial(hang, postgres, client))
    await rings_by(prometheus, "VoltringPoolExhausted", partial(hang, postgres, client))
    async with refused_rows(servers["postgres"].dsn):
        await rings(prometheus, "VoltringMessagesNotKept")

    assert not prometheus.firing() & {"VoltringCommandsUnknown", "VoltringConnectionsFell"}
    os.kill(chargers.pid, signal.SIGSTOP)  # their sockets stay, and nobody answers
    answers = await asyncio.gather(*(unlocked(client, number) for number in range(1, CROWD)))
    assert {one.status_code for one in answers} <= {201, 202}
    await rings(prometheus, "VoltringCommandsUnknown")
    await rings(prometheus, "VoltringCommandsUnresolved")
    chargers.kill()
    await rings(prometheus, "VoltringConnectionsFell")

    assert not prometheus.firing() & {"VoltringApiErrors", "VoltringHandshakesRefused"}
    servers["postgres"].kill()
    crowd(stack)  # they come again and again while nobody can be let in
    await rings_by(prometheus, "VoltringApiErrors", lambda: quiet(client.get("/v1/chargers")))
    await rings(prometheus, "VoltringHandshakesRefused")
    servers["postgres"] = start_postgres(tmp_path / "pg", fsync=False)
    await is_quiet(prometheus, "VoltringApiErrors", "VoltringHandshakesRefused", "VoltringConnectionsFell")
    stack.stop()


async def quiet(asking: Awaitable[httpx.Response]) -> None:
    """Ask, whatever comes of it."""
    with contextlib.suppress(httpx.HTTPError):
        await asking
