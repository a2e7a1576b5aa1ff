// Hash routes to pages. A page is `mount(root, {params, query, signal})`; its signal ends when it is left.

import { fill, h } from "./dom.js";

/**
 * Shows the page whose pattern fits `location.hash` now and whenever it changes. `routes`: `[pattern, load, section]`
 * with `:name` for one percent-encoded part. `onRoute(section)` is called at every change.
 */
export function route(routes, root, onRoute) {
  let leaving = new AbortController();
  const show = (focus) => {
    leaving.abort();
    leaving = new AbortController();
    const { mount, params, query, section } = match(routes, location.hash);
    onRoute(section);
    fill(root);
    scrollTo(0, 0);
    mount(root, { params, query, signal: leaving.signal });
    if (focus) (root.querySelector("h1") ?? root).focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", () => show(true));
  show(false);
  return () => show(false);
}

/** Notes the page's own state in the address without a new page. */
export function remark(path, query) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#${path}${text ? `?${text}` : ""}`);
}

export function title(text) {
  document.title = text ? `${text} · Voltring` : "Voltring";
}

/** A page's head: `h1` takes the focus after a change of page. */
export function pageHead(heading, ...rest) {
  return h("div", { class: "page-head" }, h("h1", { tabIndex: -1 }, heading), rest);
}

function match(routes, hash) {
  const [path, search = ""] = hash.replace(/^#/, "").split("?");
  const parts = (path || "/").split("/");
  for (const [pattern, mount, section] of routes) {
    const wanted = pattern.split("/");
    if (
      wanted.length !== parts.length ||
      wanted.some((part, i) => !part.startsWith(":") && part !== parts[i])
    )
      continue;
    const params = Object.fromEntries(
      wanted.flatMap((part, i) => (part.startsWith(":") ? [[part.slice(1), decode(parts[i])]] : [])),
    );
    return { mount, params, query: Object.fromEntries(new URLSearchParams(search)), section };
  }
  return { mount: missing, params: {}, query: {}, section: null };
}

function missing(root) {
  title("Not found");
  fill(
    root,
    pageHead("No such page"),
    h(
      "p",
      { class: "notice" },
      "Nothing lives at this address. ",
      h("a", { href: "#/" }, "Back to the overview"),
    ),
  );
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
