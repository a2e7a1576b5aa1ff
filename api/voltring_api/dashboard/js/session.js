// Who is at the keyboard: the token (this tab only), and the name and role the API knows it by.

const KEY = "voltring.token";
const RANKS = { viewer: 0, operator: 1, admin: 2 };

/** `{name, role}` as GET /v1/me told, or null before that. */
export let me = null;

export const token = () => sessionStorage.getItem(KEY);

/** Moves `#token=…` out of the address bar and the tab's history into this tab's storage; says whether there was one. */
export function takeTokenFromFragment() {
  const match = /^#\/?\??token=([^&]+)/.exec(location.hash);
  if (!match) return false;
  sessionStorage.setItem(KEY, decodeURIComponent(match[1]));
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  return true;
}

export function remember(newToken, identity) {
  sessionStorage.setItem(KEY, newToken);
  me = identity;
}

export function forget() {
  sessionStorage.removeItem(KEY);
  me = null;
}

/** Why this key may not do what needs `role`: one sentence, or null when it may. */
export function reasonAgainst(role) {
  if (me && (RANKS[me.role] ?? 0) >= RANKS[role]) return null;
  return `This needs the role ${role}; your key “${me?.name ?? "?"}” has the role ${me?.role ?? "viewer"}.`;
}
