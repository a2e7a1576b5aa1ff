// The charger's OCPP messages as they come, newest first: filter, pause, older ones on demand.

import { chargerPath, get } from "../api.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { plural } from "../format.js";
import { gathered } from "../timing.js";
import { fromEvent, messageLine } from "./message-line.js";

const PAGE = 50;
const MOST = 400; // lines kept in the page; older ones are one request away

/** A card, `hear(event)` and `resume()`. */
export function messages({ id, signal }) {
  const list = h("ol", { class: "log", "aria-label": "Messages, newest first", tabIndex: 0 });
  const held = h("button", { class: "held", type: "button", hidden: true });
  const older = h("button", { class: "button small", type: "button", hidden: true }, "Load older");
  const actions = h("datalist", { id: "seen-actions" });
  const view = { action: "", paused: false, waiting: [], cursor: null, seen: new Set() };

  const read = async (cursor) => {
    try {
      const page = await get(
        chargerPath(id, "/messages"),
        { limit: PAGE, action: view.action, cursor },
        signal,
      );
      if (!cursor) fill(list);
      if (!cursor && !page.items.length) fill(list, empty(view.action));
      note(view, actions, page.items);
      list.append(...page.items.map(messageLine));
      view.cursor = page.next_cursor;
      older.hidden = !page.next_cursor;
    } catch (error) {
      if (!signal.aborted) fill(list, h("li", { class: "blank", role: "alert" }, error.message));
    }
  };
  const add = gathered(
    () => {
      if (view.paused) {
        held.hidden = !view.waiting.length;
        fill(held, `${plural(view.waiting.length, "newer message")}: show`);
        return;
      }
      prepend(list, view.waiting.splice(0));
      held.hidden = true;
    },
    { after: 60, every: 200, signal },
  );
  const hear = (event) => {
    if (event.type !== "message" || (view.action && event.action !== view.action)) return;
    view.waiting.push(fromEvent(event));
    if (view.waiting.length > MOST) view.waiting.shift();
    note(view, actions, [event]);
    add();
  };
  const restart = () => {
    view.waiting = [];
    held.hidden = true;
    return read();
  };

  const pause = pauseButton(view, add);
  held.addEventListener("click", () => pause.click());
  older.addEventListener("click", () => read(view.cursor));
  restart();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Messages" },
      h(
        "header",
        null,
        h("h2", null, "Messages"),
        h("span", { class: "end" }, filter(view, restart), actions, pause),
      ),
      held,
      list,
      h("div", { class: "pager" }, "Newest first", h("span", { class: "end" }, older)),
    ),
    hear,
    resume: () => {
      if (!view.paused) restart();
    },
  };
}

function prepend(list, fresh) {
  if (!fresh.length) return;
  list.querySelector(":scope > .blank")?.remove();
  const before = list.scrollHeight;
  list.prepend(...fresh.reverse().map(messageLine));
  if (list.scrollTop > 0) list.scrollTop += list.scrollHeight - before; // whoever reads further down stays there
  while (list.children.length > MOST && list.scrollTop === 0) list.lastChild.remove();
}

function filter(view, restart) {
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

function pauseButton(view, add) {
  const button = h("button", {
    class: "button small",
    type: "button",
    "aria-pressed": "false",
    on: {
      click: () => {
        view.paused = !view.paused;
        button.setAttribute("aria-pressed", String(view.paused));
        label();
        add();
      },
    },
  });
  const label = () => fill(button, icon(view.paused ? "play" : "pause"), view.paused ? "Resume" : "Pause");
  label();
  return button;
}

function note(view, actions, items) {
  for (const { action } of items) {
    if (!action || view.seen.has(action) || view.seen.size > 200) continue;
    view.seen.add(action);
    actions.append(h("option", { value: action }));
  }
}

const empty = (action) =>
  h(
    "li",
    { class: "blank" },
    action ? `No message with the action “${action}”.` : "No message yet. They appear here as they come.",
  );
