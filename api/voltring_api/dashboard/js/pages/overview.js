// The overview: how the fleet is, and its chargers as they change.

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
import { pageHead, title } from "../router.js";
import { COUNTED_EVERY_MS, gathered, repeated } from "../timing.js";

const FLEET_EVERY_MS = 15_000;

export function overview(root, { query, signal }) {
  title("Overview");
  const sums = counts();
  const panels = fleetPanels();
  const list = chargerList({ query, signal });
  const trouble = h("div", { role: "alert" });

  let total = null;
  const readFleet = async () => {
    try {
      const fleet = await get("/v1/fleet", undefined, signal);
      // No event tells that a charger was added or removed elsewhere.
      if (total !== null && fleet.total !== total) list.refresh();
      total = fleet.total;
      sums.show(fleet);
      panels.show(fleet);
      noteQuarantined(fleet.quarantined);
      fill(trouble);
    } catch (error) {
      if (!signal.aborted) fill(trouble, h("p", { class: "notice bad" }, error.message));
    }
  };
  const soon = gathered(readFleet, { after: COUNTED_EVERY_MS, every: 2000, signal });

  const reload = () => {
    list.reload();
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
    pageHead("Fleet", h("div", { class: "actions" }, add)),
    h("div", { class: "stack" }, trouble, sums.element, panels.element, list.element),
  );
  readFleet();
  repeated(readFleet, FLEET_EVERY_MS, signal);
  live({
    signal,
    onEvent: (event) => {
      list.hear(event);
      soon();
    },
    onResume: reload,
  });
}
