"""An invoice as a page to be printed: one file, A4, no scripts, nothing loaded, every value escaped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from voltring_api.guards import CSP

STYLE = files("voltring_api").joinpath("invoice.css").read_text(encoding="utf-8")
PAGE = Template(files("voltring_api").joinpath("invoice.html").read_text(encoding="utf-8"))
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    # The page brings its own style, so that it looks the same when it is saved or sent; nothing else may run or load.
    "Content-Security-Policy": f"{CSP}; style-src 'sha256-{_DIGEST}'",
    "Vary": "Accept",
}
TITLES = {"charge": "Invoice", "credit": "Credit note"}
Invoice = Mapping[str, Any]


def render(invoice: Invoice) -> str:
    """The page."""
    currency = invoice["totals"]["currency"]
    is_credit = invoice["kind"] == "credit"
    words = {
        "title": f"{TITLES[invoice['kind']]} {invoice['number']}",
        "issued_at": _time(invoice["issued_at"]),
        "lines_title": "What is taken back" if is_credit else "What it costs",
        "currency": currency,
        "record_id": invoice["record_id"],
        "tax_note": "Prices include taxes." if invoice["prices_include_tax"] else "Prices are without taxes.",
    }
    parts = {
        "style": STYLE,
        "seller": "\n".join(_seller(invoice.get("seller"))),
        "corrections": "\n".join(f"<p>{escape(said)}</p>" for said in _corrections(invoice)),
        "facts": "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in _facts(invoice)),
        "lines": "\n".join(_row(line) for line in invoice["lines"]),
        "sums": "\n".join(_sums(invoice)),
    }
    return PAGE.substitute({name: escape(str(word)) for name, word in words.items()} | parts)


def _seller(seller: Mapping[str, Any] | None) -> Iterable[str]:
    if seller is None:
        return
    yield f"<address><strong>{escape(seller['name'])}</strong>"
    yield from (f"<br>{escape(line)}" for line in seller["address"])
    if seller["vat_id"]:
        yield f"<br>VAT id {escape(seller['vat_id'])}"
    yield "</address>"


def _corrections(invoice: Invoice) -> Iterable[str]:
    if invoice["corrects"]:
        yield f"Takes back invoice {invoice['corrects']['number']} as a whole."
    if invoice["replaces"]:
        yield f"Replaces invoice {invoice['replaces']['number']}, which is taken back."
    if invoice["reason"]:
        yield invoice["reason"]


def _facts(invoice: Invoice) -> Iterable[tuple[str, str]]:
    session, charger, site, times = (invoice[name] for name in ("session", "charger", "site", "times"))
    yield "Id token", session["id_token"] or "none"
    if site:
        yield "Site", ", ".join(word for word in (site["name"], site["place"]) if word)
    evse = "" if charger["evse_id"] is None else f", EVSE {charger['evse_id']}"
    yield "Charger", f"{charger['id']}{evse}"
    zone = times["time_zone"]
    yield "From", f"{_time(times['started_at_local'])} {zone} ({_time(times['started_at'])})"
    yield "To", f"{_time(times['ended_at_local'])} {zone} ({_time(times['ended_at'])})"
    yield from _energy(invoice["energy"])
    tariff = invoice["tariff"]
    yield "Tariff", f"{tariff['name']}: {tariff['text']}" if tariff["text"] else tariff["name"]
    yield "Session", session["id"]
    if session["flags"]:
        yield "Noted", ", ".join(session["flags"])


def _energy(energy: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    how = f", by {energy['measured_by']}" if energy["measured_by"] else ""
    yield "Energy", "not known" if energy["energy_wh"] is None else f"{energy['energy_wh']} Wh{how}"
    start, stop = energy["meter_start_wh"], energy["meter_stop_wh"]
    if start is not None and stop is not None:
        yield "Meter", f"{start} Wh at the start, {stop} Wh at the end"


def _row(line: Mapping[str, Any]) -> str:
    more = [*_more(line)]
    said = "".join(f'<br><span class="more">{escape(one)}</span>' for one in more)
    quantity = f"{_short(line['quantity'])} {line['unit']}"
    cells = "".join(f'<td class="n">{escape(cell)}</td>' for cell in (quantity, line["unit_price"], line["amount"]))
    return f"<tr><td>{escape(line['text'])}{said}</td>{cells}</tr>"


def _more(line: Mapping[str, Any]) -> Iterable[str]:
    if line["conditions"]:
        yield line["conditions"]
    if line["paid_per"]:
        yield f"used {_short(line['used'])} {line['unit']}, paid per started {line['paid_per']}"
    for one in line["periods"] if len(line["periods"]) > 1 else [line] if line["periods"] else []:
        yield f"{_short(one['quantity'])} {line['unit']}, {_time(one['begins_local'])} to {_time(one['ends_local'])}"


def _sums(invoice: Invoice) -> Iterable[str]:
    totals = invoice["totals"]
    included = invoice["prices_include_tax"]
    taxes = [(f"{one['name']} {one['percent']} %", one["amount"]) for one in invoice["taxes"]]
    if included:
        yield _sum("Sum of the lines, taxes included", totals["total"])
        yield from (_sum(f"of which {name}", amount) for name, amount in taxes)
        yield _sum("of which net", totals["net"])
    else:
        yield _sum("Sum of the lines, net", totals["net"])
        yield from (_sum(name, amount) for name, amount in taxes)
        yield _sum("Total", totals["total"])
    yield _sum("To be paid", f"{invoice['payable']} {totals['currency']}", "sum")


def _sum(name: str, amount: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<tr{named}><td colspan="3">{escape(name)}</td><td class="n">{escape(amount)}</td></tr>'


def _time(text: str) -> str:
    """With its offset, so that lengths can be checked in the nights in which clocks are set as well."""
    at = datetime.fromisoformat(text)
    return f"{at:%Y-%m-%d %H:%M:%S} " + ("UTC" if at.tzinfo is UTC else at.isoformat()[-6:])


def _short(number: str) -> str:
    """Without the zeros behind its last decimal."""
    return number.rstrip("0").rstrip(".") if "." in number else number
