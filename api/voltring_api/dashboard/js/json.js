// JSON, indented and coloured, as text nodes; anything that is not JSON is shown as it came.

import { h } from "./dom.js";

const MOST = 40_000; // characters; more would stall the page and nobody reads it
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;

/** A `<pre>` of the raw text. */
export function pretty(raw) {
  const text = indented(raw);
  const cut = text.length > MOST ? `${text.slice(0, MOST)}\n… ${text.length - MOST} more characters` : text;
  return h("pre", { tabIndex: 0 }, parseable(raw) ? coloured(cut) : cut);
}

/** The parsed text, or null where it is not JSON. */
export function parsed(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}

const parseable = (raw) => typeof raw !== "string" || parsed(raw) !== null;

function indented(raw) {
  if (typeof raw !== "string") return JSON.stringify(raw, null, 2);
  const value = parsed(raw);
  return value === null ? raw : JSON.stringify(value, null, 2);
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(
      text.slice(end, match.index),
      h("span", { class: kind(match) }, match[1] ?? match[0]),
      match[2] ?? "",
    );
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

function kind([token, text, colon]) {
  if (colon) return "j-key";
  if (text) return "j-text";
  return /^[-\d]/.test(token) ? "j-number" : "j-word";
}
