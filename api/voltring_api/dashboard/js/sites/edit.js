// The dialog in which a site is made or changed.

import { call } from "../api.js";
import { field, formDialog } from "../dialog.js";
import { h } from "../dom.js";
import { ownZone } from "../zone.js";

const zones = () => ["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])];

/** Asks for a new site; the site, or null. */
export const addSite = () =>
  formDialog({
    title: "Add a site",
    submitLabel: "Add site",
    body: [
      field(
        "Id",
        h("input", { name: "id", required: true, maxLength: 100, autocomplete: "off", spellcheck: "false" }),
        "For tariffs and other systems, such as depot-north. It can't be changed.",
      ),
      about({ name: "", place: "", time_zone: ownZone() }),
    ],
    submit: (form) => call("POST", "/v1/sites", { body: { id: form.elements.id.value.trim(), ...valuesOf(form) } }),
  });

/** Asks for what is to be changed of a site; the site, or null. */
export const editSite = (site) =>
  formDialog({
    title: `Edit ${site.name}`,
    submitLabel: "Save",
    body: about(site),
    submit: (form) => {
      const { latitude, longitude } = site; // PUT replaces all of it
      return call("PUT", `/v1/sites/${encodeURIComponent(site.id)}`, {
        body: { ...valuesOf(form), latitude, longitude },
      });
    },
  });

function about({ name, place, time_zone: zone }) {
  const list = h(
    "datalist",
    { id: "time-zones" },
    zones().map((value) => h("option", { value })),
  );
  return [
    field("Name", h("input", { name: "name", required: true, maxLength: 200, autocomplete: "off", value: name })),
    field(
      "Place (optional)",
      h("input", { name: "place", maxLength: 500, autocomplete: "off", value: place ?? "" }),
      "Its address, as invoices show it.",
    ),
    field(
      "Time zone",
      h("span", { class: "suggesting" }, h("input", { name: "time_zone", required: true, list: "time-zones", maxLength: 64, value: zone }), list),
      "Prices by the time of day go by it. Another one holds for what is not priced yet.",
    ),
  ];
}

function valuesOf(form) {
  const of = (name) => form.elements[name].value.trim();
  return { name: of("name"), place: of("place") || null, time_zone: of("time_zone") };
}
