"""The table of contents: what is done with each action of each version.

BootNotification and Heartbeat are not in it: the first is decided by the connection's registration, the second
acknowledges nothing and waits for nothing; `connection.py` has both.
"""

from collections.abc import Mapping
from typing import Any

from voltring_core.domain.messages import (
    AuthorizeAsked,
    DataTransferred,
    EventKind,
    Metered,
    Said,
    StatusReported,
    Told,
    TransactionReported,
)
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Message
from voltring_node.handlers import plug_and_charge, station, transactions
from voltring_node.handlers.route import Route
from voltring_node.handlers.told import TOLD

_BY_SAID: dict[type, Route] = {
    AuthorizeAsked: Route(station.authorize, station.want_authorize),
    DataTransferred: Route(station.data_transfer),
    Metered: Route(transactions.meter_values, transactions.want_meter_values),
    StatusReported: Route(station.status, station.want_status),
}
_START = Route(transactions.start, transactions.want_start)
_STOP = Route(transactions.stop, transactions.want_stop)
_EVENT = Route(transactions.event, transactions.want_event)


def read(version: Version, action: str, payload: Mapping[str, Any]) -> Said:
    """What a payload says, in the domain's words."""
    if plug_and_charge.is_meant(version, action, payload):
        return Told(action, payload)
    reader = (v2x.READ if version.is_2x else v16.READ).get(action)
    return reader(payload) if reader else Told(action, payload)


def route(message: Message) -> Route:
    """Who decides a message."""
    said = message.said
    if isinstance(said, TransactionReported):
        if message.version.is_2x:
            return _EVENT
        return _START if said.kind is EventKind.STARTED else _STOP
    if isinstance(said, Told):
        return TOLD[said.action]
    return _BY_SAID[type(said)]
