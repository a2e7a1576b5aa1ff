// How a charger, a connector, a session or a command is, as one word with one tone.

import { h } from "./dom.js";

const TONES = {
  Available: "ready",
  Preparing: "waiting",
  Occupied: "busy",
  SuspendedEV: "waiting",
  SuspendedEVSE: "waiting",
  Finishing: "waiting",
  Charging: "charging",
  Reserved: "reserved",
  Unavailable: "idle",
  Faulted: "fault",
  Quarantined: "waiting",
  Offline: "idle",
  Unknown: "idle",
  Active: "charging",
  Ended: "idle",
  Orphan: "waiting",
  EVConnected: "waiting",
  Idle: "idle",
  Accepted: "charging",
  Pending: "waiting",
  Blocked: "fault",
  Expired: "idle",
  Invalid: "fault",
  Rejected: "fault",
};
const WORDS = {
  SuspendedEV: "Suspended by EV",
  SuspendedEVSE: "Suspended by EVSE",
  Orphan: "Orphaned",
  EVConnected: "EV connected",
};
const COMMANDS = {
  QUEUED: ["Queued", "idle"],
  SENT: ["Sent", "waiting"],
  ACCEPTED: ["Accepted", "charging"],
  REJECTED: ["Rejected", "fault"],
  CALLERROR: ["Error", "fault"],
  UNKNOWN: ["Unknown", "waiting"],
  EXPIRED: ["Expired", "idle"],
  CANCELLED: ["Cancelled", "idle"],
  COMPLETED: ["Completed", "charging"],
  FAILED: ["Failed", "fault"],
};

export const tone = (status) => TONES[status] ?? "idle";
export const word = (status) => WORDS[status] ?? status ?? "Unknown";

/** The dot and the word of a status. */
export function status(name, { pill = false, title } = {}) {
  return h(
    "span",
    { class: pill ? "status pill" : "status", data: { tone: tone(name) }, title },
    h("i", { "aria-hidden": "true" }),
    word(name),
  );
}

/** The one word that tells most about a charger. */
export function chargerState(charger) {
  if (charger.status === "quarantined") return "Quarantined";
  if (!charger.online) return "Offline";
  const told = charger.status_summary ?? "Unknown";
  const waits = ["Pending", "Rejected"].includes(charger.registration);
  return told === "Unknown" && waits ? charger.registration : told;
}

export function commandState(state) {
  const [text, tone] = COMMANDS[state] ?? [state, "idle"];
  return { text, tone };
}

/** Sessions of a charger that run, each with its EVSE: `[{evse_id, ...transaction}]`. */
export const sessions = (charger) =>
  (charger.evses ?? [])
    .filter((evse) => evse.transaction)
    .map((evse) => ({ evse_id: evse.evse_id, connector_status: busyState(evse), ...evse.transaction }));

/** What an EVSE's connectors do, in the words of its session where the connector only says “Occupied”. */
export const busyState = (evse, connector = evse.connectors[0]) =>
  (connector?.status === "Occupied" || !connector) && evse.transaction
    ? (evse.transaction.charging_state ?? "Occupied")
    : connector?.status;

/** A small label. */
export const tag = (text, tone) => h("span", { class: "tag", data: { tone } }, text);

/** What was odd about something, each a small label. */
export const flags = (names) => (names ?? []).map((name) => [tag(String(name), "waiting"), " "]);
