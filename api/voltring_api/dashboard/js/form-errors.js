// What the API says against a form, at the fields that it means.

import { h } from "./dom.js";

/**
 * Shows each of `fields` (`{name: message}`) below the control that `controlOf(name)` finds (`{control, prefix?}`), and
 * gives those that found none. The first of the controls gets the focus. Call `clearErrors(form)` before.
 */
export function showErrors(fields, controlOf) {
  const left = {};
  let first = null;
  for (const [name, message] of Object.entries(fields)) {
    const found = controlOf(name);
    if (!found) {
      left[name] = message;
      continue;
    }
    const { control, prefix } = found;
    control.setAttribute("aria-invalid", "true");
    let place = control.closest(".tax-row")?.lastElementChild ?? control.closest(".suggesting") ?? control;
    while (place.nextElementSibling?.matches(".wrong")) place = place.nextElementSibling;
    place.after(h("small", { class: "wrong", role: "alert" }, prefix ? `${prefix}: ${message}` : message));
    first ??= control;
  }
  first?.focus();
  return left;
}

export function clearErrors(form) {
  for (const said of form.querySelectorAll(".wrong")) said.remove();
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}
