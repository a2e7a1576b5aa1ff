// Dialogs: a form that is open until it succeeded, with its errors inside; and a question with one answer.

import { fill, h } from "./dom.js";

/**
 * Opens a modal form and resolves with what `submit(form)` gave, or null when it was dismissed. While `submit`
 * runs the button waits; what it throws is shown as a sentence, at the field it names where it names one.
 */
export function formDialog({
  title,
  body,
  submitLabel,
  submit,
  danger = false,
  dismissable = true,
  cancelLabel = "Cancel",
}) {
  return new Promise((resolve) => {
    const wrong = h("p", { class: "notice bad", role: "alert", hidden: true });
    const go = h(
      "button",
      { class: `button primary${danger ? " danger" : ""}`, type: "submit" },
      submitLabel,
    );
    const cancel = h(
      "button",
      { class: "button", type: "button", on: { click: () => box.close() } },
      cancelLabel,
    );
    const form = h(
      "form",
      { method: "dialog", noValidate: false },
      h("h2", { id: "dialog-title" }, title),
      body,
      wrong,
      h("div", { class: "actions" }, dismissable && cancel, submit && go),
    );
    const box = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    let result = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (go.disabled) return;
      go.disabled = true;
      wrong.hidden = true;
      try {
        result = await submit(form);
        box.close();
      } catch (error) {
        say(form, wrong, error);
      } finally {
        go.disabled = false;
      }
    });
    box.addEventListener("cancel", (event) => {
      if (!dismissable) event.preventDefault();
    });
    box.addEventListener("close", () => {
      box.remove();
      resolve(result);
    });
    document.body.append(box);
    box.showModal();
    (form.querySelector("[autofocus], input:not([type=radio]), select") ?? (submit ? go : cancel)).focus();
  });
}

/** A labelled control; `hint` stands below it. The control's `name` is the API's field name. */
export function field(label, control, hint) {
  return h("label", { class: "field" }, h("span", null, label), control, hint && h("small", null, hint));
}

export function choices(legend, name, options) {
  return h(
    "fieldset",
    { class: "fieldset" },
    h("legend", null, legend),
    options.map(({ value, label, hint }, i) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: "radio", name, value, checked: i === 0 }),
        h("span", null, label, hint && h("small", null, hint)),
      ),
    ),
  );
}

/** Shows a secret that will not be shown again. */
export function secretDialog(title, secret, ...explanation) {
  const output = h("output", { "aria-label": "Secret" }, secret);
  const copied = h("span", { class: "small muted", role: "status" });
  const copy = h(
    "button",
    { class: "button", type: "button", on: { click: () => copyText(secret, output, copied) } },
    "Copy",
  );
  return formDialog({
    title,
    cancelLabel: "I have kept it",
    body: [
      explanation.map((text) => h("p", { class: "muted" }, text)),
      h("div", { class: "secret" }, output, copy),
      copied,
    ],
  });
}

/** Copies, or selects where the browser does not let a page copy (plain http). */
export async function copyText(text, element, note) {
  try {
    await navigator.clipboard.writeText(text);
    fill(note, "Copied.");
  } catch {
    getSelection().selectAllChildren(element);
    fill(note, "Selected: copy it with the keyboard.");
  }
}

function say(form, wrong, error) {
  for (const control of form.elements) control.removeAttribute?.("aria-invalid");
  const name = Object.keys(error.fields ?? {}).find((each) => form.elements[each]);
  if (name) {
    form.elements[name].setAttribute?.("aria-invalid", "true");
    form.elements[name].focus?.();
  }
  fill(wrong, error.message);
  wrong.hidden = false;
}
