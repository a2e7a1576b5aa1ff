// The prices in a tariff's form: basic ones in fields, everything else as JSON.

import { field } from "../dialog.js";
import { fill, h } from "../dom.js";
import { segments } from "../filters.js";
import { PRICES, componentsOf, fieldsOf, shortened } from "./basic.js";

const MODES = { basic: "Basic", json: "As JSON" };
const EXAMPLE = [
  { kind: "energy", price: "0.39", conditions: { start_time_of_day: "22:00", end_time_of_day: "06:00" } },
  { kind: "energy", price: "0.54" },
];

/** `{element, components(), control(path)}`: `components()` throws what is no JSON; `control` finds what `components.…` means. */
export function priceFields(components, onChange) {
  const known = fieldsOf(components);
  let mode = known ? "basic" : "json";
  const basic = h("div", { class: "price-fields" }, PRICES.map((price) => row(price, known ?? {})));
  const text = h("textarea", { name: "components", rows: 12, spellcheck: "false", "aria-label": "Components as JSON" });
  const json = h(
    "div",
    { class: "field" },
    text,
    h(
      "small",
      null,
      "A list of components. Of several of one kind the first whose conditions hold is paid; all kinds are added up. Steps, times of day, days and limits of energy or minutes are said here.",
    ),
    h("details", { class: "as-json" }, h("summary", null, "An example"), h("pre", null, laid(EXAMPLE))),
  );
  text.value = laid(shortened(components));
  const note = h("p", { class: "notice warn", role: "status", hidden: true });
  const switchTo = (wanted) => {
    fill(note);
    if (wanted === "json" && mode === "basic") text.value = laid(componentsOf(valuesOf(basic)).components);
    const fields = wanted === "basic" && mode === "json" ? readable(text.value) : {};
    if (fields) mode = wanted;
    else fill(note, "These components say more than the basic fields can: they stay as JSON.");
    if (fields && wanted === "basic") write(basic, fields);
    note.hidden = !note.textContent;
    show();
    onChange();
  };
  const chooser = segments({ label: "How prices are given", options: MODES, chosen: mode, onChoose: switchTo });
  const show = () => {
    basic.hidden = mode !== "basic";
    json.hidden = mode !== "json";
    for (const button of chooser.children)
      button.setAttribute("aria-pressed", String(button.textContent === MODES[mode]));
  };
  show();
  return {
    element: h("div", { class: "price-part" }, chooser, note, basic, json),
    components: () => (mode === "basic" ? componentsOf(valuesOf(basic)).components : parsed(text.value)),
    control: (path) => {
      if (mode === "json") return { control: text, prefix: path.join(".") };
      const [, place, what] = path;
      const name = componentsOf(valuesOf(basic)).names[place] ?? PRICES[0].name;
      const ending = what === "grace_minutes" ? "_grace" : "";
      return { control: basic.querySelector(`[name="${name}${ending}"]`) };
    },
  };
}

const laid = (components) => JSON.stringify(components, null, 2);

function row({ name, label, unit, step, grace }, known) {
  const price = h("input", { name, value: known[name] ?? "", inputMode: "decimal", autocomplete: "off" });
  return h(
    "div",
    { class: "price-row", role: "group", "aria-label": label },
    field(`${label}, ${unit}`, price),
    grace &&
      field(
        "After idle minutes",
        h("input", { name: `${name}_grace`, value: known[`${name}_grace`] ?? "", inputMode: "numeric" }),
      ),
    step &&
      h(
        "label",
        { class: "check" },
        h("input", { type: "checkbox", name: `${name}_step`, checked: Boolean(known[`${name}_step`]) }),
        "per started minute",
      ),
  );
}

const valueOf = (input) => (input.type === "checkbox" ? input.checked : input.value.trim());
const valuesOf = (basic) =>
  Object.fromEntries([...basic.querySelectorAll("input")].map((input) => [input.name, valueOf(input)]));

function write(basic, fields) {
  for (const input of basic.querySelectorAll("input")) {
    if (input.type === "checkbox") input.checked = Boolean(fields[input.name]);
    else input.value = fields[input.name] ?? "";
  }
}

function readable(text) {
  try {
    return fieldsOf(parsed(text));
  } catch {
    return null;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text.trim() || "[]");
  } catch (error) {
    const said = `This is not JSON. ${error.message}`;
    throw Object.assign(new Error(said), { fields: { components: said } });
  }
}
