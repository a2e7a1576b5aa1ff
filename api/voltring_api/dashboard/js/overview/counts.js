// The fleet in eighteen numbers: what it does, what waits for somebody, and how it is served; a site in the first twelve.
// Those that can be looked into lead there.

import { fill, h, svg } from "../dom.js";
import { count, energyParts, milliseconds, percent, plural, powerParts } from "../format.js";
import { served } from "./served.js";
import { one } from "./tile.js";

const REMEMBERED = 60; // readings of power kept for the small curve
const histories = new Map(); // by site; outlives the page, so that coming back does not forget

/** An element and `show(fleet)`; `to(query)` is the address of the overview with that in it. */
export function counts(to) {
  const element = h("section", { class: "card counts", "aria-label": "Fleet in numbers" });
  const show = (fleet) => fill(element, doing(fleet, to), waiting(fleet, to), !fleet.site && served(fleet));
  return { element, show };
}

function doing(fleet, to) {
  return [
    one(
      "Chargers",
      [count(fleet.total)],
      fleet.nodes?.length ? `on ${plural(fleet.nodes.length, "node")}` : "no node answers",
      { href: to({}) },
    ),
    one(
      "Online",
      [count(fleet.online)],
      fleet.total ? `${percent(fleet.online_percent)} of ${fleet.site ? "the site" : "the fleet"}` : "",
      { href: to({ show: "online" }) },
    ),
    one("Charging", [count(fleet.charging)], `${plural(fleet.active_transactions, "session")} in progress`, {
      href: to({ show: "charging" }),
      tone: fleet.charging ? "charging" : null,
    }),
    one("Power now", powerParts(fleet.power_w), "", {}, spark(remembered(fleet))),
    one("Energy today", energyParts(fleet.energy_today_wh), "since midnight UTC"),
    answers(fleet.answers, to),
  ];
}

function answers(told, to) {
  const [number, unit] = milliseconds(told?.p50_ms).split(" ");
  const remark = told?.commands
    ? `95 % within ${milliseconds(told.p95_ms)}`
    : told && "no command in the last hour";
  return one("Answer time", [number, unit], remark ?? "", { href: to({ view: "health" }) });
}

function waiting(fleet, to) {
  const faulted = fleet.faults_by_vendor.reduce((total, { chargers }) => total + chargers, 0);
  const alarms = sum(fleet.alarms);
  const bills = sum(fleet.bills_waiting);
  return [
    one(
      "Faults",
      [count(fleet.faulted_connectors)],
      faulted ? `on ${plural(faulted, "charger")}` : "none reported",
      { href: to({ show: "faulted" }), tone: fleet.faulted_connectors ? "fault" : null },
    ),
    one("Alarms", [count(alarms)], alarms ? `of ${plural(Object.keys(fleet.alarms).length, "rule")}` : "none open", {
      href: to({ view: "health" }),
      tone: alarms ? "waiting" : null,
    }),
    one(
      "Flagged sessions",
      [count(fleet.flagged?.sessions)],
      fleet.flagged?.sessions ? "within seven days" : "nothing odd",
      { href: to({ view: "health" }), tone: fleet.flagged?.sessions ? "waiting" : null },
    ),
    one(
      "Unresolved",
      [count(fleet.unresolved)],
      fleet.unresolved ? "sessions to be assigned" : "every session is known",
      { href: "#/inbox", tone: fleet.unresolved ? "waiting" : null },
    ),
    one("Bills on hold", [count(bills)], bills ? "wait to be released" : "none waits", {
      href: "#/bills",
      tone: bills ? "waiting" : null,
    }),
    one(
      "Quarantined",
      [count(fleet.quarantined)],
      fleet.quarantined ? "waiting to be admitted" : "nobody waits",
      { href: "#/quarantine", tone: fleet.quarantined ? "waiting" : null },
    ),
  ];
}

const sum = (numbers) => (numbers ? Object.values(numbers).reduce((total, n) => total + n, 0) : null);

function remembered(fleet) {
  const site = fleet.site?.id ?? "";
  const values = [...(histories.get(site) ?? []), fleet.power_w ?? 0].slice(-REMEMBERED);
  histories.set(site, values);
  return values;
}

function spark(values) {
  const most = Math.max(...values, 1);
  const least = Math.min(...values) * 0.9;
  const y = (value) => 19 - (18 * (value - least)) / (most - least || 1);
  const line = values
    .map((value, i) => `${(100 * i) / Math.max(values.length - 1, 1)},${y(value).toFixed(1)}`)
    .join(" ");
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("polyline", {
      points: line,
      fill: "none",
      stroke: "currentColor",
      "stroke-width": "1.5",
      "vector-effect": "non-scaling-stroke",
    }),
  );
}
