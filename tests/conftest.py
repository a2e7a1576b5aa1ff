"""Fixtures of several tiers: rooms as processes on the embedded servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pytest
from redis.asyncio import Redis
from room_logs import tails

from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, free_port

NUMBERS = count(1)
BEGAN = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the rooms said since the test began."""
    report = yield
    began = item.stash.setdefault(BEGAN, call.start)
    if report.failed:
        directory = item.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        report.sections += tails(directory, began)
    return report


class Node(Protocol):
    """A running OCPP node."""

    ocpp: str
    room: Room
    name: str


class _Node:
    def __init__(self, room: Room, port: int, name: str) -> None:
        self.room = room
        self.ocpp = f"ws://127.0.0.1:{port}/ocpp"
        self.name = name


@pytest.fixture
def start_node(postgres_dsn: str, redis_url: str, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Start nodes on the test's own database; settings by name without the prefix."""
    started: list[_Node] = []

    def start(name: str = "node-0", *, port: int | None = None, **settings: str) -> Node:
        port = port or free_port()
        given = {
            "POSTGRES_DSN": postgres_dsn,
            "REDIS_URL": redis_url,
            "NODE_NAME": name,
            "OCPP_HOST": "127.0.0.1",
            "OCPP_PORT": str(port),
            "ADMIN_PORT": str(free_port()),
            "UNKNOWN_CHARGERS": "accept",
        } | settings
        room = Room("node", given, tmp_path / f"{name}.log")
        started.append(_Node(room, port, name))
        room.wait_ready(f"{room.admin}/readyz")
        return started[-1]

    yield start
    for node in started:
        node.room.stop()


@pytest.fixture
def node(start_node: Callable[..., Node]) -> Node:
    """One node."""
    return start_node()


@dataclass(frozen=True)
class Town:
    """Where the shared node is."""

    dsn: str
    redis_url: str
    ocpp: str
    room: Room


@pytest.fixture(scope="session")
def town(postgres_server: Any, valkey_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One node that many tests share, on a database of its own: each test brings chargers of its own names."""
    dsn = asyncio.run(_found(postgres_server.dsn))
    redis_url = valkey_server.url.rpartition("/")[0] + "/1"
    port, admin = free_port(), free_port()
    settings = {
        "POSTGRES_DSN": dsn,
        "REDIS_URL": redis_url,
        "OCPP_HOST": "127.0.0.1",
        "OCPP_PORT": str(port),
        "ADMIN_PORT": str(admin),
        "UNKNOWN_CHARGERS": "accept",
    }
    room = Room("node", settings, tmp_path_factory.mktemp("town") / "node.log")
    room.wait_ready(f"{room.admin}/readyz")
    yield Town(dsn, redis_url, f"ws://127.0.0.1:{port}/ocpp", room)
    assert room.stop() == 0


async def _found(server_dsn: str) -> str:
    """Make the town's database."""
    connection = await asyncpg.connect(server_dsn)
    await connection.execute("CREATE DATABASE town")
    await connection.close()
    dsn = server_dsn.rpartition("/")[0] + "/town"
    await migrate(dsn)
    return dsn


@pytest.fixture
async def town_database(town: Town) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the shared node's database."""
    connection = await asyncpg.connect(town.dsn)
    yield connection
    await connection.close()


@pytest.fixture
def identity() -> str:
    """The name of a charger that nobody else has."""
    return f"CP-{next(NUMBERS)}"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client to look at what Redis holds."""
    client = Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.aclose()
