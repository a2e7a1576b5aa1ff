"""What the chart says of its values, from one place: the comments of values.yaml.

    .venv/bin/python tests/helpers/chart_docs.py

writes the chart's README (its table) and values.schema.json anew; tests/chart holds them to it.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts" / "voltring"
VALUES = CHART / "values.yaml"
README = CHART / "README.md"
SCHEMA = CHART / "values.schema.json"
BEGIN, END = "<!-- values: written by tests/helpers/chart_docs.py -->", "<!-- end of values -->"
KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][A-Za-z0-9]*):(?P<rest>.*)$")


@dataclass(frozen=True)
class Value:
    """One value: where it is, what it is by default, what its comment says."""

    path: tuple[str, ...]
    default: Any
    says: str

    @property
    def name(self) -> str:
        """As it is written after `--set`."""
        return ".".join(self.path)


def values() -> list[Value]:
    """Every value that has a comment, in the file's order."""
    given = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    return [Value(path, _at(given, path), says) for path, says in _commented() if says]


def undocumented() -> list[str]:
    """Values without a comment: neither they nor what they are a part of has one."""
    known = {path for path, says in _commented() if says}
    leaves = _leaves(yaml.safe_load(VALUES.read_text(encoding="utf-8")), ())
    return [".".join(leaf) for leaf in leaves if not any(leaf[:size] in known for size in range(1, len(leaf) + 1))]


def table() -> str:
    """The table of the README."""
    rows = ["| value | default | what it does |", "|---|---|---|"]
    for value in values():
        default = json.dumps(value.default, ensure_ascii=False).replace("|", "\\|")
        rows.append(f"| `{value.name}` | `{default}` | {value.says.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def readme() -> str:
    """The README as it should be."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def _commented() -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, comment) of each key; the comment is empty where there is none."""
    path: list[str] = []
    words: list[str] = []
    for line in VALUES.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("# -- "):
            words = [text.removeprefix("# -- ")]
        elif text.startswith("# ") and words:
            words.append(text.removeprefix("# "))
        elif found := KEY.match(line):
            path = [*path[: len(found["indent"]) // 2], found["key"]]
            yield tuple(path), " ".join(words)
            words = []
        else:
            words = []


def _leaves(given: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(given, dict) and given:
        for key, value in given.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path


def _at(given: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        given = given[key]
    return given


def main() -> None:
    """Write both."""
    from chart_schema import text

    SCHEMA.write_text(text(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
