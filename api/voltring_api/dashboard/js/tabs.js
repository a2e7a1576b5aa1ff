// Tabs of a page: one panel is shown; a panel is built when it is opened for the first time.

import { fill, h } from "./dom.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * `items` is `{name: {text, open() -> element}}`; `onChoose(name)` is told another choice. Gives
 * `{element, choose(name)}`; the arrow keys move between the tabs.
 */
export function tabs({ label, items, chosen, onChoose = () => {} }) {
  const names = Object.keys(items);
  const panels = {};
  const buttons = {};
  const choose = (name) => {
    for (const each of names) {
      const is = each === name;
      buttons[each].setAttribute("aria-selected", String(is));
      buttons[each].tabIndex = is ? 0 : -1;
      panels[each].hidden = !is;
    }
    if (!panels[name].firstChild) fill(panels[name], items[name].open());
  };
  const press = (name) => {
    choose(name);
    onChoose(name);
  };
  for (const name of names) {
    buttons[name] = h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` },
      items[name].text,
    );
    buttons[name].addEventListener("click", () => press(name));
    panels[name] = h("div", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` });
  }
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label }, Object.values(buttons));
  list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = names.indexOf(event.target.id.replace("tab-", ""));
    const next = names[(at + step + names.length) % names.length];
    buttons[next].focus();
    press(next);
  });
  choose(names.includes(chosen) ? chosen : names[0]);
  return { element: h("div", null, list, Object.values(panels)), choose: press };
}
