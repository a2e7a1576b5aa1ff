// A message's payload in one line: its leaves by name, meter values as people write them. Pure.

import { parsed } from "./json.js";

const MOST = 240;
const QUIET = new Set(["timestamp", "seqNo", "transactionId"]); // told elsewhere, or by nobody missed

/** The gist of a raw OCPP-J frame; of what is no frame, its beginning. */
export function gist(frame) {
  const message = parsed(frame);
  if (!Array.isArray(message)) return String(frame ?? "").slice(0, MOST);
  const [type, , ...rest] = message;
  const told = type === 2 || type === 6 ? rest.slice(1) : rest;
  return told
    .flatMap((part) => leaves(part))
    .join(", ")
    .slice(0, MOST);
}

function leaves(value, name = "") {
  if (Array.isArray(value)) return value.flatMap((each) => leaves(each, name));
  if (value === null || typeof value !== "object") return [name ? `${name} ${value}` : String(value)];
  if ("value" in value && ("measurand" in value || name === "sampledValue")) return [sample(value)];
  return Object.entries(value)
    .filter(([key]) => !QUIET.has(key))
    .flatMap(([key, each]) => leaves(each, key));
}

function sample({ measurand = "Energy.Active.Import.Register", value, unit, unitOfMeasure, phase }) {
  const short = String(measurand).replace(/\.(Active|Import|Register)\b/g, "");
  return [short, phase, value, unit ?? unitOfMeasure?.unit]
    .filter((part) => part !== undefined && part !== null)
    .join(" ");
}
