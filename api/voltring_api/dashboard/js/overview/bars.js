// A card of the overview, and numbers side by side as bars.

import { h } from "../dom.js";
import { count } from "../format.js";

/** A card with a head and a body. */
export const card = (title, body, ...more) =>
  h("div", { class: "card" }, h("header", null, h("h2", null, title), more), body);

export const nothing = (text) => h("p", { class: "muted small" }, text);

/** In place of numbers that the API could not count in time. */
export const late = () => nothing("It took too long to be counted; it is tried again.");

/**
 * Bars of `rows`, each `{name, n, mark?, text?, href?}`: `mark` stands behind the name, `text` in place of the number.
 * Without rows `blank` says why there is none.
 */
export function bars(rows, blank, { tone } = {}) {
  if (!rows.length) return nothing(blank);
  const most = Math.max(...rows.map(({ n }) => n), 1);
  return h(
    "ul",
    { class: "bars", data: { tone } },
    rows.map(({ name, n, mark, text, href }) =>
      h(
        "li",
        null,
        h(
          "span",
          { class: "named" },
          h("span", { class: "clip", title: name }, href ? h("a", { href }, name) : name),
          mark,
        ),
        h("span", { class: "number" }, text ?? count(n)),
        h("span", { class: "track", "aria-hidden": "true" }, h("i", { vars: { "--share": n / most } })),
      ),
    ),
  );
}

/** The first `most` of the rows, the others as one. */
export function folded(rows, most, word) {
  if (rows.length <= most) return rows;
  const rest = rows.slice(most - 1);
  const sum = rest.reduce((total, { n }) => total + n, 0);
  return [...rows.slice(0, most - 1), { name: `${rest.length} more ${word}`, n: sum }];
}
