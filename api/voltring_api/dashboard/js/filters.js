// The tools above a list: a search box and a choice of one.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const TYPING_MS = 220;

/** A search field that tells `onSearch(text)` what was typed once the typing rests. */
export function searchBox({ value, placeholder, label, onSearch }) {
  let typing = 0;
  const input = h("input", {
    type: "search",
    value,
    placeholder,
    "aria-label": label,
    autocomplete: "off",
    spellcheck: "false",
    on: {
      input: () => {
        clearTimeout(typing);
        typing = setTimeout(() => onSearch(input.value.trim()), TYPING_MS);
      },
    },
  });
  return h("label", { class: "search" }, icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"));
}

/** Buttons of which one is pressed; `options` is `{name: label}`, `onChoose(name)` is told another choice. */
export function segments({ label, options, chosen, onChoose }) {
  const buttons = Object.entries(options).map(([name, text]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(name === chosen),
        on: {
          click: () => {
            buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.textContent === text)));
            onChoose(name);
          },
        },
      },
      text,
    ),
  );
  return h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
}
