// Buttons that need a role, or a state: they stay in place and say why they cannot be used.

import { h } from "./dom.js";
import { reasonAgainst } from "./session.js";
import { toast } from "./toast.js";

/**
 * A button for keys with `role`. While `blocked()` gives a sentence, or the role is missing, it is aria-disabled,
 * carries the sentence as its title and says it when pressed. Call `button.refresh()` when that may have changed.
 */
export function guarded(role, { class: name = "button", onClick, blocked = () => null }, ...children) {
  const reason = () => reasonAgainst(role) ?? blocked();
  const button = h(
    "button",
    {
      class: name,
      type: "button",
      on: {
        click: () => {
          const why = reason();
          const title = reasonAgainst(role) ? "Not with this key" : "Not now";
          if (why) toast({ title, text: why, tone: "warn" });
          else onClick();
        },
      },
    },
    children,
  );
  button.refresh = () => {
    const why = reason();
    button.title = why ?? "";
    if (why) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  };
  button.refresh();
  return button;
}
