"""Carries out a plan's actions, each only if what it expects holds; raises Refused at the first that does not.

What takes something away asks the process once more, right before: it must say that it is drained (I11).
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voltring_core.domain.draining import Phase
from voltring_operator import actions as do
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.kube import GONE, REFUSED, Kube, KubeError, Paths, Refused
from voltring_operator.lease import Lease
from voltring_operator.manifests import API_VERSION, DIGEST, FLEET, MANAGER, name, owner
from voltring_operator.model import Observed
from voltring_operator.nodes import Nodes
from voltring_operator.report import NodeReport

logger = logging.getLogger("voltring.operator")
NEW = "floor_rate"
"""A part of an order that nodes of an earlier build do not know."""
LONGEST_NOTE = 1024
"""Kubernetes takes no longer message of an event."""


class Carrier:
    """Acts on one fleet, as it was seen."""

    def __init__(self, kube: Kube, paths: Paths, nodes: Nodes, lease: Lease, seen: Observed) -> None:
        self._kube, self._paths, self._nodes, self._lease, self._seen = kube, paths, nodes, lease, seen

    async def carry_out(self, action: do.Action) -> None:
        """Raises Refused, or KubeError when Kubernetes is away."""
        await self._lease.must_be_ours()
        try:
            await self._do(action)
        except KubeError as error:
            if error.status in REFUSED or error.status == GONE:
                raise Refused(f"{action}: {error}") from None
            raise

    async def _do(self, action: do.Action) -> None:
        match action:
            case do.ApplyStatefulSet():
                await self._apply(action)
            case do.Scale():
                await self._scale(action)
            case do.CreateDrain():
                await self._kube.create(self._paths.drains, self._drain(action))
            case do.WriteDrain():
                expected = {"/metadata/uid": action.uid, "/metadata/resourceVersion": action.expecting_version}
                status = action.status.document()
                await self._kube.patch(f"{self._paths.drains}/{action.name}/status", expected, {"/status": status})
            case do.DeleteDrain():
                await self._kube.delete(f"{self._paths.drains}/{action.name}", action.uid)
            case do.DeletePod():
                if action.node_uid:
                    await self._must_be_drained(action.slot, action.node_uid)
                await self._kube.delete(f"{self._paths.pods}/{action.name}", action.uid)
            case do.OrderDrain():
                await self._order(action)
            case do.Undrain():
                told = await self._same(action.slot, action.node_uid)
                if told.drain is None or told.drain.reason != action.reason:
                    raise Refused(f"{told.name} is drained for another reason by now")
                await self._nodes.post(self._address(action.slot), "/undrain", {})
            case do.Recall():
                await self._recall(action)

    async def _apply(self, action: do.ApplyStatefulSet) -> None:
        if not action.expecting_uid:
            await self._kube.create(self._paths.stateful_sets, action.manifest)
            return
        expected = {"/metadata/uid": action.expecting_uid, "/metadata/resourceVersion": action.expecting_version}
        digest = action.manifest["metadata"]["annotations"][DIGEST]
        changes = {
            "/spec/template": action.manifest["spec"]["template"],
            "/spec/updateStrategy": action.manifest["spec"]["updateStrategy"],
            f"/metadata/annotations/{DIGEST.replace('/', '~1')}": digest,
        }
        await self._kube.patch(self._stateful_set, expected, changes)

    async def _scale(self, action: do.Scale) -> None:
        if action.to < action.from_:
            await self._must_be_drained(action.from_ - 1, action.node_uid)
        expected = {
            "/metadata/uid": action.expecting_uid,
            "/metadata/resourceVersion": action.expecting_version,
            "/spec/replicas": action.from_,
        }
        await self._kube.patch(self._stateful_set, expected, {"/spec/replicas": action.to})

    @property
    def _stateful_set(self) -> str:
        return f"{self._paths.stateful_sets}/{name(self._seen.fleet)}"

    def _drain(self, action: do.CreateDrain) -> dict[str, Any]:
        fleet = self._seen.fleet
        spec = {key: value for key, value in action.spec.document().items() if value is not None}
        labels = {FLEET: fleet.name, "app.kubernetes.io/managed-by": MANAGER}
        meta = {"name": action.name, "namespace": fleet.namespace, "labels": labels, "ownerReferences": [owner(fleet)]}
        return {"apiVersion": API_VERSION, "kind": "OcppDrain", "metadata": meta, "spec": spec}

    async def _order(self, action: do.OrderDrain) -> None:
        await self._same(action.slot, action.node_uid)
        body: dict[str, Any] = {
            "reason": action.reason,
            "rate": action.rate,
            "until_s": action.until_s,
            "deadline_s": action.deadline_s,
            "firmware": action.firmware.value,
            "floor_rate": action.floor_rate,
        }
        if action.window is not None:
            body["window"] = action.window
        try:
            await self._nodes.post(self._address(action.slot), "/drain", body)
        except Refused as refused:
            if NEW not in refused.message:
                raise
            # An operator is newer than the nodes that it is to replace: they refuse what they do not know.
            await self._nodes.post(self._address(action.slot), "/drain", {k: v for k, v in body.items() if k != NEW})

    async def _recall(self, action: do.Recall) -> None:
        told = {
            "reason": action.reason,
            "rate": action.rate,
            "until_s": action.until_s,
            "deadline_s": action.deadline_s,
        }
        try:
            await self._same(action.slot, action.node_uid)
            await self._nodes.post(self._address(action.slot), "/recall", told)
        except Refused as refused:  # the others can send home whom they have all the same
            logger.info("slot %s sends nobody home: %s", action.slot, refused.message)

    async def _same(self, slot: int, node_uid: str) -> NodeReport:
        told = await self._nodes.status(self._address(slot))
        if told.uid != node_uid:
            raise Refused(f"{told.name} is another process by now")
        return told

    async def _must_be_drained(self, slot: int, node_uid: str) -> None:
        told = await self._same(slot, node_uid)
        if told.phase is not Phase.DRAINED or told.connected:
            raise Refused(f"{told.name} is {told.phase} with {told.connected} chargers")

    def _address(self, slot: int) -> str:
        pod = self._seen.slot(slot).pod
        if pod is None or not pod.address:
            raise Refused(f"slot {slot} has no address")
        return pod.address


async def write_status(kube: Kube, paths: Paths, fleet: Mapping[str, Any], status: FleetStatus) -> None:
    """Raises Refused when the fleet has changed since it was looked at: the plan was made for what it was."""
    meta = fleet["metadata"]
    expected = {"/metadata/uid": meta["uid"], "/metadata/resourceVersion": meta["resourceVersion"]}
    try:
        await kube.patch(f"{paths.fleets}/{meta['name']}/status", expected, {"/status": status.document()})
    except KubeError as error:
        if error.status in REFUSED or error.status == GONE:
            raise Refused(str(error)) from None
        raise


def event(fleet: Mapping[str, Any], told: do.Event, me: str, drain_uid: str = "") -> dict[str, Any]:
    """As Kubernetes keeps events: about the fleet, or about the drain that it names."""
    meta, now = fleet["metadata"], datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {"apiVersion": API_VERSION, "kind": "OcppFleet", "name": meta["name"], "uid": meta["uid"]}
    if told.about:
        about |= {"kind": "OcppDrain", "name": told.about, "uid": drain_uid}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{told.about or meta['name']}.", "namespace": meta["namespace"]},
        "involvedObject": {**about, "namespace": meta["namespace"]},
        "reason": told.reason,
        "message": told.note[:LONGEST_NOTE],
        "type": "Warning" if told.is_warning else "Normal",
        "source": {"component": MANAGER},
        "reportingComponent": MANAGER,
        "reportingInstance": me,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
