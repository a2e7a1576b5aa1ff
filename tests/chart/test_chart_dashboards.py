"""Grafana's dashboards: committed as they are generated, every panel explained, every expression about what exists."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chart_docs
import httpx
import pytest
import yaml
from chart_metrics import ROUTER, misnamed, strangers
from chart_render import TRIAL, Helm

from voltring_core import metrics
from voltring_core.testing import eventually, free_port

PROGRAM = chart_docs.CHART.parent / "dashboards"
FILES = sorted((chart_docs.CHART / "files" / "dashboards").glob("*.json"))
UNITS = {"bytes", "cps", "ops", "percentunit", "reqps", "s", "short", "watt", "watth"}
"""Of Grafana's (`@grafana/data`, valueFormats/categories), those that are used."""
ROOT = chart_docs.CHART.parents[1]
REPEATED = {"options", "fieldConfig", "datasource", "targets", "description", "title", "type", "id", "gridPos"}


NOT_SHOWN: set[str] = set()
"""What is for those who ask Prometheus themselves."""


def board(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> Iterator[dict[str, Any]]:
    """But for the headings."""
    yield from (panel for panel in board(path)["panels"] if panel["type"] != "row")


def expressions() -> list[tuple[str, str]]:
    """(panel, expression) of all dashboards, as Prometheus would be asked."""
    return [
        (
            f"{path.stem}: {panel['title']}",
            target["expr"].replace("$__rate_interval", "5m").replace("$namespace", "charging"),
        )
        for path in FILES
        for panel in panels(path)
        for target in panel["targets"]
    ]


def test_the_committed_files_are_what_the_program_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(PROGRAM), str(tmp_path)], check=True)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.relative_to(ROOT) for path in FILES} < made
    for path in made:
        assert (ROOT / path).read_text(encoding="utf-8") == (tmp_path / path).read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_has_a_unit_a_description_a_place_and_asks_for_the_release(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board(path)["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for panel in panels(path):
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert len(panel["description"]) > 15, panel["title"]
        for target in panel["targets"]:
            assert target["expr"].count("{") == target["expr"].count('namespace="$namespace"'), target["expr"]
    titles = [panel["title"] for panel in panels(path)]
    assert len(titles) == len(set(titles))
    numbers = [panel["id"] for panel in board(path)["panels"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafana_finds_all_that_it_demands_of_a_dashboard(path: Path) -> None:
    made = board(path)
    # Grafana 10.4 reads this version as it is; a dashboard of a file has no id of its own, and a short uid.
    assert made["schemaVersion"] == 39
    assert "id" not in made
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", made["uid"])
    variables = {one["name"]: one for one in made["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["namespace"]["datasource"]["uid"] == "${datasource}"
    for panel in panels(path):
        assert panel["type"] in {"stat", "timeseries"}, panel["title"]
        assert panel.keys() == REPEATED, panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)) > 0, panel["title"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        for target in panel["targets"]:
            assert target["instant"] is not target["range"]
            named = set(re.findall(r"\$\{?(\w+)", target["expr"] + target["legendFormat"]))
            assert named <= {"namespace", "__rate_interval"}, target["expr"]
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None, panel["title"]
    for row in (panel for panel in made["panels"] if panel["type"] == "row"):
        assert (row["gridPos"]["x"], row["gridPos"]["w"], row["gridPos"]["h"], row["panels"]) == (0, 24, 1, [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_label_in_a_legend_is_one_that_the_expression_leaves(path: Path) -> None:
    for panel in panels(path):
        for target in panel["targets"]:
            left = {label for by in re.findall(r"\bby \(([^)]*)\)", target["expr"]) for label in re.findall(r"\w+", by)}
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= left, (panel["title"], target)


def test_every_metric_of_ours_stands_on_a_dashboard_or_is_known_not_to() -> None:
    shown = " ".join(expression for _, expression in expressions())
    ours = {one.metric._name for one in metrics.CATALOGUE.values()}
    matched = {
        name
        for pattern in re.findall(r'__name__=~"([^"]+)"', shown)
        for name in ours
        if re.match(pattern, f"{name}_total")
    }
    missing = {name for name in ours if not re.search(rf"\b{name}(_total|_bucket|_sum|_count)?\b", shown)} - matched
    assert missing == NOT_SHOWN


def test_every_expression_is_about_metrics_and_labels_that_exist() -> None:
    assert len(expressions()) > 120
    assert {name: strangers(expression) for name, expression in expressions() if strangers(expression)} == {}


def test_every_value_of_a_label_that_is_asked_for_is_one_that_it_has() -> None:
    assert {name: misnamed(expression) for name, expression in expressions() if misnamed(expression)} == {}


def test_a_metric_or_label_or_value_that_does_not_exist_is_found() -> None:
    assert strangers("rate(voltring_node_acepted_total[5m])") == {"voltring_node_acepted_total"}
    assert strangers('voltring_node_accepted_total{action="x"}') == {"voltring_node_accepted_total: action"}
    assert strangers("sum by (pod, rank) (voltring_node_accepted_total)") == {"rank"}
    assert misnamed('voltring_node_ready{} + voltring_node_commands_total{state="DONE"}') == {
        "voltring_node_commands_total: state=DONE"
    }
    assert misnamed('voltring_node_commands_total{state=~"UNKNOWN|DONE"}')
    assert misnamed('voltring_node_acknowledgement_seconds_bucket{le="1"}')
    assert not misnamed('voltring_node_acknowledgement_seconds_bucket{le="1.0", version!="2.1"}')
    assert strangers('sum by (state) ({__name__=~"voltring_node_(commands|orders)_total", state="X"})') == set()
    assert strangers('{__name__=~"voltring_node_orders_total"}')


def test_every_link_between_dashboards_and_every_uid_is_its_own() -> None:
    uids = [board(path)["uid"] for path in FILES]
    assert len(uids) == len(set(uids))
    assert all(board(path)["tags"] == ["voltring"] for path in FILES)


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    rules = [{"record": f"panel:{number}", "expr": one} for number, (_, one) in enumerate(expressions())]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", "--lint=none", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_chart_gives_each_a_config_map_that_grafana_finds(helm: Helm) -> None:
    given = {"enabled": True, "labels": {"find": "me"}, "annotations": {"grafana_folder": "Charging"}}
    rendered = helm.template(TRIAL | {"monitoring": {"dashboards": given}})
    maps = {
        item["metadata"]["name"]: item
        for item in rendered
        if item["kind"] == "ConfigMap" and "-dashboard-" in item["metadata"]["name"]
    }
    assert maps.keys() == {f"csms-voltring-dashboard-{path.stem}" for path in FILES}
    for path in FILES:
        made = maps[f"csms-voltring-dashboard-{path.stem}"]
        assert json.loads(made["data"][f"voltring-{path.stem}.json"]) == board(path)
        assert made["metadata"]["labels"]["find"] == "me"
        assert made["metadata"]["annotations"] == {"grafana_folder": "Charging"}


def _asked(address: str) -> str:
    try:
        return httpx.get(address).text
    except httpx.TransportError:
        return ""


async def test_the_routers_metrics_that_are_used_are_haproxys(tmp_path: Path) -> None:
    if shutil.which("haproxy") is None:
        pytest.skip("haproxy is not installed")
    admin, port = free_port(), free_port()
    (tmp_path / "haproxy.cfg").write_text(
        f"""
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend chargers
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    server node-0 127.0.0.1:9
frontend admin
    bind 127.0.0.1:{admin}
    http-request use-service prometheus-exporter if {{ path /metrics }}
""",
        encoding="utf-8",
    )
    words = ("haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg"))
    router = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    try:
        told = ""

        async def answers() -> bool:
            nonlocal told
            told = _asked(f"http://127.0.0.1:{admin}/metrics")
            return "haproxy_backend_active_servers" in told

        await eventually(answers, 60)
    finally:
        router.terminate()
        await asyncio.wait_for(router.wait(), 60)
    for name, labels in ROUTER.items():
        found = next(line for line in told.splitlines() if line.startswith(f"{name}{{"))
        assert all(f'{label}="' in found for label in labels), found
