// How the fleet is served: what chargers say, how soon they are answered, what commands wait, and whether all is there.

import { count, milliseconds, rate } from "../format.js";
import { one } from "./tile.js";

const LATE_MS = 1000; // of the acknowledgements' objective (docs/slo.md)
const LAG_MS = 250;

/** Six numbers of the whole fleet. */
export function served(fleet) {
  return [
    one("Messages", [rate(fleet.messages_per_s), "/s"], "from chargers"),
    acknowledged(fleet.nodes ?? []),
    commands(fleet.commands),
    lag(fleet.nodes ?? []),
    server("PostgreSQL", fleet.servers?.postgres, "nothing is acknowledged"),
    server("Redis", fleet.servers?.redis, "commands wait, nodes are not known"),
  ];
}

function acknowledged(nodes) {
  const slowest = worst(nodes, "ack_p99_ms");
  if (!slowest) return one("Acknowledged", [], "no message in the last minute");
  return one(
    "Acknowledged",
    milliseconds(slowest.ack_p50_ms).split(" "),
    `99 % within ${milliseconds(slowest.ack_p99_ms)}${nodes.length > 1 ? ` at ${slowest.name}` : ""}`,
    { tone: slowest.ack_p99_ms > LATE_MS ? "fault" : null },
  );
}

function commands(told) {
  const remark = told?.unknown ? `beside ${count(told.unknown)} UNKNOWN` : "none is UNKNOWN";
  return one("Commands open", [count(told?.open)], told ? remark : "", { tone: told?.unknown ? "waiting" : null });
}

function lag(nodes) {
  const slowest = worst(nodes, "loop_lag_ms");
  if (!slowest) return one("Nodes wake up late by", [], "");
  return one(
    "Nodes wake up late by",
    milliseconds(slowest.loop_lag_ms).split(" "),
    nodes.length > 1 ? `at most, ${slowest.name}` : slowest.name,
    { tone: slowest.loop_lag_ms > LAG_MS ? "waiting" : null },
  );
}

function server(name, isThere, without) {
  if (isThere === undefined) return one(name, [], "");
  return one(name, [isThere ? "there" : "away"], isThere ? "answers" : without, { tone: isThere ? null : "fault" });
}

/** The node that has most of something; nothing where none tells it. */
const worst = (nodes, what) =>
  nodes
    .filter((node) => typeof node[what] === "number")
    .reduce((most, node) => (most && most[what] >= node[what] ? most : node), null);
