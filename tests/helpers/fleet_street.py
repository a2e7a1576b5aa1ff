"""A fleet on Kubernetes as its chargers see it: an API server, the operator as a process, a kubelet with real nodes
(`process_kubelet.py`), the real router before them, commands on their way, and whoever watches what must never happen.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import kopf
from fault_chargers import Charger
from fault_fleet import Place
from fault_operator import Order
from fault_verdict import ANYWHERE, Verdict, judge
from process_kubelet import End, ProcessKubelet
from process_room import Process
from redis.asyncio import Redis
from router_names import Names
from router_street import Router, wait_listening

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.ending import end
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import eventually, free_port
from voltring_operator.kube import Kube, KubeError, Paths

TOKEN = "a token that is long enough for it"  # of the nodes' admin ports
FLEET = "f"
SLOTS = 5
LONG_S, HANGS_S = 600.0, 30.0
"""For an operation on a machine that is five times slower than one on which it takes a minute."""
LOOK_S = 0.05
CRASHES = 5
"""Restarts of one container: more can't be the test's doing."""
OVER = ("Done", "Aborted", "Failed")
Object = dict[str, Any]


class Orders:
    """Commands for everybody in turn: queued, and rung for. `fault_verdict.py` reads `orders`."""

    def __init__(self, database: asyncpg.Pool, redis: Redis, pause_s: float) -> None:
        self._commands, self._bells, self.pause_s = Commands(database), Doorbells(redis), pause_s
        self.orders: list[Order] = []
        self.ids_of_keys: dict[str, set[str]] = {}
        self._numbers = count(1)

    async def put(self, charger_id: str) -> None:
        """A command that must not run twice."""
        payload, identity = {"connectorId": next(self._numbers)}, uuid4()
        name = "UnlockConnector"
        new = NewCommand(identity, charger_id, name, payload, command_class(name), lane(name), 600, created_by="test")
        await self._commands.queue(new)
        self.orders.append(Order(str(identity), charger_id, name, payload))
        await self._bells.ring(charger_id)

    async def run(self, charger_ids: Iterable[str]) -> None:
        """Until cancelled."""
        for charger_id in cycle(list(charger_ids)):
            await self.put(charger_id)
            await asyncio.sleep(self.pause_s)


class Street:
    """`async with Street(...) as street`; then `make` a fleet, `populate` it, `change` it."""

    def __init__(
        self,
        log_in: Callable[[], kopf.ConnectionInfo],
        kubeconfig: Path,
        namespace: str,
        dsn: str,
        redis_url: str,
        names: Names,
        directory: Path,
    ) -> None:
        self.kube, self._eyes = Kube(log_in), Kube(log_in)
        self.paths, self.namespace = Paths(namespace), namespace
        self.kubelet = ProcessKubelet(Kube(log_in), namespace, names, directory)
        self.dsn, self.redis_url = dsn, redis_url
        self.chargers: list[Charger] = []
        self.phases: list[tuple[str, str]] = []
        """(drain, phase), as they were written down."""
        self.replicas_seen: list[int] = []
        self._kubeconfig, self._names, self._directory = kubeconfig, names, directory
        self._ports = free_port(), free_port()
        self.kills = 0
        self.is_quiet = False
        self.operator_settings: dict[str, str] = {}
        """Other than those that make these tests short."""
        self.node_settings: dict[str, str] = {}
        self._numbers = count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self.operator: Process | None = None
        self.router: Router
        self.database: asyncpg.Pool
        self.redis: Redis
        self.orders: Orders

    async def __aenter__(self) -> "Street":
        self.database = await open_pool(self.dsn, size=4, name="street")
        self.redis = Redis.from_url(self.redis_url, decode_responses=True)
        self.orders = Orders(self.database, self.redis, 0.15)
        self.router = self._router()
        self._go_on("kubelet", self.kubelet.run())
        self._go_on("witness", self._witness())
        return self

    async def __aexit__(self, *_: Any) -> None:
        if not self.is_quiet:
            print(await self._described())  # shown with a failure
        await end(self._tasks)
        if self.operator is not None:
            self.operator.kill()
        await self.kubelet.close()
        self.router.kill()
        await self.redis.aclose()
        self.database.terminate()
        await self.kube.close()
        await self._eyes.close()

    def _go_on(self, name: str, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        return task

    def _router(self) -> Router:
        ports = {"ocppPort": self._ports[0], "adminPort": self._ports[1], "maxNodes": SLOTS, "maxConnections": 8000}
        named = {"fleet": FLEET, "nodeService": f"{FLEET}-node", "namespace": self.namespace}
        router = Router(self._directory, self._names, **ports, **named)
        wait_listening(router.port)
        return router

    # The operator.

    async def operate(self, name: str = "operator-0", **settings: str) -> None:
        """Start the operator; the one before has ended."""
        given = {"ADMIN_TOKEN": TOKEN, "NAMESPACE": self.namespace, "OPERATOR_NAME": name, "LOOK_SECONDS": "1"}
        given |= {"LEASE_SECONDS": "6", "NODE_TIMEOUT": "10", "ADMIN_PORT": str(free_port())}
        given |= self.operator_settings | settings
        environment = {f"VOLTRING_{key}": value for key, value in given.items()}
        environment["KUBECONFIG"] = str(self._kubeconfig)
        log = self._directory / f"operator-{next(self._numbers)}.log"
        self.operator = Process("operator", environment, log, is_quick=self.kubelet.is_quick)
        await asyncio.sleep(0)

    async def replace_operator(self, *, in_another_pod: bool) -> None:
        """kill -9. Its container starts anew, or another pod comes: that one has another name, and waits for the
        Lease."""
        assert self.operator is not None
        self.operator.kill()
        self.kills += 1
        await self.operate(f"operator-{self.kills if in_another_pod else 0}")

    async def kill_at_each_step(
        self, until: Callable[[], Awaitable[bool]], *, in_another_pod: bool
    ) -> list[tuple[str, str]]:
        """Kill the operator as soon as it has written down a phase that was not seen before; at which it was."""
        killed: list[tuple[str, str]] = []

        async def look() -> bool:
            fresh = [one for one in self.phases if one not in killed]
            if fresh:
                killed.extend(fresh)
                await self.replace_operator(in_another_pod=in_another_pod)
            return await until()

        await self.until(look)
        return killed

    # The fleet.

    async def make(self, replicas: int = 3, **spec: Any) -> None:
        """The fleet, all nodes ready and known to the router."""
        whole: Object = {
            "slots": {"min": 1, "max": SLOTS},
            "replicas": replicas,
            "scaleDown": {"stabilizationSeconds": 0, "cooldownSeconds": 0},
            "upgrade": {"canarySeconds": 0},
            "rebalance": {"mode": "Off"},
            "target": {"eventLoopLagMsP99": 60_000, "cpu": "60"},  # a busy machine is no reason to grow
            "template": self.template("voltring-node:1"),
        }
        meta = {"name": FLEET, "namespace": self.namespace}
        kind = {"apiVersion": "voltring.io/v1alpha1", "kind": "OcppFleet"}
        await self.kube.create(self.paths.fleets, {**kind, "metadata": meta, "spec": {**whole, **spec}})
        await self.operate()
        await self.settled(replicas)

    def template(self, image: str, **settings: str) -> Object:
        """As the chart has it, with what tests need of the node's settings."""
        ocpp, admin = self._ports
        given = {"POSTGRES_DSN": self.dsn, "REDIS_URL": self.redis_url, "ADMIN_TOKEN": TOKEN}
        given |= {"OCPP_HOST": "0.0.0.0", "OCPP_PORT": str(ocpp), "ADMIN_HOST": "0.0.0.0", "ADMIN_PORT": str(admin)}
        given |= {"ADMIN_URL": f"http://$(POD_IP):{admin}", "MAX_NODES": str(SLOTS), "STOP_SECONDS": "15"}
        given |= {"UNKNOWN_CHARGERS": "accept", "LEASE_SECONDS": "6", "LIMBO_SECONDS": "60"}
        given |= self.node_settings | settings
        env: list[Object] = [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "VOLTRING_NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            *({"name": f"VOLTRING_{name}", "value": value} for name, value in given.items()),
        ]
        ports = [{"name": "ocpp", "containerPort": ocpp}, {"name": "admin", "containerPort": admin}]
        container = {"name": "node", "image": image, "args": ["node"], "ports": ports, "env": env}
        spec = {"terminationGracePeriodSeconds": 60, "containers": [container]}
        return {"metadata": {"labels": {"app.kubernetes.io/name": "voltring"}}, "spec": spec}

    async def change(self, **spec: Any) -> None:
        """What somebody edits."""
        changes = {f"/spec/{key}": value for key, value in spec.items()}
        await self.kube.patch(f"{self.paths.fleets}/{FLEET}", {}, changes)

    async def fleet(self) -> Object:
        return await self.kube.get(f"{self.paths.fleets}/{FLEET}")

    async def pods(self) -> list[Object]:
        """By ordinal."""
        return await self.kubelet.pods()

    async def images(self) -> set[str]:
        return {one["spec"]["containers"][0]["image"] for one in await self.pods()}

    async def replicas(self) -> int:
        return int((await self.kube.get(f"{self.paths.stateful_sets}/{FLEET}-node"))["spec"]["replicas"])

    async def drains(self) -> list[Object]:
        """In the order in which they were made."""
        found = await self.kube.items(self.paths.drains)
        return sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))

    async def settled(self, replicas: int, seconds: float = LONG_S) -> None:
        """Wait until nothing goes on any more, by the operator's word, and the router knows all nodes."""

        async def is_so() -> bool:
            await asyncio.sleep(LOOK_S)
            return await self._is_settled(replicas)

        await self.until(is_so, seconds)
        await self.router.sees(up=range(replicas))

    async def _is_settled(self, replicas: int) -> bool:
        found = await self.fleet()
        told, generation = found.get("status") or {}, found["metadata"]["generation"]
        if any(one.get("status", {}).get("phase") not in OVER for one in await self.drains()):
            return False
        counts = {told.get(f"{kind}eplicas") for kind in ("r", "readyR", "desiredR", "updatedR")}
        quiet = not told.get("plan") and not told.get("drain") and told.get("observedGeneration") == generation
        return quiet and counts == {replicas} == {len(await self.pods())}

    async def until(self, holds: Callable[[], Awaitable[Any]], seconds: float = LONG_S) -> Any:
        """Wait for a true value, as long as kubelet and witness are well."""

        async def look() -> Any:
            broken = [one for one in self._tasks if one.done() and not one.cancelled()]
            assert not broken, broken[0].exception()
            sick = [one for one in self.kubelet.containers.values() if one.restarts >= CRASHES]
            assert not sick, f"{sick[0].name} ends again and again: {sick[0].room.log.read_text()[-1000:]}"
            return await holds()

        async with asyncio.timeout(seconds + HANGS_S):  # what hangs fails, too
            return await eventually(look, seconds)

    # The chargers.

    async def populate(self, size: int, *, charging: int, give_orders: bool = True) -> None:
        """Chargers behind the router, the first ones in one session after the other; all connected."""
        place = Place(ANYWHERE, self.router.ocpp)
        for number in range(size):
            how: Object = {"charges": number < charging, "pace": 0.4, "patience": 60.0}
            self.chargers.append(Charger(f"CP-{number}", [place], boots=number % 2 == 0, **how))
        for one in self.chargers:
            self._go_on(one.id, one.run())
        await self.all_connected()
        if give_orders:
            self._giving = self._go_on("orders", self.orders.run(one.id for one in self.chargers))

    async def all_connected(self) -> None:
        async def all_there() -> bool:
            await asyncio.sleep(LOOK_S)
            return all(one.owner is not None for one in self.chargers)

        await self.until(all_there)

    async def at(self) -> dict[str, int]:
        """The ordinal at which each charger is, by the fence."""
        rows = await self.database.fetch("SELECT charger_id, node_uid FROM charger_connection")
        return {row["charger_id"]: int(row["node_uid"].partition(".")[0].rpartition("-")[2]) for row in rows}

    def moves(self) -> Counter[str]:
        """How often each charger lost its socket."""
        return Counter({one.id: one.losses for one in self.chargers})

    async def judged(self) -> Verdict:
        """No more commands; what was acknowledged is there, nothing is doubled, everybody is owned, or this raises."""
        await end([self._giving])
        self._tasks.remove(self._giving)
        limits = {"commands_within": LONG_S, "owners_within": LONG_S}
        verdict = await judge(self.database, self.redis, self.chargers, self.orders, **limits)  # type: ignore[arg-type]
        print(verdict)
        assert not verdict.flaws, "\n".join(verdict.flaws[:20])
        assert verdict.acknowledged > 0
        assert verdict.commands["ACCEPTED"] > 0
        return verdict

    # Who watches.

    def planned_ends(self) -> list[End]:
        """What the processes said that were told to end."""
        return self.kubelet.ends

    async def _witness(self) -> None:
        """Writes down what the objects went through."""
        while True:
            with suppress(KubeError):
                for one in await self._eyes.items(self.paths.drains):
                    step = one["metadata"]["name"], one.get("status", {}).get("phase", "")
                    if step[1] and step not in self.phases:
                        self.phases.append(step)
                for one in await self._eyes.items(self.paths.stateful_sets):
                    if self.replicas_seen[-1:] != [now := int(one["spec"]["replicas"])]:
                        self.replicas_seen.append(now)
            await asyncio.sleep(LOOK_S)

    async def _described(self) -> str:
        """For who reads of a failure."""
        try:
            told = (await self.fleet()).get("status") or {}
            shown = {key: told.get(key) for key in ("message", "plan", "slots", "replicas", "readyReplicas", "rollout")}
            drains = [{one["metadata"]["name"]: one.get("status")} for one in await self.drains()]
            where = Counter((await self.at()).values())
        except Exception as error:  # the test's own failure is what counts
            return f"no more is known: {error!r}"
        lines = [json.dumps(shown, indent=1), json.dumps(drains, indent=1), f"chargers by slot: {dict(where)}"]
        lines += [f"phases: {self.phases}", f"replicas: {self.replicas_seen}", f"ends: {self.kubelet.ends}"]
        lines += [f"router: {self.router.states()}", f"at {time.monotonic():.1f}"]
        return "\n".join(lines)
