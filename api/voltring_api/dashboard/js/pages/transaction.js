// A session's page: its figures, its plot, its facts and cost, and everything that was said and done, in order.

import { all, get } from "../api.js";
import { sessionFigures } from "../charger/session-card.js";
import { fill, h } from "../dom.js";
import { download } from "../download.js";
import { NONE, plural } from "../format.js";
import { live } from "../live.js";
import { pageHead, remark, title } from "../router.js";
import { status, tag } from "../status.js";
import { costCard, factsOf, oddities } from "../story/facts.js";
import { powerPlot } from "../story/power.js";
import { KINDS } from "../story/kinds.js";
import { timeline } from "../story/timeline.js";
import { when } from "../time.js";
import { gathered, sleep } from "../timing.js";
import { toast } from "../toast.js";

const READINGS_SHOWN = 200;
const BOOKED_WITHIN_MS = [3000, 15_000]; // after its end a session is reckoned and billed, which no event tells
const BILLING = {
  open: ["Not billed yet", "idle"],
  provisional: ["Provisional", "waiting"],
  held: ["Held", "waiting"],
  final: ["Billed", "charging"],
  void: ["Not billed", "idle"],
};

export async function transaction(root, { params: { id }, query, signal }) {
  title("Transaction");
  const asked = { kind: query.kind in KINDS ? query.kind : "", context: query.context === "1" };
  const state = h("span", { role: "status" });
  const figures = h("div", { class: "figures" });
  const facts = h("dl", { class: "facts" });
  const odd = h("div", { hidden: true });
  const cost = h("div", { hidden: true });
  const trouble = h("div", { role: "alert" });
  const plot = powerPlot(id, signal);
  let shown = null;
  let story = null;

  const told = timeline(id, {
    asked,
    signal,
    onAsked: ({ kind, context }) => remark(`/transactions/${id}`, { kind, context: context ? "1" : "" }),
    onStory: (found) => {
      story = found;
      drawStory();
    },
  });
  const drawFigures = () => shown && fill(figures, sessionFigures(shown), story && moneyFigures(story));
  const drawStory = () => {
    drawFigures();
    show(odd, oddities(story));
    show(cost, costCard(story));
    fill(
      facts,
      factsOf(story).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]),
    );
  };
  const read = async () => {
    try {
      shown = await get(`/v1/transactions/${id}`, undefined, signal);
      fill(trouble);
      fill(state, status(shown.state, { pill: true }));
      drawFigures();
    } catch (error) {
      if (signal.aborted) return;
      const missing = [404, 422].includes(error.status);
      fill(
        trouble,
        h(
          "p",
          { class: "notice bad" },
          missing ? "No transaction has this id." : error.message,
          !missing && h("button", { class: "button small", type: "button", on: { click: begin } }, "Try again"),
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
    h("div", null, card("Facts", h("div", { class: "body" }, facts)), cost),
    h("div", null, card("Session", figures, plot.element), odd, card("Timeline", told.element), readings(id, signal)),
  );
  const heading = pageHead("Transaction", state, exports(id, () => shown));
  fill(
    root,
    h(
      "nav",
      { class: "crumbs", "aria-label": "Breadcrumb" },
      h("a", { href: "#/transactions" }, "Transactions"),
      h("span", { "aria-hidden": "true" }, "/"),
      "Transaction",
    ),
    heading,
    trouble,
    content,
  );

  let isFollowed = false;
  async function begin() {
    await read();
    if (signal.aborted) return;
    content.hidden = !shown;
    heading.querySelector(".actions").hidden = !shown;
    if (!shown) return;
    root.querySelector("h1").textContent = `${shown.charger_id} · ${shown.ocpp_transaction_id}`;
    title(`Transaction on ${shown.charger_id}`);
    plot.read();
    told.read();
    if (shown.state === "Active" && !isFollowed) follow();
  }
  // Whatever happens at the charger may be of the session: the API knows what is.
  function follow() {
    isFollowed = true;
    const soon = gathered(() => Promise.all([read(), told.refresh(), plot.read()]), {
      after: 250,
      every: 2000,
      signal,
    });
    live({
      query: { charger_id: shown.charger_id },
      signal,
      onResume: () => {
        told.read();
        soon();
      },
      onEvent: (event) => {
        if (event.transaction_id && event.transaction_id !== id) return;
        soon();
        if (event.type === "transaction.ended") BOOKED_WITHIN_MS.forEach((ms) => sleep(ms, signal).then(soon));
      },
    });
  }
  await begin();
}

function show(place, content) {
  place.hidden = !content;
  fill(place, content);
}

function moneyFigures(story) {
  const [words, tone] = BILLING[story.billing] ?? ["Not reckoned yet", "idle"];
  const figure = (label, value, title) =>
    h(
      "div",
      { class: "figure text", data: { figure: label }, title },
      h("span", null, label),
      h("strong", { class: "number" }, value),
    );
  return [
    figure("Cost", story.cost ? `${story.cost.total} ${story.cost.currency}` : NONE),
    figure("Billing", tag(words, tone), story.billing_in_words),
  ];
}

// Both are made by the API, so that they are the same for everybody.
function exports(id, shown) {
  const path = `/v1/transactions/${id}/timeline`;
  const name = (end) => `session-${shown().charger_id}-${shown().ocpp_transaction_id}`.replace(/[^\w.-]+/g, "-") + end;
  const button = (words, explained, save) =>
    h(
      "button",
      {
        class: "button",
        type: "button",
        title: explained,
        on: {
          click: async () => {
            try {
              await save();
            } catch (error) {
              toast({ title: "Not saved", text: error.message, tone: "bad" });
            }
          },
        },
      },
      words,
    );
  return h(
    "div",
    { class: "actions", hidden: true },
    button("Save for the driver", "A page to read or print, without tokens and ids", () =>
      download(path, { format: "html" }, name(".html"), "text/html"),
    ),
    button("Save as JSON", "Everything, with all raw frames", () => download(path, { format: "json" }, name(".json"))),
  );
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
