"""A session as a page for its driver: facts, cost, picture and story, without scripts, frames, tokens and ids.

One file that needs no other. Everything from outside is escaped.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from voltring_api.models.timeline import Entry, EntryKind, Series, Story
from voltring_api.resources import timeline_facts as facts
from voltring_api.resources.timeline_plot import plot
from voltring_api.resources.timeline_words import hidden
from voltring_core.domain.tariffs.explaining import WHAT

STYLE = """
:root{color-scheme:light dark;--text:#151922;--muted:#586174;--line:#d9dde5;--power:#08704f;--energy:#3150d4;
--warn:#8f5b00;--bad:#c22a2f;--gap:#eceef2;--bg:#fff}
@media (prefers-color-scheme:dark){:root{--text:#e7eaf0;--muted:#99a3b3;--line:#333b48;--power:#3fd39b;
--energy:#93a8ff;--warn:#e5b454;--bad:#ff827c;--gap:#232a35;--bg:#14181f}}
*{box-sizing:border-box}
body{margin:0 auto;padding:32px 20px 48px;max-width:820px;background:var(--bg);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
h1{margin:0 0 2px;font-size:24px;line-height:1.25}h2{margin:30px 0 8px;font-size:16px}p{margin:0 0 6px}
h1,p{overflow-wrap:anywhere}
.muted{color:var(--muted)}
.lead{display:flex;flex-wrap:wrap;gap:8px 40px;margin:22px 0 4px}
.lead div span{display:block;color:var(--muted);font-size:13px}.lead strong{font-size:24px;font-weight:650}
dl{display:grid;grid-template-columns:minmax(110px,auto) 1fr;gap:4px 20px;margin:14px 0 0}
dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}td,th{padding:5px 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top;font-weight:400}td.n,th.n{text-align:right;padding-left:16px;white-space:nowrap}
tr.sum td{font-weight:650;border-bottom:0}
th{color:var(--muted);font-size:13px}
ul{margin:0;padding-left:20px}.foot{margin-top:20px;font-size:13px}
td.t{width:1%;padding-right:18px;white-space:nowrap;color:var(--muted)}
tr.warn td+td{color:var(--warn)}tr.bad td+td{color:var(--bad)}
svg{display:block;margin-top:6px;overflow:visible}
svg text{font-size:12px;fill:var(--muted)}svg text.power{fill:var(--power)}svg text.energy{fill:var(--energy)}
.grid{stroke:var(--line)}.tick{stroke:var(--muted)}.gap{fill:var(--gap)}
polyline{fill:none;stroke-width:2;stroke-linejoin:round}polyline.power{stroke:var(--power)}
polyline.energy{stroke:var(--energy)}.area{fill:var(--power);opacity:.14}
.key{display:flex;gap:20px;font-size:13px}.key i{display:inline-block;width:14px;height:3px;margin:0 6px 4px 0}
.key .p{background:var(--power)}.key .e{background:var(--energy)}
.key .g{height:10px;margin-bottom:0;background:var(--gap)}
@media print{:root{color-scheme:light;--text:#000;--muted:#444;--line:#ccc;--power:#08704f;--energy:#3150d4;
--warn:#8f5b00;--bad:#c22a2f;--gap:#eceef2;--bg:#fff}body{padding:0;max-width:none;font-size:11pt}
tr,svg{break-inside:avoid}h2{break-after:avoid}}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
DRIVERS_KINDS = frozenset(
    {EntryKind.MESSAGE, EntryKind.READING, EntryKind.STATUS, EntryKind.COMMAND, EntryKind.PRICE, EntryKind.FLAG}
)
"""What a driver is told; alarms and decisions are the operator's own."""
TOLD_ACTIONS = frozenset({"Authorize", "StartTransaction", "StopTransaction", "TransactionEvent", "BootNotification"})
"""Messages that say something to a driver; a command is told once, as what was asked for."""
FULL, DAY, CLOCK = "%d %B %Y, %H:%M", "%d %B %Y", "%H:%M:%S"


def page(story: Story, entries: Sequence[Entry], series: Series) -> str:
    """The whole page."""
    zone = zone_of(story.time_zone)
    place = story.site_name or story.charger_id
    when = _local(story.started_at, zone, DAY) if story.started_at else ""
    title = f"Charging session at {place}" + (f", {when}" if when else "")
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="muted">{escape(", ".join(it for it in (story.site_place, story.charger_model) if it))}</p>',
        _lead(story, zone),
        _facts(story, zone),
        *_flags(story),
        *_cost(story),
        *_picture(series, zone),
        *_timeline(entries, zone),
        f'<p class="muted foot">All times are in the time zone {escape(str(zone.key))}.</p>',
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{"".join(body)}</main></body></html>'


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _lead(story: Story, zone: ZoneInfo) -> str:
    energy = "–" if story.energy_wh is None else f"{story.energy_wh / 1000:,.2f} kWh"
    figures = [("Energy", energy), ("Duration", _duration(story)), ("Cost", facts.cost_words(story.cost))]
    shown = (f"<div><span>{name}</span><strong>{escape(it)}</strong></div>" for name, it in figures if it)
    return f'<div class="lead">{"".join(shown)}</div>'


def _duration(story: Story) -> str | None:
    if story.started_at is None or story.ended_at is None:
        return "still running" if story.state == "Active" else None
    minutes = int((story.ended_at - story.started_at).total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _facts(story: Story, zone: ZoneInfo) -> str:
    told = [
        ("Started", story.started_at and _local(story.started_at, zone, FULL)),
        ("Ended", story.ended_at and _local(story.ended_at, zone, FULL)),
        ("Ended by", story.stop_in_words),
        ("Charger", story.charger_id + (f", EVSE {story.evse_id}" if story.evse_id is not None else "")),
        ("Card or token", hidden(story.id_token) if story.id_token else None),
        ("Energy", story.energy_in_words),
        ("Meter at start", facts_register(story.meter_start_wh)),
        ("Meter at end", facts_register(story.meter_stop_wh)),
        ("Signed readings", story.signed_meter_values or None),
        ("Bill", story.billing_in_words),
    ]
    shown = (f"<dt>{name}</dt><dd>{escape(str(it))}</dd>" for name, it in told if it)
    return f"<dl>{''.join(shown)}</dl>"


def facts_register(wh: float | None) -> str | None:
    """What the meter showed."""
    return None if wh is None else f"{wh / 1000:,.3f} kWh"


def _flags(story: Story) -> Iterable[str]:
    if story.flags:
        yield "<h2>What was out of the ordinary</h2>"
        yield f"<ul>{''.join(f'<li>{escape(flag.words)}</li>' for flag in story.flags)}</ul>"


def _cost(story: Story) -> Iterable[str]:
    price = facts.price_of(story.cost)
    lines = facts.lines_of(story.cost)
    if not price:
        return
    currency = price.get("currency")
    yield '<h2>Cost</h2><table><tr><th>For</th><th class="n">Quantity</th><th class="n">Price</th>'
    yield '<th class="n">Amount</th></tr>'
    for line in lines:
        what = WHAT.get(str(line.get("what")), str(line.get("what")))
        cells = [
            f"{facts.plain(line.get('quantity'))} {line.get('unit')}",
            f"{facts.plain(line.get('unit_price'))} {currency}",
            f"{line.get('amount')} {currency}",
        ]
        yield f"<tr><td>{escape(what)}</td>{''.join(_right(it) for it in cells)}</tr>"
    for tax in price.get("taxes") or ():
        name = f"{tax.get('name')} {facts.plain(tax.get('percent'))} %"
        included = " (in it)" if price.get("prices_include_tax") else ""
        amount = _right(f"{tax.get('amount')} {currency}")
        yield f'<tr><td colspan="3">{escape(name + included)}</td>{amount}</tr>'
    yield f'<tr class="sum"><td colspan="3">Total</td>{_right(facts.money(price.get("total"), currency))}</tr></table>'


def _right(text: str) -> str:
    return f'<td class="n">{escape(text)}</td>'


def _picture(series: Series, zone: ZoneInfo) -> Iterable[str]:
    drawn = plot(series, zone)
    if drawn:
        yield f"<h2>Power and energy</h2>{drawn}"
        gap = '<span><i class="g"></i>no readings</span>' if series.gaps else ""
        derived = " (from the energy)" if series.power_is_derived else ""
        yield f'<p class="key muted"><span><i class="p"></i>power{derived}</span>'
        yield f'<span><i class="e"></i>energy</span>{gap}</p>'


def _timeline(entries: Sequence[Entry], zone: ZoneInfo) -> Iterable[str]:
    told = [one for one in entries if is_told(one)]
    yield "<h2>What happened</h2><table>"
    day = ""
    for is_reading, group in groupby(told, key=lambda one: one.kind is EntryKind.READING):
        for one in _gathered(list(group)) if is_reading else group:
            today = _local(one.at, zone, DAY)
            if today != day:
                yield f'<tr><th colspan="2">{today}</th></tr>'
                day = today
            clock = _local(one.at, zone, CLOCK)
            yield f'<tr class="{one.tone}"><td class="t">{clock}</td><td>{escape(one.summary)}</td></tr>'
    yield "</table>"


def is_told(one: Entry) -> bool:
    """Whether a driver is told of it."""
    if one.context or one.kind not in DRIVERS_KINDS:
        return False
    if one.kind is EntryKind.MESSAGE and one.message is not None:
        return one.message.direction == "in" and one.message.action in TOLD_ACTIONS
    return True


def _gathered(readings: Sequence[Entry]) -> list[Entry]:
    """Readings that follow each other, as the first and the last of them."""
    if len(readings) <= 2:
        return list(readings)
    between = readings[1].model_copy(update={"summary": f"… {len(readings) - 2} more readings"})
    return [readings[0], between, readings[-1]]


def _local(at: datetime, zone: ZoneInfo, form: str) -> str:
    return at.astimezone(zone).strftime(form)
