"""The chart and a real API server: what is rendered is taken without a word, and an install can be taken back.

Namespaces here enforce restricted pod security, and warn of whatever would make pods that are not allowed.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import chart_tools
import pytest
from chart_docs import CHART
from chart_render import Document, Helm, documents
from chart_schemas import ELSEWHERE
from real_kubernetes import login_of, prepare, remove
from toy_kubelet import TOKEN, has_controllers

from voltring_core.settings import OperatorSettings
from voltring_core.testing import eventually
from voltring_operator import manifests, reading
from voltring_operator.app import Operator
from voltring_operator.kube import Kube, Paths

KUBECONFIG = os.environ.get("KUBECONFIG", "")
pytestmark = pytest.mark.skipif(not KUBECONFIG, reason="only a real API server judges so: set KUBECONFIG")
FILES = sorted((Path(__file__).parents[1] / "chart/values").glob("*.yaml"))
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
TRIAL = ("--set", "embedded.enabled=true")
FLEET = "csms-voltring"
KEPT = ("csms-voltring-tokens", "csms-voltring-embedded")
CORE = ("configmaps", "secrets", "services", "serviceaccounts", "pods")
RBAC = ("roles", "rolebindings")
OURS = (
    *(f"/api/v1/namespaces/{{}}/{kind}" for kind in CORE),
    *(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{{}}/{kind}" for kind in RBAC),
    "/apis/apps/v1/namespaces/{}/deployments",
    "/apis/batch/v1/namespaces/{}/jobs",
    "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
)
"""Volumes stay: the embedded servers' StatefulSets claimed them."""


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    """Each Helm in turn."""
    try:
        return Helm(request.param, chart_tools.helm(request.param), tmp_path)
    except chart_tools.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    """As an administrator."""
    made = Kube()
    yield made
    await made.close()


@pytest.fixture
async def namespace(kube: Kube) -> AsyncIterator[str]:
    """An empty one, restricted."""
    name = f"voltring-{uuid4().hex[:8]}"
    await prepare(kube, name, RESTRICTED)
    yield name
    await remove(kube, name)


