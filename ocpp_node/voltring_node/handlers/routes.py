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
from voltring_node.facts import Message, Outcome
from voltring_node.handlers import station, transactions
from voltring_node.handlers.route import Route
from voltring_node.handlers.told import TOLD
from voltring_node.knowledge import Known


def _noted(message: Message, said: Told, known: Known) -> Outcome:
    return Outcome(v16.NOTED[said.action] if message.version is Version.V16 else v2x.note(said.action, message.payload))


_NOTED = Route(_noted)
_BY_SAID: dict[type, Route] = {
    AuthorizeAsked: Route(station.authorize, station.want_authorize),
    DataTransferred: Route(station.data_transfer),
    Metered: Route(transactions.meter_values, transactions.want_meter_values),
    StatusReported: Route(station.status),
}
_START = Route(transactions.start, transactions.want_start)
_STOP = Route(transactions.stop, transactions.want_stop)
_EVENT = Route(transactions.event, transactions.want_event)


def read(version: Version, action: str, payload: Mapping[str, Any]) -> Said:
    """What a payload says, in the domain's words."""
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
        return TOLD.get(said.action, _NOTED)
    return _BY_SAID[type(said)]
