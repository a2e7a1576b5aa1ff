// ID tokens: who may charge. Add, block, accept again.

import { call, get } from "../api.js";
import { field, formDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { NONE } from "../format.js";
import { searchBox, segments } from "../filters.js";
import { guarded } from "../guarded.js";
import { icon } from "../icons.js";
import { pagesOf } from "../pages-of.js";
import { pageHead, title } from "../router.js";
import { status } from "../status.js";
import { liveTable } from "../table.js";
import { when } from "../time.js";
import { complain } from "../toast.js";

const STATES = {
  "": "All",
  Accepted: "Accepted",
  Blocked: "Blocked",
  Expired: "Expired",
  Invalid: "Invalid",
};
const TYPES = ["ISO14443", "ISO15693", "Central", "eMAID", "KeyCode", "Local", "MacAddress"];
const CONCURRENT = [
  ["", "As the installation has it"],
  ["allowed", "Allowed"],
  ["refused", "Refused"],
  ["refused_in_group", "Refused for its whole group"],
];

export function idTokens(root, { signal }) {
  title("ID tokens");
  const table = liveTable({
    caption: "ID tokens",
    columns: columns(() => pages.reload()),
    key: (item) => item.id_token,
    empty: () =>
      asked.q || asked.status
        ? h("strong", null, "No ID token fits")
        : [h("strong", null, "No ID tokens yet"), "Add one, and it may start sessions on every charger."],
  });
  const asked = { q: "", status: "" };
  const pages = pagesOf({
    table,
    signal,
    load: (cursor, request) => get("/v1/id-tokens", { ...asked, limit: 50, cursor }, request),
  });
  const tools = h(
    "div",
    { class: "tools" },
    searchBox({
      value: "",
      placeholder: "Search token, group, description",
      label: "Search ID tokens",
      onSearch: (q) => {
        asked.q = q;
        pages.restart();
      },
    }),
    segments({
      label: "Which ID tokens",
      options: STATES,
      chosen: "",
      onChoose: (state) => {
        asked.status = state;
        pages.restart();
      },
    }),
  );
  const add = guarded(
    "operator",
    {
      class: "button primary",
      onClick: async () => {
        if (await askForToken()) pages.reload();
      },
    },
    icon("plus"),
    "Add ID token",
  );
  fill(
    root,
    pageHead("ID tokens", h("div", { class: "actions" }, add)),
    h("section", { class: "card", "aria-label": "ID tokens" }, tools, table.element, pages.element),
  );
  pages.restart();
}

function columns(reload) {
  return [
    {
      head: "ID token",
      class: "bare",
      value: (item) => `${item.id_token}|${item.description}`,
      cell: (item) =>
        h(
          "span",
          null,
          h("span", { class: "main-link mono" }, item.id_token),
          item.description && h("span", { class: "sub" }, item.description),
        ),
    },
    {
      head: "Status",
      class: "tight bare",
      value: (item) => item.status,
      cell: (item) => status(item.status),
    },
    { head: "Type", class: "tight off-phone", value: (item) => item.type ?? NONE },
    { head: "Group", class: "tight", value: (item) => item.group_id_token ?? NONE },
    {
      head: "Expires",
      class: "tight wide",
      value: (item) => item.expires_at ?? "",
      cell: (item) => (item.expires_at ? when(item.expires_at, "full") : "never"),
    },
    {
      head: "Changed",
      class: "tight off-phone",
      value: (item) => item.updated_at,
      cell: (item) => when(item.updated_at, "ago"),
    },
    { head: "", class: "end tight bare", value: (item) => item.status, cell: (item) => toggle(item, reload) },
  ];
}

function toggle(item, reload) {
  const blocked = item.status === "Blocked";
  const label = blocked ? "Accept again" : "Block";
  const onClick = async () => {
    const { type, group_id_token, expires_at, concurrent, description } = item;
    try {
      await call("PUT", `/v1/id-tokens/${encodeURIComponent(item.id_token)}`, {
        body: { type, group_id_token, expires_at, concurrent, description, status: blocked ? "Accepted" : "Blocked" },
      });
    } catch (error) {
      complain(`${item.id_token} is unchanged`, error);
    }
    reload();
  };
  const button = guarded("operator", { class: `button small ${blocked ? "" : "danger"}`, onClick }, label);
  button.setAttribute("aria-label", `${label}: ${item.id_token}`);
  return button;
}

function askForToken() {
  return formDialog({
    title: "Add an ID token",
    submitLabel: "Add ID token",
    body: [
      field(
        "ID token",
        h("input", {
          name: "id_token",
          required: true,
          maxLength: 255,
          autocomplete: "off",
          spellcheck: "false",
        }),
        "As the charger reads it, for example a card's UID in hex.",
      ),
      field(
        "Type",
        h(
          "select",
          { name: "type" },
          TYPES.map((type) => h("option", { value: type }, type)),
        ),
      ),
      field(
        "Group (optional)",
        h("input", { name: "group_id_token", maxLength: 255, autocomplete: "off" }),
        "Tokens of one group may stop each other's sessions.",
      ),
      field(
        "Two sessions at once",
        h(
          "select",
          { name: "concurrent" },
          CONCURRENT.map(([value, label]) => h("option", { value }, label)),
        ),
        "Cards that several drivers share have to be allowed to.",
      ),
      field("Expires (optional)", h("input", { name: "expires_at", type: "datetime-local" })),
      field(
        "Description (optional)",
        h("input", { name: "description", maxLength: 500, autocomplete: "off" }),
      ),
    ],
    submit: (form) => {
      const of = (name) => form.elements[name].value.trim();
      const given = {
        group_id_token: of("group_id_token"),
        concurrent: of("concurrent"),
        description: of("description"),
        expires_at: of("expires_at") && new Date(of("expires_at")).toISOString(),
      };
      return call("POST", "/v1/id-tokens", {
        body: {
          id_token: of("id_token"),
          type: of("type"),
          status: "Accepted",
          ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)),
        },
      });
    },
  });
}
