"""A street: a name server, routers, and nodes or doubles of them, on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from drain_fleet import TOKEN
from router_names import Names
from router_street import HAPROXY, WHY_NOT, Doubles, Pod, Router, wait_listening

from voltring_core.testing import free_port

SLOTS = 6


@pytest.fixture
def ports() -> SimpleNamespace:
    """The ports that all nodes have, each at its own address."""
    return SimpleNamespace(ocpp=free_port(), admin=free_port())


@pytest.fixture
def names() -> Iterator[Names]:
    """The name server."""
    if HAPROXY is None:
        pytest.skip(WHY_NOT)
    with Names() as running:
        yield running


@pytest.fixture
def start_router(names: Names, ports: SimpleNamespace, tmp_path: Path) -> Iterator[Callable[..., Router]]:
    """Start replicas; values of the form by name."""
    started: list[Router] = []

    def start(name: str = "router", **values: Any) -> Router:
        given = {"maxNodes": SLOTS, "ocppPort": ports.ocpp, "adminPort": ports.admin} | values
        started.append(Router(tmp_path, names, name=name, **given))
        wait_listening(started[-1].port)
        return started[-1]

    yield start
    for router in started:
        router.kill()


@pytest.fixture
def doubles(names: Names, ports: SimpleNamespace, tmp_path: Path) -> Iterator[Doubles]:
    """As many as the router has places for; they serve OCPP's port and the admin port at once."""
    ports.admin = ports.ocpp
    running = Doubles(tmp_path, names, SLOTS, ports.ocpp)
    yield running
    running.kill()


@pytest.fixture
def start_pod(
    names: Names, ports: SimpleNamespace, postgres_dsn: str, redis_url: str, tmp_path: Path
) -> Iterator[Callable[..., Pod]]:
    """Start nodes by ordinal; settings by name without the prefix."""
    started: list[Pod] = []

    def start(ordinal: int, **settings: str) -> Pod:
        given = {
            "POSTGRES_DSN": postgres_dsn,
            "REDIS_URL": redis_url,
            "UNKNOWN_CHARGERS": "accept",
            "ADMIN_TOKEN": TOKEN,
            "MAX_NODES": str(SLOTS),
            "LEASE_SECONDS": "3",
            "LOG_LEVEL": "INFO",
            "LIMBO_SECONDS": "60",
        }
        pod = Pod(ordinal, given | settings, tmp_path, names, ports)
        started.append(pod)
        pod.wait_ready(f"{pod.admin}/readyz", 60)
        return pod

    yield start
    for pod in started:
        pod.stop(60)
