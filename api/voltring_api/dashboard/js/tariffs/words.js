// Tariffs in words that a person can check. Pure. Prices are decimals in text and stay so: none is rounded.

const KINDS = {
  fixed_fee: ["Session fee", "per session"],
  energy: ["Energy", "per kWh"],
  charging_time: ["Charging time", "per minute of charging"],
  idle_time: ["Idle time", "per minute of standing plugged in without charging"],
};
const SHORT = { fixed_fee: "session", energy: "kWh", charging_time: "min", idle_time: "idle min" };

/** "0.5" -> "0.50": as people write prices; more decimals stay. */
export const priceOf = (number) => String(number).replace(/^(\d+\.\d)$/, "$10");

/**
 * What is paid, kind by kind: `[{kind, title, lines, isFree}]`, each line a sentence. Of several components of a kind the
 * first that holds is paid, so the lines are in that order and say what happens when none does.
 */
export function priceList(tariff) {
  return Object.entries(KINDS).map(([kind, [title]]) => {
    const ones = (tariff.components ?? []).filter((one) => one.kind === kind);
    return { kind, title, isFree: !ones.length, lines: ones.length ? linesOf(ones, tariff.currency) : ["free"] };
  });
}

function linesOf(ones, currency) {
  const last = ones.findIndex((one) => !whenOf(one));
  const lines = ones.map((one, i) => {
    const said = `${componentWords(one, currency)}`;
    if (last >= 0 && i > last) return `never: ${said}, since the one before always holds`;
    const when = whenOf(one) || (i ? "otherwise" : "");
    return when ? `${when}: ${said}` : said;
  });
  return last < 0 ? [...lines, "otherwise: free"] : lines;
}

/** "0.49 EUR per kWh, paid per started 100 Wh". */
export function componentWords(one, currency) {
  const step = stepWords(one);
  return `${priceOf(one.price)} ${currency} ${KINDS[one.kind]?.[1] ?? one.kind}${step && `, paid per started ${step}`}`;
}

function stepWords({ step_wh: wh, step_seconds: s }) {
  if (wh) return wh % 1000 ? `${wh} Wh` : wh === 1000 ? "kWh" : `${wh / 1000} kWh`;
  if (s) return s % 60 ? `${s} s` : s === 60 ? "minute" : `${s / 60} minutes`;
  return "";
}

/** When a component is paid: "from 22:00 to 06:00, for the first 10 kWh"; empty for always. */
export function whenOf({ conditions, grace_minutes: grace }) {
  const {
    start_time_of_day: from,
    end_time_of_day: to,
    days_of_week: days,
    min_energy_kwh: least,
    max_energy_kwh: most,
    min_minutes: early,
    max_minutes: late,
  } = conditions ?? {};
  return [
    given(from) && `from ${from} to ${to}`,
    days?.length && `on ${days.join(", ")}`,
    tier(least, most, "kWh of the session"),
    tier(early, late, "minutes of the session"),
    grace && `after the first ${grace === 1 ? "idle minute" : `${grace} idle minutes`} of the session`,
  ]
    .filter(Boolean)
    .join(", ");
}

const given = (value) => value !== null && value !== undefined;

function tier(least, most, unit) {
  if (given(least) && Number(least) > 0 && given(most)) return `from ${least} to ${most} ${unit}`;
  if (given(most)) return `for the first ${most} ${unit}`;
  return given(least) && Number(least) > 0 ? `after the first ${least} ${unit}` : "";
}

/** The prices at a glance: "0.35/session · 0.39–0.54/kWh"; "free" without any. */
export function atAGlance(tariff) {
  const told = Object.entries(SHORT).map(([kind, unit]) => {
    const prices = (tariff.components ?? []).filter((one) => one.kind === kind).map((one) => one.price);
    const ordered = [...new Set(prices)].sort((a, b) => Number(a) - Number(b)).map(priceOf);
    if (!ordered.length) return null;
    return `${ordered.length > 1 ? `${ordered[0]}–${ordered.at(-1)}` : ordered[0]}/${unit}`;
  });
  return told.filter(Boolean).join(" · ") || "free";
}

/** Taxes, the least and the most of a session: a sentence each. */
export function termsOf(tariff) {
  const { currency, min_cost: least, max_cost: most, prices_include_tax: included, taxes = [] } = tariff;
  const names = taxes.map((tax) => `${tax.name} ${Number(tax.percent)} %`).join(" and ");
  const net = included ? "taxes included" : "without taxes";
  return [
    names && (included ? `Prices include ${names}.` : `${names} come${taxes.length > 1 ? "" : "s"} on top of the prices.`),
    given(least) && `A session costs at least ${priceOf(least)} ${currency}${names ? `, ${net}` : ""}.`,
    given(most) && `A session costs at most ${priceOf(most)} ${currency}${names ? `, ${net}` : ""}.`,
    !names && "No taxes.",
  ].filter(Boolean);
}

/** `[word, tone]`: whether sessions that start now may go by it. */
export function validity({ valid_from: from, valid_until: until }, now = Date.now()) {
  if (until && new Date(until) <= now) return ["Over", "idle"];
  return new Date(from) > now ? ["Not yet valid", "waiting"] : ["Valid", "charging"];
}

/** Whom an assignment is for: `[what, name, address]`; the address of the page, where there is one. */
export function recipient({ charger_id: charger, site_id: site, token_group: group }) {
  if (charger) return ["Charger", charger, `#/chargers/${encodeURIComponent(charger)}`];
  if (site) return ["Site", site, `#/sites/${encodeURIComponent(site)}`];
  if (group) return ["Token group", group, null];
  return ["Everybody", null, null];
}
