// The fields of a tariff's form that are no prices.

import { field } from "../dialog.js";
import { h } from "../dom.js";
import { localInput, ownZone } from "../zone.js";

/** Name, currency, validity and the words for drivers; `before` where it is to be a new version. */
export function aboutFields(start, before) {
  const text = (name, value, more) => h("input", { name, value, autocomplete: "off", ...more });
  return [
    h(
      "div",
      { class: "pair" },
      field("Name", text("name", start.name, { maxLength: 100 })),
      field("Currency", text("currency", start.currency, { maxLength: 3, spellcheck: "false" }), "ISO 4217: EUR, CHF"),
    ),
    h(
      "div",
      { class: "pair" },
      field(
        `Valid from (${ownZone()})`,
        h("input", { name: "valid_from", type: "datetime-local", value: localInput(midnight(before ? 1 : 0)) }),
        "Sessions that start at or after it.",
      ),
      field(
        "Valid until (optional)",
        h("input", { name: "valid_until", type: "datetime-local", value: laterEnd(start) }),
        "... and before it.",
      ),
    ),
    field("For drivers, in your own words (optional)", text("text", start.text ?? "", { maxLength: 1000 })),
  ];
}

// An end that is over would make the new version one that never holds.
const laterEnd = ({ valid_until: until }) =>
  until && new Date(until) > midnight(1) ? localInput(new Date(until)) : "";

function midnight(days) {
  const day = new Date();
  day.setDate(day.getDate() + days);
  day.setHours(0, 0, 0, 0);
  return day;
}

/** The least and the most of a session. */
export const limits = (start) =>
  [
    ["min_cost", "A session costs at least (optional)"],
    ["max_cost", "... and at most (optional)"],
  ].map(([name, label]) =>
    field(label, h("input", { name, value: start[name] ?? "", inputMode: "decimal", autocomplete: "off" })),
  );

export const taxIncluded = (start) =>
  h(
    "label",
    { class: "check" },
    h("input", { type: "checkbox", name: "prices_include_tax", checked: start.prices_include_tax }),
    "Prices include the taxes",
  );
