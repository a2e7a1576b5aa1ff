// The top bar: pages, how the live line is, who is signed in.

import { get } from "./api.js";
import { formDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { liveSign } from "./live.js";
import { forget, me } from "./session.js";
import { COUNTED_EVERY_MS, gathered } from "./timing.js";

const PAGES = [
  ["overview", "#/", "Overview"],
  ["sites", "#/sites", "Sites"],
  ["transactions", "#/transactions", "Transactions"],
  ["bills", "#/bills", "Bills"],
  ["tariffs", "#/tariffs", "Tariffs"],
  ["id-tokens", "#/id-tokens", "ID tokens"],
  ["events", "#/events", "Events"],
  ["inbox", "#/inbox", "Inbox"],
  ["quarantine", "#/quarantine", "Quarantine"],
];

const quarantined = h("span", { class: "nav-count", hidden: true });
const alsoQuarantined = h("span", { class: "menu-count", hidden: true, title: "Chargers in quarantine" });

/** Draws the bar; `section` is the page's, as the routes name it. */
export function drawBar(section) {
  drawMenu(PAGES.find(([name]) => name === section)?.[2] ?? "Menu");
  fill(
    document.getElementById("nav"),
    PAGES.map(([name, href, label]) =>
      h(
        "a",
        { href, "aria-current": name === section ? "page" : null },
        label,
        name === "quarantine" && quarantined,
      ),
    ),
  );
  fill(
    document.getElementById("bar-end"),
    liveSign(),
    h(
      "button",
      {
        class: "button bare small",
        type: "button",
        "aria-label": `Signed in as ${me?.name ?? ""}`,
        on: { click: account },
      },
      icon("user"),
      h("span", { class: "clip" }, me?.name ?? ""),
    ),
  );
}

// Where the pages have no room beside each other they stand in a list below the bar, which this button opens.
function drawMenu(page) {
  const menu = document.getElementById("menu");
  const nav = document.getElementById("nav");
  const open = (is) => {
    menu.setAttribute("aria-expanded", String(is));
    nav.classList.toggle("open", is);
  };
  const isOpen = () => menu.getAttribute("aria-expanded") === "true";
  open(false);
  fill(menu, icon("menu"), page, alsoQuarantined);
  menu.onclick = () => open(!isOpen());
  nav.onclick = (event) => event.target.closest("a") && open(false); // the page may be the one that is shown
  document.onpointerdown = (event) => isOpen() && !event.target.closest("#menu, #nav") && open(false);
  document.onkeyup = (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    open(false);
    menu.focus();
  };
}

/** Shows how many chargers wait to be admitted, on every page. */
export function noteQuarantined(n) {
  for (const each of [quarantined, alsoQuarantined]) {
    each.textContent = String(n);
    each.hidden = !n;
  }
}

/** Asks how many wait, and shows it. */
export async function countQuarantined() {
  try {
    noteQuarantined((await get("/v1/fleet")).quarantined);
  } catch {
    /* the page itself says what is wrong */
  }
}

/** For whoever changed it: asks once the API has counted again. Outlives the page that calls it. */
export const recountQuarantined = gathered(countQuarantined, {
  after: COUNTED_EVERY_MS,
  every: 3000,
  signal: new AbortController().signal,
});

async function account() {
  const done = await formDialog({
    title: "Your key",
    submitLabel: "Forget token",
    cancelLabel: "Close",
    body: [
      h(
        "dl",
        { class: "facts" },
        h("dt", null, "Name"),
        h("dd", null, me?.name),
        h("dt", null, "Role"),
        h("dd", null, me?.role),
      ),
      h(
        "p",
        { class: "muted small" },
        "The token is kept in this tab only. REST reference: ",
        h("a", { href: "docs", target: "_blank", rel: "noopener" }, "/docs"),
      ),
    ],
    submit: async () => true,
  });
  if (!done) return;
  forget();
  location.reload();
}

const SHORTCUTS = [
  ["/", "Search"],
  ["↑ ↓", "Move between rows of a list"],
  ["Enter", "Open the row"],
  ["Esc", "Leave a field or a dialog"],
  ["?", "These keys"],
];

/** Keys that work on every page. */
export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.matches("input:not([type=radio]), select, textarea");
    if (event.key === "Escape" && typing) {
      event.preventDefault(); // a search field would forget what is searched for
      event.target.blur();
    }
    if (typing) return;
    const searches = [...document.querySelectorAll("main input[type=search]")];
    const search = searches.find((each) => each.offsetParent); // that of a tab which is not shown is none
    if (event.key === "/" && search) {
      event.preventDefault();
      search.select();
      search.focus();
    }
    if (event.key === "?") {
      formDialog({
        title: "Keys",
        cancelLabel: "Close",
        body: h(
          "dl",
          { class: "shortcuts" },
          SHORTCUTS.map(([key, what]) => [h("dt", null, h("kbd", null, key)), h("dd", null, what)]),
        ),
      });
    }
  });
}
