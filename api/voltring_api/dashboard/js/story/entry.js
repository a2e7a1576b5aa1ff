// One entry of a session's timeline, as a line that opens to its raw frame or what else is known of it.

import { details as messageDetails } from "../charger/message-line.js";
import { fill, h } from "../dom.js";
import { pretty } from "../json.js";
import { tag } from "../status.js";
import { when } from "../time.js";

const SIGNS = {
  message: ["Message", "→"],
  reading: ["Reading", "≈"],
  status: ["Status", "◆"],
  command: ["Command", "▸"],
  event: ["Event", "•"],
  price: ["Price", "◇"],
  flag: ["Flag", "⚑"],
  decision: ["Decision", "✓"],
  alarm: ["Alarm", "!"],
};
const TONES = { good: "charging", warn: "waiting", bad: "fault" };
const VERDICTS = { repaired: "waiting", repeat: "idle", refused: "fault", malformed: "fault", fault: "fault" };

/** A list item for an entry; `open` shows its details at once. */
export function entryLine(entry, { open = false, onToggle = () => {} } = {}) {
  const body = h("div", { class: "log-body", hidden: true });
  const head = h(
    "button",
    { class: "log-head", type: "button", "aria-expanded": "false" },
    when(entry.at, "clock"),
    sign(entry),
    h("span", { class: "words" }, entry.summary),
    h("span", { class: "chips" }, chips(entry)),
  );
  const show = (shown) => {
    body.hidden = !shown;
    head.setAttribute("aria-expanded", String(shown));
    if (shown && !body.firstChild) fill(body, details(entry));
  };
  head.addEventListener("click", () => {
    show(body.hidden);
    onToggle(entry.id, !body.hidden);
  });
  if (open) show(true);
  return h(
    "li",
    { data: { kind: entry.kind, tone: TONES[entry.tone], context: entry.context ? "true" : null } },
    head,
    body,
  );
}

/** Many readings that follow each other, as one line that opens to all of them. */
export function readingsLine(readings, open, onToggle) {
  const [first, last] = [readings[0], readings.at(-1)];
  const list = h("ol", { class: "inner", hidden: !open });
  const head = h(
    "button",
    { class: "log-head", type: "button", "aria-expanded": String(open) },
    when(first.at, "clock"),
    sign(first),
    h(
      "span",
      { class: "words" },
      `${readings.length} readings, until `,
      when(last.at, "clock"),
      h("span", { class: "muted" }, ` · last: ${last.summary.replace(/^Reading: /, "")}`),
    ),
    h("span", { class: "chips" }, tag(`${readings.length}`)),
  );
  const draw = () => list.firstChild || fill(list, readings.map((entry) => entryLine(entry)));
  if (open) draw();
  head.addEventListener("click", () => {
    list.hidden = !list.hidden;
    head.setAttribute("aria-expanded", String(!list.hidden));
    draw();
    onToggle(first.id, !list.hidden);
  });
  return h("li", { data: { kind: "reading", readings: readings.length } }, head, list);
}

function sign({ kind, message }) {
  const [name, shape] = SIGNS[kind] ?? [kind, "•"];
  const ours = message?.direction === "out";
  const label = message ? `${name} ${ours ? "to" : "from"} the charger` : name;
  const shown = kind === "message" && ours ? "←" : shape;
  return h(
    "span",
    { class: "sign", title: label, role: "img", "aria-label": label, data: { sign: ours ? "ours" : kind } },
    shown,
  );
}

function chips({ message, by, context }) {
  const verdict = message?.verdict;
  return [
    message?.action && h("span", { class: "muted action" }, message.action),
    by && h("span", { class: "muted" }, by),
    VERDICTS[verdict] && tag(verdict, VERDICTS[verdict]),
    message?.error_code && tag(message.error_code, "fault"),
    context && tag("not of this session"),
  ];
}

function details(entry) {
  const times = [
    ["Happened", when(entry.at, "full")],
    ["Received", when(entry.received_at, "full")],
    ["Charger's time", entry.charger_time && when(entry.charger_time, "full")],
    ["By", entry.by],
  ];
  const facts = h(
    "dl",
    { class: "log-facts" },
    times
      .filter(([, value]) => value)
      .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
  if (entry.message) {
    const { message } = entry;
    return [facts, messageDetails({ ...message, message_type: message.direction === "out" ? 2 : null })];
  }
  const told = entry.detail !== null && entry.detail !== undefined;
  return [facts, told && h("div", { class: "raw" }, h("header", null, "What is known of it"), pretty(entry.detail))];
}