class Judge:
    """What the server says of documents that it is to take, but not to keep."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._plurals: dict[tuple[str, str], str] = {}

    async def complaints(self, document: Document) -> list[str]:
        """Errors and warnings; unknown and doubled fields count."""
        where = f"{document['kind']} {document['metadata']['name']}"
        path, query = await self._path(document), {"dryRun": "All", "fieldValidation": "Strict"}
        async with (
            self._kube._logins.use() as login,
            login.session.post(login.server + path, json=document, params=query) as answer,
        ):
            said = [] if answer.status < 400 else [str((await answer.json())["message"])]
            return [f"{where}: {one}" for one in (*said, *answer.headers.getall("Warning", ()))]

    async def _path(self, document: Document) -> str:
        version, kind = document["apiVersion"], document["kind"]
        home = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._plurals:
            for one in (await self._kube.get(home))["resources"]:
                if "/" not in one["name"]:
                    self._plurals[version, one["kind"]] = one["name"]
        within = f"/namespaces/{document['metadata']['namespace']}" if "namespace" in document["metadata"] else ""
        return f"{home}{within}/{self._plurals[version, kind]}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_the_server_takes_all_that_is_rendered(kube: Kube, namespace: str, helm: Helm, file: Path) -> None:
    rendered = documents(helm.run("template", "csms", str(CHART), "-n", namespace, "-f", str(file)))
    judge = Judge(kube)
    ours = [one for one in rendered if one["apiVersion"].partition("/")[0] not in ELSEWHERE]
    assert [said for one in ours for said in await judge.complaints(one)] == []
    (fleet,) = [one for one in rendered if one["kind"] == "OcppFleet"]
    assert await judge.complaints(stateful_set(fleet)) == []


async def test_the_judge_hears_of_pods_that_are_not_restricted(kube: Kube, namespace: str, helm: Helm) -> None:
    rendered = documents(helm.run("template", "csms", str(CHART), "-n", namespace, *TRIAL))
    (fleet,) = [one for one in rendered if one["kind"] == "OcppFleet"]
    made = stateful_set(fleet)
    made["spec"]["template"]["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    (said,) = await Judge(kube).complaints(made)
    assert "would violate PodSecurity" in said


def stateful_set(fleet: Document) -> Document:
    """As the operator would make it."""
    told = {"uid": str(uuid4()), "resourceVersion": "1", "generation": 1}
    return manifests.stateful_set(reading.fleet(fleet | {"metadata": fleet["metadata"] | told}), 2)


async def test_it_is_installed_changed_taken_back_and_installed_again(kube: Kube, namespace: str, helm: Helm) -> None:
    site = Site(kube, namespace, helm)
    site.run("install", *TRIAL)
    await site.makes_its_nodes()
    before, secrets = await site.fleet(), await site.secrets()
    await kube.patch(f"{site.paths.fleets}/{FLEET}", {}, {"/spec/replicas": 3})

    site.run("upgrade", *TRIAL, "--set", "fleet.drain.maxRate=50")
    after = await site.fleet()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert (after["spec"]["drain"]["maxRate"], after["spec"]["replicas"]) == (50, 3)
    assert await site.secrets() == secrets

    site.take_back()
    await eventually(site.is_gone, 120)
    if await has_controllers(kube):
        await eventually(site.has_left_nothing, 120)
    assert await site.secrets() == secrets
    site.run("install", *TRIAL)
    assert await site.secrets() == secrets
    assert (await site.fleet())["metadata"]["uid"] != before["metadata"]["uid"]
    site.take_back()


class Site:
    """One release in one namespace."""

    def __init__(self, kube: Kube, namespace: str, helm: Helm) -> None:
        self.kube, self.namespace, self.helm, self.paths = kube, namespace, helm, Paths(namespace)
        self._where = ("-n", namespace, "--kubeconfig", KUBECONFIG)

    def run(self, verb: str, *words: str) -> None:
        # Rights for the whole cluster have the namespace in their names: two tests may run side by side.
        self.helm.run(verb, "csms", str(CHART), *self._where, "--skip-crds", *words)

    def take_back(self) -> None:
        self.helm.run("uninstall", "csms", *self._where)

    async def makes_its_nodes(self) -> None:
        """By the rights that were installed, and no others; where there are controllers its pods are let in."""
        log_in = await login_of(self.kube, self.namespace, f"{FLEET}-operator")
        told: dict[str, Any] = {"admin_token": TOKEN, "namespace": self.namespace, "node_timeout": 1.0}
        operator = Operator(OperatorSettings(**told), Kube(log_in))
        try:
            said = await operator.cycle()
            assert "this operator acts" in said
            assert "forbidden" not in said
        finally:
            await operator.close()
        made = await self.kube.get(f"{self.paths.stateful_sets}/{FLEET}-node")
        assert (made["spec"]["replicas"], made["metadata"]["ownerReferences"][0]["name"]) == (2, FLEET)
        if await has_controllers(self.kube):
            await eventually(self._has_pods, 120)

    async def _has_pods(self) -> bool:
        found = await self.kube.items(self.paths.pods, labelSelector=f"voltring.io/fleet={FLEET}")
        return {one["metadata"]["name"] for one in found} == {f"{FLEET}-node-0", f"{FLEET}-node-1"}

    async def fleet(self) -> Document:
        return await self.kube.get(f"{self.paths.fleets}/{FLEET}")

    async def secrets(self) -> list[dict[str, str]]:
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        return [(await self.kube.get(f"{path}/{name}"))["data"] for name in KEPT]

    async def has_left_nothing(self) -> bool:
        """But what is kept on purpose, and what every namespace has."""
        left = set()
        for path in (*OURS, self.paths.leases, self.paths.stateful_sets, self.paths.fleets, self.paths.drains):
            found = await self.kube.items(path.format(self.namespace))
            left |= {one["metadata"]["name"] for one in found}
        return left <= {*KEPT, "kube-root-ca.crt", "openshift-service-ca.crt", "default"}

    async def is_gone(self) -> bool:
        return FLEET not in [one["metadata"]["name"] for one in await self.kube.items(self.paths.fleets)]
