// Short messages at the lower right; the list they live in is an aria-live log.

import { fill, h } from "./dom.js";

const list = () => document.getElementById("toasts");

/**
 * Shows a message and gives `{update, close}`. `tone`: good | bad | warn | null; `steps` [done, of] draws progress;
 * `keep` leaves it until it is closed, otherwise it goes after a while.
 */
export function toast(first) {
  const element = h("div", { class: "toast" });
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    element.remove();
  };
  const update = ({ title, text, tone, steps, keep }) => {
    clearTimeout(timer);
    element.dataset.tone = tone ?? "";
    fill(
      element,
      h(
        "header",
        null,
        h("strong", null, title),
        h(
          "button",
          { class: "button bare small", type: "button", "aria-label": "Dismiss", on: { click: close } },
          "✕",
        ),
      ),
      text && h("p", null, text),
      steps && progress(steps, tone),
    );
    if (!keep) timer = setTimeout(close, tone === "bad" ? 20_000 : 9_000);
  };
  update(first);
  list().append(element);
  return { update, close };
}

export const complain = (title, error) => toast({ title, text: error.message, tone: "bad" });

function progress([done, of], tone) {
  const colour = { good: "charging", bad: "fault", warn: "waiting" }[tone];
  return h(
    "div",
    { class: "steps", "aria-hidden": "true", data: { tone: colour } },
    Array.from({ length: of }, (_, i) => h("i", { class: i < done ? "done" : null })),
  );
}
