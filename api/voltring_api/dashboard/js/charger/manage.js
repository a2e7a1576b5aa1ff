// What operators change about a charger itself: description, secret, admission, removal.

import { call, chargerPath } from "../api.js";
import { recountQuarantined } from "../bar.js";
import { field, formDialog, secretDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { guarded } from "../guarded.js";
import { sessions } from "../status.js";
import { changeRegistration, changeSettings } from "./settings.js";

/** The small buttons in the identity's head, and `show(charger)`. */
export function manage(page) {
  const element = h("span", { class: "end" });
  let drawn = "";
  const show = (charger) => {
    if (drawn === charger.status) return;
    drawn = charger.status;
    const small = (label, onClick, tone = "", role = "operator") =>
      guarded(role, { class: `button small ${tone}`, onClick }, label);
    fill(
      element,
      charger.status === "quarantined" && small("Admit", () => admit(charger.id, page.reload), "primary"),
      small("Describe", () => describe(page)),
      small("Registration", () => changeRegistration(page)),
      small("Settings", () => changeSettings(page)),
      small("New secret", () => renew(page.id)),
      small("Remove", () => remove(page), "danger", "admin"),
    );
  };
  return { element, show };
}

/** Admits a quarantined charger after a question; shows the secret when it gets one; then `done()`. */
export async function admit(id, done) {
  const charger = await formDialog({
    title: `Admit ${id}?`,
    submitLabel: "Admit",
    body: h("p", { class: "muted" }, "It becomes a registered charger, and may charge once it has booted again."),
    submit: () => call("POST", chargerPath(id, "/admit")),
  });
  if (!charger) return;
  done();
  recountQuarantined();
  if (charger.secret) {
    await secretDialog(
      `${id} is admitted`,
      charger.secret,
      "Set this as the charger's password (HTTP Basic): it needs it from its next connection on. It is shown only now.",
    );
  }
}

async function describe(page) {
  const done = await formDialog({
    title: "Describe the charger",
    submitLabel: "Save",
    body: field(
      "Description",
      h("input", {
        name: "description",
        maxLength: 500,
        autocomplete: "off",
        value: page.charger.description ?? "",
      }),
    ),
    submit: (form) =>
      call("PATCH", chargerPath(page.id), { body: { description: form.elements.description.value.trim() } }),
  });
  if (done) page.reload();
}

async function renew(id) {
  const answer = await formDialog({
    title: "Make a new secret?",
    submitLabel: "Make a new secret",
    danger: true,
    body: h("p", { class: "muted" }, "The old one stops working at the charger's next connection."),
    submit: () => call("POST", chargerPath(id, "/secret")),
  });
  if (answer)
    await secretDialog(
      "The new secret",
      answer.secret,
      "Set it as the charger's password (HTTP Basic). It is shown only now.",
    );
}

async function remove(page) {
  const done = await formDialog({
    title: `Remove ${page.id}?`,
    submitLabel: "Remove",
    danger: true,
    body: [
      h(
        "p",
        { class: "muted" },
        "Its connection is closed, and it may not come back unless it is added again. Its sessions stay; its connectors and commands are deleted.",
      ),
      sessions(page.charger).length > 0 &&
        h("p", { class: "notice warn" }, "A session is running: stop it first, so that its end is recorded."),
    ],
    submit: async () => {
      await call("DELETE", chargerPath(page.id));
      return true;
    },
  });
  if (!done) return;
  recountQuarantined();
  location.hash = "#/";
}
