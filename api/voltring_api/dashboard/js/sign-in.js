// Asks for a token once, and for nothing else until one is valid.

import { call } from "./api.js";
import { field, formDialog } from "./dialog.js";
import { h } from "./dom.js";
import { forget, remember, token } from "./session.js";

/** Resolves when GET /v1/me has taken a token: the one this tab has, or the one that is typed. */
export async function signIn(reason) {
  if (token() && !reason) {
    try {
      return await check(token());
    } catch (error) {
      if (error.status === 401) {
        forget();
        reason = "The token of the link is not valid.";
      } else reason = error.message;
    }
  }
  return ask(reason);
}

async function check(candidate) {
  const me = await call("GET", "/v1/me", { bearer: candidate });
  remember(candidate, me);
  return me;
}

function ask(reason) {
  const input = h("input", {
    name: "token",
    type: "password",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    value: token() ?? "",
  });
  return formDialog({
    title: "Sign in to Voltring",
    submitLabel: "Sign in",
    dismissable: false,
    body: [
      reason && h("p", { class: "notice warn" }, reason),
      field(
        "API token",
        input,
        "It stays in this tab and is gone when you close it. `voltring up` prints a link that carries it.",
      ),
    ],
    submit: async () => {
      const given = input.value.trim();
      if (!/^[\x21-\x7e]+$/.test(given)) throw new Error("A token has no spaces and no special letters.");
      try {
        return await check(given);
      } catch (error) {
        throw error.status === 401
          ? new Error("This token is not valid. Check that you copied all of it.")
          : error;
      }
    },
  });
}
