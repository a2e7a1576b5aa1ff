"""Secrets are made once and kept: Helm looks for them in the cluster before it makes any."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_cluster import Cluster, running
from chart_render import EXTERNAL, TRIAL, Document, Helm, containers, one


@pytest.fixture
def cluster() -> Cluster:
    """An empty one."""
    return Cluster()


@pytest.fixture
def installed(helm: Helm, cluster: Cluster, tmp_path: Path) -> Iterator[Any]:
    """Render as an install or upgrade does, with a look into the cluster."""
    with running(cluster, tmp_path) as config:

        def render(values: Any, *words: str) -> list[Document]:
            flags = ("--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(config), *words)
            return helm.template(values, *flags, is_fresh=True)

        yield render


def kept(cluster: Cluster, rendered: list[Document]) -> None:
    """What an install leaves in the cluster."""
    cluster.secrets = {item["metadata"]["name"]: item for item in rendered if item["kind"] == "Secret"}


def annotations(rendered: list[Document]) -> list[dict[str, str]]:
    return [
        item["spec"]["template"]["metadata"].get("annotations", {})
        for item in rendered
        if item["kind"] in ("Deployment", "OcppFleet")
    ]


def test_secrets_are_made_once_and_kept_over_upgrades_and_nothing_restarts_for_it(
    cluster: Cluster, installed: Any
) -> None:
    first = installed(TRIAL)
    kept(cluster, first)
    again = installed(TRIAL, "--is-upgrade")
    for name in ("-tokens", "-embedded"):
        assert one(again, "Secret", name)["data"] == one(first, "Secret", name)["data"]
        assert one(first, "Secret", name)["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert annotations(again) == annotations(first)


def test_addresses_are_made_of_the_kept_passwords(cluster: Cluster, installed: Any) -> None:
    first = installed(TRIAL)
    data = {key: b64decode(value).decode() for key, value in one(first, "Secret", "-embedded")["data"].items()}
    password = data["postgres-password"]
    assert data["postgres-dsn"] == f"postgresql://voltring:{password}@csms-voltring-postgres.charging.svc:5432/voltring"
    assert data["redis-url"] == f"redis://:{data['valkey-password']}@csms-voltring-valkey.charging.svc:6379/0"


def test_a_key_that_was_deleted_is_made_anew_and_the_other_one_stays(cluster: Cluster, installed: Any) -> None:
    first = installed(TRIAL)
    kept(cluster, first)
    before = dict(one(first, "Secret", "-tokens")["data"])
    del cluster.secrets["csms-voltring-tokens"]["data"]["admin-token"]
    again = installed(TRIAL, "--is-upgrade")
    after = one(again, "Secret", "-tokens")["data"]
    assert after["bootstrap-token"] == before["bootstrap-token"]
    assert after["admin-token"] != before["admin-token"]
    nodes = [one(some, "OcppFleet", "csms-voltring")["spec"]["template"] for some in (first, again)]
    assert nodes[0] != nodes[1], "the nodes have to be replaced for it"


def test_a_given_secret_that_changes_replaces_the_pods_that_read_it(cluster: Cluster, installed: Any) -> None:
    def secret(**values: str) -> Document:
        data = {key: b64encode(value.encode()).decode() for key, value in values.items()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "charging"}, "data": data}

    cluster.secrets = {"pg": secret(dsn="one"), "cache": secret(url="one"), "tokens": secret(**{"admin-token": "one"})}
    values = EXTERNAL | {"secrets": {"existingSecret": "tokens"}}
    before, unchanged = installed(values), installed(values)
    assert annotations(before) == annotations(unchanged)
    cluster.secrets["pg"] = secret(dsn="two")
    changed = installed(values)
    for room, is_other in (("api", True), ("worker", True), ("operator", False), ("router", False)):
        some = [one(rendered, "Deployment", f"-{room}")["spec"]["template"] for rendered in (before, changed)]
        assert (some[0] != some[1]) is is_other, room
    fleets = [one(rendered, "OcppFleet", "csms-voltring")["spec"]["template"] for rendered in (before, changed)]
    assert fleets[0] != fleets[1]
    assert not [item for item in changed if item["kind"] == "Secret"]
    assert set(cluster.asked) == {"pg", "cache", "tokens"}


def templates(rendered: list[Document]) -> dict[str, Document]:
    """Of the pods that read a token, by room."""
    rooms = {room: one(rendered, "Deployment", f"-{room}")["spec"]["template"] for room in ("api", "operator")}
    return rooms | {"node": one(rendered, "OcppFleet", "csms-voltring")["spec"]["template"]}


def changed(before: list[Document], after: list[Document]) -> set[str]:
    some, others = templates(before), templates(after)
    return {room for room in some if some[room] != others[room]}


def test_a_new_first_api_key_restarts_the_api_alone(cluster: Cluster, installed: Any) -> None:
    first = installed(TRIAL)
    kept(cluster, first)
    del cluster.secrets["csms-voltring-tokens"]["data"]["bootstrap-token"]
    assert changed(first, installed(TRIAL, "--is-upgrade")) == {"api"}


@pytest.mark.parametrize("values", [TRIAL, EXTERNAL | {"secrets": {"existingSecret": "tokens"}}], ids=["made", "given"])
def test_the_operators_token_is_replaced_with_one_roll_of_the_nodes(
    cluster: Cluster, installed: Any, values: Any
) -> None:
    is_given = "secrets" in values
    name = "tokens" if is_given else "csms-voltring-tokens"
    if is_given:
        data = {"admin-token": b64encode(b"a" * 40).decode(), "bootstrap-token": b64encode(b"b" * 40).decode()}
        cluster.secrets = {name: {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}}
    first = installed(values)
    if not is_given:
        kept(cluster, first)
    tokens = cluster.secrets[name]["data"]
    tokens["admin-token-previous"] = tokens.pop("admin-token")
    if is_given:
        tokens["admin-token"] = b64encode(b"c" * 40).decode()
    second = installed(values, "--is-upgrade")
    assert changed(first, second) == {"node", "operator"}
    if not is_given:
        made = one(second, "Secret", name)["data"]
        assert made["admin-token"] != tokens["admin-token-previous"]
        tokens["admin-token"] = made["admin-token"]
    del tokens["admin-token-previous"]
    assert changed(second, installed(values, "--is-upgrade")) == {"operator"}


def test_only_the_operator_is_given_the_previous_token_and_it_may_be_missing(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    found = {
        name.partition("/")[2]: variable["valueFrom"]["secretKeyRef"]
        for name, container in containers(rendered)
        for variable in container.get("env", ())
        if variable["name"] == "VOLTRING_ADMIN_TOKEN_PREVIOUS"
    }
    assert found == {"operator": {"name": "csms-voltring-tokens", "key": "admin-token-previous", "optional": True}}
