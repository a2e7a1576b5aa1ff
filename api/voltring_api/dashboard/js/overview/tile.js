// One number of the overview, with what it is called and what is to be said beside it.

import { h } from "../dom.js";
import { NONE } from "../format.js";

/** A link where there is `href`; `tone` colours the number; `extra` stands in place of the remark. */
export function one(label, [number, unit], remark, { href, tone } = {}, extra) {
  const inside = [
    h("span", null, label),
    h("strong", { class: "number" }, number ?? NONE, unit && h("small", null, unit)),
    extra ?? h("em", { title: remark }, remark),
  ];
  return h(href ? "a" : "div", { class: "count", href, data: { tone, count: label } }, inside);
}
