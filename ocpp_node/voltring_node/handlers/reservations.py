"""Reservations that end: at the station (H03, H04), or with the session that uses them up, whether it names them or
not: 1.6 chargers often do not."""

from voltring_core.domain import transactions
from voltring_core.domain.authorization import RESERVED_FOR_OTHER, is_live
from voltring_core.domain.consequences import RESERVE
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import IdToken, Told, TransactionReported
from voltring_core.domain.reservations import Comer, Reserved, is_for_other, used_by
from voltring_core.domain.times import read_time
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.ocpp.wire import whole
from voltring_node.facts import CommandFact, EventFact, Fact, Message, Outcome, RecordFact
from voltring_node.handlers import consequences
from voltring_node.handlers.words import key_of
from voltring_node.knowledge import Known, Record, Wanted

HOLDS, USED = "Accepted", "Used"
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


def taken(
    message: Message, said: TransactionReported, known: Known, before: Transaction | None, session: Transaction
) -> tuple[Transaction, tuple[Fact, ...]]:
    """The reservation that a session uses up: the one that the message names, else the one of its token or group when
    it is first seen with both token and EVSE. On a place that is kept for somebody else the session is flagged."""
    held = known.held(message.charger_id, RecordKind.RESERVATION)
    if said.reservation_id is not None:
        return session, _used(message, str(said.reservation_id), held.get(str(said.reservation_id)), session)
    comer = _comer(message, said, known, before, session)
    if comer is None:
        return session, ()
    holding = [reserved for key, one in held.items() if one.state == HOLDS and (reserved := _reserved(key, one))]
    used = used_by(holding, comer)
    if used is not None:
        return session, _used(message, used.key, held[used.key], session)
    return transactions.flag(session, RESERVED_FOR_OTHER) if is_for_other(holding, comer) else session, ()


def _used(message: Message, key: str, held: Record | None, session: Transaction) -> tuple[Fact, ...]:
    if held is None or held.state == USED:
        return ()
    content = {**held.content, "transactionId": session.ocpp_transaction_id}
    source = message.action or ""
    return (RecordFact(RecordKind.RESERVATION, key, content, source, held.evse_id, USED, held.command_id),)


def _comer(
    message: Message, said: TransactionReported, known: Known, before: Transaction | None, session: Transaction
) -> Comer | None:
    """Who has just come; None for a session that was known, is not complete yet, or was told of late (TX-22)."""
    was_known = before is not None and before.id_token is not None and before.evse_id is not None
    if was_known or session.state is not TransactionState.ACTIVE or session.reservation_id is not None:
        return None
    if session.id_token is None or not session.evse_id or not is_live(said, message.received_at):
        return None
    token = known.token(IdToken(session.id_token))
    group = None if token is None else token.group_id_token
    return Comer(session.evse_id, session.id_token, group, session.started_at or message.received_at)


def _reserved(key: str, record: Record) -> Reserved | None:
    """A reservation in the words of its request: 1.6 idTag and parentIdTag, 2.x objects; EVSE 0 or none is any."""
    content = record.content
    token, group = content.get("idTag"), content.get("parentIdTag")
    if isinstance(content.get("idToken"), dict):
        token = content["idToken"].get("idToken")
    if isinstance(content.get("groupIdToken"), dict):
        group = content["groupIdToken"].get("idToken")
    if not isinstance(token, str):
        return None
    until = read_time(content.get("expiryDate") or content.get("expiryDateTime"))
    return Reserved(key, record.evse_id or None, token, group if isinstance(group, str) else None, until)
