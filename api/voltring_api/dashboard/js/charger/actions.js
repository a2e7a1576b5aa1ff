// Start, stop, unlock, reset: each asks what it must know, then shows the charger's own answer.

import { chargerPath, get } from "../api.js";
import { choices, field, formDialog } from "../dialog.js";
import { h } from "../dom.js";
import { energy } from "../format.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { run } from "../command-run.js";
import { sessions, word } from "../status.js";

const LAST_TOKEN = "voltring.last-id-token";

/** The page's buttons and `show(charger)`. */
export function buttons(page) {
  const offline = () => {
    if (page.charger?.status === "quarantined") return "The charger is quarantined: admit it first.";
    return page.charger?.online ? null : "The charger is offline.";
  };
  const idle = () => offline() ?? (sessions(page.charger).length ? null : "No session is running.");
  const button = (label, picture, onClick, blocked, tone = "") =>
    guarded("operator", { class: `button ${tone}`, onClick, blocked }, icon(picture), label);
  const all = [
    button("Start", "play", () => start(page), offline, "primary"),
    button("Stop", "stop", () => stop(page), idle),
    button("Unlock", "unlock", () => unlock(page), offline),
    button("Reset", "reset", () => reset(page), offline, "danger"),
  ];
  return { element: h("div", { class: "actions" }, all), show: () => all.forEach((each) => each.refresh()) };
}

async function start(page) {
  const tokens = h("datalist", { id: "known-tokens" });
  get("/v1/id-tokens", { limit: 20 }, page.signal)
    .then(({ items }) =>
      tokens.append(...items.map((item) => h("option", { value: item.id_token }, item.description ?? ""))),
    )
    .catch(() => {}); // suggestions only
  await formDialog({
    title: "Start a session",
    submitLabel: "Start",
    body: [
      field(
        "ID token",
        h("input", {
          name: "id_token",
          required: true,
          maxLength: 255,
          autocomplete: "off",
          spellcheck: "false",
          list: "known-tokens",
          value: sessionStorage.getItem(LAST_TOKEN) ?? "",
        }),
        "Who the session is for. The charger may authorize it before it starts.",
      ),
      tokens,
      evseField(page.charger),
    ],
    submit: async (form) => {
      const id_token = form.elements.id_token.value.trim();
      sessionStorage.setItem(LAST_TOKEN, id_token);
      const evse_id = Number(form.elements.evse_id.value) || undefined;
      return run(chargerPath(page.id, "/remote-start"), { id_token, evse_id }, page.id, page.reload);
    },
  });
}

async function stop(page) {
  const running = sessions(page.charger);
  const options = running.map((each) => ({
    value: each.id,
    label: `EVSE ${each.evse_id}`,
    hint: `${energy(each.energy_wh)} for ${each.id_token ?? "an unknown token"}`,
  }));
  await formDialog({
    title: "Stop the session?",
    submitLabel: "Stop session",
    danger: true,
    body: choices("Session", "transaction_id", options),
    submit: (form) =>
      run(
        chargerPath(page.id, "/remote-stop"),
        { transaction_id: form.elements.transaction_id.value },
        page.id,
        page.reload,
      ),
  });
}

async function unlock(page) {
  const known = page.charger.evses.flatMap((evse) =>
    evse.connectors.map((connector) => connectorOption(evse, connector)),
  );
  const select = h(
    "select",
    { name: "connector" },
    known.length ? known : h("option", { value: "1/1" }, "EVSE 1, connector 1"),
  );
  await formDialog({
    title: "Unlock a connector",
    submitLabel: "Unlock",
    body: [
      field("Connector", select),
      sessions(page.charger).length > 0 &&
        h("p", { class: "notice warn" }, "A session is running; some chargers end it, others refuse."),
    ],
    submit: (form) => {
      const [evse_id, connector_id] = form.elements.connector.value.split("/").map(Number);
      return run(chargerPath(page.id, "/unlock"), { evse_id, connector_id }, page.id, page.reload);
    },
  });
}

function connectorOption({ evse_id }, { connector_id, status }) {
  return h(
    "option",
    { value: `${evse_id}/${connector_id}` },
    `EVSE ${evse_id}, connector ${connector_id} (${word(status)})`,
  );
}

async function reset(page) {
  const running = sessions(page.charger).length;
  await formDialog({
    title: `Reset ${page.id}?`,
    submitLabel: "Reset",
    danger: true,
    body: [
      choices("How", "type", [
        { value: "soft", label: "Soft", hint: "Ends or waits for running sessions properly, then restarts." },
        { value: "hard", label: "Hard", hint: "Restarts at once, like a power cut." },
      ]),
      running > 0 && h("p", { class: "notice warn" }, "A session is running on this charger."),
    ],
    submit: (form) =>
      run(chargerPath(page.id, "/reset"), { type: form.elements.type.value }, page.id, page.reload),
  });
}

function evseField(charger) {
  const known = charger.evses.map((evse) =>
    h(
      "option",
      { value: String(evse.evse_id) },
      `EVSE ${evse.evse_id}${evse.connectors[0] ? ` (${word(evse.connectors[0].status)})` : ""}`,
    ),
  );
  return field(
    "EVSE",
    h("select", { name: "evse_id" }, known, h("option", { value: "" }, "Let the charger choose")),
  );
}
