// The fleet in seven numbers; those that a filter can show lead to it.

import { fill, h, svg } from "../dom.js";
import { count, energyParts, percent, plural, powerParts } from "../format.js";

const REMEMBERED = 60; // readings of power kept for the small curve
const MOST_FAULTS = 100; // the API names no more than these
const history = []; // outlives the page, so that coming back does not forget

/** An element and `show(fleet)`. */
export function counts() {
  const element = h("section", { class: "card counts", "aria-label": "Fleet in numbers" });
  const show = (fleet) => {
    history.push(fleet.power_w ?? 0);
    if (history.length > REMEMBERED) history.shift();
    const faulted = new Set(fleet.faults.map((fault) => fault.charger_id)).size;
    fill(
      element,
      one(
        "Chargers",
        [count(fleet.total)],
        fleet.nodes?.length ? `on ${plural(fleet.nodes.length, "node")}` : "no node answers",
        { href: "#/" },
      ),
      one(
        "Online",
        [count(fleet.online)],
        fleet.total ? `${percent((100 * fleet.online) / fleet.total)} of the fleet` : "",
        { href: "#/?show=online" },
      ),
      one(
        "Charging",
        [count(fleet.charging)],
        fleet.active_transactions === fleet.charging ? "" : plural(fleet.active_transactions, "session"),
        { href: "#/?show=charging", tone: fleet.charging ? "charging" : null },
      ),
      one("Power now", powerParts(fleet.power_w), "", {}, spark(history)),
      one("Energy today", energyParts(fleet.energy_today_wh), "since midnight UTC"),
      one(
        "Faults",
        [fleet.faults.length >= MOST_FAULTS ? `${MOST_FAULTS}+` : count(fleet.faults.length)],
        faulted ? `on ${plural(faulted, "charger")}` : "none reported",
        { href: "#/?show=faulted", tone: fleet.faults.length ? "fault" : null },
      ),
      one(
        "Quarantined",
        [count(fleet.quarantined)],
        fleet.quarantined ? "waiting to be admitted" : "nobody waits",
        { href: "#/quarantine", tone: fleet.quarantined ? "waiting" : null },
      ),
    );
  };
  return { element, show };
}

function one(label, [number, unit], remark, { href, tone } = {}, extra) {
  const inside = [
    h("span", null, label),
    h("strong", { class: "number" }, number, unit && h("small", null, unit)),
    extra ?? h("em", null, remark),
  ];
  return h(href ? "a" : "div", { class: "count", href, data: { tone, count: label } }, inside);
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
