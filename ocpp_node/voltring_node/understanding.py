"""From a CALL to what it says: known action, allowed now, valid or mended, in the domain's words.

Pure. The result is an `Understood` that may be recorded, or an `Answerable`: what is answered at once and only kept.
"""

from dataclasses import dataclass
from hashlib import blake2b

import orjson

from voltring_core.domain.messages import Registration, Said, TransactionReported
from voltring_core.domain.times import EARLIEST
from voltring_core.ocpp import quirks, schemas
from voltring_core.ocpp.actions import FROM_CHARGER, TRANSACTION_ACTIONS, UNCONFIRMED
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.frames import Payload
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Refusal
from voltring_node.handlers.routes import read
from voltring_node.handlers.transactions import KEY_BYTES, least_answer

BOOT, HEARTBEAT = "BootNotification", "Heartbeat"
WHILE_PENDING = frozenset({HEARTBEAT, "NotifyReport", "NotifyMonitoringReport"})
"""What a station may say before it is accepted: what it was asked for (B02)."""
FIRST_WORDS = frozenset({"StartTransaction", "TransactionEvent"})
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
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


def understand(version: Version, registration: Registration, called: Called) -> Understood | Answerable:
    """Make out what a charger's CALL says."""
    action = called.action
    if action not in FROM_CHARGER[version] or action in UNCONFIRMED:
        return Answerable(Refusal(Code.NOT_IMPLEMENTED, f"{action[:60]} is no CALL of OCPP {version}"))
    if not _may_speak(registration, action):
        return Answerable(Refusal(Code.SECURITY, "BootNotification has to be accepted first"))
    payload = called.payload
    flags: tuple[str, ...] = ()
    try:
        if not schemas.is_valid(version, action, payload):
            payload, flags = quirks.tolerate(version, action, payload)
            faults = schemas.violations(version, action, payload)
            faults = [fault for fault in faults if not quirks.is_known(action, fault, payload)]
            if faults and action not in TRANSACTION_ACTIONS:
                return Answerable(_refuse(faults[0]), flags)
            if faults:
                payload, flags = quirks.rescue(version, action, called.payload)
        return _read(version, action, payload, flags)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        # Beyond rescue: the frame is kept and flagged. Only a start can't be acknowledged without a transaction.
        answer = least_answer(action) if action in TRANSACTION_ACTIONS else None
        refusal = Refusal(Code.FORMAT, "the payload can't be read")
        return Answerable(dict(answer) if answer is not None else refusal, (*flags, UNREADABLE))


def _may_speak(registration: Registration, action: str) -> bool:
    """What a station may say in which state (the table after TR-32)."""
    if registration is Registration.ACCEPTED or action == BOOT:
        return True
    return registration is Registration.PENDING and action in WHILE_PENDING


def _refuse(fault: schemas.Violation) -> Refusal:
    place = fault.field or "the payload"
    return Refusal(fault.code, f"{place}: {fault.message}")


def _read(version: Version, action: str, payload: Payload, flags: tuple[str, ...]) -> Understood:
    said = read(version, action, payload)
    return Understood(said, payload, _natural_key(action, payload, said), flags)


def _natural_key(action: str, payload: Payload, said: Said) -> bytes | None:
    """What makes a repeat of a transaction message recognisable, whatever its message id (TX-01)."""
    if action not in TRANSACTION_ACTIONS:
        return None
    if action in FIRST_WORDS and isinstance(said, TransactionReported) and said.at < EARLIEST:
        return None  # without a clock the same words belong to another session: its own rule tells them apart
    words = action.encode() + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return blake2b(words, digest_size=KEY_BYTES).digest()
