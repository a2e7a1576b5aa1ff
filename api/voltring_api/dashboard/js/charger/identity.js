// Who the charger is, as it said at boot and as the operators registered it.

import { fill, h } from "../dom.js";
import { NONE } from "../format.js";
import { status } from "../status.js";
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
          charger.disconnected_at
            ? [when(charger.disconnected_at, "full"), " (", when(charger.disconnected_at, "ago"), ")"]
            : "never connected",
        ],
      ];
  return [
    ...(charger.description ? [["Description", charger.description]] : []),
    ["Vendor", charger.vendor],
    ["Model", charger.model],
    ["Serial number", charger.serial_number],
    ["Firmware", charger.firmware_version],
    ["OCPP version", charger.ocpp_version],
    ...connected,
    ["Owner node", charger.node],
    ["Registration", charger.registration === "none" ? "not booted yet" : status(charger.registration)],
    ["Last boot", when(charger.booted_at, "full")],
    ["Last heard", when(charger.last_seen_at, "ago")],
    ["Secret", charger.has_secret ? "set" : "none: it connects without a password"],
  ];
}
