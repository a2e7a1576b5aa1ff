// The columns of the list of chargers.

import { h } from "../dom.js";
import { energy, percent, power } from "../format.js";
import { chargerState, sessions, status } from "../status.js";
import { when } from "../time.js";

const FULL_BAR_W = 22_000; // three phases at 32 A; faster ones fill the bar

export const COLUMNS = [
  {
    head: "Charger",
    class: "bare",
    value: (charger) => `${charger.id}|${charger.description ?? ""}`,
    cell: name,
  },
  {
    head: "Model",
    class: "clip off-phone off-narrow",
    value: (charger) => model(charger),
    cell: (charger) => h("span", { class: "muted" }, model(charger)),
  },
  {
    head: "Status",
    class: "tight bare",
    value: chargerState,
    cell: (charger) => status(chargerState(charger), { title: fault(charger) }),
  },
  { head: "Power", class: "end tight bare", value: (charger) => power(charger.power_w), cell: powerCell },
  { head: "Session", class: "end tight bare", value: session },
  { head: "Node", class: "tight off-phone", value: (charger) => charger.node ?? "" },
  { head: "OCPP", class: "tight off-phone", value: (charger) => charger.ocpp_version ?? "" },
  {
    head: "Connection",
    class: "tight off-phone",
    value: (charger) => `${charger.online}${charger.connected_at}${charger.last_seen_at}`,
    cell: connection,
  },
];

function name(charger) {
  const about = charger.description;
  return h(
    "span",
    null,
    h("a", { class: "main-link", href: `#/chargers/${encodeURIComponent(charger.id)}` }, charger.id),
    about && h("span", { class: "sub" }, about),
  );
}

const model = (charger) => [charger.vendor, charger.model].filter(Boolean).join(" ");

function powerCell(charger) {
  if (typeof charger.power_w !== "number") return null;
  const bar = h("i", { vars: { "--share": Math.min(1, charger.power_w / FULL_BAR_W) } });
  return [h("span", { class: "meter", "aria-hidden": "true" }, bar), power(charger.power_w)];
}

function session(charger) {
  const running = sessions(charger);
  if (!running.length) return "";
  if (running.length > 1)
    return `${running.length} sessions · ${energy(running.reduce((sum, each) => sum + (each.energy_wh ?? 0), 0))}`;
  const [{ energy_wh, soc_percent }] = running;
  return energy(energy_wh) + (typeof soc_percent === "number" ? ` · ${percent(soc_percent)}` : "");
}

function connection(charger) {
  if (charger.online) return h("span", { class: "muted" }, "up ", when(charger.connected_at, "since"));
  const seen = charger.disconnected_at ?? charger.last_seen_at;
  return h("span", { class: "muted" }, seen ? ["seen ", when(seen, "ago")] : "never connected");
}

function fault(charger) {
  const broken = charger.evses
    ?.flatMap((evse) => evse.connectors)
    .find((connector) => connector.status === "Faulted");
  return broken
    ? [broken.error_code, broken.info, broken.vendor_error_code].filter(Boolean).join(" · ")
    : null;
}
