// A tariff's prices, as a list that a person can check.

import { h } from "../dom.js";
import { priceList, termsOf } from "./words.js";

/** The prices of a tariff (its words; an id is not needed) as nodes. */
export function prices(tariff) {
  return [
    h(
      "dl",
      { class: "prices" },
      priceList(tariff).map(({ kind, title, lines, isFree }) => [
        h("dt", null, title),
        h(
          "dd",
          { class: isFree ? "muted" : null, data: { kind } },
          lines.length > 1
            ? h(
                "ol",
                null,
                lines.map((line) => h("li", null, line)),
              )
            : lines,
        ),
      ]),
    ),
    h(
      "ul",
      { class: "terms" },
      termsOf(tariff).map((said) => h("li", null, said)),
    ),
  ];
}
