// Reports that came in parts, each opened to what it says.

import { chargerPath, get } from "../api.js";
import { fill, h } from "../dom.js";
import { plural, spaced } from "../format.js";
import { pretty } from "../json.js";
import { tag } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";

const SHOWN = 50;
const TONES = { Complete: "charging", Receiving: "waiting", Incomplete: "fault" };

/** The tab's element, `hear(event)` and `resume()`. */
export function reports({ id, signal }) {
  const body = h("div");
  const drawn = new Map();
  const read = async () => {
    try {
      const { items } = await get(chargerPath(id, "/reports"), { limit: SHOWN }, signal);
      fill(body, items.length ? items.map((item) => kept(drawn, item, signal)) : nothing());
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "blank", role: "alert" }, error.message));
    }
  };
  const soon = gathered(read, { after: 150, every: 1500, signal });
  soon();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Reports" },
      h("header", null, h("h2", null, "Reports")),
      body,
    ),
    hear: (event) => {
      if (event.type === "report.updated") soon();
    },
    resume: soon,
  };
}

function kept(drawn, item, signal) {
  const known = drawn.get(item.id);
  if (known?.at === item.updated_at && known.state === item.state) return known.element;
  const element = one(item, signal);
  drawn.set(item.id, { at: item.updated_at, state: item.state, element });
  return element;
}

function one(item, signal) {
  const place = h("div", { class: "raw" });
  const element = h(
    "details",
    { class: "record" },
    h(
      "summary",
      null,
      h("strong", { class: "clip" }, spaced(item.action)),
      tag(item.state, TONES[item.state]),
      h("span", { class: "muted" }, plural(item.parts, "part")),
      h("span", { class: "muted small" }, when(item.started_at, "ago")),
    ),
    item.missing.length > 0 &&
      h("p", { class: "notice warn" }, `Parts that did not come: ${item.missing.join(", ")}.`),
    place,
  );
  element.addEventListener("toggle", async () => {
    if (!element.open || place.firstChild) return;
    try {
      const report = await get(`/v1/reports/${item.id}`, undefined, signal);
      fill(place, report.text === null ? pretty(report.content) : h("pre", { tabIndex: 0 }, report.text));
    } catch (error) {
      if (!signal.aborted) fill(place, h("p", { role: "alert" }, error.message));
    }
  });
  return element;
}

const nothing = () =>
  h(
    "div",
    { class: "blank" },
    h("strong", null, "No report yet"),
    "The device model, monitors, profiles and customer information that are asked for come as reports.",
  );
