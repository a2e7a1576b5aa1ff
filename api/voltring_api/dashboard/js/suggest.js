// A text field that proposes what there is, and takes what is typed all the same.

import { fill, h } from "./dom.js";

const TYPING_MS = 200;
let made = 0;

/**
 * `input` with proposals: `search(text, signal) -> [{value, label?}]` is asked when it gets the focus and when typing
 * rests. A search that fails proposes nothing: the API checks what is sent.
 */
export function suggesting(input, search) {
  const list = h("datalist", { id: `suggestions-${++made}` });
  input.setAttribute("list", list.id);
  input.setAttribute("autocomplete", "off");
  let typing = 0;
  let request = new AbortController();
  const ask = async () => {
    request.abort();
    request = new AbortController();
    try {
      const found = await search(input.value.trim(), request.signal);
      fill(
        list,
        // Not as text: it would become part of the field's own label.
        found.map(({ value, label }) => h("option", { value, label })),
      );
    } catch {
      /* the field works without */
    }
  };
  input.addEventListener("focus", ask);
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(ask, TYPING_MS);
  });
  return h("span", { class: "suggesting" }, input, list);
}
