// Sites: the places with chargers; found, and added.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { searchBox } from "../filters.js";
import { NONE, count } from "../format.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { pagesOf } from "../pages-of.js";
import { pageHead, title } from "../router.js";
import { addSite } from "../sites/edit.js";
import { liveTable } from "../table.js";

const PAGE = 50;
const COUNTED = 500; // sites that are asked for their chargers at once

export function sites(root, { signal }) {
  title("Sites");
  const asked = { q: "" };
  const table = liveTable({
    caption: "Sites",
    columns: COLUMNS,
    key: (site) => site.id,
    href: (site) => `#/sites/${encodeURIComponent(site.id)}`,
    empty: () =>
      asked.q
        ? [h("strong", null, `No site fits “${asked.q}”`), "Try another part of its name, id or place."]
        : [h("strong", null, "No sites yet"), "A site is a place with chargers, with its own time zone and tariff."],
  });
  const pages = pagesOf({ table, signal, load: (cursor, request) => load(asked.q, cursor, request) });
  const add = guarded(
    "operator",
    {
      class: "button primary",
      onClick: async () => {
        const made = await addSite();
        if (made) location.hash = `#/sites/${encodeURIComponent(made.id)}`;
      },
    },
    icon("plus"),
    "Add site",
  );
  const search = searchBox({
    value: "",
    placeholder: "Search name, id, place",
    label: "Search sites",
    onSearch: (q) => {
      asked.q = q;
      pages.restart();
    },
  });
  fill(
    root,
    pageHead("Sites", h("div", { class: "actions" }, add)),
    h(
      "section",
      { class: "card", "aria-label": "Sites" },
      h("div", { class: "tools" }, search),
      table.element,
      pages.element,
    ),
  );
  pages.restart();
}

// The list says what a site is, the fleet how many chargers it has; where that isn't known a dash stands.
async function load(q, cursor, signal) {
  const [page, counted] = await Promise.all([
    get("/v1/sites", { q, limit: PAGE, cursor }, signal),
    get("/v1/fleet/sites", { q, limit: COUNTED }, signal).catch(() => ({ items: [] })),
  ]);
  const known = new Map(counted.items.map((site) => [site.id, site]));
  return {
    ...page,
    items: page.items.map((site) => ({ ...site, total: known.get(site.id)?.total, online: known.get(site.id)?.online })),
  };
}

const COLUMNS = [
  {
    head: "Site",
    class: "bare wide",
    value: (site) => `${site.id}|${site.name}|${site.place}`,
    cell: (site) =>
      h(
        "span",
        { class: "named" },
        h("a", { class: "main-link", href: `#/sites/${encodeURIComponent(site.id)}` }, site.name),
        h("span", { class: "sub" }, [site.place, site.name === site.id ? null : site.id].filter(Boolean).join(" · ")),
      ),
  },
  { head: "Time zone", class: "wide", value: (site) => site.time_zone },
  { head: "Chargers", class: "end tight", value: (site) => count(site.total) },
  {
    head: "Online",
    class: "end tight",
    value: (site) => (site.total === undefined ? NONE : count(site.online)),
  },
];
