"""The alert rules: each fires when it should, keeps quiet when it should, and has a runbook."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import chart_docs
import pytest
import yaml
from alert_cases import ALSO, CASES, NAMESPACE, Series
from chart_metrics import strangers
from chart_render import TRIAL, Helm, Refused, one

RULES = chart_docs.CHART / "files" / "alerts.yaml"
RUNBOOKS = chart_docs.CHART.parents[1] / "docs" / "runbooks"
HEADINGS = ["## What it means", "## Look", "## Do"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


NAMES = [rule["alert"] for rule in rules()]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus' own judge of rules."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return found


def judged(promtool: str, folder: Path, alert: str, given: Series, at: str) -> str:
    """What promtool says when it expects the alert not to fire: empty when it does not."""
    text = RULES.read_text(encoding="utf-8").replace("@namespace@", NAMESPACE).replace("@runbooks@", "runbooks")
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    series = [
        {"series": name.replace("{", f'{{namespace="{NAMESPACE}", ', 1), "values": values}
        for name, values in given.items()
    ]
    test = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": []}],
    }
    asked = {"rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == ("SUCCESS" in said), said
    return "" if done.returncode == 0 else said


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_fires_and_says_what_is_wrong(promtool: str, tmp_path: Path, alert: str) -> None:
    said = judged(promtool, tmp_path, alert, CASES[alert].fires, CASES[alert].at)
    assert f'alertname="{alert}"' in said, said
    assert f'summary="{CASES[alert].says}"' in said.replace("\\", ""), said
    assert "error expanding" not in said
    assert f'runbook_url="runbooks/{alert}.md"' in said.replace("\\", "")


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_keeps_quiet_when_nothing_is_wrong(promtool: str, tmp_path: Path, alert: str) -> None:
    for given in CASES[alert].quiet:
        assert judged(promtool, tmp_path, alert, given, CASES[alert].at) == "", given


@pytest.mark.parametrize("alert", ALSO)
def test_an_alert_fires_in_the_other_ways_as_well(promtool: str, tmp_path: Path, alert: str) -> None:
    for given in ALSO[alert]:
        assert f'alertname="{alert}"' in judged(promtool, tmp_path, alert, given, "40m"), given


def test_every_alert_has_cases_a_severity_a_runbook_and_a_release() -> None:
    assert set(NAMES) == CASES.keys()
    for rule in rules():
        name = rule["alert"]
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"}), name
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"] == f"@runbooks@/{name}.md"
        # Two releases that one Prometheus watches do not ring for each other.
        selectors = re.findall(r"\{[^}]*\}|(?:voltring|haproxy)_\w+(?![\w{])", rule["expr"])
        assert selectors
        assert all('namespace="@namespace@"' in one for one in selectors), name


def test_every_alert_is_about_metrics_and_labels_that_exist() -> None:
    assert {rule["alert"]: strangers(rule["expr"]) for rule in rules() if strangers(rule["expr"])} == {}


def test_every_runbook_says_what_it_means_where_to_look_and_what_to_do() -> None:
    assert {path.stem for path in RUNBOOKS.glob("Voltring*.md")} == set(NAMES)
    for path in RUNBOOKS.glob("Voltring*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.stem}\n"), path.name
        assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS, path.name
        assert "```sh" in text, path.name


def rendered(helm: Helm, **given: Any) -> dict[str, Any]:
    rules = {"enabled": True} | given
    return one(helm.template(TRIAL | {"monitoring": {"rules": rules}}), given.get("kind", "PrometheusRule"), "-alerts")


def test_the_chart_renders_them_for_its_release(helm: Helm) -> None:
    made = rendered(helm, labels={"release": "prometheus"}, alertLabels={"team": "a", "severity": "none"})
    assert made["metadata"]["labels"]["release"] == "prometheus"
    told = [rule for group in made["spec"]["groups"] for rule in group["rules"]]
    for rule, given in zip(told, rules(), strict=True):
        assert rule["expr"] == given["expr"].replace("@namespace@", "charging")
        assert rule["labels"] == given["labels"] | {"team": "a"}
        assert rule["annotations"]["summary"] == given["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


def test_a_prometheus_without_its_operator_gets_them_in_a_config_map(helm: Helm) -> None:
    plain = yaml.safe_load(rendered(helm, kind="ConfigMap")["data"]["voltring.yaml"])
    assert plain == rendered(helm)["spec"]


def test_an_alert_can_be_left_out_and_one_that_does_not_exist_is_a_mistake(helm: Helm) -> None:
    made = rendered(helm, disabled=["VoltringFleetFull"], runbookUrl="https://example.com/r")
    told = [rule for group in made["spec"]["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in told] == [name for name in NAMES if name != "VoltringFleetFull"]
    assert told[0]["annotations"]["runbook_url"] == f"https://example.com/r/{told[0]['alert']}.md"
    with pytest.raises(Refused, match="VoltringFull, and there is no such alert"):
        rendered(helm, disabled=["VoltringFull"])


def test_promtool_takes_them_as_they_are(promtool: str, helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rendered(helm, kind="ConfigMap")["data"]["voltring.yaml"], encoding="utf-8")
    done = subprocess.run([promtool, "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(NAMES)} rules found" in done.stdout
