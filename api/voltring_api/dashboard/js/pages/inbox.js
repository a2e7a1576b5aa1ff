// What waits for a person: alarms that are open, and what belongs to no known session.

import { fill, h } from "../dom.js";
import { alarms } from "../inbox/alarms.js";
import { items } from "../inbox/items.js";
import { RULES } from "../inbox/words.js";
import { live } from "../live.js";
import { pageHead, remark, title } from "../router.js";

export function inbox(root, { query, signal }) {
  title("Inbox");
  const asked = {
    state: query.state === "cleared" ? "cleared" : "open",
    rule: query.rule in RULES ? query.rule : "",
  };
  const parts = [alarms({ asked, signal, onAsked: () => remark("/inbox", asked) }), items({ signal })];
  fill(
    root,
    pageHead("Inbox"),
    h(
      "div",
      { class: "stack" },
      parts.map((part) => part.element),
    ),
  );
  live({
    signal,
    onEvent: (event) => parts.forEach((part) => part.hear(event)),
    onResume: () => parts.forEach((part) => part.resume()),
  });
}
