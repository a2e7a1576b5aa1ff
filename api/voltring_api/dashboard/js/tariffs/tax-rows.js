// The taxes of a tariff in its form: rows of a name and a percentage.

import { h } from "../dom.js";

const MOST = 10;

/** `{element, values(), set(taxes)}`; `onChange()` when a row comes or goes. Rows without both are none. */
export function taxRows(onChange) {
  const rows = h("div", { class: "tax-rows" });
  const add = (tax = {}) => {
    const row = h(
      "div",
      { class: "tax-row" },
      h("input", { value: tax.name ?? "", placeholder: "VAT", maxLength: 100, "aria-label": "Name of the tax" }),
      h("input", { value: tax.percent ?? "", placeholder: "19", inputMode: "decimal", "aria-label": "Percent" }),
      h("span", { class: "muted" }, "%"),
      h(
        "button",
        {
          class: "button small bare",
          type: "button",
          "aria-label": "Remove the tax",
          on: {
            click: () => {
              row.remove();
              more.hidden = false;
              onChange();
            },
          },
        },
        "✕",
      ),
    );
    rows.append(row);
    more.hidden = rows.children.length >= MOST;
    return row;
  };
  const more = h(
    "button",
    { class: "button small", type: "button", on: { click: () => add().querySelector("input").focus() } },
    "Add a tax",
  );
  const filled = () =>
    [...rows.children].filter((row) => [...row.querySelectorAll("input")].some((input) => input.value.trim()));
  return {
    element: h("div", { class: "field" }, h("span", null, "Taxes"), rows, h("div", null, more)),
    values: () =>
      filled().map((row) => {
        const [name, percent] = [...row.querySelectorAll("input")].map((input) => input.value.trim());
        return { name, percent };
      }),
    /** The control that the API means by `taxes.<n>.<what>`. */
    control: (n, what) => filled()[n]?.querySelectorAll("input")[what === "percent" ? 1 : 0],
    set: (taxes) => {
      rows.replaceChildren();
      taxes.forEach(add);
    },
  };
}
