// Bills in words. Pure. Amounts are decimals in text and stay so: none is rounded.

import { NONE, energy } from "../format.js";

/** Which of the bills that wait are shown. */
export const STATES = { "": "All", held: "Held", provisional: "Provisional" };

const WAITS = {
  held: ["Held", "It waits for somebody to release it or to make it void."],
  provisional: ["Provisional", "It waits for the session's true end, which may never come."],
};

/** `[word, explanation]` of how a bill waits. */
export const waiting = ({ billing }) => WAITS[billing] ?? [billing, ""];

/** The reasons, each a sentence. */
export const reasons = ({ waits_for: words }) => (words ?? []).map(({ reason, says }) => says || reason);

/** "6.25 EUR"; a dash where nothing prices it. A credit takes back: its amount is shown below zero. */
export function money({ total, currency, kind }) {
  if (total === null || total === undefined) return NONE;
  return `${kind === "credit" ? "−" : ""}${total} ${currency ?? ""}`.trim();
}

/** The energy of a bill, whose watt-hours are a decimal in text too. */
export const energyOf = ({ energy_wh: wh }) => energy(typeof wh === "string" ? Number(wh) : wh);

const KINDS = { charge: ["Charge", "Invoice"], credit: ["Credit", "Credit note"] };

export const kindName = ({ kind }) => KINDS[kind]?.[0] ?? kind;
export const paperName = ({ kind }) => KINDS[kind]?.[1] ?? "Record";

/** What a saved invoice is called. */
export const fileName = (record) =>
  `${paperName(record).toLowerCase().replace(" ", "-")}-${record.number}.html`;
