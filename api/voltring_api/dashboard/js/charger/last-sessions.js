// What the charger charged before.

import { get } from "../api.js";
import { h } from "../dom.js";
import { NONE, energy } from "../format.js";
import { liveTable } from "../table.js";
import { span, when } from "../time.js";
import { gathered } from "../timing.js";

const SHOWN = 8;

/** A small list of the newest transactions, and `refresh()`. */
export function lastSessions({ id, signal }) {
  const table = liveTable({
    caption: "Last sessions",
    key: (item) => item.id,
    href: (item) => `#/transactions/${item.id}`,
    columns: [
      {
        head: "Started",
        class: "bare",
        value: (item) => item.started_at,
        cell: (item) =>
          h("a", { class: "main-link", href: `#/transactions/${item.id}` }, when(item.started_at)),
      },
      { head: "EVSE", class: "tight", value: (item) => String(item.evse_id ?? NONE) },
      { head: "ID token", class: "clip off-phone", value: (item) => item.id_token ?? NONE },
      { head: "Energy", class: "end tight bare", value: (item) => energy(item.energy_wh) },
      {
        head: "Duration",
        class: "end tight off-phone",
        value: (item) => `${item.started_at}${item.ended_at}`,
        cell: (item) => span(item.started_at, item.ended_at),
      },
      {
        head: "Ended by",
        class: "tight off-phone",
        value: (item) => item.stop_reason ?? (item.state === "Ended" ? NONE : item.state),
      },
    ],
    empty: () => [h("strong", null, "No session yet"), "Start one here, or with a token at the charger."],
  });
  const read = async () => {
    try {
      const page = await get("/v1/transactions", { charger_id: id, limit: SHOWN }, signal);
      if (!signal.aborted) table.set(page.items);
    } catch (error) {
      if (!signal.aborted) table.fail(error, read);
    }
  };
  table.loading();
  return { element: table.element, refresh: gathered(read, { after: 0, every: 2000, signal }) };
}
