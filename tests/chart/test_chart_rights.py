"""Who may do what: the operator's rights one by one, who may reach whom, and where secrets are."""

import json
from pathlib import Path

import pytest
import yaml
from chart_render import EXTERNAL, TRIAL, Document, Helm, containers, one, pods

FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
RIGHTS = {
    "voltring.io/ocppfleets": "get list watch",
    "voltring.io/ocppfleets/status": "patch",
    "voltring.io/ocppfleets/finalizers": "update",
    "voltring.io/ocppdrains": "get list watch create delete",
    "voltring.io/ocppdrains/status": "patch",
    "apps/statefulsets": "get list watch create patch",
    "pods": "get list watch delete",
    "coordination.k8s.io/leases": "get create patch delete",
    "events": "create",
}
"""All that the operator may do in its namespace. No Secrets, no exec, no roles."""


def rights(role: Document) -> dict[str, str]:
    found = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                name = f"{group}/{resource}" if group else resource
                assert name not in found
                found[name] = " ".join(rule["verbs"])
    return found


def test_the_operator_may_do_this_and_nothing_else(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    assert rights(one(rendered, "Role", "-operator")) == RIGHTS
    assert rights(one(rendered, "ClusterRole", "-operator")) == {"nodes": "list"}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        binding = one(rendered, kind, "-operator")
        (subject,) = binding["subjects"]
        assert (subject["name"], subject["namespace"]) == ("csms-voltring-operator", "charging")


def test_without_a_look_at_machines_it_has_no_right_beyond_its_namespace(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"operator": {"watchMachines": False}})
    assert not [item for item in rendered if item["kind"].startswith("ClusterRole")]
    assert one(rendered, "Role", "-operator")


def test_only_the_operator_can_speak_to_kubernetes(helm: Helm) -> None:
    for name, pod in pods(helm.template(EXTERNAL)):
        expected = name.endswith("-operator")
        assert pod["automountServiceAccountToken"] is expected, name
        assert (pod.get("serviceAccountName") == "csms-voltring-operator") is expected, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_secret_is_anywhere_but_in_a_secret(helm: Helm, file: Path) -> None:
    rendered = helm.template(yaml.safe_load(file.read_text(encoding="utf-8")))
    secrets = [item for item in rendered if item["kind"] == "Secret"]
    others = json.dumps([item for item in rendered if item["kind"] != "Secret"])
    for secret in secrets:
        for value in secret["data"].values():
            assert value not in others
    for name, container in containers(rendered):
        for variable in container.get("env", ()):
            if any(word in variable["name"] for word in ("DSN", "TOKEN", "PASSWORD", "REDIS_URL")):
                assert "secretKeyRef" in variable["valueFrom"], (name, variable["name"])


def test_no_value_has_a_default_secret(helm: Helm) -> None:
    first, second = helm.template(TRIAL), helm.template(TRIAL, is_fresh=True)
    for name in ("-tokens", "-embedded"):
        one_of, other = one(first, "Secret", name)["data"], one(second, "Secret", name)["data"]
        assert all(one_of[key] != other[key] for key in one_of), name
        assert all(len(value) >= 32 for value in one_of.values()), name
    given = helm.template(EXTERNAL | {"secrets": {"existingSecret": "tokens"}})
    assert not [item for item in given if item["kind"] == "Secret"]


def reach(rendered: list[Document], room: str) -> dict[object, set[str]]:
    """Who may reach which port of a room, by component; "all" where nobody is named."""
    found: dict[object, set[str]] = {}
    for rule in one(rendered, "NetworkPolicy", f"-{room}")["spec"]["ingress"]:
        who = {
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] if "podSelector" in peer else "others"
            for peer in rule.get("from", ())
        } or {"all"}
        for port in rule["ports"]:
            found.setdefault(port["port"], set()).update(who)
    return found


def test_only_those_who_have_to_may_reach_a_pod(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    assert reach(rendered, "node") == {9000: {"router"}, 9001: {"router", "operator", "node", "others"}}
    assert reach(rendered, "router") == {"ocpp": {"all"}, "ocpps": {"all"}, 8404: {"others"}}
    assert reach(rendered, "api") == {8080: {"all"}, 9001: {"others"}}
    assert reach(rendered, "embedded-postgres") == {5432: {"node", "api", "worker", "migrations"}}
    assert reach(rendered, "embedded-valkey") == {6379: {"node", "api", "worker"}}
    narrow = {"networkPolicy": {"apiFrom": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]}}
    assert reach(helm.template(TRIAL | narrow), "api") == {8080: {"others", "test"}, 9001: {"others"}}


