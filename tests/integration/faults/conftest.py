"""Servers that may be killed, and fleets on them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_fleet import Fleet, Node, Place, Servers


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The folder's own PostgreSQL and Valkey."""
    servers = Servers(tmp_path_factory.mktemp("stage"))
    yield servers
    servers.stop()


@pytest.fixture
def servers(stage: Servers) -> Iterator[Servers]:
    """Both servers, running, whatever the test before did to them."""
    stage.repair()
    yield stage
    stage.repair()


@dataclass(frozen=True)
class Standing:
    """A fleet of two nodes, an API and a worker that many tests share, each with chargers of its own names."""

    fleet: Fleet
    nodes: list[Node]

    @property
    def places(self) -> list[Place]:
        """Where chargers connect."""
        return [node.place for node in self.nodes]


@pytest.fixture(scope="session")
def standing(stage: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A fleet that outlives what befalls others, and its servers."""
    stage.repair()
    fleet = Fleet(tmp_path_factory.mktemp("standing"), stage.database(), stage.valkey.url)
    try:
        yield Standing(fleet, fleet.whole("node-0", "node-1"))
    finally:
        fleet.stop()


@pytest.fixture
def dsn(servers: Servers) -> str:
    """A migrated database of the test's own."""
    return servers.database()


@pytest.fixture
def fleets(servers: Servers, dsn: str, tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """Make an empty fleet; `dsn` and `redis_url` may lead to its servers by a detour."""
    made: list[Fleet] = []

    def make(**detour: str) -> Fleet:
        made.append(Fleet(tmp_path, **{"dsn": dsn, "redis_url": servers.another_redis_url()} | detour))
        return made[-1]

    yield make
    for fleet in made:
        fleet.stop()


@pytest.fixture
def fleet(fleets: Callable[..., Fleet]) -> Fleet:
    """An empty fleet."""
    return fleets()
