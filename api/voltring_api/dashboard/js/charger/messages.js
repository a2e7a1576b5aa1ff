// The charger's OCPP messages as they come, newest first: filters, pause, older ones on demand.

import { chargerPath, get } from "../api.js";
import { fill, h } from "../dom.js";
import { plural } from "../format.js";
import { gathered } from "../timing.js";
import { answered, isAnswer, isOurCall, passes, queryOf } from "./message-filter.js";
import { fromEvent, messageLine } from "./message-line.js";
import { filterTools, pauseButton } from "./message-tools.js";

const PAGE = 50;
const MOST = 400; // lines kept in the page; older ones are one request away

/** A card, `hear(event)` and `resume()`. */
export function messages({ id, signal }) {
  const list = h("ol", { class: "log", "aria-label": "Messages, newest first", tabIndex: 0 });
  const held = h("button", { class: "held", type: "button", hidden: true });
  const older = h("button", { class: "button small", type: "button", hidden: true }, "Load older");
  const view = { direction: "", action: "", shown: "all", q: "", paused: false, waiting: [], cursor: null };
  const calls = new Map(); // lines of our CALLs by message id: their answers come later
  let asked = 0;

  const line = (message) => {
    const item = messageLine(message);
    if (isOurCall(message)) calls.set(message.message_id, item);
    return item;
  };
  const read = async (cursor) => {
    const mine = ++asked;
    try {
      const page = await get(
        chargerPath(id, "/messages"),
        { limit: PAGE, ...queryOf(view), cursor },
        signal,
      );
      if (mine !== asked) return; // the filters have changed meanwhile
      if (!cursor) clear(list, calls);
      if (!cursor && !page.items.length) fill(list, empty(view));
      tools.note(page.items);
      list.append(...page.items.map(line));
      view.cursor = page.next_cursor;
      older.hidden = !page.next_cursor;
    } catch (error) {
      if (!signal.aborted && mine === asked)
        fill(list, h("li", { class: "blank", role: "alert" }, error.message));
    }
  };
  const add = gathered(
    () => {
      if (view.paused) {
        held.hidden = !view.waiting.length;
        fill(held, `${plural(view.waiting.length, "newer message")}: show`);
        return;
      }
      prepend(list, view.waiting.splice(0).map(line));
      held.hidden = true;
    },
    { after: 60, every: 200, signal },
  );
  const hear = (event) => {
    if (event.type !== "message") return;
    const message = fromEvent(event);
    if (isAnswer(message)) answer(calls, view.waiting, message);
    tools.note([message]);
    if (!passes(view, message)) return;
    view.waiting.push(message);
    if (view.waiting.length > MOST) view.waiting.shift();
    add();
  };
  const restart = () => {
    view.waiting = [];
    held.hidden = true;
    return read();
  };

  const tools = filterTools(view, restart);
  const pause = pauseButton(view, add);
  held.addEventListener("click", () => pause.click());
  older.addEventListener("click", () => read(view.cursor));
  restart();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Messages" },
      h("header", null, h("h2", null, "Messages"), h("span", { class: "end" }, pause)),
      tools.element,
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

function clear(list, calls) {
  calls.clear();
  fill(list);
}

// The answer finds its CALL in the list, or among those that are not shown yet.
function answer(calls, waiting, message) {
  const shown = calls.get(message.message_id);
  if (shown) {
    shown.answer(message);
    calls.delete(message.message_id);
    return;
  }
  const held = waiting.find((each) => isOurCall(each) && each.message_id === message.message_id);
  if (held) Object.assign(held, answered(held, message));
}

function prepend(list, fresh) {
  if (!fresh.length) return;
  list.querySelector(":scope > .blank")?.remove();
  const before = list.scrollHeight;
  list.prepend(...fresh.reverse());
  if (list.scrollTop > 0) list.scrollTop += list.scrollHeight - before; // whoever reads further down stays there
  while (list.children.length > MOST && list.scrollTop === 0) list.lastChild.remove();
}

function empty({ direction, action, shown, q }) {
  const narrowed = direction || q || shown !== "all";
  if (narrowed) return h("li", { class: "blank" }, "No message passes these filters.");
  const words = action
    ? `No message with the action “${action}”.`
    : "No message yet. They appear here as they come.";
  return h("li", { class: "blank" }, words);
}
