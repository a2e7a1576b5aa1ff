// Power and energy over time, drawn by uPlot in the page's colours.

import { fill, h } from "./dom.js";
import { energy, power } from "./format.js";
import { columns } from "./series.js";

const HEIGHT = 230;

/**
 * A plot element and `show(points, gaps)` (see series.js; a point with `gap` breaks the lines, `gaps` are `[from, to]`
 * in seconds, shaded). It follows its width and the colour scheme while `signal` lasts.
 */
export function sessionPlot(signal) {
  const element = h("div", { class: "plot", role: "img" });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let chart = null;
  let shown = [];
  let pauses = [];

  const draw = () => {
    chart?.destroy();
    chart = null;
    if (shown.length < 2) {
      fill(element, h("div", { class: "blank" }, "The plot begins with the second meter value."));
      return;
    }
    fill(element);
    chart = new globalThis.uPlot(
      options(
        element,
        shown.some((each) => each.soc !== null),
        () => pauses,
      ),
      lined(shown),
      element,
    );
  };
  const show = (points, gaps = []) => {
    pauses = gaps;
    const rebuild =
      !chart ||
      points.length < 2 ||
      points.some((each) => each.soc !== null) !== shown.some((each) => each.soc !== null);
    shown = points;
    element.setAttribute("aria-label", summary(points));
    if (rebuild) draw();
    else chart.setData(lined(points));
  };

  const size = new ResizeObserver(() => chart?.setSize({ width: width(element), height: HEIGHT }));
  size.observe(element);
  scheme.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => {
    size.disconnect();
    chart?.destroy();
  });
  return { element, show };
}

// To uPlot null is a gap, and undefined a moment at which only others were read.
function lined(points) {
  const [times, ...lines] = columns(points);
  const filled = (line) => line.map((value, i) => (value === null && !points[i].gap ? undefined : value));
  return [times, ...lines.map(filled)];
}

function options(element, withSoc, pauses) {
  const colour = (name) => getComputedStyle(element).getPropertyValue(name).trim();
  const axis = (scale, side, unit) => ({
    scale,
    side,
    stroke: colour("--muted"),
    font: `11px ${colour("--sans")}`,
    size: side === 3 ? 50 : 62,
    gap: 4,
    grid: { show: side === 3, stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : `${Number(tick.toFixed(2))} ${unit}`)),
  });
  const line = (label, scale, name, unit, more) => ({
    label,
    scale,
    stroke: colour(name),
    width: 2,
    spanGaps: false,
    points: { show: false },
    value: (_, value) =>
      value === null || value === undefined ? "–" : `${value.toFixed(unit === "%" ? 0 : 2)} ${unit}`,
    ...more,
  });
  const fromZero = (least) => ({ range: (_, min, max) => [0, Math.max(max * 1.12, least)] });
  const atLeastAMinute = { range: (_, min, max) => [min, Math.max(max, min + 60)] };
  return {
    width: width(element),
    height: HEIGHT,
    padding: [12, 4, 0, 4],
    scales: { x: atLeastAMinute, kW: fromZero(0.5), kWh: fromZero(0.05), "%": { range: [0, 100] } },
    hooks: {
      drawClear: [(chart) => shadePauses(chart, pauses(), colour("--idle-soft"))],
      setCursor: [latestWhenIdle],
      setData: [latestWhenIdle],
      ready: [latestWhenIdle],
    },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
    axes: [
      {
        stroke: colour("--muted"),
        font: `11px ${colour("--sans")}`,
        grid: { show: false },
        ticks: { show: false },
        size: 30,
        values: times,
      },
      axis("kW", 3, "kW"),
      axis("kWh", 1, "kWh"),
    ],
    series: [
      { label: "Time", value: (_, t) => (t ? seconds.format(new Date(t * 1000)) : "–") },
      line("Power", "kW", "--charging", "kW", { fill: (chart) => shade(chart, colour("--charging")) }),
      line("Energy", "kWh", "--accent", "kWh"),
      ...(withSoc
        ? [line("State of charge", "%", "--waiting", "%", { width: 1.5, dash: [4, 4] })]
        : [line("State of charge", "%", "--waiting", "%", { show: false, class: "unused" })]),
    ],
  };
}

function shade(chart, colour) {
  const { top, height } = chart.bbox;
  if (!Number.isFinite(top + height)) return colour; // asked for the legend, before there is a canvas to shade
  const gradient = chart.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, `${colour}4d`);
  gradient.addColorStop(1, `${colour}0a`);
  return gradient;
}

// Where readings stopped.
function shadePauses(chart, pauses, colour) {
  const { left, top, width, height } = chart.bbox;
  chart.ctx.save();
  chart.ctx.fillStyle = colour;
  for (const [from, to] of pauses) {
    const begins = Math.max(chart.valToPos(from, "x", true), left);
    const ends = Math.min(chart.valToPos(to, "x", true), left + width);
    if (ends > begins) chart.ctx.fillRect(begins, top, ends - begins, height);
  }
  chart.ctx.restore();
}

// Without a pointer over it the legend tells the newest values.
function latestWhenIdle(chart) {
  if (chart.cursor.idx !== null && chart.cursor.idx !== undefined) return;
  const [times, watts] = chart.data;
  const told = watts.findLastIndex((value) => value !== null && value !== undefined);
  chart.setLegend({ idx: told < 0 ? times.length - 1 : told });
}

const clock = (options) =>
  new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...options });
const minutes = clock();
const seconds = clock({ second: "2-digit" });

const times = (_, splits, __, ___, step) =>
  splits.map((t) => (step < 60 ? seconds : minutes).format(new Date(t * 1000)));

const width = (element) => Math.max(240, element.clientWidth - 20);

function summary(points) {
  const peak = Math.max(...points.map((each) => each.power ?? 0));
  const last = points.findLast((each) => each.energy !== null);
  return points.length
    ? `Power and energy over time: ${energy(last?.energy)} so far, at most ${power(peak)}.`
    : "No meter values yet.";
}
