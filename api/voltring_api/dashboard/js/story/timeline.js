// A session's timeline: filters, pages, and following while the session runs.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { count } from "../format.js";
import { entryLine, readingsLine } from "./entry.js";
import { KINDS, replaced, rowsOf } from "./kinds.js";

const PAGE = 500;
const ENOUGH = 2000; // entries; most sessions are whole with these, and readings take one line

/**
 * `{element, read, refresh}`: `read()` begins anew, `refresh()` asks for what has come meanwhile. `onStory(session)`
 * gets the facts that come with each page; a failure is shown in place of the list.
 */
export function timeline(id, { asked, onStory, onAsked, signal }) {
  const list = h("ol", { class: "log story", "aria-label": "Timeline", tabIndex: -1 });
  const more = h("div", { class: "pager", hidden: true });
  const tools = h("div", { class: "tools", role: "group", "aria-label": "Which entries" });
  const opened = new Set();
  let drawn = new Map();
  let pages = [];
  let latest = 0;
  let reading = 0;

  const ask = (cursor) =>
    get(
      `/v1/transactions/${id}/timeline`,
      { limit: PAGE, cursor, context: String(asked.context), kind: asked.kind },
      signal,
    );
  const load = async (work) => {
    const mine = ++latest;
    try {
      const found = await work();
      if (mine !== latest || signal.aborted) return false;
      pages = found;
      draw();
      return true;
    } catch (error) {
      if (mine === latest && !signal.aborted) fail(error);
    }
    return false;
  };
  const read = async () => {
    const mine = ++reading;
    if (!pages.length) fill(list, skeleton());
    let done = await load(async () => [{ ...(await ask()), cursor: undefined }]);
    while (done && mine === reading && pages.at(-1).next_cursor && shown().length < ENOUGH) done = await next();
  };
  const shown = () => pages.flatMap((page) => page.items);
  const next = () =>
    load(async () => {
      const cursor = pages.at(-1).next_cursor;
      return [...pages, { ...(await ask(cursor)), cursor }];
    });
  // Only the last page can grow at its end; what comes late elsewhere shows when the page is read anew.
  const refresh = () =>
    load(async () => {
      if (!pages.length) return [{ ...(await ask()), cursor: undefined }];
      const last = pages.at(-1);
      return replaced(pages, pages.length - 1, { ...(await ask(last.cursor)), cursor: last.cursor });
    });

  const draw = () => {
    const last = pages.at(-1);
    onStory(last.session);
    drawTools(last.counts);
    const entries = shown();
    const lines = new Map(rowsOf(entries).map(keyed));
    drawn = lines;
    if (!entries.length) fill(list, blank());
    else if (!appended(list, [...lines.values()])) keepingFocus(list, () => fill(list, [...lines.values()]));
    more.hidden = !last.next_cursor && !last.truncated;
    fill(
      more,
      h("span", null, `${count(entries.length)} entries shown.`),
      last.next_cursor &&
        h("button", { class: "button small", type: "button", on: { click: next } }, "Show what follows"),
      last.truncated && h("span", null, "There is more of it than is ever shown."),
    );
  };
  const remember = (name, isOpen) => (isOpen ? opened.add(name) : opened.delete(name));
  // A line that has not changed is kept: what is read in it, and how far, stays.
  const keyed = (row) => {
    const key = JSON.stringify(row.readings ? [row.readings.length, row.readings[0], row.readings.at(-1)] : row.entry);
    return [key, drawn.get(key) ?? line(row)];
  };
  const line = (row) =>
    row.readings
      ? readingsLine(row.readings, opened.has(row.readings[0].id), remember)
      : entryLine(row.entry, { open: opened.has(row.entry.id), onToggle: remember });

  const change = (choice) => {
    Object.assign(asked, choice);
    onAsked(asked);
    pages = [];
    read();
  };
  const drawTools = (counts) => {
    const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const button = (kind, words, n) =>
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(asked.kind === kind),
          on: { click: () => change({ kind }) },
        },
        words,
        h("span", { class: "muted" }, ` ${count(n)}`),
      );
    keepingFocus(tools, () =>
      fill(
        tools,
        h(
          "div",
          { class: "segments" },
          button("", "All", total),
          Object.entries(KINDS)
            .filter(([kind]) => counts[kind] || asked.kind === kind)
            .map(([kind, words]) => button(kind, words, counts[kind] ?? 0)),
        ),
        h(
          "label",
          { class: "check" },
          h("input", {
            type: "checkbox",
            checked: asked.context,
            on: { change: (event) => change({ context: event.target.checked }) },
          }),
          "Also what else the charger did",
        ),
      ),
    );
  };
  const fail = (error) => {
    more.hidden = true;
    fill(
      list,
      h(
        "li",
        { class: "blank", role: "alert" },
        h("strong", null, "The timeline could not be loaded"),
        error.message,
        h("button", { class: "button", type: "button", on: { click: read } }, "Try again"),
      ),
    );
  };

  list.addEventListener("keydown", moveBetweenLines);
  return { element: [tools, list, more], read, refresh };
}

// Whether the lines are those that are shown, and perhaps more, which are put behind them.
function appended(list, lines) {
  const shown = [...list.children];
  if (shown.length > lines.length || shown.some((each, i) => each !== lines[i])) return false;
  list.append(...lines.slice(shown.length));
  return true;
}

const blank = () =>
  h("li", { class: "blank" }, h("strong", null, "Nothing of this kind"), "Choose another kind above.");

const skeleton = () => [
  Array.from({ length: 6 }, () =>
    h("li", { class: "log-head", "aria-hidden": "true" }, h("span", { class: "skeleton" })),
  ),
  h("li", { class: "unseen" }, "Loading…"),
];

function moveBetweenLines(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".log-head")) return;
  const heads = [...event.currentTarget.querySelectorAll("button.log-head")].filter((each) => each.offsetParent);
  const next = heads[heads.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// A list that is drawn anew keeps the place of the keyboard.
function keepingFocus(around, change) {
  const buttons = () => [...around.querySelectorAll("button, input")];
  const place = buttons().indexOf(document.activeElement);
  change();
  if (place >= 0) buttons()[place]?.focus({ preventScroll: true });
}
