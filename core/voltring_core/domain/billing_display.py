"""What a charger is asked to show of a session's cost: CostUpdated in 2.x (I02), and in 1.6 a DataTransfer where its
setting names one.

1.6 knows no cost. The Open Charge Alliance's paper on California pricing gives DataTransfer a vendor and two messages,
RunningCost and FinalCost; chargers that follow another paper have other names for them, and so they are a setting.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

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


def setting_of(content: Mapping[str, Any] | None) -> Setting:
    """The setting in a charger's row."""
    if content is None:
        return Setting()
    names = {name: content[name] for name in ("vendor_id", "running_message_id", "final_message_id") if name in content}
    return Setting(Mode(content["mode"]), **names)


def message(shown: Shown, setting: Setting) -> tuple[str, Mapping[str, Any]] | None:
    """The action and the payload that tell the charger; None where there is no way to.

    The final cost of a 2.x session belongs into the answer to its Ended event (`totalCost`). It is not known then: it
    is worked out from the evidence, after the answer.
    """
    if setting.mode is Mode.COST_UPDATED and shown.is_2x and not shown.is_over:
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
    return said if shown.register_wh is None else said | {"meterValue": int(shown.register_wh)}


def _final(shown: Shown) -> dict[str, Any]:
    return {"transactionId": int(shown.ocpp_transaction_id), "cost": float(shown.total)}
