// Server-sent events over fetch, so that the token travels in a header and never in an address.

import { ApiError, SIGNED_OUT, address, authorization } from "./api.js";

const SILENCE_MS = 45_000; // the server sends a comment every 15 s; three missed ones mean a dead line
const LONGEST_WAIT_MS = 15_000;

/** text/event-stream, fed in any pieces: `feed` gives the events that became complete. */
export class EventParser {
  #rest = "";
  #data = [];
  #event = "";
  lastId = "";

  feed(chunk) {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter(Boolean);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
    return null;
  }

  #dispatch() {
    const data = this.#data;
    const event = { type: this.#event || "message", data: data.join("\n"), id: this.lastId };
    this.#data = [];
    this.#event = "";
    return data.length ? event : null;
  }
}

/**
 * Follows an event stream until `signal` ends, reconnecting with back-off and Last-Event-ID.
 * `onEvent(object)` gets the parsed data, `onState("connecting" | "live" | "reconnecting")` the line's state, and
 * `onResume()` is called whenever the line opens: whatever was read before may have missed something.
 */
export async function follow(path, { query, signal, onEvent, onState, onResume }) {
  let lastId = "";
  let failures = 0;
  onState("connecting");
  while (!signal.aborted) {
    try {
      await read(path, query, lastId, signal, {
        onOpen: () => {
          failures = 0;
          onState("live");
          onResume();
        },
        onEvent: (event) => {
          lastId = event.id || lastId;
          onEvent(JSON.parse(event.data));
        },
      });
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
    }
    if (signal.aborted) return;
    onState("reconnecting");
    await pause(wait(failures++), signal);
  }
}

async function read(path, query, lastId, signal, { onOpen, onEvent }) {
  const line = new AbortController();
  const end = () => line.abort();
  signal.addEventListener("abort", end, { once: true });
  let watchdog = setTimeout(end, SILENCE_MS);
  try {
    const reader = await open(address(path, query), lastId, line.signal);
    onOpen();
    const parser = new EventParser();
    for await (const chunk of chunks(reader)) {
      clearTimeout(watchdog);
      watchdog = setTimeout(end, SILENCE_MS);
      parser.feed(chunk).forEach(onEvent);
    }
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", end);
    line.abort();
  }
}

async function open(url, lastId, signal) {
  const headers = {
    ...authorization(),
    Accept: "text/event-stream",
    ...(lastId ? { "Last-Event-ID": lastId } : {}),
  };
  const response = await fetch(url, { headers, signal, cache: "no-store" });
  if (response.status === 401) window.dispatchEvent(new Event(SIGNED_OUT));
  if (!response.ok) throw new ApiError(response.status);
  return response.body.getReader();
}

async function* chunks(reader) {
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/** Doubling from half a second, spread by half so that many open tabs do not come back at once. */
const wait = (failures) => Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2);

function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
