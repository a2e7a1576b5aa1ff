// Where the fleet is connected, what it speaks, how its connectors are, and what is broken.

import { fill, h } from "../dom.js";
import { count, milliseconds, rate } from "../format.js";
import { status, tag, tone, word } from "../status.js";
import { when } from "../time.js";
import { bars, card, nothing } from "./bars.js";

const FAULTS_SHOWN = 4;
const ORDER = [
  "Charging",
  "Available",
  "Preparing",
  "SuspendedEV",
  "SuspendedEVSE",
  "Finishing",
  "Occupied",
  "Reserved",
  "Unavailable",
  "Faulted",
];

/** An element and `show(fleet)`. */
export function fleetPanels() {
  const nodes = h("div", { class: "body" });
  const versions = h("div", { class: "body" });
  const connectors = h("div", { class: "body" });
  const faults = h("div", { class: "body" });
  const element = h(
    "section",
    { class: "panels", "aria-label": "Fleet in detail" },
    card("Nodes", nodes),
    card("OCPP versions", versions),
    card("Connectors", connectors),
    card("Faults", faults),
  );
  const show = (fleet) => {
    fill(nodes, bars(nodeRows(fleet), "Nobody is connected."));
    fill(versions, bars(rowsOf(fleet.by_version), "Nobody has connected yet."));
    fill(connectors, mix(fleet.by_status));
    fill(faults, newest(fleet.faults));
  };
  return { element, show };
}

function nodeRows(fleet) {
  const told = new Map((fleet.nodes ?? []).map((node) => [node.name, node]));
  return rowsOf(fleet.by_node).map((row) => ({ ...row, mark: marks(told.get(row.name)) }));
}

function marks(node) {
  if (!node) return null;
  const says = [
    typeof node.messages_per_s === "number" && `${rate(node.messages_per_s)}/s`,
    typeof node.loop_lag_ms === "number" && `lag ${milliseconds(node.loop_lag_ms)}`,
  ].filter(Boolean);
  return [
    node.draining && [tag("draining", "waiting"), " "],
    says.length > 0 && h("span", { class: "muted" }, says.join(" · ")),
  ];
}

const rowsOf = (numbers) =>
  Object.entries(numbers ?? {})
    .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
    .map(([name, n]) => ({ name, n }));

function mix(numbers) {
  const rows = Object.entries(numbers ?? {})
    .filter(([, n]) => n)
    .sort(([a], [b]) => place(a) - place(b));
  if (!rows.length) return nothing("No connector has reported yet.");
  return [
    h(
      "div",
      { class: "mix", "aria-hidden": "true" },
      rows.map(([name, n]) => h("i", { data: { tone: tone(name) }, vars: { "--share": n } })),
    ),
    h(
      "ul",
      { class: "legend" },
      rows.map(([name, n]) => h("li", null, status(name), h("span", { class: "number" }, count(n)))),
    ),
  ];
}

const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

function newest(faults) {
  if (!faults.length) return nothing("No connector reports a fault.");
  const rows = [...faults].sort((a, b) => String(b.at).localeCompare(String(a.at))).slice(0, FAULTS_SHOWN);
  return h(
    "ul",
    { class: "faults" },
    rows.map((fault) =>
      h(
        "li",
        null,
        h(
          "span",
          { class: "clip" },
          h("a", { href: `#/chargers/${encodeURIComponent(fault.charger_id)}` }, fault.charger_id),
          " ",
          h(
            "code",
            null,
            fault.error_code && fault.error_code !== "NoError" ? fault.error_code : word("Faulted"),
          ),
        ),
        h("span", { class: "muted" }, when(fault.at, "ago")),
      ),
    ),
    faults.length > FAULTS_SHOWN &&
      h("li", null, h("a", { href: "#/?show=faulted" }, `${count(faults.length - FAULTS_SHOWN)} more`)),
  );
}
