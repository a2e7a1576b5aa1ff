"""What stands in a charge detail record: all that a person needs to check it by hand, as JSON.

Money and energy are strings in decimals, times RFC 3339. A credit says what the charge said that it takes back.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from voltring_core.domain.billing import Bill, CdrKind, Issued, Ruling, Step
from voltring_core.domain.tariffs import Price, content_of
from voltring_core.domain.values import value

Json = dict[str, Any]
Row = Mapping[str, Any]


@value
class Place:
    """Where a session was: its charger as it is known, and its site if it has one, each by column name."""

    charger: Row
    site: Row | None = None


@value
class Measured:
    """What is known of a session's energy, and how. In Wh."""

    energy_wh: Decimal | None
    method: str | None
    by_method: Mapping[str, Decimal]
    difference_wh: Decimal | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None


def told_session(session: Row, flags: tuple[str, ...]) -> Json:
    """Whose session it was."""
    names = ("ocpp_transaction_id", "ocpp_version", "id_token", "id_token_type", "stop_reason")
    numbers = ("remote_start_id", "reservation_id")
    return {"id": str(session["id"]), **{name: session[name] for name in (*names, *numbers)}, "flags": list(flags)}


def told_place(session: Row, place: Place) -> Json:
    """Where it was."""
    charger = {name: place.charger.get(name) for name in ("vendor", "model", "serial_number")}
    evse = {"evse_id": session["evse_id"], "connector_id": session["connector_id"]}
    site = None if place.site is None else {name: place.site[name] for name in ("id", "name", "place")}
    return {"charger": {"id": session["charger_id"], **charger, **evse}, "site": site}


def told_times(started_at: datetime, ended_at: datetime, time_zone: str) -> Json:
    """When it was, for everybody and for who was there."""
    zone = ZoneInfo(time_zone)
    return {
        "time_zone": time_zone,
        "started_at": instant(started_at),
        "ended_at": instant(ended_at),
        "started_at_local": started_at.astimezone(zone).isoformat(),
        "ended_at_local": ended_at.astimezone(zone).isoformat(),
        "duration_s": (ended_at - started_at).total_seconds(),
    }


def told_energy(measured: Measured) -> Json:
    """How much it was, by what, and what else would have been found."""
    return {
        "energy_wh": plain(measured.energy_wh),
        "method": measured.method,
        "by_method": {name: plain(found) for name, found in sorted(measured.by_method.items())},
        "difference_wh": plain(measured.difference_wh),
        "meter_start_wh": plain(measured.meter_start_wh),
        "meter_stop_wh": plain(measured.meter_stop_wh),
    }


def told_totals(bill: Bill) -> Json:
    """What it comes to."""
    return {"currency": bill.currency, "net": plain(bill.net), "tax": plain(bill.tax), "total": plain(bill.total)}


def told_tariff(tariff_id: UUID | None, content: Row | None) -> Json | None:
    """By which tariff, in its own words as they were frozen."""
    return None if tariff_id is None else {"id": str(tariff_id), "content": content}


def told_released(account: Row) -> Json | None:
    """Who let it be billed in spite of what, and why; None where nobody had to."""
    if account["ruling"] != Ruling.RELEASED:
        return None
    in_spite_of = list(account["in_spite_of"])
    who, at = account["released_by"], instant(account["released_at"])
    return {"by": who, "at": at, "in_spite_of": in_spite_of, "note": account["note"]}


def told_cost(bill: Bill, price: Price, at: datetime) -> Json:
    """What stands in the account, for whoever asks while the session runs and for who is to release it."""
    counted = {"at": instant(at), "energy_wh": plain(bill.energy_wh), "until": instant(bill.ended_at)}
    return {**counted, **told_totals(bill), "price": content_of(price)}


def written(step: Step, about: Mapping[str, Any], issued_at: datetime) -> Json:
    """The whole record. `about` is what is the same for every record of this state of the session.

    Of a credit, `about` is the content of the charge that it takes back.
    """
    is_credit = step.kind is CdrKind.CREDIT
    return {
        **about,
        "kind": step.kind.value,
        "revision": step.revision,
        "issued_at": instant(issued_at),
        "corrects": named(step.of) if is_credit else None,
        "replaces": None if is_credit else named(step.of),
        "reason": step.reason,
    }


def bill_of(row: Row) -> Bill:
    """The bill of a record in table `charge_detail_records`."""
    times = row["content"]["times"]
    began, ended = (datetime.fromisoformat(times[name]) for name in ("started_at", "ended_at"))
    return Bill(began, ended, row["energy_wh"], row["currency"], row["net"], row["tax"], row["total"])


def issued_of(row: Row) -> Issued:
    """The record in a row of table `charge_detail_records`."""
    return Issued(row["id"], row["revision"], CdrKind(row["kind"]), bill_of(row), row["corrects"], row["number"])


def named(one: Issued | None) -> Json | None:
    """A record as another one refers to it."""
    return None if one is None else {"id": str(one.id), "number": one.number}


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(number: Decimal | None) -> str | None:
    """A decimal as people write it, never with an exponent."""
    return None if number is None else f"{number:f}"
