"""Writes what the chart and `voltring up` have of dashboards and rules.

    .venv/bin/python charts/dashboards

tests/chart holds the committed files to it. Another folder than the repository may be given.
"""

import json
import sys
from pathlib import Path

import api
import commands
import drain
import fleet
import node
import objectives
import servers
import sessions
import slo
from local_rules import as_yaml, local_rules
from panels import document

ROOT = Path(__file__).parents[2]
CHART = Path("charts/voltring/files")
SLO_HEAD = (
    "# Written by charts/dashboards/objectives.py: the objectives of docs/slo.md as rules; else as alerts.yaml is.\n"
)
BOARDS = {
    "api": api.BOARD,
    "commands": commands.BOARD,
    "drain": drain.BOARD,
    "fleet": fleet.BOARD,
    "node": node.BOARD,
    "servers": servers.BOARD,
    "sessions": sessions.BOARD,
    "slo": slo.BOARD,
}


def made() -> dict[Path, str]:
    """Every file, by its path in the repository."""
    alerts = (ROOT / CHART / "alerts.yaml").read_text(encoding="utf-8")
    files = {CHART / "dashboards" / f"{name}.json": _json(document(board)) for name, board in BOARDS.items()}
    files[CHART / "slo.yaml"] = SLO_HEAD + as_yaml({"groups": objectives.groups()})
    files[Path("local/voltring_local/rules.yaml")] = local_rules(alerts, files[CHART / "slo.yaml"])
    return files


def _json(content: object) -> str:
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n"


def main(folder: Path) -> None:
    """Write them all."""
    for path, text in made().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
