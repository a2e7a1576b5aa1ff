// A new version of a tariff takes over the places of the one before.

import { call } from "../api.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { toast } from "../toast.js";
import { recipient } from "./words.js";

const NAMED = 3;

/** The choice of assigning a new version wherever the one before is. */
export function carryOn(before, assigned) {
  const rest = assigned.length - NAMED;
  return h(
    "label",
    { class: "check" },
    h("input", { type: "checkbox", name: "assign", checked: true }),
    h(
      "span",
      null,
      `Assign it wherever “${before.name}” is: ${assignedNames(assigned.slice(0, NAMED))}${rest > 0 ? ` and ${rest} more` : ""}`,
    ),
  );
}

const assignedNames = (some) =>
  some
    .map((one) => {
      const [what, name] = recipient(one);
      return name ? `${what.toLowerCase()} ${name}` : "everybody";
    })
    .join(", ");

/** Assigns it one after the other; whatever fails is told, and can be assigned by hand on the tariff's page. */
export async function assignAll(made, assigned) {
  const failed = [];
  for (const { charger_id, site_id, token_group } of assigned) {
    const to = Object.fromEntries(
      Object.entries({ charger_id, site_id, token_group }).filter(([, value]) => value !== null),
    );
    try {
      await call("POST", "/v1/tariff-assignments", { body: { tariff_id: made.id, ...to } });
    } catch (error) {
      failed.push(`${assignedNames([{ charger_id, site_id, token_group }])}: ${error.message}`);
    }
  }
  const count = assigned.length - failed.length;
  if (!failed.length) toast({ title: made.name, text: `Created, and assigned ${plural(count, "time")}.`, tone: "good" });
  else
    toast({
      title: "Not assigned everywhere",
      text: `Created, and assigned ${plural(count, "time")}. Not: ${failed.join(" ")}`,
      tone: "bad",
      keep: true,
    });
}
