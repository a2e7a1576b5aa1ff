// Who the charger is, as it said at boot and as the operators registered it.

import { fill, h } from "../dom.js";
import { NONE } from "../format.js";
import { status, tag } from "../status.js";
import { when } from "../time.js";
import { manage } from "./manage.js";

/** A card and `show(charger)`. */
export function identity(page) {
  const facts = h("dl", { class: "facts" });
  const tools = manage(page);
  const element = h(
    "section",
    { class: "card late", "aria-label": "Identity" },
    h("header", null, h("h2", null, "Identity"), tools.element),
    h("div", { class: "body" }, facts),
  );
  const show = (charger) => {
    tools.show(charger);
    fill(
      facts,
      lines(charger).map(([name, value]) => [h("dt", null, name), h("dd", null, value ?? NONE)]),
    );
  };
  return { element, show };
}

function lines(charger) {
  const connected = charger.online
    ? [["Online since", [when(charger.connected_at, "full"), " (", when(charger.connected_at, "since"), ")"]]]
    : [
        [
          "Offline since",
          offlineSince(charger),
        ],
      ];
  return [
    ...(charger.description ? [["Description", charger.description]] : []),
    ["Site", siteOf(charger)],
    ["Vendor", charger.vendor],
    ["Model", charger.model],
    ["Serial number", charger.serial_number],
    ["Firmware", charger.firmware_version],
    ["OCPP version", charger.ocpp_version],
    ...connected,
    ["Owner node", charger.node],
    ["Registration", registrationOf(charger)],
    ["Last boot", when(charger.booted_at, "full")],
    ["Last heard", when(charger.last_seen_at, "ago")],
    ["Quirks", quirksOf(charger)],
    ["Secret", secretOf(charger)],
  ];
}

function secretOf({ id, has_secret: has, security_profile: profile, certificate_name: name }) {
  if (profile === 3) return `none: it shows the certificate ${name ?? id}`;
  if (!has) return "none: it connects without a password";
  return profile === 2 ? "set; it must come over TLS" : "set";
}

const siteOf = ({ site_id: id }) => id && h("a", { href: `#/sites/${encodeURIComponent(id)}` }, id);

function offlineSince(charger) {
  // Connected, but silent for longer than its limit.
  const silent = charger.connected_at && !charger.disconnected_at;
  const since = charger.disconnected_at ?? (silent ? charger.last_seen_at : null);
  if (!since) return "never connected";
  return [silent ? "silent since " : "", when(since, "full"), " (", when(since, "ago"), ")"];
}

function registrationOf({ registration, registration_wanted: wanted }) {
  const now = registration === "none" ? "not booted yet" : status(registration);
  return registration === wanted || (registration === "none" && wanted === "Accepted")
    ? now
    : [now, h("span", { class: "muted" }, ` (${wanted} at its next boot)`)];
}

function quirksOf({ quirks_in_effect: rules }) {
  const names = Object.keys(rules ?? {});
  return names.length ? names.map((name) => [tag(name), " "]) : "none";
}
