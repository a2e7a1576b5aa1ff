"""A charge detail record as an invoice: the same figures, in words, with each line so that it can be checked by hand.

A credit note shows the lines of the invoice that it takes back, and what is to be paid is negative.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from voltring_core.domain.billing import CdrKind
from voltring_core.domain.flag_words import told
from voltring_core.domain.tariffs import Tariff, parse
from voltring_core.domain.tariffs.explaining import WHAT, describe

Json = dict[str, Any]
METHODS = {
    "registers": "the meter's register at the start and at the end",
    "readings": "the first and the last reading of the meter",
    "intervals": "the sum of the energy of each interval",
    "power": "estimated from power readings",
}


def invoice(record: Mapping[str, Any]) -> Json:
    """The invoice of a row of table `charge_detail_records`."""
    content = record["content"]
    tariff = parse(content["tariff"]["content"])
    is_credit = content["kind"] == CdrKind.CREDIT
    total = content["totals"]["total"]
    return {
        "number": record["number"],
        "kind": content["kind"],
        "record_id": str(record["id"]),
        "issued_at": content["issued_at"],
        "corrects": content["corrects"],
        "replaces": content["replaces"],
        "reason": None if content["reason"] is None else told(content["reason"]),
        "session": content["session"],
        "charger": content["charger"],
        "site": content["site"],
        "times": content["times"],
        "energy": {**content["energy"], "measured_by": METHODS.get(content["energy"]["method"] or "", "")},
        "tariff": {"id": content["tariff"]["id"], "name": tariff.name, "text": tariff.text},
        "prices_include_tax": content["price"]["prices_include_tax"],
        "lines": [_line(one, tariff, content["times"]["time_zone"]) for one in content["price"]["lines"]],
        "taxes": content["price"]["taxes"],
        "totals": content["totals"],
        "payable": f"-{total}" if is_credit and any(digit in total for digit in "123456789") else total,
    }


def _line(line: Mapping[str, Any], tariff: Tariff, time_zone: str) -> Json:
    zone = ZoneInfo(time_zone)
    component = None if line["component"] is None else tariff.components[line["component"]]
    conditions = "" if component is None else describe(component)
    step = None if component is None else component.step
    return {
        "text": WHAT.get(line["what"], line["what"]),
        "conditions": conditions,
        "paid_per": None if step is None else f"{step} {'Wh' if component and component.step_wh else 's'}",
        **{name: line[name] for name in ("quantity", "unit", "unit_price", "amount", "used")},
        "begins_local": local(line["begins"], zone),
        "ends_local": local(line["ends"], zone),
        "periods": [
            {"begins_local": local(one["begins"], zone), "ends_local": local(one["ends"], zone), **_quantity(one)}
            for one in line["periods"]
        ],
    }


def _quantity(period: Mapping[str, Any]) -> Json:
    return {"quantity": period["quantity"]}


def local(at: str, zone: ZoneInfo) -> str:
    """An instant in RFC 3339 as the clock at the site showed it, with its offset."""
    return datetime.fromisoformat(at).astimezone(zone).isoformat()
