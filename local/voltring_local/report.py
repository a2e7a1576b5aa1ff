"""What `voltring up` tells when all is ready: a table for people, a JSON file for programs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from voltring_local.credentials import write_private
from voltring_local.errors import StartFailed
from voltring_local.options import Options
from voltring_local.plan import LOOPBACK, Addresses, node_names


@dataclass(frozen=True)
class Report:
    """Options, addresses, and the pids of the nodes as they are now."""

    options: Options
    at: Addresses
    pids: Mapping[str, int]

    def rows(self) -> list[tuple[str, str]]:
        """Label and value, in the order of the table."""
        options = self.options
        return [
            ("Dashboard", f"{options.api_url}/#token={self.at.token}"),
            ("REST API", f"{options.api_url}/docs"),
            ("Chargers", f"{options.ocpp_url}/<charger id>  ({_who(options)})"),
            *((f"Metrics {name}", url) for name, url in self._metrics().items()),
            *([("Prometheus", options.prometheus_url)] if options.prometheus else []),
            *self._beyond_this_machine(),
            ("Token", self.at.token),
            ("Data, logs", f"{options.data_dir}, {options.data_dir / 'logs'}"),
        ]

    def as_json(self) -> str:
        """The content of the ready file."""
        metrics = self._metrics()
        nodes = [
            {"name": name, "pid": self.pids.get(name), "metrics": metrics[name]} for name in node_names(self.options)
        ]
        content: dict[str, object] = {
            "api": self.options.api_url,
            "ocpp": self.options.ocpp_url,
            "token": self.at.token,
            "postgres": self.at.postgres_dsn,
            "redis": self.at.redis_url,
            "nodes": nodes,
        }
        if self.options.prometheus:
            content["prometheus"] = self.options.prometheus_url
        return json.dumps(content, indent=2)

    def _beyond_this_machine(self) -> list[tuple[str, str]]:
        options = self.options
        if options.host == options.reachable_host:
            return []
        return [("Listens on", f"{options.host}: other machines use this machine's name in these addresses")]

    def _metrics(self) -> dict[str, str]:
        return {name: f"http://{LOOPBACK}:{port}/metrics" for name, port in self.at.admin_ports.items()}


def table(rows: list[tuple[str, str]]) -> Table:
    """The rows, one line each: a link that is broken over two lines can't be clicked."""
    made = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(no_wrap=True, overflow="ignore")
    for label, value in rows:
        made.add_row(label, Text(value))
    return made


def write_ready_file(file: Path, report: Report) -> None:
    """Write the ready file, whole or not at all, for this user alone: it holds secrets. Raises StartFailed."""
    try:
        write_private(file, report.as_json())
    except OSError as error:
        raise StartFailed(f"--ready-file {file} can't be written: {error.strerror}") from None


def _who(options: Options) -> str:
    meanings = {
        "accept": "any identity, no password needed",
        "quarantine": "unknown ones wait until they are admitted",
        "reject": "registered ones, with their secret",
    }
    return meanings[options.unknown_chargers.value]
