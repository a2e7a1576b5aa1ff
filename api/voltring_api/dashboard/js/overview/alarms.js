// Open alarms: how many of each rule, and those that were raised last.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { count, plural } from "../format.js";
import { tag } from "../status.js";
import { when } from "../time.js";
import { card, late, nothing } from "./bars.js";

const SHOWN = 10;
const RULES = {
  offline_mid_session: "offline in mid-session",
  no_start: "no start after a remote start",
  no_stop: "no stop",
  no_readings: "no readings",
  charger_faulted: "charger faulted",
  unconfirmed: "unconfirmed after a boot",
  incomplete: "messages missing",
};

/** An element and `show(fleet)`; the newest alarms are asked for when some are open. */
export function alarms(signal) {
  const kinds = h("div");
  const list = h("div");
  const element = card("Open alarms", [kinds, list]);
  const show = (fleet) => {
    const open = Object.values(fleet.alarms ?? {}).reduce((total, n) => total + n, 0);
    const blank = fleet.alarms ? nothing("No alarm is open.") : late();
    kinds.className = open ? "" : "body";
    fill(kinds, open ? kindsOf(fleet.alarms) : blank);
    if (!open || fleet.site) fill(list);
    else if (!element.isConnected || element.offsetParent) read(open); // not while another tab is shown
  };
  const read = async (open) => {
    try {
      const { items } = await get("/v1/alarms", { state: "open", limit: SHOWN }, signal);
      const hidden = open - items.length;
      fill(
        list,
        h("ul", { class: "lines" }, items.map(line)),
        hidden > 0 && h("p", { class: "pager" }, `${plural(hidden, "older alarm")} beside them.`),
      );
    } catch (error) {
      if (!signal.aborted) fill(list, h("p", { class: "notice bad" }, error.message));
    }
  };
  return { element, show };
}

const ruleName = (rule) => RULES[rule] ?? String(rule).replaceAll("_", " ");

const kindsOf = (alarms) =>
  h(
    "p",
    { class: "kinds" },
    Object.entries(alarms)
      .sort(([, a], [, b]) => b - a)
      .map(([rule, n]) => [tag(`${ruleName(rule)} ${count(n)}`, "waiting"), " "]),
  );

const line = (alarm) =>
  h(
    "li",
    null,
    h(
      "span",
      { class: "clip" },
      h("a", { class: "main-link", href: `#/chargers/${encodeURIComponent(alarm.charger_id)}` }, alarm.charger_id),
      h("span", { class: "muted" }, " · ", ruleName(alarm.rule)),
      alarm.transaction_id && [" · ", h("a", { href: `#/transactions/${alarm.transaction_id}` }, "session")],
    ),
    h("span", { class: "muted" }, when(alarm.raised_at, "ago")),
  );
