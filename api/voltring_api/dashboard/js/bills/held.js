// The bills that wait: why, how much, and what a person decides.

import { call, get } from "../api.js";
import { field, formDialog } from "../dialog.js";
import { h } from "../dom.js";
import { segments } from "../filters.js";
import { NONE } from "../format.js";
import { guarded } from "../guarded.js";
import { pagesOf } from "../pages-of.js";
import { tag } from "../status.js";
import { liveTable } from "../table.js";
import { when } from "../time.js";
import { STATES, energyOf, money, reasons, waiting } from "./words.js";

/** A card and `reload()`. `asked` is `{state}`: changed in place, then `onAsked()`; `onRuled()` after a decision. */
export function held({ asked, signal, onAsked, onRuled }) {
  const table = liveTable({
    caption: "Bills that wait",
    columns: [...COLUMNS, decisions(onRuled)],
    key: (bill) => bill.transaction_id,
    empty: () => [
      h("strong", null, asked.state ? `No bill is ${asked.state}` : "No bill waits"),
      "Whatever is certain about a session is billed by itself.",
    ],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/billing/held", { ...asked, limit: 25, cursor }, request),
  });
  const choose = (state) => {
    asked.state = state;
    onAsked();
    pages.restart();
  };
  pages.restart();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "On hold" },
      h(
        "header",
        null,
        h("h2", null, "On hold"),
        segments({ label: "Which bills", options: STATES, chosen: asked.state, onChoose: choose }),
      ),
      table.element,
      pages.element,
    ),
    reload: pages.reload,
  };
}

const COLUMNS = [
  {
    head: "Session",
    class: "tight bare",
    value: (bill) => `${bill.charger_id} ${bill.ended_at}`,
    cell: (bill) => [
      h("a", { class: "main-link", href: `#/transactions/${bill.transaction_id}` }, bill.charger_id),
      h("div", { class: "sub" }, "ended ", when(bill.ended_at, "dated")),
    ],
  },
  {
    head: "Why it waits",
    class: "wide",
    label: "",
    value: (bill) => reasons(bill).join(" ") || NONE,
    cell: (bill) =>
      h(
        "ul",
        { class: "reasons" },
        reasons(bill).map((says) => h("li", null, says)),
      ),
  },
  {
    head: "State",
    class: "tight",
    value: (bill) => `${bill.billing} ${bill.ruling}`,
    cell: (bill) => {
      const [word, explanation] = waiting(bill);
      const released = bill.ruling === "released";
      return [
        h("span", { title: explanation }, tag(word, "waiting")),
        released && [" ", h("span", { title: RELEASED }, tag("Released", "charging"))],
      ];
    },
  },
  { head: "ID token", class: "clip off-phone", value: (bill) => bill.id_token ?? NONE },
  { head: "Energy", class: "end tight", value: energyOf },
  { head: "Price", class: "end tight", value: money },
];

const RELEASED =
  "Somebody has released it. It is billed within seconds, unless something was found since that holds it again.";

const decisions = (onRuled) => ({
  head: "",
  class: "tight wide",
  label: "",
  value: (bill) => `${money(bill)} ${reasons(bill).join(" ")}`,
  cell: (bill) => [
    guarded("operator", { class: "button small", onClick: () => release(bill, onRuled) }, "Release"),
    " ",
    guarded("operator", { class: "button small", onClick: () => makeVoid(bill, onRuled) }, "Void"),
  ],
});

const priced = (bill) =>
  bill.total === null ? "Nothing prices it yet" : `It comes to ${money(bill)} for ${energyOf(bill)}`;

const release = (bill, onRuled) =>
  rule(bill, onRuled, {
    verb: "release",
    title: `Release the bill of ${bill.charger_id}?`,
    submitLabel: "Release",
    explained: `${priced(bill)}. It is billed in spite of what it waits for now; what is found later holds it again.`,
  });

const makeVoid = (bill, onRuled) =>
  rule(bill, onRuled, {
    verb: "void",
    title: `Make the bill of ${bill.charger_id} void?`,
    submitLabel: "Make void",
    danger: true,
    explained: `${priced(bill)}. The session costs nothing, for ever. This can't be undone.`,
  });

async function rule(bill, onRuled, { verb, explained, ...dialog }) {
  const done = await formDialog({
    ...dialog,
    body: [
      h("p", { class: "muted" }, explained),
      h(
        "ul",
        { class: "reasons" },
        reasons(bill).map((says) => h("li", null, says)),
      ),
      field(
        "Note",
        h("input", { name: "note", required: true, maxLength: 1000, autocomplete: "off" }),
        "Why; kept with your name and the time.",
      ),
    ],
    submit: (form) =>
      call("POST", `/v1/transactions/${bill.transaction_id}/${verb}`, {
        body: { note: form.elements.note.value.trim() },
      }),
  });
  if (done) onRuled();
}
