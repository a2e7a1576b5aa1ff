"""Kubernetes' objects read into what plans are made from (`model.py`)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from voltring_core.errors import VoltringError
from voltring_operator.drains import DrainSpec, DrainState, DrainStatus
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.form import sentence
from voltring_operator.manifests import DIGEST, RESUME
from voltring_operator.model import Fleet, Pod, Slot, StatefulSet
from voltring_operator.nodes import Told
from voltring_operator.spec import FleetSpec

CONTAINER = "node"
ADMIN_PORT = 9001
"""Where the template names no port `admin`."""
Object = Mapping[str, Any]


class SpecError(VoltringError):
    """The object's spec makes no sense."""


def fleet(found: Object) -> Fleet:
    """Raises SpecError with a sentence. A status that can't be read is forgotten: it is only a memory."""
    meta = found["metadata"]
    try:
        spec = FleetSpec.model_validate(found.get("spec") or {})
    except ValidationError as error:
        raise SpecError(sentence(error, "spec")) from None
    return Fleet(
        name=meta["name"],
        namespace=meta["namespace"],
        uid=meta["uid"],
        generation=int(meta.get("generation") or 0),
        resource_version=meta["resourceVersion"],
        spec=spec,
        status=status(found),
        resume=(meta.get("annotations") or {}).get(RESUME, ""),
    )


def status(found: Object) -> FleetStatus:
    """What is remembered of the fleet."""
    try:
        return FleetStatus.model_validate(found.get("status") or {})
    except ValidationError:
        return FleetStatus()


def stateful_set(found: Object) -> StatefulSet:
    """The fleet's."""
    meta, told = found["metadata"], found.get("status") or {}
    return StatefulSet(
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        replicas=int((found.get("spec") or {}).get("replicas", 1)),
        revision=told.get("updateRevision") or "",
        made_from=(meta.get("annotations") or {}).get(DIGEST, ""),
        is_settled=int(told.get("observedGeneration") or 0) >= int(meta.get("generation") or 0),
    )


def pod(found: Object) -> Pod | None:
    """None when its name has no ordinal."""
    meta, spec, told = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    ordinal = meta["name"].rpartition("-")[2]
    if not ordinal.isdecimal():
        return None
    mine: Object = next((one for one in told.get("containerStatuses") or () if one.get("name") == CONTAINER), {})
    ready: Object = next((one for one in told.get("conditions") or () if one.get("type") == "Ready"), {})
    is_ready = ready.get("status") == "True"
    return Pod(
        name=meta["name"],
        ordinal=int(ordinal),
        uid=meta["uid"],
        revision=(meta.get("labels") or {}).get("controller-revision-hash", ""),
        created_at=_time(meta["creationTimestamp"]),
        is_ready=is_ready,
        ready_since=_time(ready["lastTransitionTime"]) if is_ready and ready.get("lastTransitionTime") else None,
        is_running="running" in (mine.get("state") or {}),
        is_leaving=bool(meta.get("deletionTimestamp")),
        restarts=int(mine.get("restartCount") or 0),
        machine=spec.get("nodeName") or "",
        address=address(told.get("podIP") or "", spec),
        trouble=_trouble(told),
    )


def address(ip: str, spec: Object) -> str:
    """Of the admin port; empty when the pod has no address yet."""
    mine: Object = next((one for one in spec.get("containers") or () if one.get("name") == CONTAINER), {})
    named = (one["containerPort"] for one in mine.get("ports") or () if one.get("name") == "admin")
    host = f"[{ip}]" if ":" in ip else ip
    return f"{host}:{next(named, ADMIN_PORT)}" if ip else ""


def _trouble(told: Object) -> str:
    """What Kubernetes says that the pod waits for, in its words."""
    for one in (*(told.get("initContainerStatuses") or ()), *(told.get("containerStatuses") or ())):
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"waits: {waiting['reason']} {waiting.get('message') or ''}".strip()
    for one in told.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            return f"has no machine: {one.get('message') or one.get('reason') or ''}"
    return ""


def slots(replicas: int, pods: Iterable[Pod], told: Mapping[int, Told], cordoned: Iterable[str]) -> tuple[Slot, ...]:
    """By ordinal, without gaps."""
    by_ordinal, machines = {one.ordinal: one for one in pods}, set(cordoned)
    made = []
    for ordinal in range(max(replicas, *(one + 1 for one in by_ordinal), 0)):
        here, said = by_ordinal.get(ordinal), told.get(ordinal)
        why = said if isinstance(said, str) else ""
        report = said if said is not None and not isinstance(said, str) else None
        made.append(Slot(ordinal, here, report, here is not None and here.machine in machines, why))
    return tuple(made)


def drain(found: Object) -> DrainState:
    """Raises SpecError with a sentence."""
    meta = found["metadata"]
    try:
        return DrainState(
            name=meta["name"],
            uid=meta["uid"],
            resource_version=meta["resourceVersion"],
            created_at=_time(meta["creationTimestamp"]),
            spec=DrainSpec.model_validate(found.get("spec") or {}),
            status=DrainStatus.model_validate(found.get("status") or {}),
            is_being_deleted=bool(meta.get("deletionTimestamp")),
        )
    except ValidationError as error:
        raise SpecError(sentence(error, meta["name"])) from None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
