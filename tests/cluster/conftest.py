"""An API server and what plays a cluster on it.

Without KUBECONFIG the server is a toy (`tests/helpers/toy_kubernetes.py`). With KUBECONFIG it is that one, by an
administrator's login: an API server alone, as envtest starts it, or a cluster. Pods are played in either case, and
StatefulSets where the server has no controllers; the operator has the rights that the chart gives it, and no more.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any
from uuid import uuid4

import kopf
import pytest
import yaml
from fault_fleet import Servers
from fleet_street import Street
from operator_world import World
from real_kubernetes import operator, prepare, remove
from router_names import Names
from router_street import HAPROXY, WHY_NOT
from toy_kubernetes import OPERATOR, ToyKubernetes, serve

from voltring_operator.kube import Kube, login

HERE = Path(__file__).parent
HANGS_S = 3600.0
"""The longest test takes some minutes on a slow machine: one that takes an hour hangs, and fails by its name."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever a test here waits for, it does not wait for ever."""
    for item in items:
        if isinstance(item, pytest.Function) and HERE in item.path.parents and iscoroutinefunction(item.obj):
            item.obj = _limited(item.obj)


def _limited(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def limited(*given: Any, **named: Any) -> None:
        async with asyncio.timeout(HANGS_S):
            await test(*given, **named)

    return limited


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An empty namespace."""
    namespace, port = f"voltring-{uuid4().hex[:8]}", _free_port()
    if os.environ.get("KUBECONFIG"):
        kube = Kube()
        await prepare(kube, namespace)
        world = World(login, namespace, port, await operator(kube, namespace))
        yield world
        await world.close()
        await remove(kube, namespace)
        await kube.close()
        return
    toy = ToyKubernetes()
    async with serve(toy.app()) as (host, listens):
        everybody = kopf.ConnectionInfo(server=f"http://{host}:{listens}")
        limited = replace(everybody, scheme="Bearer", token=OPERATOR)
        world = World(lambda: everybody, namespace, port, lambda: limited)
        yield world
        await world.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL and Valkey, for nodes that are processes."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.stop()


@pytest.fixture
def dsn(servers: Servers) -> str:
    """A migrated database of the test's own."""
    return servers.database()


@pytest.fixture
async def street(servers: Servers, dsn: str, tmp_path: Path) -> AsyncIterator[Street]:
    """An empty namespace whose pods will be processes, with the router before them."""
    if HAPROXY is None:
        pytest.skip(WHY_NOT)
    namespace, given = f"voltring-{uuid4().hex[:8]}", os.environ.get("KUBECONFIG")
    redis_url = servers.another_redis_url()
    with Names() as names:
        if given:
            kube = Kube()
            await prepare(kube, namespace)
            async with Street(login, Path(given), namespace, dsn, redis_url, names, tmp_path) as running:
                yield running
            await remove(kube, namespace)
            await kube.close()
            return
        async with serve(ToyKubernetes().app()) as (host, port):
            url = f"http://{host}:{port}"
            config = _kubeconfig(tmp_path / "kubeconfig", url)

            def log_in() -> kopf.ConnectionInfo:
                return kopf.ConnectionInfo(server=url)

            async with Street(log_in, config, namespace, dsn, redis_url, names, tmp_path) as running:
                yield running


def _kubeconfig(path: Path, url: str) -> Path:
    """For a process that is to find the toy."""
    context = {"name": "toy", "context": {"cluster": "toy", "user": "toy"}}
    cluster = {"name": "toy", "cluster": {"server": url}}
    told = {
        "current-context": "toy",
        "contexts": [context],
        "clusters": [cluster],
        "users": [{"name": "toy", "user": {}}],
    }
    path.write_text(yaml.safe_dump(told))
    return path


def _free_port() -> int:
    """Of all loopback addresses."""
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])
