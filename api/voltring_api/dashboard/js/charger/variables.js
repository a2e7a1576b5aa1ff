// The device model (OCPP 2.x) or the configuration keys (1.6): searched as one types, grouped by component.

import { all, chargerPath } from "../api.js";
import { run } from "../command-run.js";
import { fill, h } from "../dom.js";
import { searchBox } from "../filters.js";
import { NONE, plural } from "../format.js";
import { guarded } from "../guarded.js";
import { tag } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";
import { complain } from "../toast.js";

const MOST = 20_000;
const OPEN_UP_TO = 100; // variables; more begin folded by component
const KEYS = "Configuration keys";

/** The tab's element, `show(charger)`, `hear(event)` and `resume()`. */
export function variables(page) {
  const { id, signal } = page;
  const body = h("div");
  const count = h("span", { class: "muted small", role: "status" });
  const stale = h("p", { class: "notice warn", hidden: true });
  const view = { q: "", items: null, drawn: "" };

  const draw = () => {
    if (!view.items) return;
    const found = view.items.filter((item) => fits(item, view.q));
    const groups = grouped(found);
    fill(count, view.q ? `${found.length} of ${plural(view.items.length, "variable")}` : plural(found.length, "variable"));
    fill(body, found.length ? groups.map((group) => section(group, found.length, view)) : nothing(view));
  };
  const read = async () => {
    try {
      view.items = await all(chargerPath(id, "/variables"), {}, signal, MOST);
      draw();
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "blank", role: "alert" }, error.message));
    }
  };
  const soon = gathered(read, { after: 200, every: 2000, signal });
  const ask = guarded(
    "operator",
    { class: "button small", onClick: () => readAgain(page, soon), blocked: () => blocked(page) },
    "Read from the charger",
  );
  const search = searchBox({
    value: "",
    placeholder: "Search names and values",
    label: "Search variables",
    onSearch: (q) => {
      view.q = q;
      draw();
    },
  });
  soon();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "Device model" },
      h("header", null, h("h2", null, "Device model"), count, h("span", { class: "end" }, ask)),
      h("div", { class: "tools" }, search),
      stale,
      body,
    ),
    show: (charger) => {
      ask.refresh();
      stale.hidden = !charger.device_model_stale;
      fill(stale, "The charger's firmware or OCPP version has changed since it told this: read it again.");
    },
    hear: (event) => {
      if (event.type === "report.updated" || event.type === "command.updated") soon();
    },
    resume: soon,
  };
}

const blocked = ({ charger }) => (charger?.online ? null : "The charger is offline.");

async function readAgain(page, done) {
  const is16 = page.charger.ocpp_version === "1.6";
  const body = is16
    ? { action: "GetConfiguration", payload: {} }
    : { action: "GetBaseReport", payload: { reportBase: "FullInventory" } };
  try {
    await run(chargerPath(page.id, "/commands"), body, page.id, done);
  } catch (error) {
    complain("The charger was not asked", error);
  }
}

function fits(item, q) {
  if (!q) return true;
  const text = [item.component, item.component_instance, item.variable, item.instance, item.value].join(" ");
  return q.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));
}

function grouped(items) {
  const groups = new Map();
  for (const item of items) {
    const name = nameOf(item);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(item);
  }
  return [...groups];
}

function nameOf({ component, component_instance, evse_id, connector_id }) {
  const name = component ? `${component}${component_instance ? ` [${component_instance}]` : ""}` : KEYS;
  return [name, evse_id && `EVSE ${evse_id}`, connector_id && `connector ${connector_id}`]
    .filter(Boolean)
    .join(" · ");
}

function section([name, items], total, view) {
  return h(
    "details",
    { class: "group", open: Boolean(view.q) || total <= OPEN_UP_TO },
    h("summary", null, h("strong", null, name), " ", h("span", { class: "muted small" }, items.length)),
    h("dl", { class: "variables" }, items.map(one)),
  );
}

function one(item) {
  const unit = item.characteristics?.unit;
  const attribute = item.attribute === "Actual" ? "" : ` (${item.attribute})`;
  const hidden = item.value === null && item.mutability === "WriteOnly";
  return h(
    "div",
    { class: "variable" },
    h("dt", null, item.variable, item.instance && ` [${item.instance}]`, attribute),
    h(
      "dd",
      null,
      h("span", { class: "value" }, hidden ? "not shown" : (item.value ?? NONE), unit && ` ${unit}`),
      h(
        "span",
        { class: "chips" },
        item.status && item.status !== "Accepted" && tag(item.status, "waiting"),
        item.mutability && item.mutability !== "ReadWrite" && tag(item.mutability),
        when(item.at, "ago"),
      ),
    ),
  );
}

const nothing = ({ q }) =>
  h(
    "div",
    { class: "blank" },
    q
      ? h("strong", null, `No variable fits “${q}”`)
      : [h("strong", null, "Nothing is known yet"), "Read it from the charger: it answers with what it has."],
  );
