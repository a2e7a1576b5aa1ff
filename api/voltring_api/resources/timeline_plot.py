"""A session's power and energy as an SVG picture that needs nothing else: for paper, and for a page without scripts."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from voltring_api.models.timeline import Gap, Point, Series

WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 60, 24, 34
STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
MOST_TICKS = 8
KILO = 1000.0


@dataclass(frozen=True, slots=True)
class Frame:
    """How values become places."""

    begins: datetime
    seconds: float
    most_kw: float
    most_kwh: float

    def x(self, at: datetime) -> float:
        """Across."""
        return LEFT + (at - self.begins).total_seconds() / self.seconds * (WIDTH - LEFT - RIGHT)

    def y(self, part: float) -> float:
        """Down; `part` of the whole height, from below."""
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def plot(series: Series, zone: ZoneInfo) -> str:
    """The picture, or '' where there is nothing to draw."""
    points = series.points
    if len(points) < 2 or points[-1].at <= points[0].at:
        return ""
    power = [one.power_w / KILO for one in points if one.power_w is not None]
    energy = [one.energy_wh / KILO for one in points if one.energy_wh is not None]
    frame = Frame(
        points[0].at,
        max((points[-1].at - points[0].at).total_seconds(), 60.0),
        nice(max(power, default=0.0)),
        nice(max(energy, default=0.0)),
    )
    label = f"Power, at most {max(power, default=0):.1f} kW, and energy, {max(energy, default=0):.2f} kWh in all"
    parts = [*_gaps(series.gaps, frame), *_axes(frame, points[-1].at, zone)]
    parts += _area(points, series.gaps, frame)
    parts += _line(points, series.gaps, "power", lambda one: one.power_w, frame, frame.most_kw)
    parts += _line(points, series.gaps, "energy", lambda one: one.energy_wh, frame, frame.most_kwh)
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}" width="100%">'
    return "".join([head, *parts, "</svg>"])


def nice(most: float) -> float:
    """An end of an axis at or above the most, whose quarters are round."""
    if most <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most / 4))
    return next(4 * step * unit for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15) if 4 * step * unit >= most * 1.02)


def _axes(frame: Frame, ends: datetime, zone: ZoneInfo) -> Iterable[str]:
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = frame.y(part)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        left, right = _number(frame.most_kw * part), _number(frame.most_kwh * part)
        yield f'<text class="power" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{left}</text>'
        yield f'<text class="energy" x="{WIDTH - RIGHT + 8}" y="{y + 4:.1f}">{right}</text>'
    yield f'<text class="power" x="{LEFT - 8}" y="12" text-anchor="end">kW</text>'
    yield f'<text class="energy" x="{WIDTH - RIGHT + 8}" y="12">kWh</text>'
    for at in ticks(frame.begins, ends, zone):
        x, words = frame.x(at), at.astimezone(zone).strftime("%H:%M")
        yield f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(0):.1f}" y2="{frame.y(0) + 5:.1f}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{words}</text>'


def ticks(begins: datetime, ends: datetime, zone: ZoneInfo) -> list[datetime]:
    """Round local times between two, at most about eight."""
    minutes = (ends - begins).total_seconds() / 60
    step = next((it for it in STEPS_MIN if minutes / it <= MOST_TICKS), STEPS_MIN[-1])
    local = begins.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = math.ceil((local - midnight).total_seconds() / 60 / step)
    found = [midnight + timedelta(minutes=step * (passed + n)) for n in range(MOST_TICKS + 2)]
    return [at for at in found if begins <= at <= ends]


def _gaps(gaps: Sequence[Gap], frame: Frame) -> Iterable[str]:
    for gap in gaps:
        x = frame.x(gap.begins)
        width = min(frame.x(gap.ends), WIDTH - RIGHT) - x
        if width > 0:
            place = f'x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}"'
            yield f'<rect class="gap" {place}><title>No readings</title></rect>'


def stretches(
    points: Sequence[Point], gaps: Sequence[Gap], value: Callable[[Point], float | None]
) -> list[list[tuple[datetime, float]]]:
    """The values, broken where readings stopped."""
    known = [(one.at, found) for one in points if (found := value(one)) is not None]
    edges = sorted(gap.begins for gap in gaps)
    return [list(group) for _, group in groupby(known, key=lambda it: sum(edge < it[0] for edge in edges))]


def _line(
    points: Sequence[Point],
    gaps: Sequence[Gap],
    name: str,
    value: Callable[[Point], float | None],
    frame: Frame,
    most: float,
) -> Iterable[str]:
    for stretch in stretches(points, gaps, value):
        places = " ".join(f"{frame.x(at):.1f},{frame.y(max(it, 0) / KILO / most):.1f}" for at, it in stretch)
        yield f'<polyline class="{name}" points="{places}"/>'


def _area(points: Sequence[Point], gaps: Sequence[Gap], frame: Frame) -> Iterable[str]:
    for stretch in stretches(points, gaps, lambda one: one.power_w):
        if any(True for _ in pairwise(stretch)):
            top = " ".join(f"{frame.x(at):.1f},{frame.y(max(it, 0) / KILO / frame.most_kw):.1f}" for at, it in stretch)
            floor = frame.y(0)
            ends = f"{frame.x(stretch[-1][0]):.1f},{floor:.1f} {frame.x(stretch[0][0]):.1f},{floor:.1f}"
            yield f'<polygon class="area" points="{top} {ends}"/>'


def _number(value: float) -> str:
    return f"{value:.4g}"
