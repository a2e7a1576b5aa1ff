// What a session would cost: asked by a form, answered line by line.

import { call, get } from "../api.js";
import { field } from "../dialog.js";
import { fill, h } from "../dom.js";
import { clearErrors, showErrors } from "../form-errors.js";
import { priceTable } from "../story/facts.js";
import { suggesting } from "../suggest.js";
import { instantOf, localInput, ownZone } from "../zone.js";

const PROPOSED = 20;
const AT_CHARGER = {
  charger_id: () =>
    field(
      "Charger",
      suggesting(h("input", { name: "charger_id", required: true, maxLength: 48, spellcheck: "false" }), chargers),
    ),
  id_token: () =>
    field(
      "ID token (optional)",
      h("input", { name: "id_token", maxLength: 255, autocomplete: "off", spellcheck: "false" }),
      "Its group may have a tariff of its own.",
    ),
};
const BY_TARIFF = {
  time_zone: () =>
    field(
      "Time zone of the place",
      h("input", { name: "time_zone", value: ownZone(), maxLength: 64, autocomplete: "off", spellcheck: "false" }),
      "Times of day in the tariff go by it.",
    ),
};

/**
 * A card. `which()` gives the tariff that is asked about, as the API takes it (`{tariff_id}` or `{tariff}`), and may
 * throw; without it the form asks for a charger, whose tariff is found.
 */
export function quote({ title, which, signal }) {
  const answer = h("div", { class: "quoted", role: "status" });
  const wrong = h("p", { class: "notice bad", role: "alert", hidden: true });
  const place = which ? BY_TARIFF : AT_CHARGER;
  const form = h(
    "form",
    { class: "quote" },
    Object.values(place).map((make) => make()),
    field(
      `Start (${ownZone()})`,
      h("input", { name: "start", type: "datetime-local", required: true, value: localInput(new Date()) }),
    ),
    field("Energy, kWh", number("energy_kwh", "20")),
    field("Minutes of charging", number("charging_minutes", "45")),
    field("Idle minutes after it", number("idle_minutes", "0")),
    h("div", { class: "field" }, h("button", { class: "button primary", type: "submit" }, "Quote")),
  );
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    clearErrors(form);
    wrong.hidden = true;
    try {
      const asked = { ...(which?.() ?? {}), ...valuesOf(form, Object.keys(place)) };
      const told = await call("POST", "/v1/tariffs/quote", { body: asked, signal });
      fill(answer, answered(told, !which));
    } catch (error) {
      if (signal.aborted) return;
      fill(answer);
      say(form, wrong, error);
    } finally {
      button.disabled = false;
    }
  });
  return h(
    "section",
    { class: "card", "aria-label": title },
    h("header", null, h("h2", null, title)),
    h("div", { class: "body" }, form, wrong),
    answer,
  );
}

const number = (name, value) => h("input", { name, value, inputMode: "decimal", autocomplete: "off" });

async function chargers(q, signal) {
  const { items } = await get("/v1/chargers", { q, limit: PROPOSED }, signal);
  return items.map((one) => ({ value: one.id, label: one.description }));
}

function valuesOf(form, names) {
  const all = [...names, "energy_kwh", "charging_minutes", "idle_minutes"];
  const given = all.map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value);
  return { ...Object.fromEntries(given), start: instantOf(form.elements.start.value) };
}

function say(form, wrong, error) {
  const left = showErrors(error.fields ?? {}, (name) => {
    const control = form.elements[name];
    return control?.name ? { control } : null;
  });
  const isSaid = Object.keys(error.fields ?? {}).length > 0 && !Object.keys(left).length;
  wrong.hidden = isSaid;
  if (!isSaid) fill(wrong, error.message);
}

function answered({ why, price, explanation, tariff_id: id }, isFound) {
  return [
    h(
      "p",
      null,
      h("strong", { class: "total", data: { quoted: "total" } }, `${price.total} ${price.currency}`),
      h("span", { class: "muted" }, ` ${why} `),
      isFound && id && h("a", { href: `#/tariffs/${id}` }, "The tariff"),
    ),
    priceTable(price),
    h(
      "details",
      null,
      h("summary", null, `Each line in words (times in ${price.time_zone})`),
      h(
        "ol",
        { class: "explained" },
        explanation.map((said) => h("li", null, said)),
      ),
    ),
  ];
}
