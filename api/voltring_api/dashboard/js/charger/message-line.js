// One OCPP message as a line that opens to its raw frame and its answer, side by side.

import { copyText } from "../dialog.js";
import { fill, h } from "../dom.js";
import { NONE, milliseconds } from "../format.js";
import { gist } from "../gist.js";
import { parsed, pretty } from "../json.js";
import { flags, tag } from "../status.js";
import { when } from "../time.js";
import { answered, isOurCall } from "./message-filter.js";

const KINDS = { 3: "Result", 4: "Error", 5: "Result error", 6: "Send" };
const VERDICTS = {
  repaired: "waiting",
  repeat: "idle",
  refused: "fault",
  malformed: "fault",
  stray: "waiting",
  fault: "fault",
};
const FLAGS_SHOWN = 2;

/** A message of the REST API's shape from a live `message` event. */
export const fromEvent = (event) => ({
  message_type: parsed(event.frame)?.[0] ?? null,
  reply: null,
  verdict: null,
  error_code: null,
  latency_ms: null,
  transaction_id: null,
  flags: [],
  ...event,
});

/** A list item; the details are built when it is opened. `item.answer(message)` shows a later answer to it. */
export function messageLine(message) {
  let shown = message;
  const chips = h("span", { class: "chips" }, chipsOf(shown));
  const body = h("div", { class: "log-body", hidden: true });
  const head = h(
    "button",
    { class: "log-head", type: "button", "aria-expanded": "false" },
    when(message.at, "clock"),
    way(message.direction),
    h("strong", { class: "clip" }, message.action ?? "", " ", kindOf(message)),
    h("span", { class: "gist clip" }, gist(message.frame)),
    chips,
  );
  head.addEventListener("click", () => {
    body.hidden = !body.hidden;
    head.setAttribute("aria-expanded", String(!body.hidden));
    if (!body.hidden) fill(body, details(shown));
  });
  const item = h("li", null, head, body);
  item.answer = (answer) => {
    shown = answered(shown, answer);
    fill(chips, chipsOf(shown));
    if (!body.hidden) fill(body, details(shown));
  };
  return item;
}

function way(direction) {
  const words = direction === "in" ? "from the charger" : "to the charger";
  const sign = { class: "way", data: { way: direction }, title: words, role: "img", "aria-label": words };
  return h("span", sign, direction === "in" ? "→" : "←");
}

function kindOf({ message_type, action }) {
  const kind = KINDS[message_type];
  if (kind) return tag(kind, message_type === 4 ? "fault" : null);
  return !action && message_type === null && "Unreadable frame";
}

function chipsOf({ verdict, error_code, flags: odd, latency_ms }) {
  const more = (odd?.length ?? 0) - FLAGS_SHOWN;
  return [
    typeof latency_ms === "number" && h("span", { class: "muted latency" }, milliseconds(latency_ms)),
    verdict && verdict !== "ok" && tag(verdict, VERDICTS[verdict] ?? "idle"),
    error_code && tag(error_code, "fault"),
    flags(odd?.slice(0, FLAGS_SHOWN)),
    more > 0 && tag(`+${more}`, "waiting"),
  ];
}

/** What a message opens to: its facts, its frame and its answer. */
export function details(message) {
  const inbound = message.direction === "in";
  const answer = isOurCall(message) ? "The charger's answer" : "Our reply";
  const waits = isOurCall(message) && !message.reply;
  return [
    h("dl", { class: "log-facts" }, factsOf(message)),
    raw(inbound ? "From the charger" : "To the charger", message.frame),
    message.reply && raw(answer, message.reply),
    waits && h("p", { class: "muted small" }, "The charger has not answered."),
  ];
}

function factsOf(message) {
  const facts = [
    ["Verdict", message.verdict ?? NONE],
    ["Error", message.error_code],
    ["Answered within", typeof message.latency_ms === "number" ? milliseconds(message.latency_ms) : null],
    ["Message id", message.message_id && h("code", null, message.message_id)],
    [
      "Session",
      message.transaction_id && h("a", { href: `#/transactions/${message.transaction_id}` }, "its session"),
    ],
    ["Flags", message.flags?.length ? flags(message.flags) : null],
  ];
  return facts
    .filter(([, value]) => value)
    .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)));
}

function raw(label, text) {
  const shown = pretty(text);
  const said = h("span", { role: "status" });
  const copy = h(
    "button",
    {
      class: "button bare small",
      type: "button",
      "aria-label": `Copy: ${label}`,
      on: { click: () => copyText(text, shown, said) },
    },
    "Copy",
  );
  return h("div", { class: "raw" }, h("header", null, label, said, copy), shown);
}
