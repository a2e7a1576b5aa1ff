// The running session in figures and as a plot; without one, the last sessions.

import { fill, h } from "../dom.js";
import { NONE, energyParts, percent, powerParts } from "../format.js";
import { sessions, status } from "../status.js";
import { span, when } from "../time.js";
import { sessionLines } from "./session-lines.js";
import { lastSessions } from "./last-sessions.js";

/** A card, `show(charger)` and `hear(event)`. */
export function sessionCard(page) {
  const heading = h("h2", null, "Session");
  const choice = h("span", { class: "end" });
  const figures = h("div", { class: "figures", hidden: true });
  const place = h("div");
  const element = h(
    "section",
    { class: "card first", "aria-label": "Session", id: "session" },
    h("header", null, heading, choice),
    figures,
    place,
  );
  const past = lastSessions(page);
  let lines = null;
  let chosen = null;

  const show = (charger) => {
    const running = sessions(charger);
    const transaction = running.find((each) => each.id === chosen) ?? running[0] ?? null;
    fill(
      choice,
      running.length > 1 &&
        tabs(running, transaction, (id) => {
          chosen = id;
          show(page.charger);
        }),
      transaction && h("a", { class: "button small", href: `#/transactions/${transaction.id}` }, "Details"),
    );
    heading.textContent = transaction ? "Running session" : "Last sessions";
    figures.hidden = !transaction;
    if (!transaction) {
      lines?.end();
      lines = null;
      past.refresh();
      place.firstChild === past.element || fill(place, past.element);
      return;
    }
    fill(figures, sessionFigures(transaction));
    if (lines?.id === transaction.id) return;
    lines?.end();
    lines = sessionLines(transaction.id, page.signal);
    fill(place, lines.element);
  };

  return { element, show, hear: (event) => lines?.hear(event), resume: () => lines?.read() };
}

/** The figures of a transaction, running or ended. */
export function sessionFigures(transaction) {
  const running = !transaction.ended_at;
  return [
    figure("Energy", energyParts(transaction.energy_wh), "lead", { wh: transaction.energy_wh }),
    running ? figure("Power", powerParts(transaction.power_w)) : null,
    figure("Duration", [span(transaction.started_at, transaction.ended_at)]),
    figure("State of charge", [percent(transaction.soc_percent)]),
    figure("ID token", [transaction.id_token ?? NONE], "text"),
    figure(
      "State",
      [status((running && (transaction.charging_state ?? transaction.connector_status)) || transaction.state)],
      "text",
    ),
    figure("Started", [when(transaction.started_at, "dated")], "text"),
  ];
}

function figure(label, [number, unit], kind = "", data) {
  return h(
    "div",
    { class: `figure ${kind}`, data: { figure: label, ...data } },
    h("span", null, label),
    h(
      "strong",
      { class: "number", title: kind === "text" && typeof number === "string" ? number : null },
      number,
      unit && h("small", null, unit),
    ),
  );
}

function tabs(running, shown, choose) {
  return h(
    "span",
    { class: "segments", role: "group", "aria-label": "Which session" },
    running.map((each) =>
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(each.id === shown.id),
          on: { click: () => choose(each.id) },
        },
        `EVSE ${each.evse_id}`,
      ),
    ),
  );
}
