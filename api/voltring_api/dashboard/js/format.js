// Numbers as people read them. Energy comes in Wh, power in W, durations in ms.

const whole = new Intl.NumberFormat();
const one = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const three = new Intl.NumberFormat(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

export const NONE = "–";

export const count = (n) => (known(n) ? whole.format(n) : NONE);

/** `[number, unit]` of a power. */
export function powerParts(watts) {
  if (!known(watts)) return [NONE, ""];
  if (Math.abs(watts) >= 1e6) return [two.format(watts / 1e6), "MW"];
  return [one.format(watts / 1000), "kW"];
}

/** `[number, unit]` of an energy. */
export function energyParts(wh) {
  if (!known(wh)) return [NONE, ""];
  if (Math.abs(wh) >= 1e6) return [two.format(wh / 1e6), "MWh"];
  return [Math.abs(wh) < 100_000 ? two.format(wh / 1000) : one.format(wh / 1000), "kWh"];
}

export const power = (watts) => powerParts(watts).join(" ").trim();
export const energy = (wh) => energyParts(wh).join(" ").trim();

/** What a meter's register shows, to the Wh. */
export const register = (wh) => (known(wh) ? `${three.format(wh / 1000)} kWh` : NONE);

export const percent = (n) => (known(n) ? `${whole.format(Math.round(n))} %` : NONE);

/** How often in a second: "0.4", "12". */
export const rate = (n) => (known(n) ? (n < 10 ? one.format(n) : whole.format(Math.round(n))) : NONE);

/** "0.8 ms", "12 ms", "3.2 s". */
export function milliseconds(ms) {
  if (!known(ms)) return NONE;
  if (ms >= 1000) return `${one.format(ms / 1000)} s`;
  return ms < 10 ? `${one.format(ms)} ms` : `${whole.format(Math.round(ms))} ms`;
}

/** "45 s", "12 min", "1 h 05 min", "3 d 4 h". */
export function duration(ms) {
  if (!known(ms)) return NONE;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 60) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "RemoteStartTransaction" -> "Remote start transaction"; other text stays. */
export const spaced = (name) =>
  String(name ?? "").replace(/([a-z0-9])([A-Z])(?=[a-z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

const known = (n) => typeof n === "number" && Number.isFinite(n);
