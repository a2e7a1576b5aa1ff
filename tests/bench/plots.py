"""The pictures of `docs/benchmark.md`, drawn from what the programs here kept (`--out`).

.venv/bin/python tests/bench/plots.py FOLDER          # reads FOLDER/*.jsonl, writes FOLDER/*.png
"""

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

PARTS = {
    "nodes": "#2563eb",
    "postgres": "#0f766e",
    "worker": "#a16207",
    "api": "#7c3aed",
    "valkey": "#dc2626",
    "chargers": "#9ca3af",
}
"""What shares the machine, and its colour in every picture."""
INK = "#374151"


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The objects of a file, none when there is no such file."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def messages(found: Sequence[dict[str, Any]], to: Path) -> None:
    """What a message costs its server, beside libraries that store nothing."""
    actions = list(dict.fromkeys(one["action"] for one in found))
    figure, axes = plt.subplots(1, len(actions), figsize=(4.2 * len(actions), 3.4), squeeze=False)
    for axis, action in zip(axes[0], actions, strict=True):
        rows = [one for one in found if one["action"] == action]
        for place, one in enumerate(rows):
            each = {name: statistics.median(values) for name, values in one["us_each"].items()}
            axis.barh(place, each["server"], color=PARTS["nodes"] if one["who"] == "node" else PARTS["chargers"])
            if one["who"] == "node":
                axis.barh(place, each["postgres"], left=each["server"], color=PARTS["postgres"])
            total = each["server"] + each.get("postgres", 0.0)
            axis.text(total, place, f" {total:.0f}", va="center", color=INK)
        names = [
            "voltring: node + PostgreSQL" if one["who"] == "node" else f"{one['who']}, stores nothing" for one in rows
        ]
        axis.set_yticks(range(len(rows)), names)
        axis.set_title(action, loc="left", color=INK)
        axis.set_xlabel("microseconds of CPU for one acknowledged message")
        axis.margins(x=0.15)
    _save(figure, to)


def growth(found: Sequence[dict[str, Any]], to: Path) -> None:
    """How the whole machine's CPU and the answer time grow with the chargers."""
    figure, (cost, answer) = plt.subplots(1, 2, figsize=(11, 4))
    for nodes, style in zip(sorted({one["nodes"] for one in found}), ("-o", "--s", ":^"), strict=False):
        rows = sorted((one for one in found if one["nodes"] == nodes), key=lambda one: one["chargers"])
        counts = [one["chargers"] for one in rows]
        named = f"{nodes} node{'s' * (nodes > 1)}"
        cost.plot(
            counts, [100 * sum(one["cores"].values()) for one in rows], style, color=INK, label=f"{named}, all of it"
        )
        for part in ("nodes", "postgres"):
            cost.plot(
                counts, [100 * one["cores"][part] for one in rows], style, color=PARTS[part], label=f"{named}: {part}"
            )
        answer.plot(counts, [one["p99_ms"] for one in rows], style, color=PARTS["nodes"], label=f"{named}, p99")
        answer.plot(counts, [one["p50_ms"] for one in rows], style, color=PARTS["chargers"], label=f"{named}, p50")
    cost.axhline(100, color="#dc2626", linewidth=0.8)
    cost.set(
        xlabel=f"chargers that charge, one message in {found[0]['every_s']:g} s each",
        ylabel="per cent of a core",
        ylim=(0, None),
    )
    answer.set(xlabel="chargers", ylabel="milliseconds until the acknowledgement", ylim=(0, None))
    for axis in (cost, answer):
        axis.legend(frameon=False, fontsize=8)
    _save(figure, to)


def shares(found: Sequence[dict[str, Any]], to: Path) -> None:
    """Who takes the machine's CPU, by the number of chargers."""
    rows = sorted(found, key=lambda one: (one["nodes"], one["chargers"]))
    figure, axis = plt.subplots(figsize=(9, 4))
    left = [0.0] * len(rows)
    names = [f"{one['chargers']:,} on {one['nodes']}" for one in rows]
    for part, colour in PARTS.items():
        widths = [100 * one["cores"].get(part, 0.0) for one in rows]
        axis.barh(names, widths, left=left, color=colour, label=part)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    axis.set(xlabel="per cent of a core", ylabel="chargers on nodes")
    axis.legend(frameon=False, ncols=len(PARTS), loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    _save(figure, to)


def _save(figure: Any, to: Path) -> None:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(to, dpi=130)
    plt.close(figure)
    print(f"drawn: {to}", flush=True)


def drawn(folder: Path) -> None:
    """Every picture for which there are figures."""
    if found := lines_of(folder / "messages.jsonl"):
        messages(found, folder / "bench-messages.png")
    if found := lines_of(folder / "steady.jsonl"):
        growth(found, folder / "bench-growth.png")
        shares(found, folder / "bench-shares.png")


if __name__ == "__main__":
    drawn(Path(sys.argv[1]))
