"""What messages say of commands: which commands to look for, and what becomes of those (domain/consequences.py).

A message looks for commands only when it may come of one. Most do not: readings, statuses, and what a session says as
it goes on cost no look at the commands.
"""

from collections.abc import Iterable

from voltring_core.domain import consequences
from voltring_core.domain.consequences import (
    CHANGE_AVAILABILITY,
    REMOTE_START,
    REMOTE_STOP,
    RESERVE,
    RESET,
    UNLOCK,
    UNLOCK_COMMAND,
    UPDATE_FIRMWARE,
    Consequence,
    SentCommand,
)
from voltring_core.domain.messages import Booted, EventKind, StatusReported, TransactionReported
from voltring_core.domain.transactions import Transaction
from voltring_node.facts import CommandFact, Message
from voltring_node.knowledge import Known

NO_COMMANDS: frozenset[str] = frozenset()
STARTED_16, STOPPED_16 = frozenset({"RemoteStartTransaction"}), frozenset({"RemoteStopTransaction"})
STARTED_2X, STOPPED_2X = frozenset({"RequestStartTransaction"}), frozenset({"RequestStopTransaction"})
BOOTED = RESET | UPDATE_FIRMWARE
OF_STATUS = {"Reserved": RESERVE, "Unavailable": CHANGE_AVAILABILITY}


def of_start(said: TransactionReported) -> frozenset[str]:
    """1.6 StartTransaction."""
    return STARTED_16 if said.reservation_id is None else STARTED_16 | RESERVE


def of_stop(said: TransactionReported) -> frozenset[str]:
    """1.6 StopTransaction."""
    return STOPPED_16 | UNLOCK if said.reason == UNLOCK_COMMAND else STOPPED_16


def of_event(said: TransactionReported) -> frozenset[str]:
    """2.x TransactionEvent."""
    found = NO_COMMANDS
    if said.kind is EventKind.STARTED or said.remote_start_id is not None or said.trigger == REMOTE_START:
        found = STARTED_2X
    if said.kind is EventKind.ENDED or said.trigger == REMOTE_STOP:
        found |= STOPPED_2X
    if said.trigger == UNLOCK_COMMAND:
        found |= UNLOCK
    return found if said.reservation_id is None else found | RESERVE


def of_status(said: StatusReported) -> frozenset[str]:
    """StatusNotification."""
    return OF_STATUS.get(said.status, NO_COMMANDS)


def of_session(
    message: Message, said: TransactionReported, known: Known, session: Transaction, *, is_new: bool
) -> tuple[CommandFact, ...]:
    """What a session, as it is after its message, says of the commands."""
    commands = known.commands.get(message.charger_id)
    if not commands:
        return ()
    at = message.received_at
    return facts(
        (
            *consequences.of_start(commands, said, session, at, is_new=is_new),
            *consequences.of_stop(commands, said, session),
            *consequences.of_unlocking(commands, said, session, at),
            *consequences.of_reservation(commands, said.reservation_id, "a session uses it", at),
        )
    )


def of_boot(message: Message, said: Booted, known: Known) -> tuple[CommandFact, ...]:
    """What a boot says of the commands."""
    commands = known.commands.get(message.charger_id, ())
    return facts(consequences.of_boot(commands, said, message.epoch, message.received_at))


def of_connector(message: Message, said: StatusReported, known: Known) -> tuple[CommandFact, ...]:
    """What a connector's status says of the commands."""
    commands = known.commands.get(message.charger_id)
    if not commands:
        return ()
    at = message.received_at
    reserved = consequences.of_reserved(commands, said, at)
    return facts((*reserved, *consequences.of_unavailable(commands, said, at)))


def facts(found: Iterable[Consequence]) -> tuple[CommandFact, ...]:
    """As facts, to be committed with the message that told."""
    return tuple(
        CommandFact(one.command.id, one.state, one.outcome, one.command.action, one.command.reply_to) for one in found
    )


def of_reservation(commands: Iterable[SentCommand], number: int | None, message: Message) -> tuple[CommandFact, ...]:
    """What a message about a reservation says of the command that made it."""
    return facts(consequences.of_reservation(commands, number, message.action or "", message.received_at))
