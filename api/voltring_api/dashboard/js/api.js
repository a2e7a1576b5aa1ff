// The REST API, version 1: one request function, lists that page, and errors as sentences.

import { token } from "./session.js";

/** What the API refused, or that it could not be reached. `message` is a sentence for people. */
export class ApiError extends Error {
  constructor(status, problem = {}) {
    super(sentence(status, problem));
    this.status = status;
    this.fields = Object.fromEntries((problem.errors ?? []).map((error) => [error.field, error.message]));
  }
}

/** Sent on `window` when the API no longer takes the token. */
export const SIGNED_OUT = "voltring:signed-out";

/**
 * Calls the API; gives the parsed JSON, or null for an empty answer.
 * Throws ApiError (status 0 when nothing answered), or AbortError when `signal` ended it.
 */
export async function call(method, path, { query, body, headers, signal, bearer } = {}) {
  const response = await reach(address(path, query), {
    method,
    signal,
    cache: "no-store",
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      ...authorization(bearer),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
  });
  const answer = await json(response);
  if (response.ok) return answer;
  if (response.status === 401 && !bearer) window.dispatchEvent(new Event(SIGNED_OUT));
  throw new ApiError(response.status, answer ?? {});
}

export const get = (path, query, signal) => call("GET", path, { query, signal });

/** Every item of a list, page after page, up to `most`. */
export async function all(path, query, signal, most = 20000) {
  const items = [];
  for (let cursor; items.length < most;) {
    const page = await get(path, { limit: 500, ...query, cursor }, signal);
    items.push(...page.items);
    cursor = page.next_cursor;
    if (!cursor) break;
  }
  return items;
}

export const chargerPath = (id, rest = "") => `/v1/chargers/${encodeURIComponent(id)}${rest}`;

export function address(path, query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  // A relative address keeps working when a proxy serves the dashboard under a prefix.
  return `.${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

export const authorization = (bearer = token()) => ({ Authorization: `Bearer ${bearer}` });

/** A key for one intent of the operator; `crypto.randomUUID` is missing on plain http. */
export function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
}

async function json(response) {
  try {
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}

function sentence(status, problem) {
  if (status === 0) return "The API does not answer. Check that it runs and that this machine reaches it.";
  const lead = text(problem.detail) ?? text(problem.title);
  const parts = (problem.errors ?? [])
    .map((error) => (error.field ? `${error.field}: ${error.message}` : error.message))
    .filter((part) => !lead?.includes(part));
  const said = [lead, parts.join("; ")].filter(Boolean).join(" — ");
  return said || `The API answered with status ${status} and gave no reason.`;
}

const text = (value) => (typeof value === "string" && value ? value : null);
