"""A kubelet for tests: the pods of a fleet become real processes of the node, each at a loopback address of its own.

As Kubernetes has it: a pod keeps its address while its container crashes and is started anew; a pod that is deleted
gets SIGTERM, its grace period, then SIGKILL, and its object goes when the process has gone; what comes in its place is
another pod of the same name, at another address. Readiness is the process's own /readyz. Names are those of a headless
Service that publishes addresses which are not ready (`router_names.py` answers for it).
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from process_room import Process
from router_names import Names
from toy_kubelet import ToyKubelet

from voltring_operator.kube import Kube, KubeError

PROBE = aiohttp.ClientTimeout(total=5)
FAILURES = 3
"""Probes in a row that fail before a pod that was ready is not: Kubernetes' default."""
LOOK_S = 0.2
AWAY = (aiohttp.ClientError, TimeoutError, OSError)
DOMAIN = "svc.cluster.local"


def _addresses() -> Iterator[str]:
    """Of loopback, each once; test processes side by side have others."""
    lane = 60 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 60
    return (f"127.{lane}.{number // 250}.{1 + number % 250}" for number in count(1))


ADDRESSES = _addresses()


@dataclass(frozen=True)
class End:
    """What a process said of itself right before it was told to end; a phase "" when it did not answer."""

    pod: str
    node_uid: str
    phase: str
    connected: int


@dataclass
class Container:
    """What the kubelet knows of a pod's container."""

    name: str
    address: str
    room: Process
    restarts: int = 0
    is_ready: bool = False
    since: str = ""
    """When it was ready, or not any more."""
    failures: int = 0
    told_at: float | None = None
    """When it was asked to end."""
    status: dict[str, Any] = field(default_factory=dict)


