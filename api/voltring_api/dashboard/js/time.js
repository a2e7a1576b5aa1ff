// Moments: local time in the text, UTC in the title; relative ones are kept fresh.

import { h } from "./dom.js";
import { NONE, duration } from "./format.js";

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dated = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const full = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const yearly = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

const FORMS = {
  clock: (moment) =>
    (moment.toDateString() === new Date().toDateString() ? "" : `${day.format(moment)} `) +
    clock.format(moment),
  day: (moment) => yearly.format(moment),
  dated: (moment) => dated.format(moment),
  full: (moment) => full.format(moment),
  ago: (moment) => {
    const past = Date.now() - moment;
    return past < 5000 ? "just now" : `${duration(past)} ago`;
  },
  since: (moment) => duration(Date.now() - moment),
};

/** A `<time>` in the form `clock`, `day`, `dated`, `full`, `ago` or `since`; a dash for null. */
export function when(iso, form = "dated") {
  const moment = iso ? new Date(iso) : null;
  if (!moment || Number.isNaN(moment.getTime())) return h("span", { class: "muted" }, NONE);
  const relative = form === "ago" || form === "since";
  const title = `${relative ? `${full.format(moment)} local · ` : ""}${moment
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "")} UTC`;
  return h("time", { dateTime: iso, title, data: { form: relative ? form : null } }, FORMS[form](moment));
}

/** How long from `start` to `end`; a running one is kept fresh. */
export function span(start, end) {
  if (!start) return NONE;
  return end ? duration(new Date(end) - new Date(start)) : when(start, "since");
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-form]")) {
    const fresh = FORMS[element.dataset.form](new Date(element.dateTime));
    if (element.textContent !== fresh) element.textContent = fresh;
  }
}, 5000);
