// Where a page of the list comes from: the API pages and filters the fleet; nothing here ever loads all of it.

import { get } from "../api.js";

export const PAGE = 50;

/** The list's filters: what the button says, and what is asked for. */
export const FILTERS = {
  all: { label: "All", query: {} },
  online: { label: "Online", query: { online: "true" } },
  charging: { label: "Charging", query: { state: "charging" } },
  faulted: { label: "Faulted", query: { state: "faulted" } },
  offline: { label: "Offline", query: { online: "false" } },
};

/** One page of chargers: `{items, next_cursor}`; `site` is a site's id, or nothing. */
export const chargersPage = ({ show, q, site }, cursor, signal) =>
  get("/v1/chargers", { ...FILTERS[show].query, q, site, limit: PAGE, cursor }, signal);
