// One tariff: its prices in words, whom it is for, and what a session would cost by it.

import { call, get } from "../api.js";
import { formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { guarded } from "../guarded.js";
import { pretty } from "../json.js";
import { pageHead, title } from "../router.js";
import { tag } from "../status.js";
import { assignments } from "../tariffs/assignments.js";
import { shortened } from "../tariffs/basic.js";
import { prices } from "../tariffs/price-card.js";
import { quote } from "../tariffs/quote.js";
import { validity } from "../tariffs/words.js";
import { when } from "../time.js";
import { ownZone } from "../zone.js";

export async function tariff(root, { params: { id }, signal }) {
  title("Tariff");
  const content = h("div");
  const state = h("span");
  const tools = h("div", { class: "actions" });
  fill(root, crumbs(), pageHead("Tariff", state, tools), content);
  const read = async () => {
    fill(content, h("p", { class: "skeleton" }));
    try {
      show(await get(`/v1/tariffs/${encodeURIComponent(id)}`, undefined, signal));
    } catch (error) {
      if (signal.aborted) return;
      const missing = [404, 422].includes(error.status);
      fill(
        content,
        h(
          "p",
          { class: "notice bad", role: "alert" },
          missing ? "No tariff has this id." : error.message,
          !missing && h("button", { class: "button small", type: "button", on: { click: read } }, "Try again"),
        ),
      );
    }
  };
  const show = (found) => {
    title(found.name);
    const assigned = assignments(id, { signal });
    root.querySelector("h1").textContent = found.name;
    fill(state, tag(...validity(found)));
    fill(tools, actions(found));
    fill(
      content,
      h(
        "div",
        { class: "columns" },
        h("div", null, card("Facts", h("dl", { class: "facts" }, factsOf(found))), assigned.element),
        h(
          "div",
          null,
          priceCard(found),
          quote({ title: "What would a session cost by it?", which: () => ({ tariff_id: id }), signal }),
        ),
      ),
    );
    assigned.read();
  };
  await read();
}

const card = (label, ...body) =>
  h(
    "section",
    { class: "card", "aria-label": label },
    h("header", null, h("h2", null, label)),
    h("div", { class: "body" }, body),
  );

function priceCard(found) {
  const json = h(
    "details",
    { class: "as-json" },
    h("summary", null, "Components as JSON"),
    pretty(JSON.stringify(shortened(found.components))),
  );
  const element = card("Prices", prices(found), json);
  element.classList.add("first");
  return element;
}

const crumbs = () =>
  h(
    "nav",
    { class: "crumbs", "aria-label": "Breadcrumb" },
    h("a", { href: "#/tariffs" }, "Tariffs"),
    h("span", { "aria-hidden": "true" }, "/"),
    "Tariff",
  );

function factsOf(found) {
  return [
    ["Currency", found.currency],
    ["Valid from", when(found.valid_from, "full")],
    ["Valid until", found.valid_until ? when(found.valid_until, "full") : "for ever"],
    found.text && ["For drivers", found.text],
    ["Created", [when(found.created_at, "full"), ` by ${found.created_by}`]],
    ["Times in", ownZone()],
    ["Id", h("code", null, found.id)],
  ]
    .filter(Boolean)
    .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
}

function actions(found) {
  const again = guarded(
    "operator",
    {
      class: "button primary",
      onClick: () => {
        location.hash = `#/tariffs/new?from=${found.id}`;
      },
    },
    "New version",
  );
  return [guarded("admin", { class: "button danger", onClick: () => remove(found) }, "Delete"), again];
}

async function remove(found) {
  const done = await formDialog({
    title: `Delete ${found.name}?`,
    submitLabel: "Delete",
    danger: true,
    body: h("p", { class: "muted" }, "Only a tariff that was never used can be deleted. This can't be undone."),
    submit: async () => {
      await call("DELETE", `/v1/tariffs/${found.id}`);
      return true;
    },
  });
  if (done) location.hash = "#/tariffs";
}
