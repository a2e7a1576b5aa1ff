"""What watchdogs ask of chargers: commands that no operator asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from voltring_core.domain.commands import command_class, lane
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import OURSELVES, NewCommand

DEADLINE_S = 60.0
TRIGGER, GET_STATUS = "TriggerMessage", "GetTransactionStatus"


@dataclass(frozen=True, slots=True)
class Place:
    """A session, and where it is at its charger."""

    session_id: UUID
    charger_id: str
    version: Version
    ocpp_transaction_id: str
    evse_id: int | None
    connector_id: int | None


def to_confirm(place: Place) -> tuple[NewCommand, ...]:
    """What makes a charger say whether a session goes on: its readings and its connector's status (TX-20).

    2.x tells readings of a session with the session itself (F06); its status wants a connector by number (F06.FR.12).
    """
    wanted: list[dict[str, Any]] = []
    if not place.version.is_2x:
        where: dict[str, Any] = {"connectorId": place.evse_id} if place.evse_id else {}
        wanted = [{"requestedMessage": name} | where for name in ("MeterValues", "StatusNotification")]
    else:
        evse = {"evse": {"id": place.evse_id}} if place.evse_id else {}
        connector = {"id": place.evse_id or 1, "connectorId": place.connector_id or 1}
        wanted = [
            {"requestedMessage": "TransactionEvent"} | evse,
            {"requestedMessage": "StatusNotification", "evse": connector},
        ]
    return tuple(_command(place.charger_id, TRIGGER, one) for one in wanted)


def for_status(place: Place) -> NewCommand:
    """GetTransactionStatus of a 2.x session: does it go on, do messages of it wait (E14)?"""
    return _command(place.charger_id, GET_STATUS, {"transactionId": place.ocpp_transaction_id})


def _command(charger_id: str, action: str, payload: Mapping[str, Any]) -> NewCommand:
    kind = command_class(action)
    return NewCommand(uuid4(), charger_id, action, payload, kind, lane(action), DEADLINE_S, created_by=OURSELVES)
