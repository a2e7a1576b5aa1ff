// Cursor paging: one page of a list at a time, with the way back remembered.

import { fill, h } from "./dom.js";

/**
 * Shows pages of `load(cursor, signal) -> {items, next_cursor}` in `table` (see table.js) and draws its own
 * Previous and Next. `restart` begins at the first page, `reload` asks for the shown one again and keeps the
 * old rows until the answer is there. Only the newest request's answer is shown.
 */
export function pagesOf({ load, table, signal, onPage = () => {}, onFail = () => {} }) {
  let cursors = [undefined];
  let asked = 0;
  let request = new AbortController();
  const element = h("div", { class: "pager", hidden: true });
  signal.addEventListener("abort", () => request.abort());

  const show = async () => {
    const mine = ++asked;
    request.abort();
    request = new AbortController();
    table.loading();
    try {
      const page = await load(cursors.at(-1), request.signal);
      if (mine !== asked || signal.aborted) return;
      if (!page.items.length && cursors.length > 1) {
        cursors.pop();
        await show();
        return;
      }
      table.set(page.items);
      draw(page);
      onPage(page, cursors.length);
    } catch (error) {
      if (mine !== asked || signal.aborted || error.name === "AbortError") return;
      element.hidden = true;
      table.fail(error, show);
      onFail();
    }
  };
  const draw = (page) => {
    element.hidden = cursors.length === 1 && !page.next_cursor;
    fill(
      element,
      h("span", null, `Page ${cursors.length}`),
      h(
        "span",
        { class: "end" },
        step("Previous", cursors.length > 1, () => cursors.pop()),
        step("Next", Boolean(page.next_cursor), () => cursors.push(page.next_cursor)),
      ),
    );
  };
  const step = (label, possible, move) =>
    h(
      "button",
      {
        class: "button small",
        type: "button",
        disabled: !possible,
        on: {
          click: () => {
            move();
            show();
            table.element.scrollIntoView({ block: "nearest" });
          },
        },
      },
      label,
    );

  return {
    element,
    reload: show,
    restart: () => {
      cursors = [undefined];
      return show();
    },
    get page() {
      return cursors.length;
    },
  };
}
