"""Functional blocks I, O and C (2.x): costs, tariffs, messages on the display, payments by web."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import at_least, filled, in_order, one_of
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules

_PRICES = ("energy", "chargingTime", "idleTime", "fixedFee", "reservationTime", "reservationFixed")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_DATE = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_SPANS = ("Energy", "Current", "Power", "Time", "ChargingTime", "IdleTime")


def cost(asked: Asked) -> Iterator[Fault]:
    """I02: what a session costs so far."""
    yield from at_least(asked.payload, 0, "totalCost")
    yield from filled(asked.payload, "transactionId")


def display(asked: Asked) -> Iterator[Fault]:
    """O01: an id, a span of time that is one, and what this display can show."""
    message, station = asked.payload["message"], asked.station
    yield from at_least(message, 0, "id", at="message.")
    yield from in_order(message, "startDateTime", "endDateTime", "message.")
    yield from one_of(message["priority"], station.message_priorities, "message.priority", "priorities")
    if "state" in message:
        yield from one_of(message["state"], station.message_states, "message.state", "states")
    yield from one_of(message["message"]["format"], station.message_formats, "message.message.format", "formats")
    yield from filled(message["message"], "content", at="message.message.")


def display_cleared(asked: Asked) -> Iterator[Fault]:
    """O05: ids are 0 or more."""
    yield from at_least(asked.payload, 0, "id")


def tariff(asked: Asked) -> Iterator[Fault]:
    """I07, I11: prices in a currency, under conditions that can be met, no more than the charger takes."""
    wanted, most = asked.payload["tariff"], asked.station.tariff_elements
    yield from filled(asked.payload, "transactionId")
    yield from filled(wanted, "tariffId", at="tariff.")
    if not _CURRENCY.match(wanted["currency"]):
        yield Fault("tariff.currency", "is no currency of ISO 4217: give three capital letters, e.g. EUR")
    elements = [(name, place, price) for name in _PRICES for place, price in _prices(wanted, name)]
    if most is not None and len(elements) > most:
        yield Fault("tariff", f"has {len(elements)} prices, and this charger takes {most}: leave some out")
    for name, place, price in elements:
        at = f"tariff.{name}.prices.{place}.conditions."
        yield from _conditions(price.get("conditions", {}), at)


def _prices(wanted: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield from enumerate(wanted.get(name, {}).get("prices", ()))


def _conditions(given: Mapping[str, Any], at: str) -> Iterator[Fault]:
    for name in ("startTimeOfDay", "endTimeOfDay"):
        if name in given and not _TIME.match(given[name]):
            yield Fault(f"{at}{name}", "is no time of day: give hours and minutes, e.g. 08:30")
    for name in ("validFromDate", "validToDate"):
        if name in given and not _DATE.match(given[name]):
            yield Fault(f"{at}{name}", "is no date: give year, month and day, e.g. 2026-01-31")
    if "validFromDate" in given and given.get("validToDate", "9999") <= given["validFromDate"]:
        yield Fault(f"{at}validToDate", "is not later than validFromDate, so the price never applies: correct one")
    for name in _SPANS:
        least, most = given.get(f"min{name}"), given.get(f"max{name}")
        if least is not None and most is not None and least >= most:
            yield Fault(f"{at}max{name}", f"is not more than min{name}, so the price never applies: correct one")


def web_payment(asked: Asked) -> Iterator[Fault]:
    """C25: an EVSE, and seconds to pay in."""
    yield from at_least(asked.payload, 1, "evseId", "timeout")


RULES: Rules = MappingProxyType(
    {
        "ChangeTransactionTariff": (tariff,),
        "ClearDisplayMessage": (display_cleared,),
        "CostUpdated": (cost,),
        "NotifyWebPaymentStarted": (web_payment,),
        "SetDefaultTariff": (tariff,),
        "SetDisplayMessage": (display,),
    }
)
