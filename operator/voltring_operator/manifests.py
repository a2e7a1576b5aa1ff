"""The StatefulSet of a fleet, made from its template; what the chart says of pods is handed on as it is."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from math import ceil
from typing import Any

import orjson

from voltring_operator.model import Fleet

GROUP = "voltring.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
DIGEST = f"{GROUP}/digest"
RESUME = f"{GROUP}/resume-upgrade"
FLEET = f"{GROUP}/fleet"
MANAGER = "voltring-operator"
GRACE_MARGIN_S = 60
"""For the last words of a process that drains by SIGTERM."""
FORM = 1
"""Counted up when the same template has to give another StatefulSet."""


def name(fleet: Fleet) -> str:
    """Of the StatefulSet and of its headless Service; pods add their ordinal."""
    return f"{fleet.name}-node"


def selector(fleet: Fleet) -> dict[str, str]:
    """Labels that all pods of the fleet have, and nobody else."""
    return {FLEET: fleet.name, "app.kubernetes.io/component": "node"}


def digest(fleet: Fleet) -> str:
    """Changes when the StatefulSet has to."""
    what = {"form": FORM, "template": fleet.spec.template, "grace": grace_s(fleet)}
    return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def grace_s(fleet: Fleet) -> int:
    """Seconds until SIGKILL: what the template says, else as long as an ordered drain may take."""
    said = (fleet.spec.template.get("spec") or {}).get("terminationGracePeriodSeconds")
    return int(said) if said is not None else ceil(fleet.spec.drain.deadline_seconds) + GRACE_MARGIN_S


def stateful_set(fleet: Fleet, replicas: int | None = None) -> dict[str, Any]:
    """For server-side apply. `replicas` only when it is made: afterwards it is changed by scaling alone."""
    spec: dict[str, Any] = {
        "serviceName": name(fleet),
        "selector": {"matchLabels": selector(fleet)},
        "updateStrategy": {"type": "OnDelete"},
        "podManagementPolicy": "Parallel",
        "template": _template(fleet),
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": name(fleet),
            "namespace": fleet.namespace,
            "labels": selector(fleet) | {"app.kubernetes.io/managed-by": MANAGER},
            "annotations": {DIGEST: digest(fleet)},
            "ownerReferences": [owner(fleet)],
        },
        "spec": spec,
    }


def owner(fleet: Fleet) -> dict[str, Any]:
    """What belongs to the fleet goes with it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "OcppFleet",
        "name": fleet.name,
        "uid": fleet.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def belongs(fleet: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to several fleets goes with the last of them."""
    meta = fleet["metadata"]
    return {"apiVersion": API_VERSION, "kind": "OcppFleet", "name": meta["name"], "uid": meta["uid"]}


def _template(fleet: Fleet) -> dict[str, Any]:
    template = deepcopy(dict(fleet.spec.template))
    metadata: Mapping[str, Any] = template.get("metadata") or {}
    template["metadata"] = {**metadata, "labels": {**(metadata.get("labels") or {}), **selector(fleet)}}
    template["spec"] = {**(template.get("spec") or {}), "terminationGracePeriodSeconds": grace_s(fleet)}
    return template
