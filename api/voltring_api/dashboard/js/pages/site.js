// One site: where it is, what holds there, and its chargers.

import { call, get } from "../api.js";
import { formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { NONE } from "../format.js";
import { guarded } from "../guarded.js";
import { live } from "../live.js";
import { pageHead, title } from "../router.js";
import { chargersOf } from "../sites/chargers.js";
import { editSite } from "../sites/edit.js";
import { gathered } from "../timing.js";

const TARIFFS = 50;

export function site(root, { params: { id }, signal }) {
  title(`Site ${id}`);
  const trouble = h("div", { role: "alert" });
  const facts = h("dl", { class: "facts" });
  const tariffs = h("ul", { class: "assigned" });
  const path = `/v1/sites/${encodeURIComponent(id)}`;
  let shown = null;

  const read = async () => {
    try {
      shown = await get(path, undefined, signal);
      const found = await tariffsOf(id, signal);
      root.querySelector("h1").textContent = shown.name;
      title(shown.name);
      fill(
        facts,
        factsOf(shown).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]),
      );
      fill(tariffs, found.length ? found.map(tariffLine) : h("li", { class: "muted" }, "None of its own."));
      fill(trouble);
    } catch (error) {
      if (signal.aborted) return;
      const said = error.status === 404 ? `No site has the id “${id}”.` : error.message;
      fill(
        trouble,
        h(
          "p",
          { class: "notice bad" },
          said,
          error.status !== 404 &&
            h("button", { class: "button small", type: "button", on: { click: read } }, "Try again"),
        ),
      );
    }
    content.hidden = !shown;
    tools.hidden = !shown;
  };
  const chargers = chargersOf(id, { signal });
  const tools = h(
    "div",
    { class: "actions", hidden: true },
    guarded("admin", { class: "button danger", onClick: () => remove(shown, path) }, "Delete"),
    h("a", { class: "button", href: `#/?site=${encodeURIComponent(id)}` }, "In numbers"),
    guarded(
      "operator",
      {
        class: "button",
        onClick: async () => {
          if (await editSite(shown)) read();
        },
      },
      "Edit",
    ),
  );
  const card = (label, ...body) =>
    h(
      "section",
      { class: "card", "aria-label": label },
      h("header", null, h("h2", null, label)),
      h("div", { class: "body" }, body),
    );
  const content = h(
    "div",
    { class: "columns", hidden: true },
    h("div", null, card("Facts", facts), card("Tariffs of this site", tariffs)),
    h("div", null, chargers.element),
  );
  fill(root, crumbs(), pageHead(id, tools), trouble, content);
  const reload = () => {
    read();
    chargers.reload();
  };
  const soon = gathered(chargers.reload, { after: 500, every: 3000, signal });
  read();
  live({ signal, onEvent: (event) => chargers.has(event.charger_id) && soon(), onResume: reload });
}

const crumbs = () =>
  h(
    "nav",
    { class: "crumbs", "aria-label": "Breadcrumb" },
    h("a", { href: "#/sites" }, "Sites"),
    h("span", { "aria-hidden": "true" }, "/"),
    "Site",
  );

function factsOf({ id, name, place, time_zone: zone, latitude, longitude }) {
  const isPlaced = latitude !== null && longitude !== null;
  return [
    ["Name", name],
    ["Id", h("code", null, id)],
    ["Place", place ?? NONE],
    ["Time zone", zone],
    ...(isPlaced ? [["Coordinates", `${latitude}, ${longitude}`]] : []),
  ];
}

async function tariffsOf(id, signal) {
  const { items } = await get("/v1/tariff-assignments", { site_id: id, limit: TARIFFS }, signal);
  return Promise.all(items.map((one) => get(`/v1/tariffs/${one.tariff_id}`, undefined, signal)));
}

const tariffLine = (tariff) =>
  h("li", null, h("a", { href: `#/tariffs/${tariff.id}` }, tariff.name), h("span", { class: "muted" }, tariff.currency));

async function remove(shown, path) {
  const done = await formDialog({
    title: `Delete ${shown.name}?`,
    submitLabel: "Delete",
    danger: true,
    body: h("p", { class: "muted" }, "Its chargers stay, without a site. Sessions and invoices keep what they say of it."),
    submit: async () => {
      await call("DELETE", path);
      return true;
    },
  });
  if (done) location.hash = "#/sites";
}
