"""A real API server, made ready for a test: our definitions as they are in the tree, a namespace, and an operator's
service account in it with the rights that the chart gives.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import kopf
import yaml
from toy_judge import rules

from voltring_core.testing import eventually
from voltring_operator.kube import Kube, KubeError, login

CRDS = Path(__file__).parents[2] / "charts/voltring/crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLUSTER = "/apis/rbac.authorization.k8s.io/v1"
TAKEN, NOWHERE = 409, 404


def definitions() -> list[dict[str, Any]]:
    """The chart's."""
    return [yaml.safe_load(one.read_text(encoding="utf-8")) for one in sorted(CRDS.glob("*.yaml"))]


async def prepare(kube: Kube, namespace: str, labels: Mapping[str, str] | None = None) -> None:
    """Both definitions served, and an empty namespace in which pods can be made."""
    for one in definitions():
        await _define(kube, one)
    meta = {"name": namespace, "labels": dict(labels or {})}
    await kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    # A controller makes it, where there are controllers; no pod is admitted without it.
    await _made(kube, f"/api/v1/namespaces/{namespace}/serviceaccounts", account)


async def operator(kube: Kube, namespace: str) -> Callable[[], kopf.ConnectionInfo]:
    """Logs in as a service account that may do what the chart's templates say, and no more."""
    name, cluster = "operator", f"{namespace}-operator"
    home = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    await kube.create(accounts, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    mine, everywhere = rules()
    whom = [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]
    for path, kind, called, granted in ((home, "Role", name, mine), (CLUSTER, "ClusterRole", cluster, everywhere)):
        head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": called}}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": called}
        await kube.create(f"{path}/{kind.lower()}s", head | {"kind": kind, "rules": granted})
        binding = head | {"kind": f"{kind}Binding", "roleRef": ref, "subjects": whom}
        await kube.create(f"{path}/{kind.lower()}bindings", binding)
    return await login_of(kube, namespace, name)


async def login_of(kube: Kube, namespace: str, account: str) -> Callable[[], kopf.ConnectionInfo]:
    """Logs in as a service account that is there."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token = (await kube.create(path, asked))["status"]["token"]
    return lambda: _as(token)


def _as(token: str) -> kopf.ConnectionInfo:
    nobody: dict[str, Any] = dict.fromkeys(
        ("username", "password", "certificate_path", "certificate_data", "private_key_path", "private_key_data")
    )
    return replace(login(), scheme="Bearer", token=token, **nobody)


async def remove(kube: Kube, namespace: str) -> None:
    """The namespace; what is in it goes when there is a controller."""
    for kind in ("clusterroles", "clusterrolebindings"):
        await _gone(kube, f"{CLUSTER}/{kind}/{namespace}-operator")
    await _gone(kube, f"/api/v1/namespaces/{namespace}")


async def _define(kube: Kube, one: dict[str, Any]) -> None:
    path = f"{DEFINITIONS}/{one['metadata']['name']}"
    if not await _made(kube, DEFINITIONS, one):
        await kube.patch(path, {}, {"/spec": one["spec"]})

    async def is_served() -> bool:
        told = (await kube.get(path)).get("status") or {}
        return any(kind["type"] == "Established" and kind["status"] == "True" for kind in told.get("conditions") or ())

    await eventually(is_served, 60)


async def _gone(kube: Kube, path: str) -> None:
    try:
        await kube._ask("DELETE", path, {})
    except KubeError as error:
        if error.status != NOWHERE:
            raise


async def _made(kube: Kube, path: str, body: dict[str, Any]) -> bool:
    try:
        await kube.create(path, body)
    except KubeError as error:
        if error.status != TAKEN:
            raise
        return False
    return True
