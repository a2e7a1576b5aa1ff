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
from chart_metrics import misnamed, strangers
from chart_render import TRIAL, Helm, Refused, one
from slo_cases import SLO_ALSO, SLO_CASES

ALL_CASES = CASES | SLO_CASES
MORE = [(name, given) for name, series in [*ALSO.items(), *SLO_ALSO.items()] for given in series]
RULES = (chart_docs.CHART / "files" / "alerts.yaml", chart_docs.CHART / "files" / "slo.yaml")
RUNBOOKS = chart_docs.CHART.parents[1] / "docs" / "runbooks"
HEADINGS = ["## What it means", "## Look", "## Do"]


def all_rules() -> list[dict[str, Any]]:
    """Alerts, and what is recorded for them."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def rules() -> list[dict[str, Any]]:
    """The alerts."""
    return [rule for rule in all_rules() if "alert" in rule]


NAMES = [rule["alert"] for rule in rules()]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus' own judge of rules."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return found


def group_of(alert: str) -> str:
    """The group of rules that an alert is in, as a file: what is recorded for it is there too."""
    for path in RULES:
        text = path.read_text(encoding="utf-8").replace("@namespace@", NAMESPACE).replace("@runbooks@", "runbooks")
        for group in yaml.safe_load(text)["groups"]:
            if any(rule.get("alert") == alert for rule in group["rules"]):
                return yaml.safe_dump({"groups": [group]})
    raise LookupError(alert)


def judged(promtool: str, folder: Path, alert: str, given: Series, at: str, every: str = "1m") -> str:
    """What promtool says when it expects the alert not to fire: empty when it does not."""
    (folder / "rules.yaml").write_text(group_of(alert), encoding="utf-8")
    series = [
        {"series": name.replace("{", f'{{namespace="{NAMESPACE}", ', 1), "values": values}
        for name, values in given.items()
    ]
    test = {
        "interval": every,
        "input_series": series,
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": []}],
    }
    asked = {"rule_files": ["rules.yaml"], "evaluation_interval": "30s" if every == "1m" else every, "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == ("SUCCESS" in said), said
    return "" if done.returncode == 0 else said


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_fires_and_says_what_is_wrong(promtool: str, tmp_path: Path, alert: str) -> None:
    case = ALL_CASES[alert]
    said = judged(promtool, tmp_path, alert, case.fires, case.at, case.every)
    assert f'alertname="{alert}"' in said, said
    assert f'summary="{ALL_CASES[alert].says}"' in said.replace("\\", ""), said
    assert "error expanding" not in said
    assert f'runbook_url="runbooks/{alert}.md"' in said.replace("\\", "")


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_keeps_quiet_when_nothing_is_wrong(promtool: str, tmp_path: Path, alert: str) -> None:
    for given in ALL_CASES[alert].quiet:
        assert judged(promtool, tmp_path, alert, given, ALL_CASES[alert].at, ALL_CASES[alert].every) == "", given


@pytest.mark.parametrize(("alert", "given"), MORE, ids=lambda one: one if isinstance(one, str) else "")
def test_an_alert_fires_in_the_other_ways_as_well(promtool: str, tmp_path: Path, alert: str, given: Series) -> None:
    at = "170m" if alert == "VoltringJobStands" else "40m"
    assert f'alertname="{alert}"' in judged(promtool, tmp_path, alert, given, at)


def test_every_alert_has_cases_a_severity_a_runbook_and_a_release() -> None:
    assert set(NAMES) == ALL_CASES.keys()
    for rule in all_rules():
        name = rule.get("alert") or rule["record"]
        # Two releases that one Prometheus watches do not ring for each other.
        selectors = re.findall(r"\{[^}]*\}|(?:voltring|haproxy)_[\w:]+(?![\w:{])", rule["expr"])
        assert selectors
        assert all('namespace="@namespace@"' in one for one in selectors), name
    for rule in rules():
        name = rule["alert"]
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"}), name
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"] == f"@runbooks@/{name}.md"


def test_every_alert_is_about_metrics_and_labels_that_exist() -> None:
    assert [(rule["expr"], strangers(rule["expr"])) for rule in all_rules() if strangers(rule["expr"])] == []
    assert [(rule["expr"], misnamed(rule["expr"])) for rule in all_rules() if misnamed(rule["expr"])] == []


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
    for rule, given in zip(told, all_rules(), strict=True):
        assert rule["expr"] == given["expr"].replace("@namespace@", "charging")
        if "record" in given:
            assert rule.keys() == {"record", "expr", "labels"}
            assert rule["labels"] == given["labels"]
            continue
        assert rule["labels"] == given["labels"] | {"team": "a"}
        assert rule["annotations"]["summary"] == given["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


def test_a_prometheus_without_its_operator_gets_them_in_a_config_map(helm: Helm) -> None:
    plain = yaml.safe_load(rendered(helm, kind="ConfigMap")["data"]["voltring.yaml"])
    assert plain == rendered(helm)["spec"]


def test_an_alert_can_be_left_out_and_one_that_does_not_exist_is_a_mistake(helm: Helm) -> None:
    made = rendered(helm, disabled=["VoltringFleetFull"], runbookUrl="https://example.com/r")
    told = [rule for group in made["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert [rule["alert"] for rule in told] == [name for name in NAMES if name != "VoltringFleetFull"]
    assert told[0]["annotations"]["runbook_url"] == f"https://example.com/r/{told[0]['alert']}.md"
    with pytest.raises(Refused, match="VoltringFull, and there is no such alert"):
        rendered(helm, disabled=["VoltringFull"])


def test_promtool_takes_them_as_they_are(promtool: str, helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rendered(helm, kind="ConfigMap")["data"]["voltring.yaml"], encoding="utf-8")
    done = subprocess.run([promtool, "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(all_rules())} rules found" in done.stdout
