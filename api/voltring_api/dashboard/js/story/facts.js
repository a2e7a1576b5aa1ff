// What a session was, beside its timeline: facts, cost, what was odd.

import { h } from "../dom.js";
import { NONE, register } from "../format.js";
import { priceOf } from "../tariffs/words.js";
import { when } from "../time.js";
import { ownZone } from "../zone.js";

const WAITING = new Set(["held", "provisional"]);
const link = (id) => h("a", { href: `#/chargers/${encodeURIComponent(id)}` }, id);

/** `[name, value]` of each fact. */
export function factsOf(story) {
  const place = [story.site_name, story.site_place].filter(Boolean).join(", ");
  return [
    ["Charger", [link(story.charger_id), story.charger_model && h("span", { class: "muted" }, ` ${story.charger_model}`)]],
    ["Site", place || null],
    ["EVSE", `${story.evse_id ?? NONE}, connector ${story.connector_id ?? NONE}`],
    ["ID token", story.id_token],
    ["Started", when(story.started_at, "full")],
    ["Ended", story.ended_at ? when(story.ended_at, "full") : "still running"],
    ["Times in", timesIn(story)],
    ["Ended by", story.stop_in_words],
    ["Stopped with", story.stop_id_token],
    ["Energy", story.energy_in_words],
    ["Meter at start", register(story.meter_start_wh)],
    ["Meter at end", register(story.meter_stop_wh)],
    ["Signed readings", story.signed_meter_values || null],
    ["Bill", story.billing_in_words],
    ["Charger's clock", skew(story.clock_skew_s)],
    ["Note", story.note],
    ["OCPP version", story.ocpp_version],
    ["Charger's number", story.ocpp_transaction_id],
    ["Our id", h("code", null, story.id)],
  ].filter(([, value]) => value !== null && value !== undefined);
}

// Said once for all times of the page; the driver's page goes by the clock of the site.
function timesIn({ time_zone: theirs }) {
  const own = ownZone();
  return theirs && theirs !== own ? [own, h("span", { class: "muted" }, ` (the site’s clock: ${theirs})`)] : own;
}

/** How far the charger's clock is off, in words; null when nobody knows, or when it is right. */
export function skew(seconds) {
  if (typeof seconds !== "number" || Math.abs(seconds) < 2) return null;
  return `${Math.round(Math.abs(seconds))} s ${seconds > 0 ? "ahead" : "behind"}`;
}

/** What was odd, and why it is not billed yet: a list in words, or nothing. */
export function oddities(story) {
  const waits = WAITING.has(story.billing) ? story.waits_for : [];
  const said = new Map([...story.flags, ...waits].map((each) => [each.name, each.words]));
  if (!said.size) return null;
  return h(
    "section",
    { class: "card odd", "aria-label": "What was out of the ordinary" },
    h("header", null, h("h2", null, "What was out of the ordinary")),
    h(
      "ul",
      null,
      [...said].map(([name, words]) => h("li", { data: { flag: name } }, words, " ", h("code", null, name))),
    ),
  );
}

/** What it costs, line by line; nothing without a price. */
export function costCard(story) {
  const price = story.cost?.price;
  if (!price) return null;
  return h(
    "section",
    { class: "card", "aria-label": "Cost" },
    h("header", null, h("h2", null, "Cost"), upTo(story)),
    priceTable(price),
  );
}

// What a running session costs is worked out once a minute: its energy is further on.
function upTo({ ended_at: ended, cost }) {
  return ended || !cost.until ? null : h("span", { class: "muted" }, "up to ", when(cost.until, "clock"));
}

/** A price, line by line: `price` as the API gives it of a session and of a quote. */
export function priceTable(price) {
  const taxed = price.prices_include_tax ? "of which " : "";
  const row = (cells, name) =>
    h(
      "tr",
      { class: name },
      cells.map((cell, i) => h("td", { class: i ? "end" : null }, cell)),
    );
  return h(
    "table",
    { class: "list plain sums" },
    h(
      "tbody",
      null,
      (price.lines ?? []).map((line) => row([lineWords(line), line.amount])),
      (price.taxes ?? []).map((tax) => row([`${taxed}${tax.name} ${plain(tax.percent)} %`, tax.amount])),
      row([h("strong", null, "Total"), h("strong", null, `${price.total} ${price.currency}`)]),
    ),
  );
}

function lineWords(line) {
  const what = WHAT[line.what] ?? line.what;
  return line.component === null ? what : `${what}: ${plain(line.quantity)} ${line.unit} × ${priceOf(plain(line.unit_price))}`;
}

const WHAT = {
  fixed_fee: "Session fee",
  energy: "Energy",
  charging_time: "Charging time",
  idle_time: "Idle time",
  min_cost: "Up to the least that a session costs",
  max_cost: "Down to the most that a session costs",
};

/** A decimal without the zeros behind it: figures of money stay text, so that none is rounded. */
export const plain = (number) => String(number).replace(/(\.\d\d\d*?)0+$/, "$1");
