"""What a charger is asked to show of a session's cost: CostUpdated in 2.x (I02), and in 1.6 a DataTransfer where its
setting names one.

1.6 knows no cost. The Open Charge Alliance's paper on California pricing gives DataTransfer a vendor and two messages,
RunningCost and FinalCost; chargers that follow another paper have other names for them, and so they are a setting.
RunningCost has the prices that hold from then on (`chargingPrice`, `idlePrice`), so that a charger can count on by
itself until it is told the next time.

The final cost of a 2.x session belongs into the answer to its end, where the node says it if it is certain then. Where
it was not, CostUpdated says it as soon as the session is billed.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

from voltring_core.domain.tariffs import Rates
from voltring_core.domain.values import value

EVERY = timedelta(seconds=60)
"""A charger is told no more often: between two readings only the time moves the cost."""
NAMELESS = "-1"
VENDOR, RUNNING, FINAL = "org.openchargealliance.costmsg", "RunningCost", "FinalCost"


class Mode(StrEnum):
    """How a charger shows what a session costs."""

    COST_UPDATED = "CostUpdated"
    DATA_TRANSFER = "DataTransfer"
    NONE = "none"


@value
class Setting:
    """A charger's own; without one a 2.x charger is asked if its device model says that it shows costs."""

    mode: Mode = Mode.COST_UPDATED
    vendor_id: str = VENDOR
    running_message_id: str = RUNNING
    final_message_id: str = FINAL


@value
class Shown:
    """A session and what it costs, `at` a time in RFC 3339."""

    is_2x: bool
    ocpp_transaction_id: str
    total: Decimal
    at: str
    register_wh: Decimal | None = None
    is_over: bool = False
    rates: Rates | None = None
    """What is paid from now on, where that is known."""


def setting_of(content: Mapping[str, Any] | None) -> Setting:
    """The setting in a charger's row."""
    if content is None:
        return Setting()
    names = {name: content[name] for name in ("vendor_id", "running_message_id", "final_message_id") if name in content}
    return Setting(Mode(content["mode"]), **names)


def message(shown: Shown, setting: Setting) -> tuple[str, Mapping[str, Any]] | None:
    """The action and the payload that tell the charger; None where there is no way to."""
    if setting.mode is Mode.COST_UPDATED and shown.is_2x:
        if shown.ocpp_transaction_id == NAMELESS:
            return None
        return "CostUpdated", {"totalCost": float(shown.total), "transactionId": shown.ocpp_transaction_id}
    if setting.mode is Mode.DATA_TRANSFER and not shown.is_2x and shown.ocpp_transaction_id.isdigit():
        said = _final(shown) if shown.is_over else _running(shown)
        name = setting.final_message_id if shown.is_over else setting.running_message_id
        return "DataTransfer", {
            "vendorId": setting.vendor_id,
            "messageId": name,
            "data": orjson.dumps(said).decode(),  # a string by the schema of 1.6
        }
    return None


def _running(shown: Shown) -> dict[str, Any]:
    said: dict[str, Any] = {
        "transactionId": int(shown.ocpp_transaction_id),
        "timestamp": shown.at,
        "cost": float(shown.total),
        "state": "Charging",
    }
    if shown.register_wh is not None:
        said["meterValue"] = int(shown.register_wh)
    return said if shown.rates is None else said | _prices(shown.rates)


def _prices(rates: Rates) -> dict[str, Any]:
    """The paper's ChargingPrice and IdlePrice; a session of which nothing more is paid has a price of 0."""
    named = {"kWhPrice": rates.per_kwh, "hourPrice": rates.per_hour, "flatFee": rates.fee}
    charging = {name: float(price) for name, price in named.items() if price is not None}
    said: dict[str, Any] = {"chargingPrice": charging or {"kWhPrice": 0.0}}
    if rates.idle_per_hour is not None:
        grace = {"graceMinutes": rates.idle_grace_minutes} if rates.idle_grace_minutes else {}
        said["idlePrice"] = grace | {"hourPrice": float(rates.idle_per_hour)}
    return said


def _final(shown: Shown) -> dict[str, Any]:
    return {"transactionId": int(shown.ocpp_transaction_id), "cost": float(shown.total)}
