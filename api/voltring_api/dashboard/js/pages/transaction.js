// One transaction: its figures, its plot, its facts, its messages, and the latest meter values as they were reported.

import { all, get } from "../api.js";
import { messageLine } from "../charger/message-line.js";
import { sessionFigures } from "../charger/session-card.js";
import { sessionLines } from "../charger/session-lines.js";
import { fill, h } from "../dom.js";
import { NONE, plural, register } from "../format.js";
import { live } from "../live.js";
import { pageHead, title } from "../router.js";
import { flags, status } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";

const READINGS_SHOWN = 200;
const MESSAGES_SHOWN = 100;

export async function transaction(root, { params: { id }, signal }) {
  title("Transaction");
  const state = h("span", { role: "status" });
  const figures = h("div", { class: "figures" });
  const facts = h("dl", { class: "facts" });
  const lines = sessionLines(id, signal);
  const trouble = h("div", { role: "alert" });
  let shown = null;

  const read = async () => {
    try {
      shown = await get(`/v1/transactions/${id}`, undefined, signal);
      fill(trouble);
      fill(state, status(shown.state, { pill: true }));
      fill(figures, sessionFigures(shown));
      fill(
        facts,
        factsOf(shown).map(([name, value]) => [h("dt", null, name), h("dd", null, value ?? NONE)]),
      );
    } catch (error) {
      if (!signal.aborted)
        fill(
          trouble,
          h(
            "p",
            { class: "notice bad" },
            error.status === 404 ? "No transaction has this id." : error.message,
          ),
        );
    }
  };
  const card = (label, ...body) =>
    h(
      "section",
      { class: label === "Session" ? "card first" : "card", "aria-label": label },
      h("header", null, h("h2", null, label)),
      body,
    );
  const content = h(
    "div",
    { class: "columns" },
    h("div", null, card("Facts", h("div", { class: "body" }, facts))),
    h("div", null, card("Session", figures, lines.element), frames(id, signal), readings(id, signal)),
  );
  fill(
    root,
    h(
      "nav",
      { class: "crumbs", "aria-label": "Breadcrumb" },
      h("a", { href: "#/transactions" }, "Transactions"),
      h("span", { "aria-hidden": "true" }, "/"),
      "Transaction",
    ),
    pageHead("Transaction", state),
    trouble,
    content,
  );

  await read();
  if (signal.aborted) return;
  if (!shown) {
    content.hidden = true;
    return;
  }
  root.querySelector("h1").textContent = `${shown.charger_id} · ${shown.ocpp_transaction_id}`;
  title(`Transaction on ${shown.charger_id}`);
  if (shown.state !== "Active") return;
  const soon = gathered(read, { after: 100, every: 1000, signal });
  live({
    query: { charger_id: shown.charger_id },
    signal,
    onResume: (isFirst) => {
      soon();
      if (!isFirst) lines.read();
    },
    onEvent: (event) => {
      if (event.transaction_id === id) {
        lines.hear(event);
        soon();
      }
    },
  });
}

function factsOf(item) {
  return [
    ["Charger", h("a", { href: `#/chargers/${encodeURIComponent(item.charger_id)}` }, item.charger_id)],
    ["EVSE", `${item.evse_id ?? NONE}, connector ${item.connector_id ?? NONE}`],
    ["ID token", item.id_token],
    ["Started", when(item.started_at, "full")],
    ["Ended", item.ended_at ? when(item.ended_at, "full") : "still running"],
    ["Ended by", item.stop_reason],
    ["Meter at start", register(item.meter_start_wh)],
    ["Meter at end", register(item.meter_stop_wh)],
    ["OCPP version", item.ocpp_version],
    ["Charger's number", item.ocpp_transaction_id],
    ["Our id", h("code", null, item.id)],
    ["Remote start id", item.remote_start_id === null ? null : String(item.remote_start_id)],
    ["Flags", (item.flags ?? []).length ? flags(item.flags) : "none"],
    ["Last change", when(item.updated_at, "full")],
  ];
}

// The newest of them, each opened to its frame and its answer.
function frames(id, signal) {
  const list = h("ol", { class: "log", "aria-label": "Messages, newest first", tabIndex: 0 });
  const element = h("details", { class: "card fold" }, h("summary", null, "Its OCPP messages"), list);
  element.addEventListener("toggle", async () => {
    if (!element.open) return;
    fill(list, h("li", { class: "blank" }, "Loading…"));
    try {
      const { items } = await get(`/v1/transactions/${id}/messages`, { limit: MESSAGES_SHOWN }, signal);
      fill(
        list,
        items.length
          ? items.map((item) => messageLine(item))
          : h("li", { class: "blank" }, "No message is kept that belongs to it."),
      );
    } catch (error) {
      if (!signal.aborted) fill(list, h("li", { class: "blank", role: "alert" }, error.message));
    }
  });
  return element;
}

// Loaded when it is opened: a long session holds thousands.
function readings(id, signal) {
  const body = h("div", { class: "table-wrap" });
  const summary = h("summary", null, "All meter values, as reported");
  const element = h("details", { class: "card fold" }, summary, body);
  element.addEventListener("toggle", async () => {
    if (!element.open) return;
    fill(body, h("p", { class: "blank" }, "Loading…"));
    try {
      const values = await all(`/v1/transactions/${id}/meter-values`, {}, signal);
      fill(
        body,
        values.length
          ? valuesTable(values)
          : h("p", { class: "blank" }, "The charger has reported no meter value."),
      );
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "blank", role: "alert" }, error.message));
    }
  });
  return element;
}

function valuesTable(values) {
  const newest = values.slice(-READINGS_SHOWN).reverse();
  const cell = (value, name) => h("td", { class: name }, value ?? NONE);
  return [
    h(
      "table",
      { class: "list plain" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["Time", "Measurand", "Value", "Phase", "Context", "Location"].map((head) =>
            h("th", { scope: "col" }, head),
          ),
        ),
      ),
      h(
        "tbody",
        null,
        newest.map((each) =>
          h(
            "tr",
            null,
            h("td", { class: "tight" }, when(each.at, "clock")),
            cell(each.measurand),
            cell(`${each.raw ?? each.value} ${each.unit ?? ""}`, "number"),
            cell(each.phase),
            cell(each.context),
            cell(each.location),
          ),
        ),
      ),
    ),
    values.length > newest.length &&
      h("p", { class: "pager" }, `The newest ${READINGS_SHOWN} of ${plural(values.length, "value")}.`),
  ];
}
