"""The plots of a load test, as PNG files. matplotlib draws into memory: no display is needed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from voltring_loadtest.load.recorder import Recorder

SIZE, DPI = (9.0, 3.2), 110
BLUE, ORANGE, GREEN, RED, GREY = "#1f6feb", "#d9730d", "#2a8a57", "#c9302c", "#8a919e"
"""Told apart by line style as well."""
Draw = Callable[[Any, Recorder], None]


def draw(recorder: Recorder, folder: Path, *, cut: int = 0) -> list[tuple[str, Path]]:
    """Every plot that has something to show: its title and its file."""
    return [(title, _save(title, name, act, recorder, folder)) for title, name, act in _plots(recorder, cut)]


def _plots(recorder: Recorder, cut: int) -> Iterator[tuple[str, str, Draw]]:
    yield "Chargers over time", "connected", _connected
    yield "Acknowledged messages a second", "messages", _messages
    yield "Time to acknowledge, by the time of the run", "acknowledgements", _acknowledgements
    yield "Time to acknowledge, all messages", "distribution", _distribution
    if recorder.back:
        yield "Chargers back after they lost their socket", "return", lambda axes, seen: _return(axes, seen, cut)
    if recorder.times(["api"]).count:
        yield "Commands over the REST API, until the charger's answer", "commands", _commands


def _save(title: str, name: str, act: Draw, recorder: Recorder, folder: Path) -> Path:
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    act(axes, recorder)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(visible=True, color="#d8dce2", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    file = folder / f"{name}.png"
    figure.savefig(file, metadata={"Software": "voltring loadtest"})
    return file


def _connected(axes: Any, recorder: Recorder) -> None:
    series = recorder.series()
    at = list(series)
    axes.plot(at, [slot.connected for slot in series.values()], color=BLUE, label="connected")
    axes.plot(at, [slot.accepted for slot in series.values()], color=GREEN, linestyle="--", label="accepted")
    axes.plot(at, [slot.charging for slot in series.values()], color=ORANGE, linestyle=":", label="charging")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("chargers")
    _timeline(axes, recorder)


def _messages(axes: Any, recorder: Recorder) -> None:
    series = recorder.series()
    rates = [slot.messages / recorder.width for slot in series.values()]
    axes.plot(list(series), rates, color=BLUE, label="acknowledged")
    if recorder.failed:
        wrong = [slot.failures / recorder.width for slot in series.values()]
        axes.plot(list(series), wrong, color=RED, linestyle="--", label="failures")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("1/s")
    _timeline(axes, recorder)


def _acknowledgements(axes: Any, recorder: Recorder) -> None:
    series = {at: slot.acks for at, slot in recorder.series().items() if slot.acks.count}
    for share, color, style in ((0.5, BLUE, "-"), (0.99, ORANGE, "--")):
        values = [times.at(share) for times in series.values()]
        axes.plot(list(series), values, color=color, linestyle=style, label=f"p{100 * share:.0f}")
    axes.set_yscale("log")
    _plain(axes.yaxis)
    axes.set_ylabel("ms")
    _timeline(axes, recorder)


def _distribution(axes: Any, recorder: Recorder) -> None:
    for label, times, color, style in (
        ("measured part", recorder.acks, BLUE, "-"),
        ("whole run", recorder.times(_versions(recorder)), GREY, ":"),
    ):
        points = times.shares()
        if points:
            axes.step(
                [ms for ms, _ in points], [100 * share for _, share in points], color=color, ls=style, label=label
            )
    if recorder.acks.count:
        axes.axvline(recorder.acks.at(0.99), color=ORANGE, linestyle="--", linewidth=1, label="p99, measured part")
    axes.set_xscale("log")
    _plain(axes.xaxis)
    axes.set_xlabel("ms")
    axes.set_ylabel("% answered within")
    _legend(axes, "lower right")


def _return(axes: Any, recorder: Recorder, cut: int) -> None:
    back = sorted(recorder.back)
    axes.step([0.0, *back], range(len(back) + 1), where="post", color=BLUE, label="accepted again")
    if cut:
        axes.axhline(cut, color=GREY, linestyle=":", linewidth=1, label=f"all {cut:,}")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds after the socket was lost")
    axes.set_ylabel("chargers")
    _legend(axes, "lower right")


def _commands(axes: Any, recorder: Recorder) -> None:
    for (kind, name), times in sorted(recorder.by_name.items()):
        if kind == "api":
            points = times.shares()
            axes.step([ms for ms, _ in points], [100 * share for _, share in points], linewidth=1.2, label=name)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    axes.set_xlabel("ms")
    axes.set_ylabel("% answered within")
    _legend(axes, "lower right")


def _legend(axes: Any, where: str) -> None:
    """Where anything was drawn at all."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False, loc=where)


def _plain(axis: Any) -> None:
    """Ticks of a logarithmic axis as people write numbers: 1, 2, 5, 10, 20."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _timeline(axes: Any, recorder: Recorder) -> None:
    """The measured part shaded, and what happened when."""
    if recorder.measured_from is not None and recorder.measured_to is not None:
        begin, end = recorder.measured_from - recorder.began, recorder.measured_to - recorder.began
        axes.axvspan(begin, end, color=BLUE, alpha=0.06, linewidth=0, label="measured")
    for number, (at, what) in enumerate(recorder.marks):
        axes.axvline(at, color=RED, linewidth=1, linestyle="-.", label=what if number == 0 else None)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds of the run")
    _legend(axes, "best")


def _versions(recorder: Recorder) -> set[str]:
    return {kind for kind, _ in recorder.by_name if kind.startswith("ocpp")}
