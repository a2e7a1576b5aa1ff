// What happened at any charger: severe events first of all.

import { fill, h } from "../dom.js";
import { eventList } from "../event-list.js";
import { live } from "../live.js";
import { pageHead, title } from "../router.js";

export function events(root, { query, signal }) {
  title("Events");
  const list = eventList({
    path: "/v1/station-events",
    level: ["all", "warnings", "severe"].includes(query.level) ? query.level : "severe",
    withCharger: true,
    signal,
  });
  fill(
    root,
    pageHead("Events"),
    h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "muted" },
        "What chargers report beside their sessions, the newest first. Severe is what needs somebody soon; events without a severity are under All.",
      ),
      list.element,
    ),
  );
  live({ signal, onEvent: list.hear, onResume: list.resume });
}
