// The controls above the message log: direction, action, what is shown, free text, pause.

import { h, fill } from "../dom.js";
import { searchBox, segments } from "../filters.js";
import { icon } from "../icons.js";
import { SHOWN } from "./message-filter.js";

const DIRECTIONS = { both: "Both ways", in: "From it", out: "To it" };
const MOST_ACTIONS = 200;

/** The filters' element and `note(items)`, which learns actions to suggest; `restart()` when `view` has changed. */
export function filterTools(view, restart) {
  const actions = h("datalist", { id: "seen-actions" });
  const seen = new Set();
  const note = (items) => {
    for (const { action } of items) {
      if (!action || seen.has(action) || seen.size > MOST_ACTIONS) continue;
      seen.add(action);
      actions.append(h("option", { value: action }));
    }
  };
  const element = h(
    "div",
    { class: "tools log-tools" },
    segments({
      label: "Direction",
      options: DIRECTIONS,
      chosen: "both",
      onChoose: (way) => {
        view.direction = way === "both" ? "" : way;
        restart();
      },
    }),
    actionField(view, restart),
    actions,
    shownSelect(view, restart),
    searchBox({
      value: "",
      placeholder: "Search in frames",
      label: "Search in messages",
      onSearch: (q) => {
        view.q = q;
        restart();
      },
    }),
  );
  return { element, note };
}

function actionField(view, restart) {
  const input = h("input", {
    type: "text",
    list: "seen-actions",
    placeholder: "Filter by action",
    "aria-label": "Filter messages by action",
    autocomplete: "off",
    spellcheck: "false",
    on: {
      change: () => {
        view.action = input.value.trim();
        restart();
      },
    },
  });
  return input;
}

function shownSelect(view, restart) {
  const select = h(
    "select",
    {
      "aria-label": "Which messages",
      on: {
        change: () => {
          view.shown = select.value;
          restart();
        },
      },
    },
    Object.entries(SHOWN).map(([name, [words]]) => h("option", { value: name }, words)),
  );
  return select;
}

/** Holds back what comes while it is pressed; `onChange()` after each press. */
export function pauseButton(view, onChange) {
  const button = h("button", { class: "button small", type: "button", "aria-pressed": "false" });
  const label = () => fill(button, icon(view.paused ? "play" : "pause"), view.paused ? "Resume" : "Pause");
  button.addEventListener("click", () => {
    view.paused = !view.paused;
    button.setAttribute("aria-pressed", String(view.paused));
    label();
    onChange();
  });
  label();
  return button;
}
