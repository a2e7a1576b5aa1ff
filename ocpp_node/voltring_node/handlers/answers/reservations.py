"""Reservations: made and taken back (H01, H02). What becomes of them is told by the charger's own messages."""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer, restated
from voltring_node.knowledge import Known, Record

RESERVATION = RecordKind.RESERVATION


def made(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ReserveNow: the content is the request; the same id replaces an earlier reservation."""
    is_16 = said.version is Version.V16
    number = whole(said.asked.get("reservationId" if is_16 else "id"))
    if not said.is_accepted or number is None:
        return ()
    evse = whole(said.asked.get("connectorId" if is_16 else "evseId"))
    held = said.held(known, RESERVATION).get(str(number))
    # A message of the charger about this very reservation may have been faster than its answer.
    state = held.state if held is not None and held.command_id == said.command_id and held.state else "Accepted"
    return (said.record(RESERVATION, str(number), said.asked, evse, state),)


def cancelled(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """CancelReservation; the record stays that of the command that made the reservation."""
    number = whole(said.asked.get("reservationId"))
    if not said.is_accepted or number is None:
        return ()
    held = said.held(known, RESERVATION).get(str(number), Record({"reservationId": number}))
    return (restated(held, str(number), RESERVATION, said, "Cancelled"),)
