"""One look: everything that a plan is made from, asked of Kubernetes and of the nodes at about the same moment."""

import logging
from collections.abc import Mapping
from typing import Any

from voltring_operator import reading
from voltring_operator.drains import DrainState
from voltring_operator.kube import GONE, Kube, KubeError, Paths
from voltring_operator.manifests import name, selector
from voltring_operator.model import Fleet, Observed, StatefulSet
from voltring_operator.nodes import Nodes

logger = logging.getLogger("voltring.operator")


class Observer:
    """Looks at the fleets of one namespace."""

    def __init__(self, kube: Kube, paths: Paths, nodes: Nodes, *, watch_machines: bool) -> None:
        self._kube, self._paths, self._nodes = kube, paths, nodes
        self._watch_machines = watch_machines

    async def fleets(self) -> list[Mapping[str, Any]]:
        """All that are not being deleted."""
        found = await self._kube.items(self._paths.fleets)
        return [one for one in found if not one["metadata"].get("deletionTimestamp")]

    async def again(self, fleet: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same fleet, as it is now."""
        return await self._kube.get(f"{self._paths.fleets}/{fleet['metadata']['name']}")

    async def look(self, fleet: Fleet) -> Observed:
        """Raises KubeError when Kubernetes is away; nodes that are silent are part of what is seen."""
        stateful_set = await self._stateful_set(fleet)
        labels = ",".join(f"{key}={value}" for key, value in selector(fleet).items())
        found = await self._kube.items(self._paths.pods, labelSelector=labels)
        pods = [pod for one in found if (pod := reading.pod(one)) is not None]
        told = await self._nodes.ask({one.ordinal: one.address for one in pods if one.address and one.is_running})
        replicas = stateful_set.replicas if stateful_set is not None else 0
        slots = reading.slots(replicas, pods, told, await self._cordoned())
        return Observed(fleet, stateful_set, slots, await self._drains(fleet))

    async def _stateful_set(self, fleet: Fleet) -> StatefulSet | None:
        try:
            return reading.stateful_set(await self._kube.get(f"{self._paths.stateful_sets}/{name(fleet)}"))
        except KubeError as error:
            if error.status != GONE:
                raise
            return None

    async def _drains(self, fleet: Fleet) -> tuple[DrainState, ...]:
        drains = []
        for one in await self._kube.items(self._paths.drains):
            if (one.get("spec") or {}).get("fleet") != fleet.name:
                continue
            try:
                drains.append(reading.drain(one))
            except reading.SpecError as error:
                logger.warning("%s is left alone: %s", one["metadata"]["name"], error)
        return tuple(drains)

    async def _cordoned(self) -> list[str]:
        if not self._watch_machines:
            return []
        found = await self._kube.items(self._paths.machines)
        return [one["metadata"]["name"] for one in found if (one.get("spec") or {}).get("unschedulable")]
