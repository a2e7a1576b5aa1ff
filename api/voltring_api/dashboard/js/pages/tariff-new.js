// A new tariff, or a new version of one: a form, how it reads, and a quote by it before it is kept.

import { call, get } from "../api.js";
import { fill, h } from "../dom.js";
import { clearErrors, showErrors } from "../form-errors.js";
import { guarded } from "../guarded.js";
import { pageHead, title } from "../router.js";
import { everyAssignment } from "../tariffs/assignments.js";
import { assignAll, carryOn } from "../tariffs/carry-on.js";
import { aboutFields, limits, taxIncluded } from "../tariffs/form-fields.js";
import { prices } from "../tariffs/price-card.js";
import { priceFields } from "../tariffs/price-fields.js";
import { quote } from "../tariffs/quote.js";
import { taxRows } from "../tariffs/tax-rows.js";
import { when } from "../time.js";
import { instantOf } from "../zone.js";

const BLANK = { name: "", currency: "EUR", taxes: [], components: [], prices_include_tax: true, text: "" };

export async function newTariff(root, { query, signal }) {
  const heading = query.from ? "New version" : "New tariff";
  title(heading);
  const content = h("div", null, h("p", { class: "skeleton" }));
  fill(root, crumbs(heading), pageHead(heading), content);
  try {
    const before = query.from ? await get(`/v1/tariffs/${encodeURIComponent(query.from)}`, undefined, signal) : null;
    const assigned = before ? await everyAssignment(before.id, signal) : [];
    fill(content, formOf({ before, assigned, signal }));
  } catch (error) {
    if (signal.aborted) return;
    const missing = [404, 422].includes(error.status);
    fill(
      content,
      h("p", { class: "notice bad", role: "alert" }, missing ? "No tariff has this id." : error.message),
    );
  }
}

const crumbs = (heading) =>
  h(
    "nav",
    { class: "crumbs", "aria-label": "Breadcrumb" },
    h("a", { href: "#/tariffs" }, "Tariffs"),
    h("span", { "aria-hidden": "true" }, "/"),
    heading,
  );

function formOf({ before, assigned, signal }) {
  const start = before ?? BLANK;
  const preview = h("div", { class: "body" });
  const wrong = h("p", { class: "notice bad", role: "alert", hidden: true });
  const taxes = taxRows(() => redraw());
  const priced = priceFields(start.components, () => redraw());
  const form = h("form", { class: "tariff-form", noValidate: true });
  const wanted = () => bodyOf(form, taxes, priced);
  const note = h("p", { class: "muted small", hidden: !before });
  const redraw = () => {
    fill(preview, reads(wanted));
    if (before) explain(note, before, form.elements.valid_from.value);
  };
  const save = guarded(
    "operator",
    { class: "button primary", onClick: () => submit() },
    before ? "Create the new version" : "Create the tariff",
  );
  const submit = async () => {
    if (save.disabled) return;
    save.disabled = true;
    clearErrors(form);
    wrong.hidden = true;
    try {
      const made = await call("POST", "/v1/tariffs", { body: wanted() });
      const isToBeAssigned = form.elements.assign?.checked;
      if (isToBeAssigned) await assignAll(made, assigned);
      location.hash = `#/tariffs/${made.id}`;
    } catch (error) {
      say({ form, taxes, priced, wrong, error });
    } finally {
      save.disabled = false;
    }
  };
  taxes.set(start.taxes);
  form.append(
    part("About", aboutFields(start, before)),
    part("Prices", [priced.element, h("div", { class: "pair" }, limits(start)), taxes.element, taxIncluded(start)]),
    part("Then", [
      note,
      assigned.length > 0 && carryOn(before, assigned),
      wrong,
      h("div", { class: "actions" }, h("a", { class: "button", href: "#/tariffs" }, "Cancel"), save),
    ]),
  );
  form.addEventListener("input", redraw);
  form.addEventListener("change", redraw);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save.click();
  });
  redraw();
  return h(
    "div",
    { class: "columns even" },
    h("div", null, form),
    h(
      "div",
      null,
      h(
        "section",
        { class: "card", "aria-label": "How it reads" },
        h("header", null, h("h2", null, "How it reads")),
        preview,
      ),
      quote({ title: "Try it out", which: () => ({ tariff: wanted() }), signal }),
    ),
  );
}

const part = (label, body) =>
  h(
    "section",
    { class: "card", "aria-label": label },
    h("header", null, h("h2", null, label)),
    h("div", { class: "body form-body" }, body),
  );

// Where both are assigned, only a later `valid_from` has the new one hold.
function explain(note, before, from) {
  const isLater = from && new Date(from) > new Date(before.valid_from);
  note.className = isLater ? "muted small" : "notice warn";
  fill(
    note,
    `“${before.name}” never changes: sessions that began by it keep it. Where both are assigned the one that is valid since the latest holds: `,
    isLater ? "this one, from its start on; the one before is valid since " : "not this one, while the one before is valid since ",
    when(before.valid_from, "full"),
    ".",
  );
}

/** The form as the API takes a tariff; throws what is no JSON. */
function bodyOf(form, taxes, priced) {
  const of = (name) => form.elements[name].value.trim();
  const optional = { valid_until: instantOf(of("valid_until")), min_cost: of("min_cost"), max_cost: of("max_cost") };
  return {
    name: of("name"),
    currency: of("currency").toUpperCase(),
    valid_from: instantOf(of("valid_from")),
    prices_include_tax: form.elements.prices_include_tax.checked,
    taxes: taxes.values(),
    components: priced.components(),
    text: of("text"),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value)),
  };
}

// What is being typed may be no tariff yet: its words are shown as far as there are any.
function reads(wanted) {
  try {
    return prices(wanted());
  } catch (error) {
    return h("p", { class: "muted" }, error.fields ? error.message : "The components are not readable yet.");
  }
}

function say({ form, taxes, priced, wrong, error }) {
  const left = showErrors(error.fields ?? {}, (name) => {
    const path = name.split(".");
    if (path[0] === "components") return priced.control(path);
    if (path[0] === "taxes") {
      const control = taxes.control(Number(path[1] ?? 0), path[2]);
      return control ? { control } : null;
    }
    const control = form.elements[path[0]];
    return control?.name ? { control } : null;
  });
  const isSaid = Object.keys(error.fields ?? {}).length > 0 && !Object.keys(left).length;
  fill(wrong, isSaid ? "Nothing was created: see the fields above." : error.message);
  wrong.hidden = false;
}
