// The overview: how the fleet is, or one site of it; its chargers as they change, its health, its sites.

import { get } from "../api.js";
import { noteQuarantined } from "../bar.js";
import { addCharger } from "../add-charger.js";
import { fill, h } from "../dom.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { live } from "../live.js";
import { chargerList } from "../overview/charger-list.js";
import { counts } from "../overview/counts.js";
import { fleetPanels } from "../overview/fleet-panels.js";
import { health } from "../overview/health.js";
import { sites } from "../overview/sites.js";
import { pageHead, remark, title } from "../router.js";
import { tabs } from "../tabs.js";
import { COUNTED_EVERY_MS, gathered, repeated } from "../timing.js";

const FLEET_EVERY_MS = 15_000;

export function overview(root, { query, signal }) {
  const { site } = query;
  title(site ? `Site ${site}` : "Overview");
  const page = { query, signal, fleet: null, parts: [] };
  const sums = counts((more) => address({ site, ...more }));
  const trouble = h("div", { role: "alert" });
  const views = viewsOf(page);

  const readFleet = async () => {
    for (const part of page.parts) part.recount?.();
    try {
      const fleet = await get("/v1/fleet", { site }, signal);
      // No event tells that a charger was added or removed elsewhere.
      if (page.fleet && fleet.total !== page.fleet.total) for (const part of page.parts) part.refresh?.();
      page.fleet = fleet;
      for (const part of [sums, ...page.parts]) part.show?.(fleet);
      if (fleet.site) root.querySelector("h1").textContent = fleet.site.name || fleet.site.id;
      else noteQuarantined(fleet.quarantined);
      fill(trouble);
    } catch (error) {
      if (signal.aborted) return;
      fill(trouble, h("p", { class: "notice bad" }, error.message));
      // The numbers stay as they were; whether the servers are there is not known any more.
      if (page.fleet) sums.show({ ...page.fleet, servers: null });
    }
  };
  const soon = gathered(readFleet, { after: COUNTED_EVERY_MS, every: 2000, signal });

  const reload = () => {
    for (const part of page.parts) part.reload?.();
    soon();
  };
  const add = guarded(
    "operator",
    { class: "button primary", onClick: () => addCharger(reload) },
    icon("plus"),
    "Add charger",
  );
  fill(
    root,
    site && crumbs(),
    pageHead(site ?? "Fleet", h("div", { class: "actions" }, site && placeOf(site), add)),
    h("div", { class: "stack" }, trouble, sums.element, views.element),
  );
  readFleet();
  repeated(readFleet, FLEET_EVERY_MS, signal);
  live({
    signal,
    onEvent: (event) => {
      for (const part of page.parts) part.hear?.(event);
      soon();
    },
    onResume: reload,
  });
}

// Each is built when it is opened, and shows at once what was counted last.
function viewsOf(page) {
  const { query, signal } = page;
  const open = (...parts) => {
    page.parts.push(...parts);
    if (page.fleet) for (const part of parts) part.show?.(page.fleet);
    return h(
      "div",
      { class: "stack" },
      parts.map((part) => part.element),
    );
  };
  const items = {
    chargers: { text: "Chargers", open: () => open(fleetPanels(), chargerList({ query, signal })) },
    health: { text: "Health", open: () => open(health(signal)) },
    sites: { text: "Sites", open: () => open(sites({ signal })) },
  };
  if (query.site) delete items.sites;
  return tabs({
    label: "The fleet by",
    items,
    chosen: query.view,
    onChoose: (view) => remark("/", { site: query.site, view: view === "chargers" ? "" : view }),
  });
}

const address = (query) => {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${text ? `?${text}` : ""}`;
};

const placeOf = (site) =>
  h("a", { class: "button", href: `#/sites/${encodeURIComponent(site)}` }, "Place and chargers");

const crumbs = () =>
  h(
    "nav",
    { class: "crumbs", "aria-label": "Breadcrumb" },
    h("a", { href: "#/" }, "Fleet"),
    h("span", { "aria-hidden": "true" }, "/"),
    "Site",
  );
