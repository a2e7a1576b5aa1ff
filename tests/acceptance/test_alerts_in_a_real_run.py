"""Faults of real servers and rooms raise the alerts that are for them, and the alerts clear once the faults are over.

The rules are the chart's as `voltring up --observability` has them, but for their patience: `for` is shortened.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_asked import Prometheus, needed, pid_of, read_again

from voltring_core.testing import eventually
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

Start = Callable[..., Any]
SOON_S = 240.0
"""A scrape and a look at the rules each second; the rest is a machine that others share."""


def hurry(stack: Any) -> None:
    """Let the alerts ring after two seconds, and Prometheus look each second."""
    folder = stack.data / "prometheus"
    rules, asked = folder / "rules.yaml", folder / "prometheus.yaml"
    rules.write_text(re.sub(r"for: \w+", "for: 2s", rules.read_text()))
    asked.write_text(asked.read_text().replace('"5s"', '"1s"'))
    read_again(pid_of("prometheus", stack.children()))


async def rings(prometheus: Prometheus, alert: str) -> None:
    async def look() -> bool:
        return alert in prometheus.firing()

    await eventually(look, SOON_S)


async def is_quiet(prometheus: Prometheus, *alerts: str) -> None:
    async def look() -> bool:
        # Rules that were judged after the fault was over, not a Prometheus that does not answer.
        return bool(prometheus.rules()) and not prometheus.firing() & set(alerts)

    await eventually(look, SOON_S)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, PostgresServer | ValkeyServer]]:
    """Servers that nobody starts again but the test."""
    postgres, valkey = start_postgres(tmp_path / "pg", fsync=False), start_valkey(tmp_path / "valkey")
    running: dict[str, PostgresServer | ValkeyServer] = {"postgres": postgres, "redis": valkey}
    monkeypatch.setenv("VOLTRING_POSTGRES_DSN", postgres.dsn)
    monkeypatch.setenv("VOLTRING_REDIS_URL", valkey.url)
    yield running
    for server in running.values():
        server.stop()


async def test_servers_and_rooms_that_go_away_ring_and_clear_when_they_are_back(
    start_up: Start, servers: dict[str, PostgresServer | ValkeyServer], tmp_path: Path
) -> None:
    needed()
    stack = start_up("--observability", "--prometheus-port", "0", "--chargers", "4")
    prometheus = Prometheus(stack.told["prometheus"])
    hurry(stack)

    async def all_is_told() -> bool:
        return prometheus.value("count(voltring_node_server_away_seconds == 0)") == 4

    await eventually(all_is_told, SOON_S)
    mine = ("VoltringPostgresAway", "VoltringRedisAway", "VoltringWorkerAway", "VoltringApiAway")
    await is_quiet(prometheus, *mine)

    servers["postgres"].kill()
    await rings(prometheus, "VoltringPostgresAway")
    assert not prometheus.firing() & {"VoltringRedisAway", "VoltringWorkerAway"}
    servers["postgres"] = start_postgres(tmp_path / "pg", fsync=False)
    await is_quiet(prometheus, *mine)

    servers["redis"].kill()
    await rings(prometheus, "VoltringRedisAway")
    assert "VoltringPostgresAway" not in prometheus.firing()
    servers["redis"] = start_valkey(tmp_path / "valkey")
    await is_quiet(prometheus, *mine)

    for room, alert in (("worker", "VoltringWorkerAway"), ("api", "VoltringApiAway")):
        with stopped(room_of(stack, room)):
            await rings(prometheus, alert)
        await is_quiet(prometheus, *mine)
    stack.stop()


def room_of(stack: Any, room: str) -> int:
    """The process of a room, by its command line."""
    (found,) = [pid for pid in stack.children() if words_of(pid)[-2:] == ["voltring_core", room]]
    return int(found)


def words_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
