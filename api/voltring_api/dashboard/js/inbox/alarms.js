// The alarms of all chargers: open ones first of all.

import { get } from "../api.js";
import { h } from "../dom.js";
import { segments } from "../filters.js";
import { pagesOf } from "../pages-of.js";
import { severityTag } from "../severity.js";
import { liveTable } from "../table.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";
import { RULES, evidence, ruleHelp, ruleName } from "./words.js";

const STATES = { open: "Open", cleared: "Cleared" };

/** A card, `hear(event)` and `resume()`. `asked` is `{state, rule}`: changed in place, then `onAsked()`. */
export function alarms({ asked, signal, onAsked }) {
  const table = liveTable({
    caption: "Alarms",
    columns: COLUMNS,
    key: (alarm) => alarm.id,
    empty: () =>
      asked.state === "open"
        ? [h("strong", null, "No alarm is open"), "Watchdogs look at every session and charger all the time."]
        : [h("strong", null, "No alarm was cleared yet"), "They are cleared by themselves."],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/alarms", { ...asked, limit: 25, cursor }, request),
  });
  const choose = (change) => {
    Object.assign(asked, change);
    onAsked();
    pages.restart();
  };
  const element = h(
    "section",
    { class: "card", "aria-label": "Alarms" },
    h(
      "header",
      null,
      h("h2", null, "Alarms"),
      segments({
        label: "Which alarms",
        options: STATES,
        chosen: asked.state,
        onChoose: (state) => choose({ state }),
      }),
      ruleSelect(asked.rule, (rule) => choose({ rule })),
    ),
    table.element,
    pages.element,
  );
  pages.restart();
  const soon = gathered(pages.reload, { after: 200, every: 2000, signal });
  return {
    element,
    hear: (event) => {
      if (event.type?.startsWith("alarm.")) soon();
    },
    resume: soon,
  };
}

function ruleSelect(chosen, onChoose) {
  const select = h(
    "select",
    { "aria-label": "Rule", on: { change: () => onChoose(select.value) } },
    h("option", { value: "" }, "Every rule"),
    Object.keys(RULES).map((rule) => h("option", { value: rule, selected: rule === chosen }, ruleName(rule))),
  );
  return select;
}

const chargerLink = (id) =>
  h("a", { class: "main-link", href: `#/chargers/${encodeURIComponent(id)}` }, id);

const COLUMNS = [
  {
    head: "Alarm",
    value: (alarm) => alarm.rule + evidence(alarm),
    cell: (alarm) => [
      h("strong", { title: ruleHelp(alarm.rule) }, ruleName(alarm.rule)),
      h("div", { class: "sub" }, evidence(alarm) || ruleHelp(alarm.rule)),
    ],
  },
  {
    head: "Charger",
    class: "bare",
    value: (alarm) => alarm.charger_id,
    cell: (alarm) => [
      chargerLink(alarm.charger_id),
      alarm.evse_id !== null && h("div", { class: "sub" }, `EVSE ${alarm.evse_id}`),
    ],
  },
  {
    head: "Session",
    class: "tight wide",
    value: (alarm) => alarm.transaction_id ?? "",
    cell: (alarm) =>
      alarm.transaction_id && h("a", { href: `#/transactions/${alarm.transaction_id}` }, "Open session"),
  },
  {
    head: "Severity",
    class: "tight off-phone",
    value: (alarm) => alarm.severity,
    cell: (alarm) => severityTag(alarm.severity),
  },
  {
    head: "Raised",
    class: "tight",
    value: (alarm) => alarm.raised_at,
    cell: (alarm) => when(alarm.raised_at, "ago"),
  },
  {
    head: "Cleared",
    class: "tight wide",
    value: (alarm) => alarm.cleared_at ?? "",
    cell: (alarm) => when(alarm.cleared_at, "dated"),
  },
];
