// One charger: who it is, what its connectors do, its session, its messages, its commands; and what else it told.

import { chargerPath, get } from "../api.js";
import { buttons } from "../charger/actions.js";
import { commands } from "../charger/commands.js";
import { evses } from "../charger/evses.js";
import { identity } from "../charger/identity.js";
import { messages } from "../charger/messages.js";
import { sessionCard } from "../charger/session-card.js";
import { records } from "../charger/records.js";
import { reports } from "../charger/reports.js";
import { variables } from "../charger/variables.js";
import { fill, h } from "../dom.js";
import { eventList } from "../event-list.js";
import { live } from "../live.js";
import { pageHead, remark, title } from "../router.js";
import { chargerState, status } from "../status.js";
import { tabs } from "../tabs.js";
import { gathered, repeated } from "../timing.js";

const REFRESH_MS = 30_000; // last-seen times change without an event
const QUIET = new Set(["message", "command.updated", "station.event", "station.record", "report.updated"]);

export async function charger(root, { params: { id }, query, signal }) {
  title(id);
  const state = h("span", { role: "status" });
  const trouble = h("div", { role: "alert" });
  const parts = [];
  const page = { id, signal, charger: null, reload: () => {} };

  const read = async () => {
    try {
      page.charger = await get(chargerPath(id), undefined, signal);
      fill(trouble);
      present(true);
      fill(state, status(chargerState(page.charger), { pill: true }));
      for (const part of parts) part.show?.(page.charger);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 404) present(false);
      fill(trouble, error.status === 404 ? missing(id) : h("p", { class: "notice bad" }, error.message));
    }
  };
  page.reload = gathered(read, { after: 150, every: 500, signal });

  const head = buttons(page);
  const [who, where, session, log, asked] = [
    identity(page),
    evses(page),
    sessionCard(page),
    messages(page),
    commands(page),
  ];
  parts.push(head, who, where, session, log, asked);
  const columns = h(
    "div",
    { class: "columns" },
    h("div", null, where.element, who.element, asked.element),
    h("div", null, session.element, log.element),
  );
  const opened = (part) => {
    parts.push(part);
    if (page.charger) part.show?.(page.charger);
    return part.element;
  };
  const views = tabs({
    label: "About the charger",
    items: {
      overview: { text: "Overview", open: () => columns },
      variables: { text: "Device model", open: () => opened(variables(page)) },
      events: { text: "Events", open: () => opened(eventList(eventsOf(page))) },
      records: { text: "What holds", open: () => opened(records(page)) },
      reports: { text: "Reports", open: () => opened(reports(page)) },
    },
    chosen: query.tab,
    onChoose: (tab) =>
      remark(`/chargers/${encodeURIComponent(id)}`, { tab: tab === "overview" ? "" : tab }),
  });
  const present = (is) => {
    for (const part of [views.element, head.element, state]) part.hidden = !is;
  };
  fill(
    root,
    h(
      "nav",
      { class: "crumbs", "aria-label": "Breadcrumb" },
      h("a", { href: "#/" }, "Fleet"),
      h("span", { "aria-hidden": "true" }, "/"),
      "Charger",
    ),
    pageHead(id, state, head.element),
    trouble,
    views.element,
  );

  await read();
  if (signal.aborted) return;
  if (!page.charger) {
    present(false);
    return;
  }
  repeated(page.reload, REFRESH_MS, signal);
  live({
    query: { charger_id: id, messages: "true" },
    signal,
    onEvent: (event) => {
      for (const part of parts) part.hear?.(event);
      if (!QUIET.has(event.type)) page.reload();
    },
    onResume: () => {
      page.reload();
      for (const part of parts) part.resume?.();
    },
  });
}

const eventsOf = ({ id, signal }) => ({ path: chargerPath(id, "/events"), level: "all", signal });

const missing = (id) =>
  h(
    "p",
    { class: "notice bad" },
    `No charger has the id “${id}”. If it was removed, `,
    h("a", { href: `#/transactions?charger_id=${encodeURIComponent(id)}` }, "its sessions"),
    " are still there.",
  );
