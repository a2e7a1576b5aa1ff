import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from voltring_core.settings import UnknownChargers
from voltring_local.console import Talk
from voltring_local.options import Options
from voltring_local.plan import Addresses
from voltring_local.report import Report, table, write_ready_file

AT = Addresses("postgresql://p", "redis://r", "T" * 43, {"worker": 20_001, "node-0": 20_002})
OPTIONS = Options(Path("/data"), nodes=1, unknown_chargers=UnknownChargers.ACCEPT)


def _report(options: Options = OPTIONS) -> Report:
    return Report(options, AT, {"node-0": 77, "api": 78})


def test_the_ready_file_tells_a_program_all_it_needs() -> None:
    assert json.loads(_report().as_json()) == {
        "api": "http://127.0.0.1:8080",
        "ocpp": "ws://127.0.0.1:9000/ocpp",
        "token": "T" * 43,
        "postgres": "postgresql://p",
        "redis": "redis://r",
        "nodes": [{"name": "node-0", "pid": 77, "metrics": "http://127.0.0.1:20002/metrics"}],
    }


def test_prometheus_is_told_of_where_it_runs() -> None:
    watched = _report(replace(OPTIONS, prometheus=Path("/usr/bin/prometheus"), prometheus_port=8091))
    assert json.loads(watched.as_json())["prometheus"] == "http://127.0.0.1:8091"
    assert ("Prometheus", "http://127.0.0.1:8091") in watched.rows()
    assert "prometheus" not in json.loads(_report().as_json())
    assert not [row for row in _report().rows() if row[0] == "Prometheus"]


def test_the_ready_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    write_ready_file(file, _report())
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]


def test_the_table_links_to_the_dashboard_with_the_token_in_the_fragment() -> None:
    assert _report().rows()[0] == ("Dashboard", f"http://127.0.0.1:8080/#token={'T' * 43}")


def test_the_table_says_who_may_connect() -> None:
    chargers = dict(_report(Options(Path("/data"))).rows())["Chargers"]
    assert chargers == "ws://127.0.0.1:9000/ocpp/<charger id>  (registered ones, with their secret)"


def test_a_link_stays_in_one_line_on_a_narrow_console() -> None:
    out = io.StringIO()
    Talk(Console(file=out, width=40)).show(table(_report().rows()))
    assert f"http://127.0.0.1:8080/#token={'T' * 43}" in out.getvalue()
