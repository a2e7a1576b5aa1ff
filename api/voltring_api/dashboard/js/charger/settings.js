// What operators set of a charger's protocol: registration, times of its connection, rules for what it gets wrong.

import { call, chargerPath, get } from "../api.js";
import { choices, field, formDialog } from "../dialog.js";
import { h } from "../dom.js";
import { toast } from "../toast.js";

const REGISTRATIONS = [
  { value: "Accepted", label: "Accepted", hint: "It may charge." },
  { value: "Pending", label: "Pending", hint: "It waits: it may be read and configured, and does not charge." },
  { value: "Rejected", label: "Rejected", hint: "It is left alone until it tries again." },
];
const TIMES = [
  ["ping_interval_s", "Ping after silence of (s)"],
  ["silence_limit_s", "Close after silence of (s)"],
  ["call_timeout_s", "Wait for answers to commands (s)"],
];

/** Asks what the next boot is to be answered with, and says when that holds. */
export async function changeRegistration(page) {
  const wanted = page.charger.registration_wanted;
  const first = REGISTRATIONS.filter(({ value }) => value === wanted);
  const told = await formDialog({
    title: "Registration",
    submitLabel: "Save",
    body: [
      h("p", { class: "muted" }, "What the charger's next BootNotification is answered with."),
      choices("Registration", "status", [...first, ...REGISTRATIONS.filter(({ value }) => value !== wanted)]),
    ],
    submit: (form) =>
      call("PUT", chargerPath(page.id, "/registration"), { body: { status: form.elements.status.value } }),
  });
  if (!told) return;
  page.reload();
  toast({ title: `${told.registration_wanted} is wanted`, text: told.takes_effect, tone: "good" });
}

/** Asks for times and rules. */
export async function changeSettings(page) {
  const { charger } = page;
  const done = await formDialog({
    title: "Connection settings",
    submitLabel: "Save",
    body: [
      h("p", { class: "muted" }, "They hold from the charger's next connection on. Empty: as its node has it."),
      TIMES.map(([name, label]) =>
        field(label, h("input", { name, type: "number", min: "1", step: "any", value: String(charger[name] ?? "") })),
      ),
      field(
        "Quirks (JSON)",
        h("textarea", { name: "quirks", rows: 5, spellcheck: "false" }, JSON.stringify(charger.quirks, null, 2)),
        "Rules for what it gets wrong, in addition to those known of its model; false switches one off.",
      ),
      rules(page.signal),
    ],
    submit: (form) => call("PATCH", chargerPath(page.id), { body: settingsOf(form) }),
  });
  if (done) page.reload();
}

function settingsOf(form) {
  const times = TIMES.map(([name]) => {
    const text = form.elements[name].value.trim();
    return [name, text === "" ? null : Number(text)];
  });
  return { ...Object.fromEntries(times), quirks: json(form.elements.quirks.value) };
}

function json(text) {
  try {
    return JSON.parse(text.trim() || "{}");
  } catch (error) {
    throw Object.assign(new Error(`Quirks: this is not JSON. ${error.message}`), { fields: { quirks: "" } });
  }
}

function rules(signal) {
  const list = h("dl", { class: "rules" });
  const element = h("details", null, h("summary", null, "The rules"), list);
  get("/v1/quirks", undefined, signal)
    .then(({ items }) =>
      list.append(
        ...items.flatMap((rule) => [
          h("dt", null, h("code", null, rule.name)),
          h("dd", null, rule.does, " ", h("span", { class: "muted" }, `Takes ${rule.takes}.`)),
        ]),
      ),
    )
    .catch(() => element.remove()); // the form works without
  return element;
}
