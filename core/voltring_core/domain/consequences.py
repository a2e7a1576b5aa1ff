"""What the charger does next tells what became of a command, also where its answer never came (TR-24).

    RemoteStart, RequestStart   a session with its remoteStartId; else one of that token and place within 120 s
    RemoteStop, RequestStop     the end of that session; in 2.x also its trigger RemoteStop: it need not end (TX-13)
    Reset                       2.x: a boot because of it; 1.6, which says no reason: the boot of a new socket in 10 min
    UnlockConnector             2.x: trigger UnlockCommand, 1.6: a session stopped by it, of that EVSE within 120 s
    ReserveNow                  the charger speaks of that reservation; a session uses it; the connector is Reserved
    ChangeAvailability          Unavailable, where that was Scheduled or nobody knows

What is not certain stays UNKNOWN: an operator looks. Firmware and files are told by their own messages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from voltring_core.domain.commands import State
from voltring_core.domain.messages import Booted, EventKind, StatusReported, TransactionReported
from voltring_core.domain.times import read_time, trusted
from voltring_core.domain.transactions import Transaction

STARTS = frozenset({"RemoteStartTransaction", "RequestStartTransaction"})
STOPS = frozenset({"RemoteStopTransaction", "RequestStopTransaction"})
RESET, UNLOCK, RESERVE = frozenset({"Reset"}), frozenset({"UnlockConnector"}), frozenset({"ReserveNow"})
UPDATE_FIRMWARE, CHANGE_AVAILABILITY = frozenset({"UpdateFirmware"}), frozenset({"ChangeAvailability"})

OPEN = frozenset({State.QUEUED, State.SENT, State.ACCEPTED, State.UNKNOWN})
"""States that an event may resolve; QUEUED is one that was sent and is to be repeated."""
START_WINDOW = timedelta(seconds=120)
"""How long after SENT a session or an unlocking that names no command still comes of it."""
REBOOT_WINDOW = timedelta(minutes=10)
RESET_WINDOW = timedelta(days=1)
"""A reset may wait for the end of a session."""
CLOCKS_APART = timedelta(seconds=2)
"""By how much the clocks of a node and of PostgreSQL may differ."""
CHARGER_CLOCK_APART = timedelta(seconds=30)
"""By how much a charger's clock may be wrong before it is worth a warning (TX-23)."""

REMOTE_START, REMOTE_STOP, UNLOCK_COMMAND = "RemoteStart", "RemoteStop", "UnlockCommand"
TRIGGERED = "Triggered"
RESTARTED_BY_COMMAND = frozenset({"RemoteReset", "ScheduledReset"})
FIRMWARE_UPDATED = "FirmwareUpdate"


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that the charger got, or may have got."""

    id: UUID
    action: str
    request_id: int | None
    payload: Mapping[str, Any]
    state: State
    sent_at: datetime | None = None
    epoch: int | None = None
    """Of the socket that it was sent by."""
    answer: str | None = None
    """The status that the charger answered."""
    outcome: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reply_to: str | None = None
    """The API replica that may be waiting."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an event says of a command; without a state it is only noted."""

    command: SentCommand
    state: State | None
    outcome: Mapping[str, Any]


def of_start(
    commands: Iterable[SentCommand],
    said: TransactionReported,
    session: Transaction,
    received_at: datetime,
    *,
    is_new: bool,
) -> tuple[Consequence, ...]:
    """The remote start that a session came of, at most one: the oldest that fits (F01, F02).

    `session` as it is after the message; `is_new` when this message began it. A session that one command was
    resolved by resolves no other.
    """
    starts = _oldest_first(commands, STARTS)
    if any(one.outcome.get("transaction_id") == str(session.id) for one in starts):
        return ()
    waiting = [one for one in starts if one.state in OPEN]
    if said.remote_start_id is not None:
        fitting = [one for one in waiting if one.request_id == said.remote_start_id]
        evidence = "remoteStartId"
    elif (is_new and said.kind is EventKind.STARTED) or said.trigger == REMOTE_START:
        fitting = [one for one in waiting if _may_have_started(one, said, session, received_at)]
        evidence = "idTag and connector"
    else:
        return ()
    return tuple(_completed(one, evidence, _named(session)) for one in fitting[:1])


