"""From a CALL to what it says: known action, allowed now, valid or mended, in the domain's words.

Pure. The result is an `Understood` that may be recorded, or an `Answerable`: what is answered at once and only kept.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType

import orjson

from voltring_core.domain.messages import Registration, Said, TransactionReported
from voltring_core.domain.times import EARLIEST, read_time
from voltring_core.domain.values import value
from voltring_core.ocpp import quirks, schemas
from voltring_core.ocpp.actions import FROM_CHARGER, TRANSACTION_ACTIONS, UNCONFIRMED
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called, Sent
from voltring_core.ocpp.frames import Payload
from voltring_core.ocpp.quirks import Quirks
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Refusal
from voltring_node.handlers.routes import read
from voltring_node.handlers.transactions import KEY_BYTES, least_answer

BOOT, HEARTBEAT = "BootNotification", "Heartbeat"
WHILE_PENDING = frozenset({HEARTBEAT, "NotifyReport", "NotifyMonitoringReport"})
"""What a station may say before it is accepted: what it was asked for (B02)."""
LENIENT = frozenset({HEARTBEAT, "StatusNotification", "MeterValues"})
"""What a station with the quirk `lenient_boot` may say before it is accepted (TR-33)."""
FIRST_WORDS = frozenset({"StartTransaction", "TransactionEvent"})
OWN_TIME: Mapping[str, str] = MappingProxyType(
    {
        "NotifyCustomerInformation": "generatedAt",
        "NotifyDERAlarm": "timestamp",
        "NotifyDERStartStop": "timestamp",
        "NotifyEvent": "generatedAt",
        "NotifyMonitoringReport": "generatedAt",
        "NotifyPeriodicEventStream": "basetime",
        "NotifyReport": "generatedAt",
        "NotifySettlement": "settlementTime",
        "SecurityEventNotification": "timestamp",
    }
)
"""Where what is told beside sessions has its time."""
NUMBERED = frozenset({"BatterySwap"})
"""Without a time, but told once under its request id and event."""
ACKNOWLEDGED = TRANSACTION_ACTIONS | {"StatusNotification"}
"""Answered also where they can't be understood: a status of a connector that can't be there is legal by its schema."""
UNREADABLE = "unreadable"
NO_QUIRKS = Quirks()


@value
class Understood:
    """A message that says something."""

    said: Said
    payload: Payload
    natural_key: bytes | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answerable:
    """A message that is only kept, and what it is answered with."""

    answer: Payload | Refusal
    flags: tuple[str, ...] = ()


def understand(
    version: Version,
    registration: Registration,
    event: Called | Sent,
    expected: Container[str] = frozenset(),
    known: Quirks = NO_QUIRKS,
    received_at: datetime | None = None,
) -> Understood | Answerable:
    """Make out what a charger's CALL or SEND says.

    `expected` are actions that it was asked for while it is not accepted yet; `known` its vendor's deviations. Of a
    local time that has two meanings, the one nearer to `received_at` is taken.
    """
    action = event.action
    if action not in FROM_CHARGER[version] or (action in UNCONFIRMED) is not isinstance(event, Sent):
        kind = "SEND" if isinstance(event, Sent) else "CALL"
        return Answerable(Refusal(Code.NOT_IMPLEMENTED, f"{action[:60]} is no {kind} of OCPP {version}"), event.flags)
    if not _may_speak(registration, action, expected, known):
        return Answerable(Refusal(Code.SECURITY, "BootNotification has to be accepted first"), event.flags)
    payload, flags = known.inbound(version, action, event.payload, received_at)
    flags = (*event.flags, *flags)
    try:
        if not schemas.is_valid(version, action, payload):
            adapted = payload
            payload, mended = quirks.tolerate(version, action, adapted)
            faults = schemas.violations(version, action, payload)
            faults = [fault for fault in faults if not quirks.is_known(action, fault, payload)]
            if faults and action not in TRANSACTION_ACTIONS:
                return Answerable(_refuse(faults[0]), (*flags, *mended))
            if faults:
                payload, mended = quirks.rescue(version, action, adapted)
            flags = (*flags, *mended)
        return _read(version, action, payload, flags)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        # Beyond rescue: the frame is kept and flagged. Only a start can't be acknowledged without a transaction.
        answer = least_answer(action) if action in ACKNOWLEDGED else None
        refusal = Refusal(Code.FORMAT, "the payload can't be read")
        return Answerable(dict(answer) if answer is not None else refusal, (*flags, UNREADABLE))


def _may_speak(registration: Registration, action: str, expected: Container[str], known: Quirks) -> bool:
    """What a station may say in which state (the table after TR-32)."""
    if registration is Registration.ACCEPTED or action == BOOT:
        return True
    if registration is Registration.PENDING and (action in WHILE_PENDING or action in expected):
        return True
    return known.lenient_boot and action in LENIENT


def _refuse(fault: schemas.Violation) -> Refusal:
    place = fault.field or "the payload"
    return Refusal(fault.code, f"{place}: {fault.message}")


def _read(version: Version, action: str, payload: Payload, flags: tuple[str, ...]) -> Understood:
    said = read(version, action, payload)
    if action in TRANSACTION_ACTIONS and quirks.has_wrong_ids(payload, said):
        flags = (*flags, quirks.OUT_OF_RANGE)
    return Understood(said, payload, _natural_key(action, payload, said), flags)


def _natural_key(action: str, payload: Payload, said: Said) -> bytes | None:
    """What makes a repeat recognisable, whatever its message id (TX-01): of transaction messages, and of those that
    carry a time of their own."""
    if action not in TRANSACTION_ACTIONS and not _has_own_time(action, payload):
        return None
    if action in FIRST_WORDS and isinstance(said, TransactionReported) and said.at < EARLIEST:
        return None  # without a clock the same words belong to another session: its own rule tells them apart
    words = action.encode() + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return blake2b(words, digest_size=KEY_BYTES).digest()


def _has_own_time(action: str, payload: Payload) -> bool:
    """Whether the same words can only mean the same: a charger without a clock says them again of another event."""
    name = OWN_TIME.get(action)
    if name is None:
        return action in NUMBERED
    at = read_time(payload.get(name))
    return at is not None and at >= EARLIEST
