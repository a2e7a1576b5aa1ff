// Alarms and what nobody could assign, in words. Pure.

import { NONE, register, spaced } from "../format.js";

/** The rules of the watchdogs: name and what to do. */
export const RULES = {
  offline_mid_session: [
    "Offline during a session",
    "Its session may go on: it tells what happened once it is back.",
  ],
  no_start: ["No start", "The charger accepted a remote start and nothing began. Is the car plugged in?"],
  no_stop: [
    "No stop",
    "The session seems to be over. It is ended without the charger's word after a day with the charger.",
  ],
  no_readings: ["No readings", "The session runs and nothing is measured. What it takes may not be billed."],
  charger_faulted: ["Faulted", "A connector stays faulted. Restart the charger, or send somebody."],
  unconfirmed: ["Not confirmed", "The charger restarted during the session and is asked for readings."],
  incomplete: [
    "Incomplete",
    "Messages of the session are missing, and the charger has no more. Somebody has to release its bill.",
  ],
};

export const ruleName = (rule) => RULES[rule]?.[0] ?? spaced(rule);
export const ruleHelp = (rule) => RULES[rule]?.[1] ?? "";

const SIGNS = {
  "connector available": "its connector is free",
  "stop rejected": "the charger rejected its stop",
  "charger says it is over": "the charger says that it is over",
  "newer start on the EVSE": "another session began there",
};

/** What an alarm rests on, in a few words; empty where its rule says all. */
export function evidence({ detail }) {
  const faults = [detail?.error_code, detail?.vendor_error_code, detail?.info].filter(Boolean);
  const signs = (detail?.signs ?? []).map((sign) => SIGNS[sign] ?? sign);
  const gaps = (detail?.missing_seq_nos ?? []).map(([first, last]) =>
    first === last ? `message ${first}` : `messages ${first} to ${last}`,
  );
  return [...faults, ...signs, ...gaps.map((gap) => `${gap} missing`)].join(", ");
}

const WHYS = {
  unknown_transaction: "Stop of an unknown session",
  start_lost: "Session without a start",
};

export const whyName = (item) => WHYS[item.why[0]] ?? "Messages without a session";

/** One sentence on what the charger said. */
export function whatItSaid({ transaction }) {
  const parts = [
    transaction.ocpp_transaction_id === "-1"
      ? "It names no transaction"
      : `It names transaction ${transaction.ocpp_transaction_id}`,
    transaction.id_token ? `token ${transaction.id_token}` : "no token",
    transaction.meter_stop_wh === null ? "no meter reading" : `meter ${register(transaction.meter_stop_wh)}`,
    transaction.stop_reason ? `reason ${transaction.stop_reason}` : null,
  ];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** A session's name in a list of those that may be meant. */
export const sessionName = (session) =>
  [session.ocpp_transaction_id, session.id_token ?? NONE, session.state].join(" · ");
