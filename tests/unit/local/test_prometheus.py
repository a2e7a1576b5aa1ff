"""Prometheus beside the rooms: where it is found, what it is told to read."""

import json
from pathlib import Path

import pytest
import yaml

from voltring_local.errors import StartFailed
from voltring_local.options import Options
from voltring_local.ports import free_port
from voltring_local.prometheus import Files, configuration, prepare, program, rules
from voltring_local.up import _prometheus_port

PORTS = {"api": 20_001, "worker": 20_002, "node-0": 20_003}


def _made(folder: Path, name: str = "prometheus") -> Path:
    made = folder / name
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    return made


def test_the_program_of_the_path_is_taken_unless_one_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, given = _made(tmp_path), _made(tmp_path, "mine")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(None) == found
    assert program(given) == given


def test_one_that_is_missing_is_told_how_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        StartFailed, match=r"apt-get install prometheus.*--prometheus, or start without --observability"
    ):
        program(None)
    with pytest.raises(StartFailed, match=r"--prometheus /nowhere is no program"):
        program(Path("/nowhere"))


def test_every_room_is_asked_under_the_labels_that_the_rules_select_by(tmp_path: Path) -> None:
    files = Files.of(tmp_path)
    prepare(files, PORTS)
    told = yaml.safe_load(files.configuration.read_text())
    assert told == json.loads(json.dumps(configuration(PORTS)))
    (job,) = told["scrape_configs"]
    assert {one["labels"]["pod"]: one["targets"] for one in job["static_configs"]} == {
        name: [f"127.0.0.1:{port}"] for name, port in PORTS.items()
    }
    assert {one["labels"]["namespace"] for one in job["static_configs"]} == {"local"}
    assert told["rule_files"] == [files.rules.name]


def test_the_rules_are_whole_and_about_what_one_machine_has() -> None:
    text = rules()
    assert "@" not in text.replace("# Made of the chart's rules by charts/dashboards. @namespace@ and @runbooks@", "")
    named = {rule.get("alert") for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}
    assert {"VoltringPostgresAway", "VoltringWorkerAway", "VoltringOnlineBudgetBurns"} <= named
    assert not named & {"VoltringOperatorNotActing", "VoltringRouterWithoutNodes"}


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("in the way")
    with pytest.raises(StartFailed, match=r"prometheus can't be written"):
        prepare(Files.of(tmp_path), PORTS)


def test_its_port_is_its_own_and_claimed_only_where_it_is_wanted(tmp_path: Path) -> None:
    port = free_port()
    assert _prometheus_port(Options(tmp_path, prometheus_port=port)) == port
    wanted = Options(tmp_path, prometheus=Path("/usr/bin/prometheus"), api_port=port, prometheus_port=port)
    with pytest.raises(StartFailed, match=rf"--prometheus-port is {port}, as the port for chargers or the API is"):
        _prometheus_port(wanted)
