"""What the pages for operators name is there: values, settings, metrics, alerts, files; and commands can be typed."""

import re
from pathlib import Path

import chart_docs
import chart_schema
import pytest
import yaml
from chart_metrics import METRIC, known

ROOT = chart_docs.CHART.parents[1]
PAGES = [ROOT / "docs" / "operations.md", *sorted((ROOT / "docs" / "runbooks").glob("*.md"))]
VALUES = yaml.safe_load(chart_docs.VALUES.read_text(encoding="utf-8"))
QUOTED = re.compile(r"`([^`\n]+)`")
VALUE = re.compile(r"^([a-z][A-Za-z]*(?:\.[A-Za-z_]+)+)(?:=[^ ]*)?$")


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> str:
    """Each page's text."""
    path: Path = request.param
    return path.read_text(encoding="utf-8")


def is_there(name: str) -> bool:
    """Whether the chart has that value; what is below `settings` is a setting of the room."""
    at = VALUES
    room, _, rest = name.partition(".")
    if rest.startswith("settings."):
        return rest.removeprefix("settings.") in chart_schema.settings_of(room).model_fields
    for part in name.split("."):
        if not isinstance(at, dict) or part not in at:
            # What a user fills in: labels, resources, lists.
            return isinstance(at, dict) and not at
        at = at[part]
    return True


def test_every_value_that_is_named_is_one_of_the_chart(page: str) -> None:
    named = [found[1] for one in QUOTED.findall(page) if (found := VALUE.match(one))]
    assert [name for name in named if name.split(".")[0] in VALUES and not is_there(name)] == []


def test_every_setting_and_metric_that_is_named_exists(page: str) -> None:
    settings = {name.upper() for room in chart_schema.OWN for name in chart_schema.settings_of(room).model_fields}
    assert {name for name in re.findall(r"VOLTRING_([A-Z_]+)", page) if name not in settings} == set()
    metrics = {name for name, _ in METRIC.findall(page) if name.startswith("voltring_") and name.count("_") > 2}
    names = known().keys() | {name.rpartition("_")[0] for name in known()}
    assert metrics <= names


def test_every_alert_and_file_that_is_named_exists(page: str) -> None:
    alerts = re.findall(r"alert: (\w+)", (chart_docs.CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
    assert {name for name in re.findall(r"`(Voltring[A-Z]\w+)`", page) if name not in alerts} == set()
    for name in re.findall(r"`((?:docs|charts)/[\w./-]+\.(?:md|yaml|json))`", page):
        assert (ROOT / name).exists(), name


def test_commands_can_be_typed_as_they_are(page: str) -> None:
    # kubectl watches one kind at a time.
    assert not re.findall(r"kubectl[^`\n]* get \w+,[\w,]+[^`\n]*(?:--watch|-w\b)", page)
    # Every kubectl that is about the release says where it is.
    cluster = (
        "kubectl get nodes",
        "kubectl get endpoints kubernetes",
        "kubectl auth",
        "kubectl apply",
        "kubectl cordon",
        "kubectl drain",
        "kubectl delete crd",
    )
    for line in re.findall(r"kubectl [a-z-][^`\n]*", page):
        known_elsewhere = line.startswith((*cluster, "kubectl port-forward", "kubectl get od", "kubectl describe"))
        assert line.startswith("kubectl -n ") or known_elsewhere, line
