// Registering a charger, with the secret that is shown once.

import { call } from "./api.js";
import { field, formDialog, secretDialog } from "./dialog.js";
import { h } from "./dom.js";

/** Asks for an id, registers it, shows the secret; then `done()`. */
export async function addCharger(done) {
  const charger = await formDialog({
    title: "Add a charger",
    submitLabel: "Add charger",
    body: [
      field(
        "Charger id",
        h("input", { name: "id", required: true, maxLength: 48, autocomplete: "off", spellcheck: "false" }),
        "The identity it connects with: the last part of its OCPP address.",
      ),
      field(
        "Description (optional)",
        h("input", { name: "description", maxLength: 500, autocomplete: "off" }),
      ),
    ],
    submit: (form) =>
      call("POST", "/v1/chargers", {
        body: {
          id: form.elements.id.value.trim(),
          ...(form.elements.description.value.trim() && {
            description: form.elements.description.value.trim(),
          }),
        },
      }),
  });
  if (!charger) return;
  done(charger);
  await secretDialog(
    `${charger.id} is registered`,
    charger.secret,
    `Set this as the charger's password (HTTP Basic, user name ${charger.id}). It is shown only now; a new one can be made on the charger's page.`,
  );
}
