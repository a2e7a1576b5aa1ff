"""Prometheus beside the rooms (`--observability`): where its program is, and the files that it reads.

It asks each room for its figures on loopback, and judges them by the chart's rules. Those select by the labels that
Kubernetes gives, so each room gets the same two here: `namespace`, and `pod`, which is the room's name.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self

from voltring_local.errors import StartFailed

NAMESPACE = "local"
RULES = "rules.yaml"
"""The chart's, but for those about what is not here (the operator, the router): `charts/dashboards` writes it."""
RUNBOOKS = "docs/runbooks"
EVERY = "5s"
"""How often figures are asked for, and rules judged."""
KEPT = "15d"
HOW = (
    "install it (Debian, Ubuntu: `apt-get install prometheus`; macOS: `brew install prometheus`; others: "
    "https://prometheus.io/download/), name its program with --prometheus, or start without --observability"
)


@dataclass(frozen=True)
class Files:
    """What belongs to it in the data directory."""

    directory: Path

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        return cls(data_dir / "prometheus")

    @property
    def configuration(self) -> Path:
        return self.directory / "prometheus.yaml"

    @property
    def rules(self) -> Path:
        return self.directory / RULES

    @property
    def figures(self) -> Path:
        return self.directory / "data"


def program(given: Path | None) -> Path:
    """The program that was given, or the one on the PATH. Raises StartFailed, and says how to get it."""
    found = shutil.which(given or "prometheus")
    if found is None and given is not None:
        raise StartFailed(f"--prometheus {given} is no program that can be run")
    if found is None:
        raise StartFailed(f"--observability needs Prometheus, and the PATH has none: {HOW}")
    return Path(found).absolute()


def words(binary: Path, files: Files, port: int) -> tuple[str, ...]:
    """The command line. It listens on loopback alone: it has no users, and anybody may ask it."""
    return (
        str(binary),
        f"--config.file={files.configuration}",
        f"--storage.tsdb.path={files.figures}",
        f"--storage.tsdb.retention.time={KEPT}",
        f"--web.listen-address=127.0.0.1:{port}",
    )


def prepare(files: Files, admin_ports: Mapping[str, int]) -> None:
    """Write configuration and rules for this start: the rooms' ports are new each time. Raises StartFailed."""
    try:
        files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.rules.write_text(rules(), encoding="utf-8")
        # JSON is YAML, and no path or name needs to be quoted by hand.
        files.configuration.write_text(json.dumps(configuration(admin_ports), indent=2), encoding="utf-8")
    except OSError as error:
        raise StartFailed(f"{files.directory} can't be written: {error.strerror}") from None


def configuration(admin_ports: Mapping[str, int]) -> dict[str, Any]:
    """What is asked, by the names of the rooms and their ports on loopback."""
    targets = [
        # `instance` is an address unless it is said: a room's curve would end with each start.
        {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": NAMESPACE, "pod": name, "instance": name}}
        for name, port in admin_ports.items()
    ]
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
        "rule_files": [RULES],
        "scrape_configs": [{"job_name": "voltring", "static_configs": targets}],
    }


def rules() -> str:
    """The rules for the labels that the rooms have here."""
    text = resources.files("voltring_local").joinpath(RULES).read_text(encoding="utf-8")
    return text.replace("@namespace@", NAMESPACE).replace("@runbooks@", RUNBOOKS)
