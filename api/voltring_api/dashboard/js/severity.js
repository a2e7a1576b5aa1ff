// OCPP's severity of events, 0 to 9, as a word and a tone. Pure but for the tag.

import { tag } from "./status.js";

const WORDS = [
  "Danger",
  "Hardware failure",
  "System failure",
  "Critical",
  "Error",
  "Alert",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
];

/** How loud a severity is. */
export function toneOf(severity) {
  if (severity === null || severity === undefined) return null;
  if (severity <= 3) return "fault";
  return severity <= 6 ? "waiting" : "idle";
}

/** Its word; nothing for an event without one. */
export const severityTag = (severity) =>
  severity === null || severity === undefined
    ? ""
    : tag(`${severity} ${WORDS[severity] ?? ""}`.trim(), toneOf(severity));

/** The choices of a list of events: what the button says, and the filter. */
export const LEVELS = {
  all: ["All", undefined],
  warnings: ["Warnings and worse", 6],
  severe: ["Severe", 3],
};
