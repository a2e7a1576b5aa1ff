// Whom a tariff is for: the list, a new one, and taking one back.

import { all, call, get } from "../api.js";
import { choices, field, formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { plural } from "../format.js";
import { guarded } from "../guarded.js";
import { suggesting } from "../suggest.js";
import { recipient } from "./words.js";

const SHOWN = 100;
const PROPOSED = 20;

/** A card, and `read()`. `onChange()` after each change. */
export function assignments(id, { signal, onChange = () => {} }) {
  const list = h("ul", { class: "assigned" });
  const more = h("p", { class: "pager", hidden: true });
  const read = async () => {
    try {
      const { items, next_cursor: rest } = await get(
        "/v1/tariff-assignments",
        { tariff_id: id, limit: SHOWN },
        signal,
      );
      fill(list, items.length ? items.map((one) => line(one, changed)) : nobody());
      fill(more, `The newest ${plural(SHOWN, "assignment")}.`);
      more.hidden = !rest;
    } catch (error) {
      if (!signal.aborted) fill(list, h("li", { class: "notice bad", role: "alert" }, error.message));
    }
  };
  const changed = () => {
    onChange();
    return read();
  };
  const add = guarded(
    "operator",
    {
      class: "button small",
      onClick: async () => {
        if (await assign(id)) changed();
      },
    },
    "Assign",
  );
  const element = h(
    "section",
    { class: "card", "aria-label": "Where it holds" },
    h("header", null, h("h2", null, "Where it holds"), h("span", { class: "end" }, add)),
    h("div", { class: "body" }, list, explained()),
    more,
  );
  return { element, read };
}

/** Whom the assignment is for, with the way to it. */
export function toWhom(assignment) {
  const [what, name, href] = recipient(assignment);
  if (!name) return h("strong", null, what);
  return h("span", null, h("span", { class: "muted" }, `${what} `), href ? h("a", { href }, name) : name);
}

/** Every assignment of a tariff. */
export const everyAssignment = (id, signal) => all("/v1/tariff-assignments", { tariff_id: id }, signal);

function line(one, changed) {
  const button = guarded(
    "admin",
    {
      class: "button small",
      onClick: async () => {
        if (await unassign(one)) changed();
      },
    },
    "Unassign",
  );
  button.setAttribute("aria-label", `Unassign: ${recipient(one).slice(0, 2).filter(Boolean).join(" ")}`);
  return h("li", null, toWhom(one), button);
}

const nobody = () => h("li", { class: "muted" }, "Nowhere: no session goes by it until it is assigned.");

const explained = () =>
  h(
    "p",
    { class: "muted small" },
    "A session goes by the tariff of its token’s group, else of its charger, else of the charger’s site, else of everybody; of several that are valid at its start by the one that is valid since the latest.",
  );

const TO = [
  { value: "everybody", label: "Everybody", hint: "Every session for which nothing of the below is assigned." },
  { value: "site_id", label: "A site", hint: "All of its chargers." },
  { value: "charger_id", label: "A charger" },
  { value: "token_group", label: "A token group", hint: "Wherever its ID tokens charge." },
];

const SEARCHES = {
  site_id: async (q, signal) =>
    (await get("/v1/sites", { q, limit: PROPOSED }, signal)).items.map((one) => ({ value: one.id, label: one.name })),
  charger_id: async (q, signal) =>
    (await get("/v1/chargers", { q, limit: PROPOSED }, signal)).items.map((one) => ({
      value: one.id,
      label: one.description,
    })),
  token_group: async (q, signal) => {
    const { items } = await get("/v1/id-tokens", { q, limit: 100 }, signal);
    return [...new Set(items.map((one) => one.group_id_token).filter(Boolean))].map((value) => ({ value }));
  },
};
const LABELS = { site_id: "Site id", charger_id: "Charger id", token_group: "Token group" };

/** Asks whom the tariff is to be for; null when nobody was named. */
export function assign(id) {
  const fields = Object.fromEntries(
    Object.entries(SEARCHES).map(([name, search]) => {
      const input = h("input", { name, maxLength: 255, spellcheck: "false" });
      const element = field(LABELS[name], suggesting(input, search));
      element.hidden = true;
      return [name, element];
    }),
  );
  const to = choices("For whom", "to", TO);
  to.addEventListener("change", (event) => {
    for (const [name, element] of Object.entries(fields)) {
      element.hidden = name !== event.target.value;
      element.querySelector("input").required = !element.hidden;
      if (!element.hidden) element.querySelector("input").focus();
    }
  });
  return formDialog({
    title: "Assign the tariff",
    submitLabel: "Assign",
    body: [to, Object.values(fields)],
    submit: (form) => {
      const name = form.elements.to.value;
      const named = name === "everybody" ? {} : { [name]: form.elements[name].value.trim() };
      return call("POST", "/v1/tariff-assignments", { body: { tariff_id: id, ...named } });
    },
  });
}

async function unassign(one) {
  const [what, name] = recipient(one);
  const done = await formDialog({
    title: `Unassign it from ${name ? `${what.toLowerCase()} ${name}` : "everybody"}?`,
    submitLabel: "Unassign",
    danger: true,
    body: h(
      "p",
      { class: "muted" },
      "No session that is not priced yet goes by it then; those that are keep their tariff. Sessions for which no other tariff is in force have no price.",
    ),
    submit: async () => {
      await call("DELETE", `/v1/tariff-assignments/${one.id}`);
      return true;
    },
  });
  return done;
}
