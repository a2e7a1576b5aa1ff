// The basic prices of the form and the components they stand for. Pure; both ways.

/** The prices of the form, in the order in which their components are sent. */
export const PRICES = [
  { name: "fixed_fee", kind: "fixed_fee", label: "Session fee", unit: "per session" },
  { name: "energy", kind: "energy", label: "Energy", unit: "per kWh" },
  { name: "charging_time", kind: "charging_time", label: "Charging time", unit: "per minute", step: true },
  { name: "idle_time", kind: "idle_time", label: "Idle time", unit: "per minute", step: true, grace: true },
];
const MINUTE = 60;
const PLAIN = new Set(["kind", "price", "step_wh", "step_seconds", "grace_minutes", "conditions"]);

/**
 * What the fields stand for: `{components, names}`, `names[i]` the price that component `i` comes from. `fields`:
 * `{energy: "0.49", idle_time: "0.10", idle_time_step: true, idle_time_grace: "5", …}`; an empty price is none. What is
 * no whole number of minutes is sent as it was typed, for the API to say so.
 */
export function componentsOf(fields) {
  const asked = PRICES.filter(({ name }) => fields[name]);
  const components = asked.map(({ name, kind, step, grace }) => ({
    kind,
    price: fields[name],
    ...(step && fields[`${name}_step`] && { step_seconds: MINUTE }),
    ...(grace && fields[`${name}_grace`] && { grace_minutes: wholeOr(fields[`${name}_grace`]) }),
  }));
  return { components, names: asked.map(({ name }) => name) };
}

const wholeOr = (text) => (/^\d+$/.test(text) ? Number(text) : text);

/** The fields that stand for these components, or null where they can't say all of it. */
export function fieldsOf(components) {
  if (!Array.isArray(components)) return null;
  const fields = {};
  for (const one of components) {
    const price = PRICES.find(({ kind }) => kind === one?.kind);
    if (!price || price.name in fields || !isPlain(one, price)) return null;
    fields[price.name] = String(one.price ?? "");
    if (one.step_seconds) fields[`${price.name}_step`] = true;
    if (one.grace_minutes) fields[`${price.name}_grace`] = String(one.grace_minutes);
  }
  return fields;
}

const isPlain = (one, price) =>
  Object.keys(one).every((key) => PLAIN.has(key)) &&
  Object.values(one.conditions ?? {}).every((value) => value === null) &&
  !one.step_wh &&
  (!one.step_seconds || (price.step && one.step_seconds === MINUTE)) &&
  (!one.grace_minutes || price.grace === true);

/** Components without what says nothing: nulls, and conditions that are none. */
export function shortened(components) {
  return (components ?? []).map((one) => {
    const conditions = withoutNulls(one.conditions ?? {});
    const rest = withoutNulls({ ...one, conditions: null });
    return Object.keys(conditions).length ? { ...rest, conditions } : rest;
  });
}

const withoutNulls = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
