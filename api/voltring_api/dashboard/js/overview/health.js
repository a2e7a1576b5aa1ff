// How healthy the fleet is: faults by code and vendor, alarms, answer times, firmware, sessions with something odd.

import { fill, h } from "../dom.js";
import { count, milliseconds, plural } from "../format.js";
import { flags, tag } from "../status.js";
import { when } from "../time.js";
import { alarms } from "./alarms.js";
import { bars, card, folded, late, nothing } from "./bars.js";

const MOST_BARS = 6;
const BILLS = { held: "fault", provisional: "idle" };
const PARTS = {
  energy: "energy",
  answers: "answer times",
  commands: "commands",
  firmware: "firmware",
  flagged: "flagged sessions",
  waiting: "alarms and bills",
};

/** An element and `show(fleet)`. */
export function health(signal) {
  const behind = h("div", { role: "status" });
  const codes = h("div", { class: "body" });
  const vendors = h("div", { class: "body" });
  const answers = h("div", { class: "body" });
  const firmware = h("div", { class: "body" });
  const flagged = h("div");
  const open = alarms(signal);
  const element = h(
    "section",
    { class: "stack", "aria-label": "Health of the fleet" },
    behind,
    h(
      "div",
      { class: "panels" },
      card("Faults by code", codes),
      card("Faults by vendor", vendors),
      card("Slowest to answer", answers),
      card("Firmware", firmware),
    ),
    h(
      "div",
      { class: "halves" },
      card("Flagged sessions", flagged, h("span", { class: "end muted small" }, "of the last seven days")),
      open.element,
    ),
  );
  const show = (fleet) => {
    fill(behind, slow(fleet.late ?? []));
    fill(codes, bars(faults(fleet.faults_by_code, codeName), "No connector reports a fault.", { tone: "fault" }));
    fill(
      vendors,
      bars(faults(fleet.faults_by_vendor, vendorName), "No charger reports a fault.", { tone: "fault" }),
    );
    open.show(fleet);
    fill(answers, slowest(fleet.answers));
    flagged.className = fleet.flagged?.sessions ? "" : "body";
    fill(flagged, sessionsOf(fleet.flagged));
    fill(firmware, spread(fleet.firmware));
  };
  return { element, show };
}

function slow(parts) {
  if (!parts.length) return null;
  const names = parts.map((name) => PARTS[name] ?? name).join(", ");
  return h(
    "p",
    { class: "notice warn" },
    `Counting took too long for: ${names}. What is shown of it is older.`,
  );
}

const codeName = ({ code }) => code ?? "without a code";
const vendorName = ({ vendor }) => vendor ?? "unknown vendor";

const faults = (groups, name) =>
  folded(
    (groups ?? []).map((group) => ({ name: name(group), n: group.connectors })),
    MOST_BARS,
    "kinds",
  );

function slowest(answers) {
  if (!answers) return late();
  const rows = answers.slowest.slice(0, MOST_BARS).map((each) => ({
    name: each.charger_id,
    href: `#/chargers/${encodeURIComponent(each.charger_id)}`,
    n: each.p95_ms,
    text: milliseconds(each.p95_ms),
  }));
  return bars(rows, "No command was answered within the last hour.");
}

function spread(firmware) {
  if (!firmware) return late();
  const rows = firmware.map((each) => ({
    name: [each.vendor, each.model].filter(Boolean).join(" ") || "never booted",
    mark: each.firmware_version && tag(each.firmware_version),
    n: each.chargers,
  }));
  return bars(folded(rows, MOST_BARS, "kinds"), "No charger is registered yet.");
}

function sessionsOf(flagged) {
  if (!flagged) return late();
  if (!flagged.sessions) return nothing("No session was found odd in the last seven days.");
  const kinds = Object.entries(flagged.by_flag).sort(([, a], [, b]) => b - a);
  const hidden = flagged.sessions - flagged.newest.length;
  return [
    h(
      "p",
      { class: "kinds" },
      kinds.map(([name, n]) => [tag(`${name} ${count(n)}`, "waiting"), " "]),
    ),
    h("ul", { class: "lines" }, flagged.newest.map(flaggedSession)),
    hidden > 0 && h("p", { class: "pager" }, `${plural(hidden, "older session")} beside them.`),
  ];
}

const flaggedSession = (item) =>
  h(
    "li",
    null,
    h(
      "span",
      { class: "clip" },
      h("a", { class: "main-link", href: `#/transactions/${item.id}` }, item.charger_id),
      h("span", { class: "muted" }, " · ", when(item.started_at)),
    ),
    h(
      "span",
      { class: "marks" },
      item.billing in BILLS && [tag(`bill ${item.billing}`, BILLS[item.billing]), " "],
      flags(item.flags),
    ),
  );
