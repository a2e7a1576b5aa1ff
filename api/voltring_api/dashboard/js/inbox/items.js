// What belongs to no known session: what the charger sent, the sessions that may be meant, what to do.

import { call, get } from "../api.js";
import { field, formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { guarded } from "../guarded.js";
import { pretty } from "../json.js";
import { pagesOf } from "../pages-of.js";
import { tag } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";
import { sessionName, whatItSaid, whyName } from "./words.js";

/** A card, `hear(event)` and `resume()`. */
export function items({ signal }) {
  const list = itemList(() => pages.reload());
  const pages = pagesOf({
    table: list,
    signal,
    load: (cursor, request) => get("/v1/inbox", { limit: 10, cursor }, request),
  });
  pages.restart();
  const soon = gathered(pages.reload, { after: 500, every: 3000, signal });
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Unresolved" },
      h("header", null, h("h2", null, "Belongs to no session")),
      list.element,
      pages.element,
    ),
    hear: (event) => {
      if (event.state === "Orphan" && pages.page === 1) soon();
    },
    resume: soon,
  };
}

// What pagesOf wants of a table, as a list; an item that is shown stays as it is.
function itemList(changed) {
  const element = h("div", { class: "inbox" });
  const drawn = new Map();
  const note = (...children) => {
    drawn.clear();
    fill(element, h("div", { class: "blank" }, children));
  };
  return {
    element,
    loading: () => element.firstChild || note("Loading…"),
    fail: (error, retry) =>
      note(
        h("span", { role: "alert" }, error.message),
        h("button", { class: "button", type: "button", on: { click: retry } }, "Try again"),
      ),
    set(found) {
      if (!found.length) {
        note(h("strong", null, "Nothing is unresolved"), "Every message belongs to a session.");
        return;
      }
      const wanted = new Set(found.map(keyOf));
      for (const key of drawn.keys()) if (!wanted.has(key)) drawn.delete(key);
      for (const item of found) if (!drawn.has(keyOf(item))) drawn.set(keyOf(item), one(item, changed));
      element.replaceChildren(...found.map((item) => drawn.get(keyOf(item))));
    },
  };
}

const keyOf = (item) =>
  [item.id, item.said.length, ...item.candidates.map(({ transaction }) => transaction.updated_at)].join("|");

function one(item, changed) {
  return h(
    "article",
    { class: "command", "aria-label": `${whyName(item)} at ${item.charger_id}` },
    h(
      "header",
      null,
      h("strong", null, whyName(item)),
      h("a", { href: `#/chargers/${encodeURIComponent(item.charger_id)}` }, item.charger_id),
      item.why.map((word) => tag(word, "waiting")),
      when(item.heard_at, "dated"),
    ),
    h("p", null, whatItSaid(item)),
    item.candidates.length
      ? h(
          "ol",
          { class: "candidates", "aria-label": "Sessions that may be meant" },
          item.candidates.map((candidate) => choice(item, candidate, changed)),
        )
      : h("p", null, "No session of this charger may be meant."),
    h(
      "details",
      null,
      h("summary", null, "What the charger sent"),
      item.said.map((said) =>
        h(
          "div",
          { class: "raw" },
          h("header", null, said.kind, " · ", when(said.at, "full")),
          pretty(said.payload),
        ),
      ),
    ),
    h(
      "p",
      null,
      guarded(
        "operator",
        { class: "button small", onClick: () => resolve(item, null, changed) },
        "Attach to another session",
      ),
      " ",
      guarded("operator", { class: "button small", onClick: () => dismiss(item, changed) }, "Dismiss"),
    ),
  );
}

function choice(item, { transaction, reasons }, changed) {
  return h(
    "li",
    null,
    h(
      "div",
      null,
      h("a", { href: `#/transactions/${transaction.id}` }, sessionName(transaction)),
      " ",
      when(transaction.started_at, "dated"),
    ),
    h(
      "ul",
      { class: "reasons" },
      reasons.map(({ fits, says }) =>
        h("li", { data: { tone: fits ? "charging" : "fault" } }, fits ? "For: " : "Against: ", says),
      ),
    ),
    guarded(
      "operator",
      { class: "button small", onClick: () => resolve(item, transaction, changed) },
      "Attach to this session",
    ),
  );
}

const noteField = () =>
  field(
    "Note",
    h("input", { name: "note", required: true, maxLength: 500, autocomplete: "off" }),
    "How that is known; kept in the audit log.",
  );

// Where no session is given, its id is asked for.
async function resolve(item, session, changed) {
  const done = await formDialog({
    title: session ? `Attach it to session ${session.ocpp_transaction_id}?` : "Attach it to a session",
    submitLabel: "Attach",
    body: [
      h("p", { class: "muted" }, "What the charger sent becomes part of that session. This can't be undone."),
      !session &&
        field(
          "Session",
          h("input", { name: "transaction_id", required: true, autocomplete: "off", spellcheck: "false" }),
          "The id in the address of its page.",
        ),
      noteField(),
    ],
    submit: (form) =>
      call("POST", `/v1/inbox/${item.id}/attach`, {
        body: {
          transaction_id: session?.id ?? form.elements.transaction_id.value.trim(),
          note: form.elements.note.value.trim(),
        },
      }),
  });
  if (done) changed();
}

async function dismiss(item, changed) {
  const done = await formDialog({
    title: "It belongs to no session?",
    submitLabel: "Dismiss",
    danger: true,
    body: [h("p", { class: "muted" }, "It is kept, never billed, and leaves this list."), noteField()],
    submit: (form) =>
      call("POST", `/v1/inbox/${item.id}/dismiss`, { body: { note: form.elements.note.value.trim() } }),
  });
  if (done) changed();
}
