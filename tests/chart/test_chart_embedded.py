"""The servers of a trial: they start on a read-only image as a number, and have room for everybody who connects."""

from chart_render import TRIAL, Document, Helm, one


def postgres(helm: Helm, **more: object) -> Document:
    found: Document = one(helm.template(TRIAL | more), "StatefulSet", "-postgres")["spec"]["template"]["spec"]
    return found


def connections(pod: Document) -> int:
    (flag, setting) = pod["containers"][0]["args"]
    assert flag == "-c"
    return int(setting.removeprefix("max_connections="))


def test_postgres_has_a_connection_for_every_room_of_the_largest_fleet(helm: Helm) -> None:
    assert connections(postgres(helm)) == 300
    large = postgres(helm, fleet={"slots": {"min": 2, "max": 60}}, api={"replicas": 6})
    assert connections(large) == 12 * 61 + 20 * 7 + 14


def test_they_write_to_volumes_that_belong_to_their_user_alone(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    for name, wanted in (
        ("-postgres", "/var/lib/postgresql/data /var/run/postgresql /tmp /dev/shm"),
        ("-valkey", "/data"),
    ):
        pod = one(rendered, "StatefulSet", name)["spec"]["template"]["spec"]
        context = pod["securityContext"]
        assert (context["runAsUser"], context["fsGroup"]) == (999, 999)
        assert context["fsGroupChangePolicy"] == "OnRootMismatch"
        assert {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]} == set(wanted.split())
        assert pod["containers"][0]["readinessProbe"]
        assert "livenessProbe" not in pod["containers"][0], "to be slow is no reason to be killed"


def test_postgres_keeps_its_data_below_the_root_of_its_volume(helm: Helm) -> None:
    variables = {item["name"]: item.get("value") for item in postgres(helm)["containers"][0]["env"]}
    assert str(variables["PGDATA"]).startswith("/var/lib/postgresql/data/")


def test_their_volumes_and_passwords_outlive_the_release(helm: Helm) -> None:
    rendered = helm.template(TRIAL)
    for name in ("-postgres", "-valkey"):
        spec = one(rendered, "StatefulSet", name)["spec"]
        # Kubernetes keeps the volumes of templates unless it is told otherwise.
        assert "persistentVolumeClaimRetentionPolicy" not in spec
        assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == ["data"]
    assert one(rendered, "Secret", "-embedded")["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
