// Tariffs, the newest first: what they charge, when they hold, for whom; and what a session at a charger would cost.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { pagesOf } from "../pages-of.js";
import { pageHead, title } from "../router.js";
import { tag } from "../status.js";
import { liveTable } from "../table.js";
import { toWhom } from "../tariffs/assignments.js";
import { quote } from "../tariffs/quote.js";
import { atAGlance, validity } from "../tariffs/words.js";
import { when } from "../time.js";

const NAMED = 3; // assignments of a tariff that the list names
const PAGE = 25;

export function tariffs(root, { signal }) {
  title("Tariffs");
  const table = liveTable({
    caption: "Tariffs",
    columns: COLUMNS,
    key: (tariff) => tariff.id,
    href: (tariff) => `#/tariffs/${tariff.id}`,
    empty: () => [h("strong", null, "No tariffs yet"), "Without one, sessions have no price and are not billed."],
  });
  const pages = pagesOf({ table, signal, load: (cursor, request) => load(cursor, request) });
  const add = guarded(
    "operator",
    {
      class: "button primary",
      onClick: () => {
        location.hash = "#/tariffs/new";
      },
    },
    icon("plus"),
    "New tariff",
  );
  fill(
    root,
    pageHead("Tariffs", h("div", { class: "actions" }, add)),
    h(
      "div",
      { class: "stack" },
      h("section", { class: "card", "aria-label": "Tariffs" }, table.element, pages.element),
      quote({ title: "What would a session cost?", signal }),
    ),
  );
  pages.restart();
}

async function load(cursor, signal) {
  const page = await get("/v1/tariffs", { limit: PAGE, cursor }, signal);
  const items = await Promise.all(
    page.items.map(async (tariff) => {
      const asked = { tariff_id: tariff.id, limit: NAMED + 1 };
      return { ...tariff, assigned: (await get("/v1/tariff-assignments", asked, signal)).items };
    }),
  );
  return { ...page, items };
}

const COLUMNS = [
  {
    head: "Tariff",
    class: "bare wide",
    value: (tariff) => `${tariff.name}|${tariff.text}`,
    cell: (tariff) =>
      h(
        "span",
        { class: "named" },
        h("a", { class: "main-link", href: `#/tariffs/${tariff.id}` }, tariff.name),
        tariff.text && h("span", { class: "sub" }, tariff.text),
      ),
  },
  { head: "Prices", class: "wide", label: "", value: (tariff) => `${tariff.currency} ${atAGlance(tariff)}` },
  {
    head: "Valid",
    class: "wide",
    label: "",
    value: (tariff) => `${validity(tariff)[0]}${tariff.valid_from}${tariff.valid_until}`,
    cell: (tariff) => [
      tag(...validity(tariff)),
      h("span", { class: "muted" }, " from ", when(tariff.valid_from, "day")),
      tariff.valid_until && h("span", { class: "muted" }, " until ", when(tariff.valid_until, "day")),
    ],
  },
  {
    head: "Where it holds",
    class: "wide",
    value: (tariff) => tariff.assigned.map((one) => one.id).join(),
    cell: (tariff) =>
      tariff.assigned.length
        ? h(
            "span",
            null,
            tariff.assigned.slice(0, NAMED).map((one, i) => [i > 0 && ", ", toWhom(one)]),
            tariff.assigned.length > NAMED && " and more",
          )
        : h("span", { class: "muted" }, "nowhere"),
  },
];
