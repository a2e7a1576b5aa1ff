// Start here: takes the token, asks for one when there is none, then shows the page the address names.

import { SIGNED_OUT } from "./api.js";
import { countQuarantined, drawBar, listenForKeys } from "./bar.js";
import { bills } from "./pages/bills.js";
import { charger } from "./pages/charger.js";
import { events } from "./pages/events.js";
import { idTokens } from "./pages/id-tokens.js";
import { inbox } from "./pages/inbox.js";
import { overview } from "./pages/overview.js";
import { quarantine } from "./pages/quarantine.js";
import { site } from "./pages/site.js";
import { sites } from "./pages/sites.js";
import { newTariff } from "./pages/tariff-new.js";
import { tariff } from "./pages/tariff.js";
import { tariffs } from "./pages/tariffs.js";
import { transaction } from "./pages/transaction.js";
import { transactions } from "./pages/transactions.js";
import { route } from "./router.js";
import { forget, takeTokenFromFragment } from "./session.js";
import { signIn } from "./sign-in.js";
import { repeated } from "./timing.js";

const ROUTES = [
  ["/", overview, "overview"],
  ["/chargers/:id", charger, "overview"],
  ["/sites", sites, "sites"],
  ["/sites/:id", site, "sites"],
  ["/transactions", transactions, "transactions"],
  ["/transactions/:id", transaction, "transactions"],
  ["/events", events, "events"],
  ["/inbox", inbox, "inbox"],
  ["/bills", bills, "bills"],
  ["/tariffs", tariffs, "tariffs"],
  ["/tariffs/new", newTariff, "tariffs"],
  ["/tariffs/:id", tariff, "tariffs"],
  ["/id-tokens", idTokens, "id-tokens"],
  ["/quarantine", quarantine, "quarantine"],
];

const QUARANTINE_EVERY_MS = 30_000;

let asking = false;
takeTokenFromFragment();
const main = document.getElementById("main");
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
listenForKeys();
await signIn();
window.addEventListener("hashchange", () => {
  if (takeTokenFromFragment()) location.reload();
});
const again = route(ROUTES, main, drawBar);
window.addEventListener(SIGNED_OUT, askAgain);
countQuarantined();
repeated(countQuarantined, QUARANTINE_EVERY_MS, new AbortController().signal);

async function askAgain() {
  if (asking) return;
  asking = true;
  forget();
  await signIn("The API no longer takes this token.");
  asking = false;
  again();
}
