"""Reservations that end at the station (H03, H04). One that is used ends with the transaction that names it: the
session handlers see that."""

from voltring_core.domain.consequences import RESERVE
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import Told
from voltring_core.ocpp.wire import whole
from voltring_node.facts import CommandFact, EventFact, Fact, Message, Outcome, RecordFact
from voltring_node.handlers import consequences
from voltring_node.handlers.words import key_of
from voltring_node.knowledge import Known, Wanted

WARNING, INFORMATIONAL = 6, 8


def want(said: Told) -> Wanted:
    """What was reserved, and the command that made it."""
    return Wanted(records=frozenset({RecordKind.RESERVATION}), commands=RESERVE)


def updated(message: Message, said: Told, known: Known) -> Outcome:
    """ReservationStatusUpdate: Expired, Removed, or NoTransaction (2.1: used, but nothing was charged)."""
    key, state = key_of(said.payload["reservationId"]), said.payload["reservationUpdateStatus"]
    held = known.held(message.charger_id, RecordKind.RESERVATION).get(key)
    command = known.command(message.charger_id, RESERVE, whole(said.payload["reservationId"]) or 0)
    made = () if command is None else consequences.of_reservation((command,), command.request_id, message)
    command_id = held.command_id if held is not None else made[0].command_id if made else None
    evse = None if held is None else held.evse_id
    event = EventFact(
        StationEventKind.RESERVATION_STATUS,
        message.received_at,
        said.payload,
        state,
        INFORMATIONAL if state == "Expired" else WARNING,
        evse,
        command_id=command_id,
    )
    content = said.payload if held is None else {**held.content, **said.payload}
    facts: list[Fact] = [event, RecordFact(RecordKind.RESERVATION, key, content, said.action, evse, state, command_id)]
    if command_id is not None:
        facts.append(CommandFact(command_id, None, {"reservation": state}))
    facts += made
    return Outcome({}, tuple(facts))
