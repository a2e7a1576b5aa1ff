"""What must never change over upgrades: names, and the labels by which pods are found."""

from chart_render import EXTERNAL, TRIAL, Document, Helm, one

ROOMS = ("api", "operator", "router", "worker")
NAMES = {
    *(("Deployment", f"csms-voltring-{room}") for room in ROOMS),
    *(("PodDisruptionBudget", f"csms-voltring-{room}") for room in (*ROOMS, "node")),
    *(("NetworkPolicy", f"csms-voltring-{room}") for room in (*ROOMS, "node", "embedded-postgres", "embedded-valkey")),
    *(("Service", f"csms-voltring-{name}") for name in ("node", "router", "api", "postgres", "valkey")),
    *(("StatefulSet", f"csms-voltring-{name}") for name in ("postgres", "valkey")),
    *(("Secret", f"csms-voltring-{name}") for name in ("tokens", "embedded")),
    ("ConfigMap", "csms-voltring-router"),
    *(("ServiceAccount", name) for name in ("csms-voltring", "csms-voltring-operator")),
    *((kind, "csms-voltring-operator") for kind in ("Role", "RoleBinding")),
    *((kind, "charging-csms-voltring-operator") for kind in ("ClusterRole", "ClusterRoleBinding")),
    ("OcppFleet", "csms-voltring"),
    ("Pod", "csms-voltring-test"),
}


def selector(room: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "voltring",
        "app.kubernetes.io/instance": "csms",
        "app.kubernetes.io/component": room,
    }


def names(rendered: list[Document]) -> set[tuple[str, str]]:
    return {(item["kind"], item["metadata"]["name"]) for item in rendered}


def test_objects_keep_their_names(helm: Helm) -> None:
    assert names(helm.template(TRIAL)) == NAMES
    kept = {name for name in NAMES if "embedded" not in name[1] and name[1][14:] not in ("postgres", "valkey")}
    assert names(helm.template(EXTERNAL)) == kept | {("Job", "csms-voltring-migrations")}


def test_pods_are_found_by_the_same_labels_whatever_is_upgraded(helm: Helm) -> None:
    newer = {"image": {"tag": "9.9.9"}, "commonLabels": {"team": "a"}, "logLevel": "DEBUG"}
    for values in (TRIAL, TRIAL | newer):
        rendered = helm.template(values)
        for room in ROOMS:
            spec = one(rendered, "Deployment", f"-{room}")["spec"]
            assert spec["selector"]["matchLabels"] == selector(room)
            assert selector(room).items() <= spec["template"]["metadata"]["labels"].items()
            assert "app.kubernetes.io/version" not in spec["template"]["metadata"]["labels"]
        assert one(rendered, "Service", "-node")["spec"]["selector"] == selector("node")
        labels = one(rendered, "OcppFleet", "voltring")["spec"]["template"]["metadata"]["labels"]
        assert selector("node").items() <= labels.items()


def test_an_upgrade_that_changes_nothing_for_a_room_does_not_restart_it(helm: Helm) -> None:
    given = EXTERNAL | {"secrets": {"existingSecret": "tokens"}}
    before = helm.template(given)
    after = helm.template(given | {"monitoring": {"podMonitors": {"enabled": True}}, "commonLabels": {"team": "a"}})
    for room in ROOMS:
        kept = [one(some, "Deployment", f"-{room}")["spec"]["template"] for some in (before, after)]
        assert kept[0] == kept[1], room
    fleets = [one(some, "OcppFleet", "csms-voltring")["spec"] for some in (before, after)]
    assert fleets[0] == fleets[1]


def test_another_version_of_the_rooms_restarts_no_router(helm: Helm) -> None:
    some = [helm.template(TRIAL | {"image": {"tag": tag}}) for tag in ("1", "2")]
    routers = [one(rendered, "Deployment", "-router")["spec"]["template"] for rendered in some]
    assert routers[0] == routers[1]


def test_a_changed_setting_or_image_changes_the_nodes_template(helm: Helm) -> None:
    given = EXTERNAL | {"secrets": {"existingSecret": "tokens"}}
    before = one(helm.template(given), "OcppFleet", "csms-voltring")["spec"]
    for change in ({"image": {"tag": "2"}}, {"node": {"settings": {"ping_interval": 20}}}, {"logLevel": "DEBUG"}):
        after = one(helm.template(given | change), "OcppFleet", "csms-voltring")["spec"]
        assert after["template"] != before["template"]
        assert {key: value for key, value in after.items() if key != "template"} == {
            key: value for key, value in before.items() if key != "template"
        }


def test_the_charts_own_test_is_there_where_a_charger_can_connect_without_a_certificate(helm: Helm) -> None:
    for mode, plain, expected in (("optional", False, True), ("required", True, True), ("required", False, False)):
        tls = {"enabled": True, "plain": plain, "existingSecret": "c"}
        tls |= {"clientCertificates": {"mode": mode, "caSecret": "ca"}}
        found = [item for item in helm.template(EXTERNAL | {"router": {"tls": tls}}) if item["kind"] == "Pod"]
        assert bool(found) is expected, (mode, plain)


def test_the_size_is_left_to_the_operator_unless_it_is_given(helm: Helm) -> None:
    assert "replicas" not in one(helm.template(TRIAL), "OcppFleet", "csms-voltring")["spec"]
    given = TRIAL | {"fleet": {"replicas": 4}}
    assert one(helm.template(given), "OcppFleet", "csms-voltring")["spec"]["replicas"] == 4


def test_a_release_that_is_named_as_the_chart_says_it_once(helm: Helm) -> None:
    assert one(helm.template(TRIAL, release="voltring"), "OcppFleet", "")["metadata"]["name"] == "voltring"
