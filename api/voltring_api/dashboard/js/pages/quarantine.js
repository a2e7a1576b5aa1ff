// Chargers that connected without being known, held until somebody admits them.

import { get } from "../api.js";
import { recountQuarantined } from "../bar.js";
import { admit } from "../charger/manage.js";
import { fill, h } from "../dom.js";
import { NONE } from "../format.js";
import { guarded } from "../guarded.js";
import { live } from "../live.js";
import { pagesOf } from "../pages-of.js";
import { pageHead, title } from "../router.js";
import { status } from "../status.js";
import { liveTable } from "../table.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";

export function quarantine(root, { signal }) {
  title("Quarantine");
  const table = liveTable({
    caption: "Quarantined chargers",
    columns: columns(() => changed()),
    key: (charger) => charger.id,
    href: (charger) => `#/chargers/${encodeURIComponent(charger.id)}`,
    empty: () => [
      h("strong", null, "Nobody waits"),
      "Unknown chargers are held here when VOLTRING_UNKNOWN_CHARGERS is “quarantine”.",
    ],
  });
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/chargers", { status: "quarantined", limit: 50, cursor }, request),
  });
  const changed = () => {
    pages.reload();
    recountQuarantined();
  };
  fill(
    root,
    pageHead("Quarantine"),
    h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "muted" },
        "These chargers have connected but are not known. They are told to wait (Pending) and cannot charge until you admit them.",
      ),
      h("section", { class: "card", "aria-label": "Quarantined chargers" }, table.element, pages.element),
    ),
  );
  pages.restart();
  const soon = gathered(changed, { after: 300, every: 3000, signal });
  live({
    signal,
    onResume: changed,
    onEvent: (event) => {
      if (event.type?.startsWith("charger.")) soon();
    },
  });
}

function columns(changed) {
  return [
    {
      head: "Charger",
      class: "bare",
      value: (charger) => charger.id,
      cell: (charger) =>
        h("a", { class: "main-link", href: `#/chargers/${encodeURIComponent(charger.id)}` }, charger.id),
    },
    {
      head: "Connection",
      class: "tight bare",
      value: (charger) => String(charger.online),
      cell: (charger) => (charger.online ? status("Pending") : status("Offline")),
    },
    {
      head: "Vendor and model",
      class: "wide",
      value: (charger) => [charger.vendor, charger.model].filter(Boolean).join(" ") || NONE,
    },
    { head: "OCPP", class: "tight off-phone", value: (charger) => charger.ocpp_version ?? NONE },
    {
      head: "First seen",
      class: "tight wide",
      value: (charger) => charger.created_at,
      cell: (charger) => when(charger.created_at, "full"),
    },
    {
      head: "",
      class: "end tight bare",
      value: () => "",
      cell: (charger) =>
        guarded(
          "operator",
          { class: "button small primary", onClick: () => admit(charger.id, changed) },
          "Admit",
        ),
    },
  ];
}
