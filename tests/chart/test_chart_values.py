"""What may be given to the chart: every value is described, nonsense is refused with words that name it."""

from pathlib import Path
from typing import Any

import chart_docs
import chart_schema
import pytest
import yaml
from chart_render import EXTERNAL, TRIAL, Helm, Refused

FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
AGAIN = "run .venv/bin/python tests/helpers/chart_docs.py"


def nested(name: str, value: Any) -> dict[str, Any]:
    """`a.b=c` as a values file has it."""
    for key in reversed(name.split(".")):
        value = {key: value}
    return dict(value)


def joined(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {key: joined(one.get(key), other[key]) if key in other else one[key] for key in one | other}


def test_every_value_has_a_comment() -> None:
    assert chart_docs.undocumented() == []


def test_the_readme_has_every_value() -> None:
    assert chart_docs.readme() == chart_docs.README.read_text(encoding="utf-8"), AGAIN


def test_the_schema_is_made_of_the_values_and_the_settings() -> None:
    assert chart_schema.text() == chart_docs.SCHEMA.read_text(encoding="utf-8"), AGAIN


def test_every_limit_is_of_a_value_that_exists() -> None:
    assert set(chart_schema.LIMITS) <= {value.name for value in chart_docs.values()}


def test_defaults_are_allowed_by_their_own_schema(helm: Helm) -> None:
    assert helm.template(TRIAL)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_chart_is_rendered_and_has_no_lint(helm: Helm, file: Path) -> None:
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    rendered = helm.template(values)
    assert {"OcppFleet", "Deployment", "Service", "Role"} <= {item["kind"] for item in rendered}
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(chart_docs.CHART), "-f", str(file))


NONSENSE = {
    "router.replicas": (1, "router.replicas"),
    "fleet.slots.max": (0, "fleet.slots.max"),
    "fleet.target.cpu": ("half", "fleet.target.cpu"),
    "fleet.drain.limboWindow": ("wide", "fleet.drain.limboWindow"),
    "fleet.drain.firmwarePolicy": ("Ask", "fleet.drain.firmwarePolicy"),
    "fleet.rebalance.mode": (False, "fleet.rebalance.mode"),
    "fleet.upgrade.maxUnavailable": (2, "fleet.upgrade.maxUnavailable"),
    "fleet.scaleDown.blackout": ([{"from": "17", "to": "20:00"}], "fleet.scaleDown.blackout.0.from"),
    "fleet.replica": (3, "replica"),
    "node.settings.unknown_chargers": ("maybe", "node.settings.unknown_chargers"),
    "node.settings.heartbeat_interval": (1, "node.settings.heartbeat_interval"),
    "node.settings.stop_seconds": (5, "stop_seconds"),
    "node.settings.postgres_dsn": ("postgresql://x", "postgres_dsn"),
    "node.terminationGracePeriodSeconds": (10, "node.terminationGracePeriodSeconds"),
    "api.settings.heartbeat_interval": (300, "heartbeat_interval"),
    "router.tls.clientCertificates.mode": ("yes", "router.tls.clientCertificates.mode"),
    "router.service.type": ("Loadbalancer", "router.service.type"),
    "router.service.port": (70000, "router.service.port"),
    "image.pullPolicy": ("always", "image.pullPolicy"),
    "logLevel": ("TRACE", "logLevel"),
    "embedded.postgres.storage": ("8", "embedded.postgres.storage"),
    "embeded.enabled": (True, "embeded"),
    "fullnameOverride": ("Csms", "fullnameOverride"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_by_its_name(helm: Helm, name: str) -> None:
    value, said = NONSENSE[name]
    with pytest.raises(Refused) as refused:
        helm.template(joined(TRIAL, nested(name, value)))
    # Helm 3 writes a.b.0, Helm 4 /a/b/0.
    assert said in str(refused.value).replace("/", ".")
    assert "schema" in str(refused.value)


SENTENCES = [
    ({}, "postgres.existingSecret is empty: name a Secret that has the DSN"),
    ({"postgres": {"existingSecret": "pg"}}, "redis.existingSecret is empty: name a Secret"),
    (nested("fleet.slots.min", 20), "fleet.slots.min 20 is more than fleet.slots.max 10"),
    (nested("fleet.hardCap.connectionsPerPod", 100), "100 is less than fleet.target.connectionsPerPod 2500"),
    (nested("fleet.rebalance.stopRatio", "1.5"), "fleet.rebalance.stopRatio 1.5 is more than"),
    (nested("node.settings.call_timeout", 20), "node.settings.call_timeout and worker.settings.call_timeout must be"),
    (nested("router.tls.enabled", True), "router.tls.enabled without a certificate"),
    (nested("router.tls.clientCertificates.mode", "required"), "needs router.tls.enabled=true"),
    (
        nested("router.tls", {"enabled": True, "existingSecret": "c", "clientCertificates": {"mode": "required"}}),
        "name its Secret in router.tls.clientCertificates.caSecret",
    ),
    (
        nested("router.tls", {"enabled": True, "certManager": {"enabled": True}}),
        "needs router.tls.certManager.issuerRef and at least one of",
    ),
    (nested("api.ingress.enabled", True), "api.ingress.enabled needs at least one name in api.ingress.hosts"),
    (nested("api.gateway.enabled", True), "needs at least one Gateway in api.gateway.parentRefs"),
]


@pytest.mark.parametrize(("values", "said"), SENTENCES)
def test_values_that_do_not_go_together_end_with_a_sentence(helm: Helm, values: Any, said: str) -> None:
    with pytest.raises(Refused, match=said.replace(".", r"\.").replace("(", r"\(")):
        helm.template(values if "postgres" in values or not values else joined(EXTERNAL, values))


def test_settings_are_rendered_as_they_are_read(helm: Helm) -> None:
    # Numbers of values files are floats to Helm: 2097152 must not become 2.097152e+06.
    given = {"max_message_bytes": 2_097_152, "answer_deadline": 0.5, "hide_unknown": True}
    rendered = helm.template(joined(TRIAL, {"node": {"settings": given}}))
    (fleet,) = (item for item in rendered if item["kind"] == "OcppFleet")
    variables = {one["name"]: one.get("value") for one in fleet["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert variables["VOLTRING_MAX_MESSAGE_BYTES"] == "2097152"
    assert variables["VOLTRING_ANSWER_DEADLINE"] == "0.5"
    assert variables["VOLTRING_HIDE_UNKNOWN"] == "true"
