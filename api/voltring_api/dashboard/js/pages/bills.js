// Money: the bills that wait for a person, and the charges and credits that were issued.

import { held } from "../bills/held.js";
import { records } from "../bills/records.js";
import { STATES } from "../bills/words.js";
import { fill, h } from "../dom.js";
import { live } from "../live.js";
import { pageHead, remark, title } from "../router.js";
import { gathered, repeated } from "../timing.js";

const AGAIN_EVERY_MS = 5000; // no event tells of a bill: the worker works some seconds after a session's end

export function bills(root, { query, signal }) {
  title("Bills");
  const asked = { state: query.state in STATES ? query.state : "" };
  const parts = [
    held({ asked, signal, onAsked: () => remark("/bills", asked), onRuled: () => reload() }),
    records({ signal }),
  ];
  const reload = () => parts.forEach((part) => part.reload());
  fill(
    root,
    pageHead("Bills"),
    h(
      "div",
      { class: "stack" },
      parts.map((part) => part.element),
    ),
  );
  repeated(reload, AGAIN_EVERY_MS, signal);
  const soon = gathered(reload, { after: 1000, every: 3000, signal });
  live({
    signal,
    onEvent: (event) => event.type === "transaction.ended" && soon(),
    onResume: soon,
  });
}