class ProcessKubelet(ToyKubelet):
    """`run` is the cluster's work, to be cancelled; `containers` by the pod's uid."""

    def __init__(self, kube: Kube, namespace: str, names: Names, directory: Path) -> None:
        super().__init__(kube, namespace)
        self._namespace, self._names, self._directory = namespace, names, directory
        self._http: aiohttp.ClientSession | None = None
        self.containers: dict[str, Container] = {}
        self.ends: list[End] = []
        self.is_quick = True

    async def run(self) -> None:
        """Look again and again. What has changed between look and act is looked at again."""
        self._http = aiohttp.ClientSession(timeout=PROBE)
        while True:
            with suppress(KubeError):
                await self.step()
                await self._forget()
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """Kill whatever runs."""
        for one in self.containers.values():
            one.room.kill()
        if self._http is not None:
            await self._http.close()
        await self._kube.close()

    def container(self, pod: dict[str, Any]) -> Container:
        """A pod's."""
        return self.containers[pod["metadata"]["uid"]]

    def kill(self, pod: dict[str, Any]) -> None:
        """kill -9: the container crashes."""
        self.container(pod).room.process.kill()

    async def _run(self, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self.containers:
            if "deletionTimestamp" not in pod["metadata"]:
                self._begin(pod)
        elif "deletionTimestamp" in pod["metadata"]:
            await self._end(pod, self.containers[uid])
            return
        if (one := self.containers.get(uid)) is None:
            await self._gone(pod)
            return
        if one.room.is_over:
            self._again(pod, one)
        await self._probe(one)
        await self._tell(pod, one)

    def _begin(self, pod: dict[str, Any]) -> None:
        name, address = pod["metadata"]["name"], next(ADDRESSES)
        log = self._directory / f"{name}-{address}.log"
        room = Process("node", environment(pod, address), log, is_quick=self.is_quick)
        self.containers[pod["metadata"]["uid"]] = Container(name, address, room, since=_now())
        self._names.addresses[self._host(pod)] = address

    def _again(self, pod: dict[str, Any], one: Container) -> None:
        """Its process has ended by itself: the container is started anew in the same pod."""
        one.room = Process("node", environment(pod, one.address), one.room.log, is_quick=self.is_quick)
        one.restarts, one.is_ready, one.failures, one.since = one.restarts + 1, False, 0, _now()

    async def _probe(self, one: Container) -> None:
        assert self._http is not None
        try:
            async with self._http.get(f"{one.room.admin}/readyz") as answer:
                is_well = answer.status == 200
        except AWAY:
            is_well = False
        one.failures = 0 if is_well else one.failures + 1
        if is_well != one.is_ready and (is_well or one.failures >= FAILURES):
            one.is_ready, one.since = is_well, _now()

    async def _tell(self, pod: dict[str, Any], one: Container) -> None:
        began = datetime.fromtimestamp(time.time() - (time.monotonic() - one.room.began), UTC)
        running = {"state": {"running": {"startedAt": f"{began:%Y-%m-%dT%H:%M:%SZ}"}}}
        image = pod["spec"]["containers"][0].get("image", "")
        container = {"name": "node", "restartCount": one.restarts, "ready": one.is_ready, **running}
        container |= {"image": image, "imageID": image}
        ready = {"type": "Ready", "status": str(one.is_ready), "lastTransitionTime": one.since}
        status = {"phase": "Running", "podIP": one.address, "containerStatuses": [container], "conditions": [ready]}
        if status != one.status:
            path = f"{self._paths.pods}/{one.name}"
            expected = {"/metadata/uid": pod["metadata"]["uid"]}
            await self._kube.patch(f"{path}/status", expected, {"/status": status})
            one.status = status

    async def _end(self, pod: dict[str, Any], one: Container) -> None:
        """SIGTERM, the grace period, SIGKILL; then the pod is gone."""
        if one.told_at is None:
            one.told_at = time.monotonic()
            self.ends.append(await self._last_word(one))
            if not one.room.is_over:
                one.room.process.send_signal(signal.SIGTERM)
        grace = float(pod["spec"].get("terminationGracePeriodSeconds", 30))
        if not one.room.is_over and time.monotonic() - one.told_at < grace:
            return
        one.room.kill()
        await self._gone(pod)

    async def _last_word(self, one: Container) -> End:
        assert self._http is not None
        try:
            async with self._http.get(f"{one.room.admin}/status") as answer:
                told = await answer.json()
        except AWAY:
            return End(one.name, "", "", 0)
        return End(one.name, told["uid"], told["phase"], sum(told["connections"].values()))

    async def _gone(self, pod: dict[str, Any]) -> None:
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        await self._kube._ask("DELETE", f"{self._paths.pods}/{pod['metadata']['name']}", body)

    async def _forget(self) -> None:
        """Processes whose pods are gone, or were deleted by force, are gone as well, and so are their addresses."""
        there = {one["metadata"]["uid"] for one in await self._kube.items(self._paths.pods)}
        for uid in [uid for uid in self.containers if uid not in there]:
            one = self.containers.pop(uid)
            one.room.kill()
            for host in [host for host, address in self._names.addresses.items() if address == one.address]:
                del self._names.addresses[host]

    def _host(self, pod: dict[str, Any]) -> str:
        name = pod["metadata"]["name"]
        return f"{name}.{name.rpartition('-')[0]}.{self._namespace}.{DOMAIN}"


def environment(pod: dict[str, Any], address: str) -> dict[str, str]:
    """Of the pod's container: values, the pod's own fields, and `$(NAME)`. A pod's 0.0.0.0 is its own address."""
    found: dict[str, str] = {}
    fields = {"metadata.name": pod["metadata"]["name"], "status.podIP": address}
    (container,) = pod["spec"]["containers"]
    for one in container["env"]:
        value = fields[one["valueFrom"]["fieldRef"]["fieldPath"]] if "valueFrom" in one else one["value"]
        found[one["name"]] = re.sub(r"\$\((\w+)\)", lambda match: found[match[1]], value)
    return {name: address if value == "0.0.0.0" else value for name, value in found.items()}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
