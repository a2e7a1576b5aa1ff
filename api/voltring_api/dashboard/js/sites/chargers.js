// The chargers of a site: listed, put there, taken out.

import { call, chargerPath, get } from "../api.js";
import { field, formDialog } from "../dialog.js";
import { h } from "../dom.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { COLUMNS } from "../overview/charger-columns.js";
import { pagesOf } from "../pages-of.js";
import { suggesting } from "../suggest.js";
import { liveTable } from "../table.js";
import { toast } from "../toast.js";

const PAGE = 50;
const PROPOSED = 20;

/** A card of the chargers that stand there, `reload()`, and `has(id)`. */
export function chargersOf(id, { signal }) {
  const table = liveTable({
    caption: "Chargers",
    columns: [...COLUMNS.filter(({ head }) => SHOWN.has(head)), leaving(() => pages.reload())],
    key: (charger) => charger.id,
    href: (charger) => `#/chargers/${encodeURIComponent(charger.id)}`,
    empty: () => [h("strong", null, "No charger stands here yet"), "Put one here: it may come from another site."],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/chargers", { site: id, limit: PAGE, cursor }, request),
  });
  const put = guarded(
    "operator",
    {
      class: "button small primary",
      onClick: async () => {
        const moved = await putHere(id);
        if (!moved) return;
        await pages.reload();
        toast({ title: moved.id, text: "It stands here now.", tone: "good" });
      },
    },
    icon("plus"),
    "Put a charger here",
  );
  pages.restart();
  return {
    element: h(
      "section",
      { class: "card first", "aria-label": "Chargers" },
      h("header", null, h("h2", null, "Chargers"), h("span", { class: "end" }, put)),
      table.element,
      pages.element,
    ),
    reload: pages.reload,
    has: (charger) => Boolean(charger) && table.has(charger),
  };
}

const SHOWN = new Set(["Charger", "Model", "Status", "Power", "Session", "Connection"]);

const leaving = (changed) => ({
  head: "",
  class: "end tight bare",
  value: (charger) => charger.id,
  cell: (charger) => {
    const button = guarded("operator", { class: "button small", onClick: () => takeOut(charger, changed) }, "Take out");
    button.setAttribute("aria-label", `Take out: ${charger.id}`);
    return button;
  },
});

function putHere(site_id) {
  return formDialog({
    title: "Put a charger here",
    submitLabel: "Put it here",
    body: field(
      "Charger id",
      suggesting(h("input", { name: "charger_id", required: true, maxLength: 48, spellcheck: "false" }), elsewhere),
      "One that stands at another site moves. What it charges from now on is priced by this site’s tariff and time zone.",
    ),
    submit: (form) =>
      call("PATCH", chargerPath(form.elements.charger_id.value.trim()), { body: { site_id } }),
  });
}

async function elsewhere(q, signal) {
  const { items } = await get("/v1/chargers", { q, limit: PROPOSED }, signal);
  return items.map(({ id, site_id: site, description }) => ({
    value: id,
    label: [site ? `at ${site}` : "without a site", description].filter(Boolean).join(" · "),
  }));
}

async function takeOut(charger, changed) {
  const done = await formDialog({
    title: `Take ${charger.id} out of the site?`,
    submitLabel: "Take out",
    body: h(
      "p",
      { class: "muted" },
      "It stays registered, without a site: its prices go by a tariff of its own or everybody’s, and by its own time zone.",
    ),
    submit: () => call("PATCH", chargerPath(charger.id), { body: { site_id: null } }),
  });
  if (done) changed();
}
