"""What Kubernetes would say: every document is valid for the oldest and the newest version, pods are restricted."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_render import TRIAL, Document, Helm, containers, documents, one, pods
from chart_schemas import OLDEST, complaints, crd, newest, own

FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def rendered(helm: Helm, request: pytest.FixtureRequest) -> list[Document]:
    """Each values file's documents, by each Helm."""
    return helm.template(yaml.safe_load(request.param.read_text(encoding="utf-8")))


def test_every_document_is_valid_for_the_oldest_and_the_newest_version(rendered: list[Document], schemas: Path) -> None:
    for version in (OLDEST, newest(schemas)):
        assert [said for item in rendered for said in complaints(schemas, version, item)] == []


def test_the_judge_sees_what_is_wrong(helm: Helm, schemas: Path) -> None:
    rendered = helm.template(TRIAL)
    deployment, fleet = one(rendered, "Deployment", "-api"), one(rendered, "OcppFleet", "csms-voltring")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePulPolicy"] = "Always"
    deployment["spec"]["replicas"] = "two"
    fleet["spec"]["slotz"] = {}
    fleet["spec"]["drain"]["firmwarePolicy"] = "Ask"
    assert len(complaints(schemas, OLDEST, deployment)) == 2
    assert len(complaints(schemas, OLDEST, fleet)) == 2


def test_every_name_is_unique_and_a_label_of_dns(rendered: list[Document]) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in rendered]
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for _, name in names)


def test_every_pod_is_restricted(rendered: list[Document]) -> None:
    for name, pod in pods(rendered):
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}, name
        allowed = {"configMap", "emptyDir", "secret", "persistentVolumeClaim", "projected", "name"}
        assert all(volume.keys() <= allowed for volume in pod.get("volumes", ())), name
    for name, container in containers(rendered):
        expected = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["securityContext"] == expected, name


def test_every_container_says_what_it_needs(rendered: list[Document]) -> None:
    for name, container in containers(rendered):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name


def test_every_room_is_watched_by_probes_spread_and_evicted_one_by_one(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    rooms = {"node": "OcppFleet", "router": "Deployment", "api": "Deployment"}
    for room in (*rooms, "worker", "operator"):
        kind, name = ("OcppFleet", "csms-voltring") if room == "node" else ("Deployment", f"-{room}")
        pod = one(rendered, kind, name)["spec"]["template"]
        container = pod["spec"]["containers"][0]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
        ports = {port["name"] for port in container["ports"]}
        assert container["readinessProbe"]["httpGet"]["port"] in ports
        assert len(pod["spec"]["topologySpreadConstraints"]) == 2
        budget = one(rendered, "PodDisruptionBudget", f"-{room}")["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_the_nodes_keep_their_names_while_they_are_not_ready(helm: Helm) -> None:
    service = one(helm.template(TRIAL), "Service", "-node")["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)


def test_the_drain_fits_into_the_grace_period(helm: Helm) -> None:
    values = TRIAL | {"node": {"terminationGracePeriodSeconds": 120}}
    pod = one(helm.template(values), "OcppFleet", "csms-voltring")["spec"]["template"]["spec"]
    variables = {item["name"]: item.get("value") for item in pod["containers"][0]["env"]}
    assert (pod["terminationGracePeriodSeconds"], variables["VOLTRING_STOP_SECONDS"]) == (120, "90")


def test_migrations_run_before_everything_else(helm: Helm) -> None:
    external = helm.template({"postgres": {"existingSecret": "pg"}, "redis": {"existingSecret": "cache"}})
    job = one(external, "Job", "-migrations")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    # It must not lean on anything that is installed after it.
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    # An embedded PostgreSQL is not there before the install: each pod waits for the schema itself.
    trial = helm.template(TRIAL)
    assert not [item for item in trial if item["kind"] == "Job"]
    assert {name.split("/")[0] for name, item in containers(trial) if item["name"] == "migrate"} == {
        "csms-voltring",
        "csms-voltring-api",
        "csms-voltring-worker",
    }


@pytest.mark.parametrize("kind", ["OcppFleet", "OcppDrain"])
def test_our_own_kinds_are_valid_definitions(kind: str, schemas: Path) -> None:
    for version in (OLDEST, newest(schemas)):
        assert complaints(schemas, version, crd(kind)) == []


def test_the_definitions_are_a_part_of_the_chart(helm: Helm) -> None:
    names = {item["metadata"]["name"] for item in documents(helm.run("show", "crds", "charts/voltring"))}
    assert names == {"ocppfleets.voltring.io", "ocppdrains.voltring.io"}


def with_defaults(schema: Any, given: Any) -> Any:
    """As an API server fills it in."""
    if schema.get("type") != "object" or not isinstance(given, dict):
        return given
    filled = dict(given)
    for name, inner in schema.get("properties", {}).items():
        if name not in filled and "default" in inner:
            filled[name] = inner["default"]
        if name in filled:
            filled[name] = with_defaults(inner, filled[name])
    return filled


def test_the_defaults_of_the_definition_are_those_of_the_operator() -> None:
    spec = pytest.importorskip("voltring_operator.spec")
    schema = crd("OcppFleet")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    filled = with_defaults(schema, {"template": {}})
    assert spec.FleetSpec.model_validate(filled) == spec.FleetSpec()
    known = schema["properties"]
    assert known.keys() == names(spec.FleetSpec)
    for name, field in spec.FleetSpec.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            assert known[field.alias]["properties"].keys() == names(field.annotation), name


def names(form: Any) -> set[str]:
    """Of a form's fields, as documents have them."""
    return {field.alias for field in form.model_fields.values()}


def test_what_the_operator_writes_fits_the_definitions() -> None:
    drains = pytest.importorskip("voltring_operator.drains")
    status = pytest.importorskip("voltring_operator.fleet_status")
    head = {"apiVersion": "voltring.io/v1alpha1", "metadata": {"name": "x"}}
    drain = head | {"kind": "OcppDrain"}
    drain |= {"spec": drains.DrainSpec(fleet="f", slot=1).document(), "status": drains.DrainStatus().document()}
    assert [error.message for error in own("OcppDrain").iter_errors(drain)] == []
    fleet = head | {"kind": "OcppFleet", "spec": {"template": {}}, "status": status.FleetStatus().document()}
    assert [error.message for error in own("OcppFleet").iter_errors(fleet)] == []
    known = crd("OcppDrain")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    assert known.keys() == names(drains.DrainStatus)
    phases = {phase.value for phase in drains.DrainPhase}
    assert set(known["phase"]["enum"]) == phases
