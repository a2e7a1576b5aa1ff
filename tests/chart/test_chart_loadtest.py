"""The load test as a Job: off unless it is asked for, restricted, and let through where it has to go."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_render import EXTERNAL, TRIAL, Document, Helm, Refused, one
from click.testing import CliRunner

from voltring_loadtest.load import cli

ON = {"loadtest": {"enabled": True}}
TLS = {"router": {"tls": {"enabled": True, "existingSecret": "c"}}}


def job(rendered: list[Document]) -> Document:
    return next(item for item in rendered if "-loadtest-" in item["metadata"]["name"])


def words(rendered: list[Document]) -> list[str]:
    found: list[str] = job(rendered)["spec"]["template"]["spec"]["containers"][0]["args"]
    return found


def test_there_is_none_unless_it_is_asked_for(helm: Helm) -> None:
    for item in helm.template(TRIAL):
        assert "loadtest" not in item["metadata"]["name"]


def test_its_words_are_those_of_the_command(helm: Helm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {"enabled": True, "profile": "reconnect-storm", "chargers": 2000, "args": ["--connect-rate=500"]}
    room, *said = words(helm.template(TRIAL | {"loadtest": given}))
    assert room == "loadtest"
    asked: dict[str, Any] = {}
    monkeypatch.setattr(cli, "_trial", lambda profile, options: asked.update(options, profile=profile) or 1 / 0)
    done = CliRunner().invoke(cli.loadtest, said, env={"VOLTRING_LOADTEST_API_TOKEN": "t"})
    assert isinstance(done.exception, ZeroDivisionError), done.output
    assert (asked["profile"], asked["chargers"], asked["connect_rate"]) == ("reconnect-storm", 2000, 500.0)
    assert asked["url"] == "ws://csms-voltring-router.charging.svc:80/ocpp"
    assert asked["api"] == "http://csms-voltring-api.charging.svc:80"
    assert asked["registers"] is True
    # Nobody but this release may be loaded.
    assert asked["i_may_load"] == ("csms-voltring-router.charging.svc", "csms-voltring-api.charging.svc")


def test_it_is_restricted_writes_to_its_own_volumes_alone_and_says_what_it_needs(helm: Helm) -> None:
    pod = job(helm.template(TRIAL | ON))["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    written = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    places = {one["name"]: one.get("value", "") for one in container["env"]}
    assert places["MPLCONFIGDIR"].startswith("/scratch/")
    assert places["TMPDIR"] == "/scratch"
    assert "--out=/report" in container["args"]
    assert written == {"/report": "report", "/scratch": "scratch"}
    assert all(volume.keys() == {"name", "emptyDir"} for volume in pod["volumes"])


def test_a_report_can_be_kept(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"loadtest": {"enabled": True, "reportClaim": "reports"}})
    volumes = job(rendered)["spec"]["template"]["spec"]["volumes"]
    assert {"name": "report", "persistentVolumeClaim": {"claimName": "reports"}} in volumes


def test_other_values_make_another_job_and_the_same_ones_the_same(helm: Helm) -> None:
    names = {
        job(helm.template(TRIAL | {"loadtest": {"enabled": True} | more}, is_fresh=True))["metadata"]["name"]
        for more in ({}, {}, {"chargers": 2000}, {"profile": "command-storm"})
    }
    assert len(names) == 3
    assert all(len(name) <= 63 for name in names)


def test_it_may_reach_the_router_and_the_api_and_nobody_may_reach_it(helm: Helm) -> None:
    narrow = {
        "enabled": True,
        "routerFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "apiFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "egress": {"enabled": True},
    }
    rendered = helm.template(EXTERNAL | ON | {"networkPolicy": narrow})
    mine = one(rendered, "NetworkPolicy", "-loadtest")["spec"]
    assert mine["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "loadtest"
    assert mine["ingress"] == []
    reached = {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]: [port["port"] for port in rule["ports"]]
        for rule in mine["egress"]
        for peer in rule.get("to", ())
    }
    assert reached == {"router": [8080], "api": [8080]}
    for room in ("router", "api"):
        peers = [
            peer for rule in one(rendered, "NetworkPolicy", f"-{room}")["spec"]["ingress"] for peer in rule["from"]
        ]
        assert mine["podSelector"] in [peer.get("podSelector") for peer in peers], room


def test_a_router_that_takes_tls_alone_has_to_be_named(helm: Helm) -> None:
    with pytest.raises(Refused, match=r"say in loadtest\.url"):
        helm.template(EXTERNAL | ON | TLS)
    given = {"loadtest": {"enabled": True, "profile": "tls", "url": "wss://csms.example.com:8443/ocpp"}}
    said = words(helm.template(EXTERNAL | TLS | given))
    assert "--url=wss://csms.example.com:8443/ocpp" in said
    assert "--i-may-load=csms.example.com" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("profile", "storm"), ("chargers", 0), ("minutes", 100_000), ("url", "http://x"), ("args", ["; rm"])],
)
def test_nonsense_is_refused(helm: Helm, name: str, value: Any) -> None:
    with pytest.raises(Refused, match="schema"):
        helm.template(TRIAL | {"loadtest": {"enabled": True, name: value}})


def test_everything_has_it_on() -> None:
    file = Path(__file__).parent / "values" / "everything.yaml"
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["loadtest"]["enabled"] is True
