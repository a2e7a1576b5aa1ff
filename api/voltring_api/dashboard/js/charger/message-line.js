// One OCPP message as a line that opens to its raw frame and our reply.

import { copyText } from "../dialog.js";
import { fill, h } from "../dom.js";
import { gist } from "../gist.js";
import { parsed, pretty } from "../json.js";
import { flags, tag } from "../status.js";
import { when } from "../time.js";

const KINDS = { 3: "Result", 4: "Error", 5: "Result error", 6: "Send" };

/** A message of the REST API's shape from a live `message` event. */
export const fromEvent = (event) => ({
  message_type: parsed(event.frame)?.[0] ?? null,
  reply: null,
  flags: [],
  ...event,
});

/** A list item; the details are built when it is opened for the first time. */
export function messageLine(message) {
  const body = h("div", { class: "log-body", hidden: true });
  const inbound = message.direction === "in";
  const head = h(
    "button",
    {
      class: "log-head",
      type: "button",
      "aria-expanded": "false",
      on: { click: () => toggle(head, body, message) },
    },
    when(message.at, "clock"),
    h(
      "span",
      {
        class: "way",
        data: { way: message.direction },
        title: inbound ? "from the charger" : "to the charger",
        role: "img",
        "aria-label": inbound ? "from the charger" : "to the charger",
      },
      inbound ? "→" : "←",
    ),
    h(
      "strong",
      { class: "clip" },
      message.action ?? "",
      " ",
      KINDS[message.message_type] &&
        tag(KINDS[message.message_type], message.message_type === 4 ? "fault" : null),
      !message.action && message.message_type === null && "Unreadable frame",
    ),
    h("span", { class: "gist clip" }, gist(message.frame)),
    h("span", null, flags(message.flags)),
  );
  return h("li", null, head, body);
}

function toggle(head, body, message) {
  const open = body.hidden;
  if (open && !body.firstChild) {
    fill(
      body,
      raw(message.direction === "in" ? "From the charger" : "To the charger", message.frame),
      message.reply && raw("Our reply", message.reply),
    );
  }
  body.hidden = !open;
  head.setAttribute("aria-expanded", String(open));
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
