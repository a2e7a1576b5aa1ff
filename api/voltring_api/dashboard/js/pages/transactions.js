// Transactions of the whole fleet, newest first.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { NONE, energy, percent, power } from "../format.js";
import { searchBox, segments } from "../filters.js";
import { live } from "../live.js";
import { pagesOf } from "../pages-of.js";
import { pageHead, remark, title } from "../router.js";
import { flags, status } from "../status.js";
import { liveTable } from "../table.js";
import { span, when } from "../time.js";
import { gathered } from "../timing.js";

const STATES = { "": "All", Active: "Active", Ended: "Ended", Orphan: "Orphaned" };

export function transactions(root, { query, signal }) {
  title("Transactions");
  const asked = { state: query.state in STATES ? query.state : "", charger_id: query.charger_id ?? "" };
  const table = liveTable({
    caption: "Transactions",
    columns: COLUMNS,
    key: (item) => item.id,
    href: (item) => `#/transactions/${item.id}`,
    empty: () => [
      h("strong", null, asked.state || asked.charger_id ? "No transaction fits" : "No transactions yet"),
      "They appear here as chargers start them.",
    ],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/transactions", { ...asked, limit: 50, cursor }, request),
  });
  const restart = () => {
    remark("/transactions", asked);
    pages.restart();
  };
  fill(
    root,
    pageHead("Transactions"),
    h(
      "section",
      { class: "card", "aria-label": "Transactions" },
      tools(asked, restart),
      table.element,
      pages.element,
    ),
  );
  pages.restart();
  const soon = gathered(pages.reload, { after: 300, every: 3000, signal });
  live({ signal, onResume: pages.reload, onEvent: (event) => hear(event, table, pages, soon) });
}

// A shown one takes its figures from the event; a new one can only belong on the first page.
function hear(event, table, pages, soon) {
  if (!event.transaction_id) return;
  const shown = table.get(event.transaction_id);
  if (shown && event.type !== "transaction.ended") table.update({ ...shown, ...figures(event) });
  else if (shown || (event.type === "transaction.started" && pages.page === 1)) soon();
}

function figures(event) {
  const told = Object.entries(event).filter(
    ([key, value]) => FIGURES.includes(key) && value !== undefined && value !== null,
  );
  return Object.fromEntries(told);
}

const FIGURES = ["energy_wh", "power_w", "soc_percent", "state", "charging_state"];

const COLUMNS = [
  {
    head: "Started",
    class: "bare tight",
    value: (item) => item.started_at,
    cell: (item) => h("a", { class: "main-link", href: `#/transactions/${item.id}` }, when(item.started_at)),
  },
  { head: "State", class: "tight bare", value: (item) => item.state, cell: (item) => status(item.state) },
  {
    head: "Charger",
    class: "bare",
    value: (item) => `${item.charger_id} · ${item.evse_id ?? NONE}`,
    cell: (item) =>
      h(
        "span",
        null,
        h("a", { href: `#/chargers/${encodeURIComponent(item.charger_id)}` }, item.charger_id),
        h("span", { class: "muted" }, ` · EVSE ${item.evse_id ?? NONE}`),
      ),
  },
  { head: "ID token", class: "clip off-phone", value: (item) => item.id_token ?? NONE },
  { head: "Energy", class: "end tight bare", value: (item) => energy(item.energy_wh) },
  {
    head: "Power",
    class: "end tight off-phone",
    value: (item) => (item.state === "Active" ? power(item.power_w) : ""),
  },
  {
    head: "SoC",
    class: "end tight off-phone",
    value: (item) => (item.soc_percent === null ? "" : percent(item.soc_percent)),
  },
  {
    head: "Duration",
    class: "end tight",
    value: (item) => `${item.started_at}${item.ended_at}`,
    cell: (item) => span(item.started_at, item.ended_at),
  },
  { head: "Ended by", class: "tight off-phone", value: (item) => item.stop_reason ?? "" },
  {
    head: "Flags",
    class: "off-phone",
    value: (item) => (item.flags ?? []).join(" "),
    cell: (item) => flags(item.flags),
  },
];

function tools(asked, restart) {
  return h(
    "div",
    { class: "tools" },
    searchBox({
      value: asked.charger_id,
      placeholder: "Charger id, whole",
      label: "Only this charger",
      onSearch: (id) => {
        asked.charger_id = id;
        restart();
      },
    }),
    segments({
      label: "Which transactions",
      options: STATES,
      chosen: asked.state,
      onChoose: (state) => {
        asked.state = state;
        restart();
      },
    }),
  );
}
