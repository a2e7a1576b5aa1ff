// A list of what happened at chargers: filtered by kind and severity, newest first, opened to its content.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { segments } from "./filters.js";
import { spaced } from "./format.js";
import { pretty } from "./json.js";
import { pagesOf } from "./pages-of.js";
import { LEVELS, severityTag, toneOf } from "./severity.js";
import { when } from "./time.js";
import { gathered } from "./timing.js";

const PAGE = 50;
const KINDS = [
  "AlarmCleared",
  "AlarmRaised",
  "BatterySwap",
  "CertificateRequest",
  "ChargingLimit",
  "ChargingNeeds",
  "ChargingSchedule",
  "CommandPoisoned",
  "DataTransfer",
  "DERAlarm",
  "DERStartStop",
  "DeviceEvent",
  "DiagnosticsStatus",
  "DuplicateIdentity",
  "EventStream",
  "FirmwarePublicationStatus",
  "FirmwareStatus",
  "LogStatus",
  "LogonRefused",
  "PriorityCharging",
  "ReservationStatus",
  "ResultRefused",
  "SecretChanged",
  "SecurityEvent",
  "Settlement",
  "VatNumber",
];

/**
 * A card of the events at `path`; `level` is the choice of severity it begins with, `withCharger` names the charger
 * in each line. `hear(event)` follows the live line, `resume()` reads again.
 */
export function eventList({ path, level, withCharger = false, signal }) {
  const asked = { level, kind: "" };
  const table = lines(withCharger);
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) =>
      get(path, { severity: LEVELS[asked.level][1], kind: asked.kind, limit: PAGE, cursor }, request),
  });
  const soon = gathered(pages.reload, { after: 150, every: 1000, signal });
  const tools = h(
    "div",
    { class: "tools" },
    segments({
      label: "Severity",
      options: Object.fromEntries(Object.entries(LEVELS).map(([name, [words]]) => [name, words])),
      chosen: level,
      onChoose: (name) => {
        asked.level = name;
        pages.restart();
      },
    }),
    kindSelect((kind) => {
      asked.kind = kind;
      pages.restart();
    }),
  );
  pages.restart();
  return {
    element: h("section", { class: "card", "aria-label": "Events" }, tools, table.element, pages.element),
    hear: (event) => {
      if (event.type === "station.event" && pages.page === 1) soon();
    },
    resume: soon,
  };
}

function kindSelect(onChoose) {
  const select = h(
    "select",
    { "aria-label": "Kind of event", on: { change: () => onChoose(select.value) } },
    h("option", { value: "" }, "Every kind"),
    KINDS.map((kind) => h("option", { value: kind }, spaced(kind))),
  );
  return select;
}

// What pagesOf wants of a table, as a list of lines that open.
function lines(withCharger) {
  const list = h("ol", { class: "log events", "aria-label": "Events, newest first" });
  const drawn = new Map();
  const note = (...children) => {
    drawn.clear();
    fill(list, h("li", { class: "blank" }, children));
  };
  return {
    element: list,
    loading: () => list.firstChild || note("Loading…"),
    fail: (error, retry) =>
      note(
        h("span", { role: "alert" }, error.message),
        h("button", { class: "button", type: "button", on: { click: retry } }, "Try again"),
      ),
    set(items) {
      if (!items.length) {
        note(h("strong", null, "No event"), "They appear here as chargers report them.");
        return;
      }
      const wanted = new Set(items.map((item) => item.id));
      for (const id of drawn.keys()) if (!wanted.has(id)) drawn.delete(id);
      for (const item of items) if (!drawn.has(item.id)) drawn.set(item.id, line(item, withCharger));
      list.replaceChildren(...items.map((item) => drawn.get(item.id)));
    },
  };
}

function line(event, withCharger) {
  const body = h("div", { class: "log-body", hidden: true });
  const head = h(
    "button",
    { class: "log-head", type: "button", "aria-expanded": "false" },
    when(event.at, "clock"),
    h("strong", { class: "clip" }, spaced(event.kind)),
    h("span", { class: "gist clip" }, [place(event), event.subject].filter(Boolean).join(" · ")),
    h("span", { class: "chips" }, severityTag(event.severity)),
  );
  head.addEventListener("click", () => {
    body.hidden = !body.hidden;
    head.setAttribute("aria-expanded", String(!body.hidden));
    if (!body.hidden && !body.firstChild) fill(body, details(event));
  });
  const link = withCharger && chargerLink(event.charger_id);
  return h("li", { data: { tone: toneOf(event.severity) } }, h("div", { class: "event-row" }, link, head), body);
}

const chargerLink = (id) =>
  h("a", { class: "event-charger clip", href: `#/chargers/${encodeURIComponent(id)}?tab=events` }, id);

const place = ({ evse_id, connector_id }) =>
  evse_id === null ? "" : `EVSE ${evse_id}${connector_id === null ? "" : `, connector ${connector_id}`}`;

function details(event) {
  const facts = [
    ["Happened", when(event.at, "full")],
    ["Received", when(event.received_at, "full")],
    ["About", event.subject],
    ["Session", event.ocpp_transaction_id],
  ];
  return [
    h(
      "dl",
      { class: "log-facts" },
      facts
        .filter(([, value]) => value)
        .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
    ),
    h("div", { class: "raw" }, h("header", null, "What it said"), pretty(event.content)),
  ];
}
