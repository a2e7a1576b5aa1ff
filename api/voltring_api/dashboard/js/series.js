// Meter values -> the lines of a session's plot. Pure: no clock, no page.

export const ENERGY = "Energy.Active.Import.Register";
export const POWER = "Power.Active.Import";
export const SOC = "SoC";
export const PLOTTED = [ENERGY, POWER, SOC];

/**
 * A session's lines from its meter values (as GET …/meter-values gives them, any order).
 * `meterStartWh` is what the register showed at the start (without it the first reading counts), `startedAt` when.
 * Gives points `{t (s), power (W), energy (Wh since the start), soc (%)}` by time; what was not reported is null.
 */
export function points(meterValues, meterStartWh, startedAt = null) {
  const moments = new Map();
  for (const value of meterValues) note(moments, value);
  const sorted = [...moments.values()].sort((a, b) => a.t - b.t).map(total);
  const start = meterStartWh ?? sorted.find((each) => each.energy !== null)?.energy ?? 0;
  const metered = sorted.map((each) => ({
    ...each,
    energy: each.energy === null ? null : each.energy - start,
  }));
  return [...beginning(metered, startedAt), ...metered];
}

/** The points with one more, as a live event tells it (energy is already since the start). */
export function extended(points, { at, energy_wh, power_w, soc_percent }) {
  const t = new Date(at).getTime() / 1000;
  const point = { t, power: power_w ?? null, energy: energy_wh ?? null, soc: soc_percent ?? null };
  const last = points.at(-1);
  if (last && t < last.t) return points;
  if (last && t === last.t) return [...points.slice(0, -1), merged(last, point)];
  return [...points, point];
}

/** The points as uPlot's columns: seconds, kW, kWh, percent. Power that was never reported comes from the energy. */
export function columns(reported) {
  const points = reported.some((each) => each.power !== null) ? reported : withDerivedPower(reported);
  return [
    points.map((each) => each.t),
    points.map((each) => (each.power === null ? null : each.power / 1000)),
    points.map((each) => (each.energy === null ? null : each.energy / 1000)),
    points.map((each) => each.soc),
  ];
}

function note(moments, value) {
  const measurand = value.measurand ?? ENERGY;
  const t = new Date(value.at).getTime() / 1000;
  if (!PLOTTED.includes(measurand) || !Number.isFinite(t) || !Number.isFinite(value.value)) return;
  if (!moments.has(t)) moments.set(t, { t, whole: {}, phases: {} });
  const moment = moments.get(t);
  const number = value.value * (/^kW/.test(value.unit ?? "") ? 1000 : 1);
  if (value.phase && measurand !== SOC) (moment.phases[measurand] ??= {})[value.phase] = number;
  else moment.whole[measurand] ??= number;
}

// A charger that reports by phase only is summed; one that reports both has said the sum itself.
function total({ t, whole, phases }) {
  const of = (measurand) => {
    if (whole[measurand] !== undefined) return whole[measurand];
    const each = Object.entries(phases[measurand] ?? {}).filter(([phase]) => /^L[123](-N)?$/.test(phase));
    return each.length ? each.reduce((sum, [, number]) => sum + number, 0) : null;
  };
  return { t, power: of(POWER), energy: of(ENERGY), soc: of(SOC) };
}

// A session begins with no energy, before its first meter value.
function beginning([first], startedAt) {
  const t = startedAt ? new Date(startedAt).getTime() / 1000 : NaN;
  return t < (first?.t ?? Infinity) ? [{ t, power: null, energy: 0, soc: null }] : [];
}

function withDerivedPower(points) {
  let before = null;
  return points.map((point) => {
    if (point.energy === null) return point;
    const hours = before ? (point.t - before.t) / 3600 : 0;
    const power = hours > 0 ? (point.energy - before.energy) / hours : null;
    before = point;
    return { ...point, power };
  });
}

const merged = (a, b) => ({
  t: a.t,
  power: b.power ?? a.power,
  energy: b.energy ?? a.energy,
  soc: b.soc ?? a.soc,
});
