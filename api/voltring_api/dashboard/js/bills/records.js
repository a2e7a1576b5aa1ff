// The charges and credits that were issued, the newest first, each with its invoice.

import { ApiError, get } from "../api.js";
import { h } from "../dom.js";
import { download } from "../download.js";
import { NONE } from "../format.js";
import { pagesOf } from "../pages-of.js";
import { tag } from "../status.js";
import { liveTable } from "../table.js";
import { when } from "../time.js";
import { complain } from "../toast.js";
import { energyOf, fileName, kindName, money, paperName } from "./words.js";

/** A card and `reload()`. */
export function records({ signal }) {
  const table = liveTable({
    caption: "Charge detail records",
    columns: COLUMNS,
    key: (record) => record.id,
    empty: [
      h("strong", null, "Nothing was billed yet"),
      "A session is billed within seconds of its end, once a tariff is in force for it.",
    ],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/cdrs", { limit: 25, cursor }, request),
  });
  pages.restart();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Charges and credits" },
      h("header", null, h("h2", null, "Charges and credits")),
      table.element,
      pages.element,
    ),
    reload: pages.reload,
  };
}

const COLUMNS = [
  { head: "Number", class: "tight", value: (record) => String(record.number) },
  {
    head: "Kind",
    class: "tight bare",
    value: kindName,
    cell: (record) => tag(kindName(record), record.kind === "credit" ? "waiting" : null),
  },
  {
    head: "Session",
    class: "bare",
    value: (record) => record.charger_id,
    cell: (record) =>
      h("a", { class: "main-link", href: `#/transactions/${record.transaction_id}` }, record.charger_id),
  },
  { head: "ID token", class: "clip off-phone", value: (record) => record.id_token ?? NONE },
  { head: "Energy", class: "end tight", value: energyOf },
  { head: "Total", class: "end tight", value: money },
  {
    head: "Issued",
    class: "tight",
    value: (record) => record.issued_at,
    cell: (record) => when(record.issued_at, "dated"),
  },
  {
    head: "",
    class: "tight wide",
    label: "",
    value: (record) => record.id,
    cell: (record) => paperButton(record),
  },
];

// Saved, not opened: a page opened from here would be under the dashboard's policy, which forbids an invoice its style.
const paperButton = (record) =>
  h(
    "button",
    {
      class: "button small",
      type: "button",
      title: "A page to read or print",
      "aria-label": `Save ${paperName(record).toLowerCase()} ${record.number}`,
      on: { click: () => save(record) },
    },
    `Save ${paperName(record).toLowerCase()}`,
  );

async function save(record) {
  try {
    await download(`/v1/cdrs/${record.id}/invoice`, {}, fileName(record), "text/html");
  } catch (error) {
    complain("Not saved", error instanceof ApiError ? error : new ApiError(0));
  }
}
