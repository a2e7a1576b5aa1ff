// The page's one live line, and the small sign in the bar that says how it is.

import { fill, h } from "./dom.js";
import { follow } from "./stream.js";

const WORDS = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", resting: "Paused" };
const REST_AFTER_MS = 60_000; // a hidden tab should not hold one of the browser's six connections

const sign = h("span", { class: "live", role: "status", hidden: true });

export const liveSign = () => sign;

const HEARD = "feed.heard"; // somebody has begun to tell: what happened before was told to nobody

/**
 * Follows `/v1/events` while `signal` lasts. `onResume()` means: read again. It is called when the line opens, after
 * every gap, and when another node has heard that somebody looks.
 */
export function live({ query = {}, signal, onEvent, onResume }) {
  let line = null;
  let resting = 0;
  const start = () => {
    line = new AbortController();
    const hear = (event) => (event.type === HEARD ? onResume() : onEvent(event));
    follow("/v1/events", { query, signal: line.signal, onEvent: hear, onState: show, onResume });
  };
  const visibility = () => {
    clearTimeout(resting);
    if (document.hidden)
      resting = setTimeout(() => {
        line.abort();
        show("resting");
      }, REST_AFTER_MS);
    else if (line.signal.aborted) {
      start();
      onResume();
    }
  };
  document.addEventListener("visibilitychange", visibility, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(resting);
    line.abort();
    sign.hidden = true;
  });
  start();
}

function show(state) {
  sign.hidden = false;
  if (sign.dataset.state === state) return;
  sign.dataset.state = state;
  fill(sign, h("i", { "aria-hidden": "true" }), WORDS[state]);
}