def test_every_policy_is_about_pods_that_exist(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    labels = [item["spec"]["template"]["metadata"]["labels"] for item in rendered if "template" in item.get("spec", {})]
    for policy in (item for item in rendered if item["kind"] in ("NetworkPolicy", "PodDisruptionBudget")):
        wanted = policy["spec"].get("podSelector", policy["spec"].get("selector"))["matchLabels"]
        assert any(wanted.items() <= given.items() for given in labels), policy["metadata"]["name"]


EVERYWHERE = frozenset({"everywhere"})


def way(rendered: list[Document], room: str) -> dict[object, set[str]]:
    """Where a room may go, by port: components, `others`, or `everywhere`."""
    found: dict[object, set[str]] = {}
    policy = one(rendered, "NetworkPolicy", f"-{room}")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    for rule in policy["egress"]:
        where = {
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            if peer.keys() == {"podSelector"}
            else "others"
            for peer in rule.get("to", ())
        } or EVERYWHERE
        for port in rule["ports"]:
            found.setdefault(port["port"], set()).update(where)
    return found


def test_pods_may_go_anywhere_until_it_is_switched_off(helm: Helm) -> None:
    policies = [item["spec"] for item in helm.template(EXTERNAL) if item["kind"] == "NetworkPolicy"]
    assert all(policy["policyTypes"] == ["Ingress"] and "egress" not in policy for policy in policies)


def test_pods_go_where_they_have_to_and_nowhere_else(helm: Helm) -> None:
    rendered = helm.template(EXTERNAL | {"networkPolicy": {"egress": {"enabled": True}}})
    servers = {53: EVERYWHERE, 5432: EVERYWHERE, 6379: EVERYWHERE}
    assert way(rendered, "node") == servers | {9001: {"node"}}
    assert way(rendered, "api") == servers
    assert way(rendered, "worker") == servers
    assert way(rendered, "router") == {53: EVERYWHERE, 9000: {"node"}, 9001: {"node"}}
    assert way(rendered, "operator") == {53: EVERYWHERE, 443: EVERYWHERE, 6443: EVERYWHERE, 9001: {"node"}}


def test_embedded_servers_are_reached_by_their_labels_and_go_nowhere(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"networkPolicy": {"egress": {"enabled": True}}})
    for room in ("node", "api", "worker"):
        reached = way(rendered, room)
        assert (reached[5432], reached[6379]) == ({"embedded-postgres"}, {"embedded-valkey"})
    assert way(rendered, "embedded-postgres") == way(rendered, "embedded-valkey") == {}


def test_addresses_that_are_known_narrow_it(helm: Helm) -> None:
    block = [{"ipBlock": {"cidr": "10.1.0.0/24"}}]
    more = {"to": [{"namespaceSelector": {"matchLabels": {"name": "telemetry"}}}], "ports": [{"port": 4318}]}
    egress = {"enabled": True, "postgres": {"to": block, "ports": [6432]}, "kubernetes": {"to": block}, "extra": [more]}
    rendered = helm.template(EXTERNAL | {"networkPolicy": {"egress": egress}})
    assert way(rendered, "node") == {
        53: EVERYWHERE,
        6379: EVERYWHERE,
        6432: {"others"},
        9001: {"node"},
        4318: {"others"},
    }
    operator = one(rendered, "NetworkPolicy", "-operator")["spec"]["egress"]
    assert {"to": block, "ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]} in operator


def test_every_way_out_is_a_way_in_at_the_other_end(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"networkPolicy": {"egress": {"enabled": True}}})
    for room in ("node", "router", "api", "worker", "operator"):
        for port, others in way(rendered, room).items():
            for other in others & {"node", "embedded-postgres", "embedded-valkey"}:
                assert room in reach(rendered, other)[port], (room, other, port)


def test_who_reads_metrics_reaches_the_apis_as_well(helm: Helm) -> None:
    policy = {
        "apiFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {}}}],
    }
    rendered = helm.template(TRIAL | {"networkPolicy": policy})
    serves, tells = one(rendered, "NetworkPolicy", "-api")["spec"]["ingress"]
    assert ([one["port"] for one in serves["ports"]], [one["port"] for one in tells["ports"]]) == ([8080], [9001])
    assert policy["apiFrom"][0] in serves["from"]
    assert policy["metricsFrom"][0] not in serves["from"]
    assert tells["from"] == policy["metricsFrom"]
