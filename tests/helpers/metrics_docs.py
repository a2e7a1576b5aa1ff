"""Writes docs/metrics.md from the metrics' own objects; a test compares. Run this file after a change of any metric."""

from collections.abc import Iterable
from pathlib import Path

from voltring_core.metrics import CATALOGUE
from voltring_core.metrics.naming import Kind, Told, Values
from voltring_core.metrics.room import COMMON
from voltring_core.metrics.servers import ROOMS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
ROOM_TITLES = {
    "node": "A node",
    "api": "The API",
    "worker": "The worker",
    "operator": "The operator",
}
MANY = 16
"""Values that stand in a table; more are told below it."""
HEAD = """# Metrics

Each room tells its own at `/metrics` of its admin port, with those of its process (`process_*`, `python_*`). All names
are in `core/voltring_core/metrics/`; this page is written from there (`tests/helpers/metrics_docs.py`), and a test
compares the two.

A label has the values that stand here and no others; what is none of them is `other`. There are no labels of chargers,
sessions, clients or vendors: what is asked about one of them is in the database and in the logs.

Counters and histograms are there at zero from the start, with all of their labels' values, where those are few. A
gauge that is absent is not known: that is never zero.
"""
TABLE = "| metric | type | labels | unit | what it means | what to do with it |\n|---|---|---|---|---|---|\n"


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    parts += [_section(title, _of(f"voltring_{room}_")) for room, title in ROOM_TITLES.items()]
    parts.append(_section("Node, API and worker: their servers", [one for one in CATALOGUE.values() if is_shared(one)]))
    parts.append(_long_ones())
    return "\n".join(parts)


def is_shared(one: Told) -> bool:
    """Whether several rooms tell it, each with its name in the label `room`."""
    return one.metric._name in COMMON


def labels_of(one: Told) -> dict[str, Values]:
    """As Prometheus has them."""
    return {**one.labels, **({"room": ROOMS} if is_shared(one) else {})}


def _of(prefix: str) -> list[Told]:
    return [one for one in CATALOGUE.values() if one.name.startswith(prefix)]


def _section(title: str, ones: Iterable[Told]) -> str:
    return f"## {title}\n{TABLE}" + "".join(map(_row, ones))


def _row(one: Told) -> str:
    labels = "<br>".join(f"`{name}`: {_values(one, name, values)}" for name, values in labels_of(one).items())
    cells = (f"`{one.name}`", one.type, labels, one.unit, one.meaning, one.use)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _values(one: Told, name: str, values: Values) -> str:
    if isinstance(values, Kind):
        return str(values)
    return f"{len(values)} values, [below](#values)" if len(values) > MANY else ", ".join(values)


def _long_ones() -> str:
    """Values of labels that have many."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in CATALOGUE.values():
        for name, values in one.labels.items():
            if not isinstance(values, Kind) and len(values) > MANY:
                found.setdefault(tuple(values), []).append(f"`{name}` of `{one.name}`")
    lines = [f"- {', '.join(of)}: {', '.join(values)}." for values, of in found.items()]
    return "## Values\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
