// The live list of chargers: search, filter, pages; events repaint the rows that are shown.

import { chargerPath, get } from "../api.js";
import { fill, h } from "../dom.js";
import { searchBox, segments } from "../filters.js";
import { pagesOf } from "../pages-of.js";
import { remark } from "../router.js";
import { gathered } from "../timing.js";
import { liveTable } from "../table.js";
import { COLUMNS } from "./charger-columns.js";
import { FILTERS, PAGE, chargersPage } from "./charger-source.js";

const REGROUPS = new Set([
  "charger.online",
  "charger.offline",
  "charger.booted",
  "connector.status",
  "transaction.started",
  "transaction.ended",
]);
const QUIET = /^(message|command\.updated|station\..*|report\..*)$/; // nothing of it stands in a row
const MANY = 4; // more rows than this at once are cheaper as one page than one by one

/** The list's element, `reload()`, `refresh()` for when it need not be at once, and `hear(event)` for what the live line says. */
export function chargerList({ query, signal }) {
  const asked = { q: query.q ?? "", show: query.show in FILTERS ? query.show : "all", site: query.site };
  const table = liveTable({
    caption: "Chargers",
    columns: COLUMNS,
    key: (charger) => charger.id,
    href: (charger) => `#/chargers/${encodeURIComponent(charger.id)}`,
    empty: () => nothing(asked),
  });
  const shown = h("span", { class: "end", role: "status" });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => chargersPage(asked, cursor, request),
    onPage: (page, number) => fill(shown, shownText(page, number)),
    onFail: () => fill(shown),
  });
  const refresh = gathered(pages.reload, { after: 500, every: 3000, signal });
  const restart = () => {
    remark("/", { site: asked.site, q: asked.q, show: asked.show === "all" ? "" : asked.show });
    pages.restart();
  };
  pages.restart();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Chargers" },
      tools(asked, restart, shown),
      table.element,
      pages.element,
    ),
    reload: pages.reload,
    refresh,
    hear: listener(asked, table, pages, refresh, signal),
  };
}

function tools(asked, restart, shown) {
  const labels = Object.fromEntries(Object.entries(FILTERS).map(([name, { label }]) => [name, label]));
  return h(
    "div",
    { class: "tools" },
    searchBox({
      value: asked.q,
      placeholder: "Search id, place, model",
      label: "Search chargers",
      onSearch: (q) => {
        asked.q = q;
        restart();
      },
    }),
    segments({
      label: "Which chargers",
      options: labels,
      chosen: asked.show,
      onChoose: (show) => {
        asked.show = show;
        restart();
      },
    }),
    shown,
  );
}

// Rows are read again rather than guessed from events; what arrives together is read together.
function listener(asked, table, pages, refresh, signal) {
  const changed = new Set();
  const readRows = gathered(
    async () => {
      const ids = [...changed];
      changed.clear();
      if (ids.length > MANY) return pages.reload();
      const rows = await Promise.allSettled(ids.map((id) => get(chargerPath(id), undefined, signal)));
      if (signal.aborted) return undefined;
      rows.filter((row) => row.status === "fulfilled").forEach((row) => table.update(row.value));
      if (rows.some((row) => row.reason?.status === 404)) refresh(); // removed meanwhile
      return undefined;
    },
    { after: 120, every: 800, signal },
  );

  return (event) => {
    if (!event.charger_id || QUIET.test(event.type)) return;
    const shown = table.has(event.charger_id);
    if (shown) {
      changed.add(event.charger_id);
      readRows();
    }
    if (!REGROUPS.has(event.type)) return;
    if (shown ? asked.show !== "all" : pages.page === 1 || table.items().length < PAGE) refresh();
  };
}

function nothing({ q, show, site }) {
  if (q)
    return [
      h("strong", null, `No charger fits “${q}”`),
      "Try another part of its id, place or model, or another filter.",
    ];
  if (show !== "all")
    return [
      h("strong", null, `No charger is ${FILTERS[show].label.toLowerCase()} now`),
      "The list fills by itself when one is.",
    ];
  if (site) return [h("strong", null, "No charger belongs to this site yet"), "The site’s own page puts them there."];
  return [h("strong", null, "No chargers yet"), "Add one, or let one connect: it appears here at once."];
}

const shownText = (page, number) =>
  number === 1 && !page.next_cursor
    ? `${page.items.length} shown`
    : `${page.items.length} shown on page ${number}`;
