// Building nodes. What a charger says reaches the page as text nodes only: nothing here takes markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `props`: `class`, `data` (dataset), `vars` (CSS custom properties), `on` (listeners by event),
 * any other key is an attribute, or a property where its value is no string; null and false leave it out.
 * Children: nodes, strings, numbers, nested arrays; null and false are skipped.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) set(element, key, value);
  element.append(...nodes(children));
  return element;
}

/** The children as a flat list that `append` and `replaceChildren` take. */
export function nodes(...children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Replaces what `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** An SVG element; `attributes` are set as they are. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Text for screen readers alone. */
export const unseen = (text) => h("span", { class: "unseen" }, text);

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === "class") element.className = value;
  else if (key === "data") assign(element.dataset, value);
  else if (key === "on")
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  else if (key === "vars")
    for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
  else if (typeof value !== "string" && key in element) element[key] = value;
  else element.setAttribute(key, value === true ? "" : value);
}

function assign(dataset, values) {
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== false) dataset[key] = value;
  }
}
