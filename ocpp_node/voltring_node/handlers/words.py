"""What the handlers of told messages read in common: times, ids and places, whatever a charger made of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voltring_core.domain.messages import Told
from voltring_core.domain.times import read_time, trusted
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Message

Payload = Mapping[str, Any]
STATION = 0
"""The EVSE that stands for the whole station."""
LONGEST_KEY = 100


def safe(message: Message, said: Told) -> Payload:
    """What was told, without secrets: it is kept beside its frame, which has none either (SE-19)."""
    return redact_payload(message.version, said.action, said.payload)


def when(message: Message, text: object) -> datetime:
    """The charger's time, or the receipt's where that can't be right (TX-23)."""
    return trusted(read_time(text), message.received_at)[0]


def key_of(value: Any) -> str:
    """An id as a record's key: 7 and 7.0 are one."""
    number = whole(value)
    return str(value)[:LONGEST_KEY] if number is None else str(number)


def evse_of(payload: Payload, name: str = "evseId") -> int:
    """The EVSE that a payload names; without one, or with one that can't be, the whole station."""
    return max(whole(payload.get(name)) or STATION, STATION)


def place_of(component: Payload) -> tuple[int | None, int | None]:
    """EVSE and connector of a component, as far as it names them."""
    evse = component.get("evse") or {}
    return whole(evse.get("id")), whole(evse.get("connectorId"))


def without(payload: Payload, *names: str) -> dict[str, Any]:
    """A payload without these fields: what stands in a column, or is too long to be kept twice."""
    return {name: value for name, value in payload.items() if name not in names}
