"""The table of contents: what is done with each action of each version.

BootNotification and Heartbeat are not in it: the first is decided by the connection's registration, the second
acknowledges nothing and waits for nothing; `connection.py` has both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voltring_core.domain.messages import (
    AuthorizeAsked,
    DataTransferred,
    EventKind,
    Metered,
    Noted,
    Said,
    StatusReported,
    TransactionReported,
)
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Message, Outcome
from voltring_node.handlers import station, transactions
from voltring_node.knowledge import Known, Wanted

NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Route:
    """What must be known of a message, and who decides it."""

    decide: Callable[[Message, Any, Known], Outcome]
    want: Callable[[Any], Wanted] = lambda said: NOTHING


def _noted(message: Message, said: Noted, known: Known) -> Outcome:
    """Kept as its frame, answered with the least that its schema allows."""
    if message.version is Version.V16:
        return Outcome(v16.NOTED[said.action])
    return Outcome(v2x.note(said.action, message.payload))


_BY_SAID: dict[type, Route] = {
    AuthorizeAsked: Route(station.authorize, station.want_authorize),
    DataTransferred: Route(station.data_transfer),
    Metered: Route(transactions.meter_values, transactions.want_meter_values),
    Noted: Route(_noted),
    StatusReported: Route(station.status),
}
_START = Route(transactions.start, transactions.want_start)
_STOP = Route(transactions.stop, transactions.want_stop)
_EVENT = Route(transactions.event, transactions.want_event)


def read(version: Version, action: str, payload: Mapping[str, Any]) -> Said:
    """What a payload says, in the domain's words."""
    reader = (v2x.READ if version.is_2x else v16.READ).get(action)
    return reader(payload) if reader else Noted(action)


def route(message: Message) -> Route:
    """Who decides a message."""
    said = message.said
    if isinstance(said, TransactionReported):
        if message.version.is_2x:
            return _EVENT
        return _START if said.kind is EventKind.STARTED else _STOP
    return _BY_SAID[type(said)]