def _may_have_started(
    command: SentCommand, said: TransactionReported, session: Transaction, received_at: datetime
) -> bool:
    """By token and place, within the time; what the charger did before it got the command, or offline, did not."""
    if command.sent_at is None or said.offline or not _within(command, received_at, START_WINDOW):
        return False
    if trusted(said.at, received_at)[0] < command.sent_at - CHARGER_CLOCK_APART:
        return False
    token = said.token.value if said.token is not None else session.id_token
    asked = command.payload.get("idTag") or _mapping(command.payload.get("idToken")).get("idToken")
    is_same = bool(token) and isinstance(asked, str) and asked.casefold() == str(token).casefold()
    place = _number(command.payload.get("connectorId")) or _number(command.payload.get("evseId"))
    return is_same and place in (None, 0, _evse(said, session))


def of_stop(
    commands: Iterable[SentCommand], said: TransactionReported, session: Transaction
) -> tuple[Consequence, ...]:
    """The remote stops of a session that has ended, or says that it was stopped remotely."""
    if said.kind is EventKind.ENDED:
        evidence, reason = "the transaction ended", {"stop_reason": session.stop_reason}
    elif said.trigger == REMOTE_STOP:
        evidence, reason = "triggerReason RemoteStop", {}
    else:
        return ()
    return tuple(
        _completed(one, evidence, _named(session) | reason)
        for one in _oldest_first(commands, STOPS)
        if one.state in OPEN and _asks_for(one, session)
    )


def _asks_for(stop: SentCommand, session: Transaction) -> bool:
    """Whether a stop names this session; one from before its start was for an earlier session of the same id."""
    asked = stop.payload.get("transactionId")
    number = _number(asked)
    if (str(asked) if number is None else str(number)) != session.ocpp_transaction_id:
        return False
    began = session.start_received_at if session.started_at is not None else None
    return began is None or stop.sent_at is None or stop.sent_at >= began - CLOCKS_APART


def of_unlocking(
    commands: Iterable[SentCommand], said: TransactionReported, session: Transaction, received_at: datetime
) -> tuple[Consequence, ...]:
    """The unlock commands of the EVSE at which a session tells of one."""
    if said.trigger == UNLOCK_COMMAND:
        evidence = "triggerReason UnlockCommand"
    elif said.kind is EventKind.ENDED and said.reason == UNLOCK_COMMAND:
        evidence = "stopped by UnlockCommand"
    else:
        return ()
    return tuple(
        _completed(one, evidence, _named(session))
        for one in _oldest_first(commands, UNLOCK)
        if one.state in OPEN and not said.offline and _within(one, received_at, START_WINDOW)
        # 1.6 has no EVSEs: its connectors are them.
        if _number(one.payload.get("evseId", one.payload.get("connectorId"))) == _evse(said, session)
    )


def of_boot(
    commands: Iterable[SentCommand], boot: Booted, epoch: int, received_at: datetime
) -> tuple[Consequence, ...]:
    """The resets of the whole station that it has restarted for. `epoch` of the socket that the boot came by.

    A 2.x boot for another reason is noted and resolves nothing: it has restarted, but not because of the command,
    which may still wait in it (OnIdle). 1.6 says no reason: there a boot counts on a later socket only, because a
    restart ends the socket, while one that is repeated or triggered does not; and only for a reset that the charger
    has accepted, because many boot whenever they connect. What it never answered stays unknown, with the boot noted.
    """
    if boot.reason == TRIGGERED:
        return ()
    resets = [one for one in _oldest_first(commands, RESET) if one.state in OPEN and not one.payload.get("evseId")]
    told = {"boot_reason": boot.reason} if boot.reason else {}
    if boot.reason in RESTARTED_BY_COMMAND:
        found = [one for one in resets if _within(one, received_at, RESET_WINDOW)]
        return tuple(_completed(one, "BootNotification", told) for one in found)
    soon = [one for one in resets if one.epoch is not None and one.epoch < epoch]
    soon = [one for one in soon if _within(one, received_at, REBOOT_WINDOW)]
    if boot.reason is None:
        noted_boot = {"booted_at": received_at.isoformat()}
        return tuple(
            _completed(one, "BootNotification", told)
            if one.state is State.ACCEPTED
            else Consequence(one, None, noted_boot)
            for one in soon
        )
    noted = [Consequence(one, None, told) for one in soon]
    if boot.reason == FIRMWARE_UPDATED:
        # No word of what was installed: the charger's FirmwareStatusNotification decides.
        updates = [one for one in _oldest_first(commands, UPDATE_FIRMWARE) if one.state in OPEN]
        noted += [Consequence(one, None, told | {"firmware_version": boot.firmware_version}) for one in updates[-1:]]
    return tuple(noted)


