// The charger's recent commands, each with its state and the charger's answer in words.

import { call, get } from "../api.js";
import { choices, field, formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { segments } from "../filters.js";
import { plural, spaced } from "../format.js";
import { guarded } from "../guarded.js";
import { pretty } from "../json.js";
import { commandState, tag } from "../status.js";
import { when } from "../time.js";
import { gathered } from "../timing.js";
import { complain } from "../toast.js";
import { commandName, outcome } from "../words.js";

const SHOWN = 8;
const WHICH = { all: "All", unresolved: "Unresolved" };

/** A card, `hear(event)` and `resume()`. */
export function commands({ id, signal }) {
  const body = h("div");
  const drawn = new Map();
  let show = "all";
  const element = h(
    "section",
    { class: "card", "aria-label": "Commands" },
    h(
      "header",
      null,
      h("h2", null, "Recent commands"),
      segments({
        label: "Which commands",
        options: WHICH,
        chosen: show,
        onChoose: (name) => {
          show = name;
          soon();
        },
      }),
    ),
    body,
  );

  const read = async () => {
    try {
      const state = show === "all" ? undefined : "UNKNOWN";
      const { items } = await get("/v1/commands", { charger_id: id, limit: SHOWN, state }, signal);
      if (!signal.aborted)
        fill(
          body,
          items.length
            ? items.map((command) => kept(drawn, command, soon))
            : h("div", { class: "blank" }, state ? "Nothing is unresolved." : "No command yet."),
        );
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "blank", role: "alert" }, error.message));
    }
  };
  const soon = gathered(read, { after: 80, every: 400, signal });
  soon();
  return {
    element,
    hear: (event) => {
      if (event.type === "command.updated") soon();
    },
    resume: soon,
  };
}

// An entry that did not change stays as it is, so that an opened one stays open.
function kept(drawn, command, soon) {
  const version = `${command.state}|${command.finished_at}|${JSON.stringify(command.outcome)}`;
  const known = drawn.get(command.id);
  if (known?.version === version) return known.element;
  const element = one(command, soon, known?.element.querySelector("details")?.open);
  drawn.set(command.id, { version, element });
  return element;
}

function one(command, soon, open = false) {
  const { text, tone } = commandState(command.state);
  return h(
    "div",
    { class: "command" },
    h(
      "header",
      null,
      h("strong", null, commandName(command)),
      tag(text, tone),
      when(command.created_at, "clock"),
    ),
    h(
      "p",
      null,
      outcome(command),
      progress(command.outcome),
      command.state === "QUEUED" && [
        " ",
        guarded("operator", { class: "button small", onClick: () => cancel(command).then(soon) }, "Cancel"),
      ],
      command.state === "UNKNOWN" && [
        " ",
        guarded("operator", { class: "button small", onClick: () => resolve(command).then(soon) }, "Resolve"),
      ],
    ),
    h(
      "details",
      { open },
      h("summary", null, `${command.action}, by ${command.created_by ?? "unknown"}`),
      raw("Asked", command.payload),
      command.response && raw("Answered", command.response),
      command.error && raw("Error", command.error),
      command.outcome && raw("What came of it", command.outcome),
    ),
  );
}

// What the charger told after its answer, in a few words.
function progress(came) {
  if (!came) return null;
  if (came.report_id) {
    const missing = came.missing?.length ? `, ${came.missing.length} missing` : "";
    return ` Its report: ${came.state}, ${plural(came.parts ?? 0, "part")}${missing}.`;
  }
  return typeof came.status === "string" && ` It says: ${spaced(came.status)}.`;
}

async function cancel(command) {
  try {
    await call("POST", `/v1/commands/${command.id}/cancel`);
  } catch (error) {
    complain("It was not cancelled", error);
  }
}

// Somebody looked at the charger, or asked the driver.
const resolve = (command) =>
  formDialog({
    title: "What came of it?",
    submitLabel: "Resolve",
    body: [
      choices("Result", "state", [
        { value: "COMPLETED", label: "It was done" },
        { value: "FAILED", label: "It was not done" },
      ]),
      field(
        "Note",
        h("input", { name: "note", required: true, maxLength: 1000, autocomplete: "off" }),
        "How that is known; kept with the command.",
      ),
    ],
    submit: (form) =>
      call("POST", `/v1/commands/${command.id}/resolution`, {
        body: { state: form.elements.state.value, note: form.elements.note.value.trim() },
      }),
  });

const raw = (label, value) => h("div", { class: "raw" }, h("header", null, label), pretty(value));
