"""What a cluster does for pods, through its API: a StatefulSet controller, a kubelet, and a node's admin port in each.

It uses nothing but the API, so that it works with any API server: one that has controllers makes the pods itself, and
this is their kubelet alone. Each pod is a loopback address where a small HTTP server plays a node: it drains, serves
again, and says what a node says.
"""

import hashlib
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from operator_looks import document
from toy_kubernetes import serve

from voltring_core.testing import eventually
from voltring_node.draining_order import read, read_recall
from voltring_operator.kube import Kube, KubeError, Paths

TOKEN = "a token that is long enough for it"  # of the nodes' admin ports


class FakeNode:
    """A node's process."""

    def __init__(self, uid: str, chargers: int) -> None:
        self.uid, self.chargers, self.phase = uid, chargers, "Serving"
        self.drain: dict[str, Any] | None = None
        self.orders: list[dict[str, Any]] = []
        self.misplaced = 0
        self.recall: dict[str, Any] | None = None
        self.closes = 10**6
        """Chargers that it closes each time that it is looked at."""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/status", self._status)
        app.router.add_post("/drain", self._drain)
        app.router.add_post("/undrain", self._undrain)
        app.router.add_post("/recall", self._recall)
        return app

    async def _status(self, request: web.Request) -> web.Response:
        if self.phase == "Draining":
            assert self.drain is not None
            self.drain["closed"] += min(self.chargers, self.closes)
            self.chargers = max(0, self.chargers - self.closes)
            self.phase = "Draining" if self.chargers else "Drained"
        told = self.drain and self.drain | {"phase": self.phase, "remaining": self.chargers}
        more = {"uid": self.uid, "phase": self.phase, "ready": self.phase == "Serving", "drain": told}
        more |= {"misplaced": self.misplaced, "recall": self.recall}
        return web.json_response(document(self.chargers, **more))

    async def _drain(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"detail": "the token is wrong"}, status=401)
        order = json.loads(await request.text())
        read(order)  # as a node does
        self.orders.append(order)
        if self.phase == "Serving":
            self.phase = "Draining"
            numbers = {"initial": self.chargers, "closed": 0, "returned": 0, "limbo": 0, "window": 10, "rate_now": 10}
            self.drain = {"cause": "order", "note": "", **numbers}
        assert self.drain is not None
        self.drain["reason"] = order["reason"]
        return await self._status(request)

    async def _recall(self, request: web.Request) -> web.Response:
        order = read_recall(json.loads(await request.text()))
        self.misplaced, self.recall = 0, {"phase": "Done", "reason": order.reason or ""}
        return await self._status(request)

    async def _undrain(self, request: web.Request) -> web.Response:
        self.phase = "Serving"
        return await self._status(request)