def of_reservation(
    commands: Iterable[SentCommand], number: int | None, evidence: str, received_at: datetime
) -> tuple[Consequence, ...]:
    """The reservation of this number was made: what its answer would have said, ACCEPTED.

    Numbers are the operator's own and come again, so it is the latest command of this one that is meant.
    """
    asked = [one for one in _oldest_first(commands, RESERVE) if number is not None and one.request_id == number]
    return tuple(
        Consequence(one, State.ACCEPTED, {"evidence": evidence})
        for one in asked[-1:]
        if one.state is State.UNKNOWN and _is_after(one, received_at)
    )


def of_reserved(
    commands: Iterable[SentCommand], said: StatusReported, received_at: datetime
) -> tuple[Consequence, ...]:
    """A connector says that it is Reserved: by the only reservation that can hold there."""
    holding = [
        one
        for one in _oldest_first(commands, RESERVE)
        if one.state in OPEN and _reserved_place(one) == said.evse_id and _is_after(one, received_at)
        if (until := _expiry(one)) is not None and received_at < until
    ]
    if said.status != "Reserved" or len(holding) != 1 or holding[0].state is not State.UNKNOWN:
        return ()
    return (Consequence(holding[0], State.ACCEPTED, {"evidence": "StatusNotification Reserved"}),)


def of_unavailable(
    commands: Iterable[SentCommand], said: StatusReported, received_at: datetime
) -> tuple[Consequence, ...]:
    """A connector says that it is Unavailable, which it was asked to be once its session is over (G03)."""
    if said.status != "Unavailable":
        return ()
    return tuple(
        _completed(one, "StatusNotification Unavailable", {})
        for one in _oldest_first(commands, CHANGE_AVAILABILITY)
        if one.state is State.UNKNOWN or (one.state is State.ACCEPTED and one.answer == "Scheduled")
        if _is_asked_of(one, said) and _is_after(one, received_at)
    )


def _is_asked_of(change: SentCommand, said: StatusReported) -> bool:
    if "type" in change.payload:  # 1.6
        return change.payload["type"] == "Inoperative" and _number(change.payload.get("connectorId")) == said.evse_id
    evse = _mapping(change.payload.get("evse"))
    is_there = _number(evse.get("id")) == said.evse_id and _number(evse.get("connectorId")) in (None, said.connector_id)
    return change.payload.get("operationalStatus") == "Inoperative" and is_there


def _completed(command: SentCommand, evidence: str, more: Mapping[str, Any]) -> Consequence:
    return Consequence(command, State.COMPLETED, {**more, "evidence": evidence})


def _named(session: Transaction) -> dict[str, Any]:
    return {"transaction_id": str(session.id), "ocpp_transaction_id": session.ocpp_transaction_id}


def _oldest_first(commands: Iterable[SentCommand], actions: frozenset[str]) -> list[SentCommand]:
    """What is known has the latest first."""
    return [one for one in commands if one.action in actions][::-1]


def _is_after(command: SentCommand, received_at: datetime) -> bool:
    return command.sent_at is not None and received_at >= command.sent_at - CLOCKS_APART


def _within(command: SentCommand, received_at: datetime, window: timedelta) -> bool:
    return command.sent_at is not None and -CLOCKS_APART <= received_at - command.sent_at <= window


def _evse(said: TransactionReported, session: Transaction) -> int | None:
    return session.evse_id if said.evse_id is None else said.evse_id


def _reserved_place(reserve: SentCommand) -> int | None:
    """The connector of 1.6, the EVSE of 2.x; None where any will do."""
    is_16 = "connectorId" in reserve.payload
    return _number(reserve.payload.get("connectorId" if is_16 else "evseId")) or None


def _expiry(reserve: SentCommand) -> datetime | None:
    return read_time(reserve.payload.get("expiryDate") or reserve.payload.get("expiryDateTime"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> int | None:
    """A whole number, also where it was written as 7.0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)
