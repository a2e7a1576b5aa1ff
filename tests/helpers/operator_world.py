"""An operator, the API server it works with, and whoever plays the rest of the cluster."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf
from toy_kubelet import TOKEN, FakeNode, ToyKubelet

from voltring_core.settings import OperatorSettings
from voltring_operator.app import Operator
from voltring_operator.kube import Kube, Paths

Object = dict[str, Any]
ROUNDS = 150


class Died(BaseException):
    """The operator's process was killed."""


class Mortal(Kube):
    """Dies before or after the write of that number."""

    def __init__(self, log_in: Callable[[], kopf.ConnectionInfo], dies_at: int, *, after: bool) -> None:
        super().__init__(log_in)
        self._left, self._after = dies_at, after

    async def _ask(self, method: str, path: str, body: Any = None, **more: Any) -> Object:
        if method == "GET" or "/leases" in path:
            return await super()._ask(method, path, body, **more)
        self._left -= 1
        if self._left < 0 and not self._after:
            raise Died
        answer = await super()._ask(method, path, body, **more)
        if self._left < 0:
            raise Died
        return answer


class World:
    """One namespace with one fleet, `f`."""

    def __init__(
        self,
        log_in: Callable[[], kopf.ConnectionInfo],
        namespace: str,
        port: int,
        as_operator: Callable[[], kopf.ConnectionInfo],
    ) -> None:
        self.log_in, self.namespace, self._port = log_in, namespace, port
        self.as_operator = as_operator
        """With the rights that the chart gives the operator; `log_in` may do everything."""
        self.kube, self.paths = Kube(log_in), Paths(namespace)
        self.kubelet = ToyKubelet(self.kube, namespace)
        self._now = datetime.now(UTC)
        self._operators: list[Operator] = []
        self.operator = self.start()

    def start(self, name: str = "operator", kube: Kube | None = None, **more: Any) -> Operator:
        """Another process of the operator."""
        told = {"admin_token": TOKEN, "namespace": self.namespace, "operator_name": name, "node_timeout": 10.0} | more
        operator = Operator(OperatorSettings(**told), kube or Kube(self.as_operator), self._clock)
        self._operators.append(operator)
        return operator

    def _clock(self) -> datetime:
        """Each look is 15 s after the one before: what has to be waited for takes no time."""
        self._now += timedelta(seconds=15)
        return self._now

    async def make(self, name: str = "f", **spec: Any) -> None:
        """The fleet, without any patience."""
        whole: Object = {
            "slots": {"min": 1, "max": 9},
            "replicas": 3,
            "scaleDown": {"stabilizationSeconds": 0, "cooldownSeconds": 0},
            "upgrade": {"canarySeconds": 0},
            "template": self.template("voltring-node:1"),
        }
        meta = {"name": name, "namespace": self.namespace}
        body = {"apiVersion": "voltring.io/v1alpha1", "kind": "OcppFleet", "metadata": meta, "spec": {**whole, **spec}}
        await self.kube.create(self.paths.fleets, body)

    def template(self, image: str) -> Object:
        ports = [{"name": "admin", "containerPort": self._port}]
        containers = [{"name": "node", "image": image, "ports": ports}]
        # No machine of a real cluster has this label: its kubelets leave these pods to the one that is played.
        spec = {"containers": containers, "nodeSelector": {"voltring.io/played": "yes"}}
        return {"metadata": {"labels": {"app.kubernetes.io/name": "voltring"}}, "spec": spec}

    async def change(self, **spec: Any) -> None:
        """What somebody edits."""
        await self.kube.patch(f"{self.paths.fleets}/f", {}, {f"/spec/{key}": value for key, value in spec.items()})

    async def fleet(self) -> Object:
        return await self.kube.get(f"{self.paths.fleets}/f")

    async def replicas(self) -> int:
        return int((await self.kube.get(f"{self.paths.stateful_sets}/f-node"))["spec"]["replicas"])

    async def images(self) -> list[str]:
        return [one["spec"]["containers"][0]["image"] for one in await self.kubelet.pods()]

    async def nodes(self) -> list[FakeNode]:
        return [self.kubelet.node(one) for one in await self.kubelet.pods()]

    async def drains(self) -> list[Object]:
        found = await self.kube.items(self.paths.drains)
        return sorted(found, key=lambda one: int(one["metadata"]["resourceVersion"]))

    async def condition(self, kind: str) -> Object:
        told = (await self.fleet())["status"]["conditions"]
        return next(one for one in told if one["type"] == kind)

    async def until(self, holds: Callable[[], Awaitable[bool]], operator: Operator | None = None) -> None:
        """Cluster and operator take turns until it holds."""
        for _ in range(ROUNDS):
            await self.kubelet.step()
            if await holds():
                return
            await (operator or self.operator).cycle()
        raise AssertionError(f"not within {ROUNDS} looks: {(await self.fleet()).get('status')}")

    async def is_settled(self) -> bool:
        """Nothing goes on, all is as it should be."""
        told = (await self.fleet()).get("status") or {}
        generation = (await self.fleet())["metadata"]["generation"]
        same = (
            told.get("replicas")
            == told.get("readyReplicas")
            == told.get("desiredReplicas")
            == told.get("updatedReplicas")
        )
        quiet = not told.get("plan") and not told.get("drain") and told.get("observedGeneration") == generation
        return bool(same and quiet and told.get("replicas") == len(await self.kubelet.pods()))

    async def close(self) -> None:
        await self.kubelet.close()
        for one in self._operators:
            await one.close()
        await self.kube.close()