class ToyKubelet:
    """`step()` does what controller and kubelet would have done by now."""

    def __init__(self, kube: Kube, namespace: str, chargers: int = 10) -> None:
        self._kube, self._paths, self._chargers = kube, Paths(namespace), chargers
        self.nodes: dict[str, FakeNode] = {}
        """By the pod's uid."""
        self._servers: dict[str, AsyncExitStack] = {}
        self._port, self._count = 0, 0
        self._has_controllers: bool | None = None

    async def step(self) -> None:
        if self._has_controllers is None:
            self._has_controllers = await has_controllers(self._kube)
        for found in await self._kube.items(self._paths.stateful_sets):
            await (self._await(found) if self._has_controllers else self._control(found))
        for pod in await self._kube.items(self._paths.pods):
            await self._run(pod)

    async def close(self) -> None:
        for one in self._servers.values():
            await one.aclose()

    def node(self, pod: dict[str, Any]) -> FakeNode:
        return self.nodes[pod["metadata"]["uid"]]

    async def pods(self) -> list[dict[str, Any]]:
        """By ordinal."""
        return sorted(await self._kube.items(self._paths.pods), key=lambda one: str(one["metadata"]["name"]))

    async def _await(self, found: dict[str, Any]) -> None:
        """Until the StatefulSet's controller has done what it can, or waits for a pod to end."""
        path = f"{self._paths.stateful_sets}/{found['metadata']['name']}"

        async def is_done() -> bool:
            seen = await self._kube.get(path)
            told, wanted = seen.get("status") or {}, seen["spec"]["replicas"]
            if told.get("observedGeneration") != seen["metadata"]["generation"]:
                return False
            pods = await self.pods()
            is_waiting = any("deletionTimestamp" in one["metadata"] for one in pods)
            return is_waiting or told.get("replicas") == wanted == len(pods)

        await eventually(is_done, 120)

    async def _control(self, found: dict[str, Any]) -> None:
        meta, spec = found["metadata"], found["spec"]
        text = json.dumps(spec["template"], sort_keys=True).encode()
        revision = f"{meta['name']}-{hashlib.sha256(text).hexdigest()[:10]}"
        status = {"observedGeneration": meta["generation"], "updateRevision": revision, "replicas": spec["replicas"]}
        if {**(found.get("status") or {}), **status} != found.get("status"):
            await self._kube.patch(f"{self._paths.stateful_sets}/{meta['name']}/status", {}, {"/status": status})
        names = {one["metadata"]["name"]: one for one in await self._kube.items(self._paths.pods)}
        for ordinal in range(spec["replicas"]):
            if f"{meta['name']}-{ordinal}" not in names:
                await self._kube.create(self._paths.pods, _pod(found, ordinal, revision))
        for name, pod in names.items():
            if int(name.rpartition("-")[2]) >= spec["replicas"] and "deletionTimestamp" not in pod["metadata"]:
                await self._kube.delete(f"{self._paths.pods}/{name}", pod["metadata"]["uid"])

    async def _run(self, pod: dict[str, Any]) -> None:
        meta = pod["metadata"]
        path = f"{self._paths.pods}/{meta['name']}"
        if "deletionTimestamp" in meta:
            if (server := self._servers.pop(meta["uid"], None)) is not None:
                await server.aclose()
            try:  # as a kubelet does when the process has ended
                body = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
                await self._kube._ask("DELETE", path, body)
            except KubeError as error:
                if error.status != 404:
                    raise
        elif meta["uid"] not in self.nodes:
            await self._kube.patch(f"{path}/status", {}, {"/status": await self._start(pod)})

    async def _start(self, pod: dict[str, Any]) -> dict[str, Any]:
        """The pod's status, with the address of its process."""
        uid = pod["metadata"]["uid"]
        node = self.nodes[uid] = FakeNode(f"{pod['metadata']['name']}.{uid}", self._chargers)
        self._count += 1
        stack = self._servers[uid] = AsyncExitStack()
        ip = f"127.{(self._count >> 8) + 20}.{self._count & 255}.1"
        # Pods of one fleet have one port: the first one finds a free one.
        wanted = pod["spec"]["containers"][0]["ports"][0]["containerPort"]
        await stack.enter_async_context(serve(node.app(), ip, wanted))
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        running = {"name": "node", "restartCount": 0, "ready": True, "state": {"running": {"startedAt": now}}}
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": now}
        return {"phase": "Running", "podIP": ip, "containerStatuses": [running], "conditions": [ready]}


async def has_controllers(kube: Kube) -> bool:
    """Whether the cluster has a controller manager: one of its controllers puts this into each namespace."""
    try:
        await kube.get("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
    except KubeError as error:
        if error.status != 404:
            raise
        return False
    return True


def _pod(found: dict[str, Any], ordinal: int, revision: str) -> dict[str, Any]:
    template, meta = found["spec"]["template"], found["metadata"]
    labels = {**template["metadata"]["labels"], "controller-revision-hash": revision}
    name = f"{meta['name']}-{ordinal}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": meta["namespace"], "labels": labels},
        "spec": {**template["spec"], "nodeName": f"machine-{ordinal}"},
    }
