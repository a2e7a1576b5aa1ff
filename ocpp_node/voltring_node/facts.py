"""What one message brings: facts to be committed, and the answer that may go after that.

A `Message` is a charger's frame on its way through the node; a handler turns it into an `Outcome`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voltring_core.domain.messages import (
    Booted,
    Registration,
    Said,
    Sample,
    StatusReported,
    TransactionReported,
)
from voltring_core.domain.transactions import Transaction
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import MessageId
from voltring_core.ocpp.versions import Version


@dataclass(frozen=True, slots=True)
class Message:
    """One frame of a charger, or one of ours, as it is kept."""

    charger_id: str
    epoch: int
    version: Version
    received_at: datetime
    direction: str
    """`in` or `out`."""
    frame: str
    type: int | None = None
    """The OCPP-J message type, None for what could not be read."""
    message_id: MessageId | None = None
    action: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    said: Said | None = None
    natural_key: bytes | None = None
    """Digest of what the message says, where a repeat must change nothing."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionFact:
    """A transaction as it is now, and the message that made it so."""

    transaction: Transaction
    said: TransactionReported | None = None


@dataclass(frozen=True, slots=True)
class ReadingsFact:
    """Meter readings; `transaction` is None for those outside of any."""

    samples: tuple[Sample, ...]
    evse_id: int | None
    connector_id: int | None
    transaction: Transaction | None


@dataclass(frozen=True, slots=True)
class StatusFact:
    """A connector's status; mutable state, written only by the present owner."""

    status: StatusReported
    at: datetime


@dataclass(frozen=True, slots=True)
class BootFact:
    """A boot and what it was answered with; mutable state, written only by the present owner."""

    boot: Booted
    registration: Registration


Fact = TransactionFact | ReadingsFact | StatusFact | BootFact


@dataclass(frozen=True, slots=True)
class Refusal:
    """A CALLERROR to be answered."""

    code: Code
    description: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message brings. `answer` goes to the charger once `facts` are committed."""

    answer: Mapping[str, Any] | Refusal
    facts: tuple[Fact, ...] = ()
    flags: tuple[str, ...] = ()
