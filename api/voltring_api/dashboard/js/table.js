// A table of items that is kept, not rebuilt: a row's cell changes only when its value does.

import { fill, h, unseen } from "./dom.js";

/**
 * Columns: `{head, value(item), cell?(item), class?, label?}`. `value` is compared to see whether a cell changed
 * and shown as text unless `cell` builds nodes; `label` names the cell on a phone (the head, unless it says `""`).
 * `key(item)` identifies a row; `href(item)`, where given, makes the whole row lead there.
 */
export function liveTable({ caption, columns, key, href, empty }) {
  const rows = new Map();
  const body = h("tbody");
  const head = h(
    "tr",
    null,
    columns.map((column) =>
      h("th", { scope: "col", class: headClass(column) }, column.head || unseen("Actions")),
    ),
  );
  const table = h(
    "table",
    { class: "list" },
    h("caption", { class: "unseen" }, caption),
    h("thead", null, head),
    body,
  );
  body.addEventListener("keydown", moveBetweenRows);

  const put = (item) => {
    const id = key(item);
    if (!rows.has(id)) rows.set(id, row(columns, href?.(item)));
    paint(rows.get(id), columns, item);
    return rows.get(id).element;
  };
  const note = (...children) => {
    rows.clear();
    fill(body, h("tr", { class: "note" }, h("td", { colSpan: columns.length }, children)));
  };

  return {
    element: h("div", { class: "table-wrap" }, table),
    has: (id) => rows.has(id),
    get: (id) => rows.get(id)?.item,
    items: () => [...rows.values()].map((each) => each.item),

    /** Shows exactly these items, in this order. */
    set(items) {
      if (!items.length)
        return note(h("div", { class: "blank" }, typeof empty === "function" ? empty() : empty));
      const wanted = new Set(items.map(key));
      for (const id of rows.keys()) if (!wanted.has(id)) rows.delete(id);
      const elements = items.map(put);
      if (elements.length !== body.children.length || elements.some((each, i) => each !== body.children[i])) {
        keepingFocus(() => body.replaceChildren(...elements));
      }
    },

    /** Repaints one shown item; others are ignored. */
    update(item) {
      if (rows.has(key(item))) put(item);
    },

    loading() {
      if (rows.size) return;
      const line = () =>
        h(
          "tr",
          { class: "note", "aria-hidden": "true" },
          columns.map(() => h("td", null, h("span", { class: "skeleton" }))),
        );
      fill(
        body,
        Array.from({ length: 6 }, line),
        h("tr", { class: "note" }, h("td", null, unseen("Loading…"))),
      );
    },

    fail(error, retry) {
      note(
        h(
          "div",
          { class: "blank", role: "alert" },
          h("strong", null, "This list could not be loaded"),
          error.message,
          h("button", { class: "button", type: "button", on: { click: retry } }, "Try again"),
        ),
      );
    },
  };
}

function row(columns, href) {
  const cells = columns.map((column) =>
    h("td", { class: column.class, data: { label: column.label ?? column.head } }),
  );
  const element = h("tr", { class: href ? "item linked" : "item" }, cells);
  if (href) {
    element.addEventListener("click", (event) => {
      if (!event.target.closest("a, button, input, label") && !String(getSelection())) location.hash = href;
    });
  }
  return { element, cells, values: columns.map(() => undefined), item: null };
}

function paint(row, columns, item) {
  row.item = item;
  columns.forEach((column, i) => {
    const value = column.value(item);
    if (row.values[i] === value) return;
    row.values[i] = value;
    fill(row.cells[i], column.cell ? column.cell(item) : value);
  });
}

function keepingFocus(change) {
  const focused = document.activeElement;
  change();
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

function moveBetweenRows(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const link = step && event.target.closest("tr")?.[step]?.querySelector("a, button");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

const headClass = (column) =>
  column.class
    ?.split(" ")
    .filter((name) => ["end", "off-narrow"].includes(name))
    .join(" ") || null;
