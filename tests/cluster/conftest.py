"""An API server and what plays a cluster on it.

Without KUBECONFIG the server is a toy (`tests/helpers/toy_kubernetes.py`). With KUBECONFIG it is that one: an API
server without controllers of its own, as envtest starts it, since StatefulSets and pods are played in either case.
"""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import kopf
import pytest
import yaml
from operator_world import World
from toy_kubernetes import ToyKubernetes, serve

from voltring_operator.kube import Kube, KubeError, login

CRDS = Path(__file__).parents[2] / "charts/voltring/crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An empty namespace."""
    namespace, port = f"voltring-{uuid4().hex[:8]}", _free_port()
    if os.environ.get("KUBECONFIG"):
        kube = Kube()
        await _prepare(kube, namespace)
        world = World(login, namespace, port)
        yield world
        await world.close()
        await kube._ask("DELETE", f"/api/v1/namespaces/{namespace}", {})
        await kube.close()
        return
    toy = ToyKubernetes()
    async with serve(toy.app()) as (host, listens):
        world = World(lambda: kopf.ConnectionInfo(server=f"http://{host}:{listens}"), namespace, port)
        yield world
        await world.close()


async def _prepare(kube: Kube, namespace: str) -> None:
    for one in sorted(CRDS.glob("*.yaml")):
        try:
            await kube.create(DEFINITIONS, yaml.safe_load(one.read_text()))
        except KubeError as error:
            if error.status != 409:
                raise
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    await kube.create("/api/v1/namespaces", body)


def _free_port() -> int:
    """Of all loopback addresses."""
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])
