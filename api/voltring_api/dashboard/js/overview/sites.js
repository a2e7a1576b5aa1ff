// Sites side by side, as many as a page holds, and a filter by name and place.

import { get } from "../api.js";
import { h } from "../dom.js";
import { searchBox } from "../filters.js";
import { count, percent, power } from "../format.js";
import { pagesOf } from "../pages-of.js";
import { tag } from "../status.js";
import { liveTable } from "../table.js";

const PAGE = 50;
const NUMBER = "end tight";

/** The list's element, `reload()`, and `recount()` for whenever the fleet is counted: a list that is not seen waits. */
export function sites({ signal }) {
  const asked = { q: "" };
  const table = liveTable({
    caption: "Sites",
    columns: COLUMNS,
    key: (site) => site.id ?? "",
    href: (site) => site.id && address(site),
    empty: () =>
      asked.q
        ? [h("strong", null, `No site fits “${asked.q}”`), "Try another part of its name, id or place."]
        : [
            h("strong", null, "No sites yet"),
            "A site is a place with chargers. Make one on the page Sites, and its chargers stand together here.",
          ],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/fleet/sites", { q: asked.q, limit: PAGE, cursor }, request),
  });
  const search = searchBox({
    value: "",
    placeholder: "Search name, id, place",
    label: "Search sites",
    onSearch: (q) => {
      asked.q = q;
      pages.restart();
    },
  });
  const element = h(
    "section",
    { class: "card", "aria-label": "Sites" },
    h("div", { class: "tools" }, search),
    table.element,
    pages.element,
  );
  pages.restart();
  return { element, reload: pages.reload, recount: () => element.offsetParent && pages.reload() };
}

const address = (site) => `#/?site=${encodeURIComponent(site.id)}`;

const COLUMNS = [
  { head: "Site", class: "bare", value: (site) => `${site.id}|${site.name}|${site.place}`, cell: name },
  {
    head: "Online",
    class: NUMBER,
    value: (site) => `${site.online}|${site.total}`,
    cell: (site) => [
      h("strong", null, count(site.online)),
      h("span", { class: "muted" }, ` of ${count(site.total)}`),
    ],
  },
  {
    head: "Share",
    class: `${NUMBER} off-phone`,
    value: (site) => (site.total ? percent((100 * site.online) / site.total) : ""),
    cell: share,
  },
  { head: "Charging", class: NUMBER, value: (site) => count(site.charging) },
  { head: "Power", class: NUMBER, value: (site) => power(site.power_w) },
  { head: "Faults", class: NUMBER, value: (site) => site.faults, cell: (site) => warned(site.faults, "fault") },
  { head: "Alarms", class: NUMBER, value: (site) => site.alarms, cell: (site) => warned(site.alarms, "waiting") },
];

function name(site) {
  if (!site.id) return h("span", { class: "muted" }, "Without a site");
  const about = [site.place, site.name === site.id ? null : site.id].filter(Boolean).join(" · ");
  return h(
    "span",
    null,
    h("a", { class: "main-link", href: address(site) }, site.name || site.id),
    about && h("span", { class: "sub" }, about),
  );
}

function share(site) {
  if (!site.total) return null;
  const part = site.online / site.total;
  return [
    h("span", { class: "meter", "aria-hidden": "true" }, h("i", { vars: { "--share": part } })),
    h("span", { class: "share" }, percent(100 * part)),
  ];
}

const warned = (n, tone) => (n ? tag(count(n), tone) : h("span", { class: "muted" }, "0"));
