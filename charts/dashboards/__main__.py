"""Writes the Grafana dashboards that are a part of the chart: one JSON file for each.

    .venv/bin/python charts/dashboards

tests/chart holds the committed files to it. Another folder may be given.
"""

import json
import sys
from pathlib import Path

import commands
import drain
import fleet
from panels import document

FILES = Path(__file__).parents[1] / "voltring" / "files" / "dashboards"
BOARDS = {"fleet": fleet.BOARD, "commands": commands.BOARD, "drain": drain.BOARD}


def main(folder: Path) -> None:
    """Write them all."""
    for name, board in BOARDS.items():
        text = json.dumps(document(board), indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILES)
