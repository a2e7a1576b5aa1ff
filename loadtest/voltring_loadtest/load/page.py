"""report.html: one file that needs no other, and verdict.json."""

import base64
import html
import json
import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.trial import Trial
from voltring_loadtest.load.verdict import Figures, Verdict

TIMES = ("p50_ms", "p99_ms", "longest_ms")
LIBRARIES = "voltring locust websockets uvloop orjson".split()
STYLE = """
:root { color-scheme: light dark; --line: #8885; --good: #1a7f37; --bad: #c9302c; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; text-align: right; } th.number { text-align: right; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
img { width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 4px; }
figure { margin: 1rem 0; } code { font-size: .9em; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { :root { --good: #57c278; --bad: #ff7b72; } }
"""


def write(
    folder: Path,
    trial: Trial,
    found: Figures,
    verdict: Verdict,
    recorder: Recorder,
    plots: Sequence[tuple[str, Path]],
    cpu_s: float,
) -> None:
    """Both files."""
    told = summary(trial, found, verdict, recorder, cpu_s)
    (folder / "verdict.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(_page(trial, verdict, recorder, plots, told), encoding="utf-8")


def summary(trial: Trial, found: Figures, verdict: Verdict, recorder: Recorder, cpu_s: float) -> dict[str, Any]:
    """What verdict.json says; no secret is in it."""
    return {
        **verdict.as_dict(),
        "profile": trial.profile,
        "chargers": trial.chargers,
        "url": trial.url,
        "machine": machine(),
        "figures": {
            "connected_in_s": round(found.connected_in_s, 2),
            "measured_s": round(found.measured_s, 2),
            "messages": found.messages,
            "messages_per_s": round(found.rate, 1),
            "ack_p50_ms": round(found.ack_p50_ms, 2),
            "ack_p99_ms": round(found.ack_p99_ms, 2),
            "ack_longest_ms": round(found.ack_longest_ms, 2),
            "failures": found.failures,
            "back": _quantiles(found.back),
            "commands": found.commands,
            "command_p50_ms": round(found.command_p50_ms, 2),
            "command_p99_ms": round(found.command_p99_ms, 2),
            "generator_cpu_s": round(cpu_s, 2),
            "generator_lag_p99_ms": round(recorder.lag.at(0.99), 2),
        },
        "failures": [
            {"kind": kind, "name": name, "wrong": wrong, "count": count}
            for (kind, name, wrong), count in recorder.failures.most_common()
        ],
        "turned_away": dict(recorder.turned_away.most_common()),
        "answers": [
            {
                "kind": kind,
                "name": name,
                "count": times.count,
                "p50_ms": round(times.at(0.5), 2),
                "p99_ms": round(times.at(0.99), 2),
                "longest_ms": round(times.longest, 2),
            }
            for (kind, name), times in sorted(recorder.by_name.items())
        ],
    }


def machine() -> str:
    """What the load came from, in one line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {libraries}"


def _quantiles(back: Sequence[float]) -> dict[str, float]:
    """Seconds until a share of those who were cut were back."""
    if not back:
        return {}
    at = {name: back[min(len(back) - 1, int(share * len(back)))] for name, share in (("p50_s", 0.5), ("p99_s", 0.99))}
    return {"chargers": len(back), **{name: round(value, 3) for name, value in at.items()}, "all_s": round(back[-1], 3)}


def _page(
    trial: Trial, verdict: Verdict, recorder: Recorder, plots: Sequence[tuple[str, Path]], told: dict[str, Any]
) -> str:
    title = f"{trial.profile} with {trial.chargers:,} chargers"
    word = '<span class="good">passed</span>' if verdict.ok else '<span class="bad">failed</span>'
    figures, says = told["figures"], trial.story.says[:1].upper() + trial.story.says[1:]
    parts = [
        f"<h1>{html.escape(title)}: {word}</h1>",
        f"<p>{html.escape(says)}. Against <code>{html.escape(trial.url)}</code>, measured for "
        f"{figures['measured_s']:,.0f} s. The load came from: {html.escape(told['machine'])}; it took "
        f"{figures['generator_cpu_s']:,.1f} s of CPU and was {figures['generator_lag_p99_ms']:.1f} ms late itself "
        "(p99 of its shards' clocks), which is part of the times below.</p>",
        "<h2>Verdict</h2>",
        _table(
            ("", "wanted", "found", ""),
            [(one.name, one.wanted, one.found, _mark(one.ok)) for one in verdict.checks],
        ),
        *(_figure(name, file) for name, file in plots),
        "<h2>Answers, of the whole run</h2>",
        _table(
            ("what", "", "count", "p50 ms", "p99 ms", "longest ms"),
            [
                (one["kind"], one["name"], f"{one['count']:,}", *(f"{one[key]:,.2f}" for key in TIMES))
                for one in told["answers"]
            ],
            numbers=4,
        ),
        "<h2>Failures</h2>",
        _failures(told, recorder),
    ]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
    return head + '<meta name=viewport content="width=device-width">' + "\n".join(parts) + "</html>\n"


def _failures(told: dict[str, Any], recorder: Recorder) -> str:
    parts = []
    if told["failures"]:
        wrong = [(one["kind"], one["name"], one["wrong"], f"{one['count']:,}") for one in told["failures"]]
        parts.append(_table(("what", "", "wrong", "count"), wrong, numbers=1))
    else:
        parts.append("<p>None.</p>")
    if recorder.examples:
        parts.append("<h2>Examples</h2>")
        parts.append(_table(("wrong", "charger", "what came"), recorder.examples[:30]))
    if told["turned_away"]:
        parts.append("<h2>Not let in, or let go, and tried again</h2>")
        rows = [(reason, f"{count:,}") for reason, count in told["turned_away"].items()]
        parts.append(_table(("what the server said", "count"), rows, numbers=1))
    return "".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """The last `numbers` columns are figures."""

    def row(cells: Sequence[str], tag: str) -> str:
        first = len(cells) - numbers
        return "".join(
            f"<{tag}{' class=number' if index >= first else ''}>{_cell(cell)}</{tag}>"
            for index, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><tr>{row(head, 'th')}</tr>{body}</table>"


class _Markup(str):
    """Written as it is."""

    __slots__ = ()


def _cell(text: str) -> str:
    return text if isinstance(text, _Markup) else html.escape(text)


def _mark(ok: bool) -> str:
    return _Markup('<span class="good">ok</span>' if ok else '<span class="bad">failed</span>')


def _figure(title: str, file: Path) -> str:
    data = base64.b64encode(file.read_bytes()).decode()
    return f'<figure><img alt="{html.escape(title)}" src="data:image/png;base64,{data}"></figure>'
