// What holds at the charger now: profiles, limits, reservations, certificates, jobs, messages, monitors.

import { all, chargerPath } from "../api.js";
import { fill, h } from "../dom.js";
import { NONE, plural, spaced } from "../format.js";
import { pretty } from "../json.js";
import { tag } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";

const MOST = 5_000;
const TITLES = {
  Availability: "Availability",
  Certificate: "Certificates",
  ChargingLimit: "Charging limits",
  ChargingNeeds: "Charging needs",
  ChargingProfile: "Charging profiles",
  ChargingSchedule: "Charging schedules of cars",
  CompositeSchedule: "Composite schedules",
  DERControl: "DER controls",
  Diagnostics: "Diagnostics",
  DisplayMessage: "Display messages",
  EventStream: "Event streams",
  Firmware: "Firmware",
  FirmwarePublication: "Firmware publications",
  LocalList: "Local list",
  Log: "Logs",
  Monitor: "Monitors",
  Monitoring: "Monitoring",
  NetworkProfile: "Network profiles",
  PriorityCharging: "Priority charging",
  Reservation: "Reservations",
  Tariff: "Tariffs",
};

/** The tab's element, `hear(event)` and `resume()`. */
export function records({ id, signal }) {
  const body = h("div");
  const count = h("span", { class: "muted small", role: "status" });
  const drawn = new Map();
  const read = async () => {
    try {
      const items = await all(chargerPath(id, "/records"), {}, signal, MOST);
      fill(count, plural(items.length, "entry").replace("entrys", "entries"));
      fill(body, items.length ? sections(items, drawn) : nothing());
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "blank", role: "alert" }, error.message));
    }
  };
  const soon = gathered(read, { after: 150, every: 1500, signal });
  soon();
  return {
    element: h(
      "section",
      { class: "card", "aria-label": "What holds" },
      h("header", null, h("h2", null, "What holds at the charger"), count),
      body,
    ),
    hear: (event) => {
      if (event.type === "station.record" || event.type === "report.updated") soon();
    },
    resume: soon,
  };
}

function sections(items, drawn) {
  const kinds = new Map();
  for (const item of items) kinds.set(item.kind, [...(kinds.get(item.kind) ?? []), item]);
  const byTitle = [...kinds].sort(([a], [b]) => titleOf(a).localeCompare(titleOf(b)));
  return byTitle.map(([kind, those]) =>
    h(
      "section",
      { class: "kind", "aria-label": titleOf(kind) },
      h("h3", null, titleOf(kind)),
      those.map((item) => kept(drawn, item)),
    ),
  );
}

const titleOf = (kind) => TITLES[kind] ?? spaced(kind);

// An entry that did not change stays as it is, so that an opened one stays open.
function kept(drawn, item) {
  const name = `${item.kind}|${item.key}`;
  const known = drawn.get(name);
  if (known?.at === item.at && known.state === item.state) return known.element;
  const element = one(item, known?.element.open);
  drawn.set(name, { at: item.at, state: item.state, element });
  return element;
}

function one(item, open = false) {
  return h(
    "details",
    { class: "record", open },
    h(
      "summary",
      null,
      h("strong", { class: "clip" }, item.key || titleOf(item.kind)),
      item.evse_id !== null && h("span", { class: "muted" }, item.evse_id ? `EVSE ${item.evse_id}` : "station"),
      item.state && tag(spaced(item.state), toneOf(item.state)),
      h("span", { class: "muted small" }, when(item.at, "ago")),
    ),
    h("p", { class: "muted small" }, `Told by ${item.source ?? NONE}.`),
    h("div", { class: "raw" }, pretty(item.content)),
  );
}

const BAD = /fail|reject|invalid|expired|faulted|error/i;
const GOOD = /^(accepted|installed|uploaded|reported|active|enabled|published)$/i;

function toneOf(state) {
  if (BAD.test(state)) return "fault";
  return GOOD.test(state) ? "charging" : "idle";
}

const nothing = () =>
  h(
    "div",
    { class: "blank" },
    h("strong", null, "Nothing is known to hold"),
    "Profiles, limits, reservations, certificates and jobs appear here as the charger tells of them.",
  );
