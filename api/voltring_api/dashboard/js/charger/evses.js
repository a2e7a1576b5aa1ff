// EVSEs and connectors with their status, fault and running session.

import { fill, h } from "../dom.js";
import { energy, power } from "../format.js";
import { busyState, status } from "../status.js";
import { when } from "../time.js";

/** A card and `show(charger)`. */
export function evses() {
  const body = h("div");
  const element = h(
    "section",
    { class: "card", "aria-label": "Connectors" },
    h("header", null, h("h2", null, "Connectors")),
    body,
  );
  const show = (charger) =>
    fill(
      body,
      stationFault(charger.station),
      charger.evses.length
        ? charger.evses.map(one)
        : h("div", { class: "blank" }, "No connector has reported its status yet."),
    );
  return { element, show };
}

function one(evse) {
  return h(
    "div",
    { class: "evse" },
    (evse.connectors.length ? evse.connectors : [{}]).map((connector, i) =>
      h(
        "div",
        { class: "evse-row" },
        h(
          "span",
          { class: "evse-name" },
          i === 0 ? `EVSE ${evse.evse_id}` : "",
          evse.connectors.length > 1 && ` · ${connector.connector_id}`,
        ),
        status(busyState(evse, connector.status ? connector : undefined)),
        h("span", { class: "end small muted" }, connector.at && when(connector.at, "ago")),
        faultOf(connector),
      ),
    ),
    session(evse.transaction),
  );
}

function session(transaction) {
  if (!transaction) return null;
  return h(
    "div",
    { class: "small muted" },
    h("a", { href: `#/transactions/${transaction.id}` }, "Session"),
    " ",
    energy(transaction.energy_wh),
    transaction.power_w !== null && ` at ${power(transaction.power_w)}`,
    ", ",
    when(transaction.started_at, "since"),
  );
}

function faultOf(connector) {
  const told = [
    connector.error_code === "NoError" ? null : connector.error_code,
    connector.info,
    connector.vendor_error_code,
  ].filter(Boolean);
  return told.length
    ? h(
        "span",
        { class: "notice bad small", vars: { padding: "3px 10px", "flex-basis": "100%" } },
        told.join(" · "),
      )
    : null;
}

function stationFault(station) {
  if (!station || station.status !== "Faulted") return null;
  return h(
    "p",
    { class: "notice bad", vars: { margin: "12px 14px 0" } },
    `The station itself reports a fault: ${station.error_code ?? "no code"}.`,
  );
}
