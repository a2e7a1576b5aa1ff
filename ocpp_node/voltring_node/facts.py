"""What one message brings: facts to be committed, and the answer that may go after that.

A `Message` is a charger's frame on its way through the node; a handler turns it into an `Outcome`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_core.domain.commands import State
from voltring_core.domain.devices import Variable
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import (
    Booted,
    Registration,
    Said,
    Sample,
    StatusReported,
    TransactionReported,
)
from voltring_core.domain.reports import Report
from voltring_core.domain.transactions import Transaction
from voltring_core.domain.values import value
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import MessageId
from voltring_core.ocpp.signed_values import SignedValue
from voltring_core.ocpp.versions import Version


@value
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
    error_code: str | None = None
    """Of a charger's CALLERROR."""
    latency_ms: float | None = None
    """How long the charger took to answer a CALL of ours."""
    advice: Any = None
    """What a provider said to it (`providers.py`), where one was asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose facts are written, and under which epoch; a Message is one too."""

    charger_id: str
    epoch: int
    received_at: datetime


@value
class TransactionFact:
    """A transaction as it is now, and the message that made it so."""

    transaction: Transaction
    said: TransactionReported | None = None


@dataclass(frozen=True, slots=True)
class AttachedFact:
    """An orphan that belongs to a transaction: the stop of it that came before its start (TX-09)."""

    orphan_id: UUID
    transaction_id: UUID


@value
class ReadingsFact:
    """Meter readings; `transaction` is None for those outside of any."""

    samples: tuple[Sample, ...]
    evse_id: int | None
    connector_id: int | None
    transaction: Transaction | None


@dataclass(frozen=True, slots=True)
class SignedFact:
    """Signed readings of a session, as they came."""

    transaction_id: UUID
    values: tuple[SignedValue, ...]


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


@dataclass(frozen=True, slots=True)
class EventFact:
    """Something that happened at the charger; appended, never changed."""

    kind: StationEventKind
    at: datetime
    content: Mapping[str, Any]
    subject: str = ""
    """What it is about, in a word: a security event's type, a component's variable, a status."""
    severity: int | None = None
    """OCPP's 0 (danger) to 9 (debug); None where there is none."""
    evse_id: int | None = None
    connector_id: int | None = None
    ocpp_transaction_id: str | None = None
    command_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordFact:
    """Something that holds at the charger from now on, in place of what its kind and key held before; mutable state,
    written only by the present owner."""

    kind: RecordKind
    key: str
    content: Mapping[str, Any]
    source: str
    """The action that told."""
    evse_id: int | None = None
    state: str | None = None
    command_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class GoneFact:
    """What holds no longer: the named keys of a kind; without keys all of the kind that was told before `before`."""

    kind: RecordKind
    keys: tuple[str, ...] | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class VariablesFact:
    """Attributes of the device model; mutable state, written only by the present owner."""

    variables: tuple[Variable, ...]
    source: str
    is_all: bool = False
    """Whether these are all that the charger has: what is known of it is up to date then."""


@dataclass(frozen=True, slots=True)
class VariablesGoneFact:
    """Variables that a complete report does not mention: those that were told before it began."""

    before: datetime


@dataclass(frozen=True, slots=True)
class ReportFact:
    """A part of a report, and the report as it is with it."""

    report: Report
    seq_no: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CommandFact:
    """What came of a command after the charger's answer; `state` None leaves it where it is."""

    command_id: UUID
    state: State | None
    outcome: Mapping[str, Any]
    action: str = ""
    reply_to: str | None = None
    """The API replica that may be waiting for the command."""


@dataclass(frozen=True, slots=True)
class StreamFact:
    """Values of a periodic event stream (2.1): time and value each."""

    stream_id: int
    values: tuple[tuple[datetime, str], ...]


Fact = (
    TransactionFact
    | AttachedFact
    | ReadingsFact
    | SignedFact
    | StatusFact
    | BootFact
    | EventFact
    | RecordFact
    | GoneFact
    | VariablesFact
    | VariablesGoneFact
    | ReportFact
    | CommandFact
    | StreamFact
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A CALLERROR to be answered."""

    code: Code
    description: str


@value
class Outcome:
    """What a message brings. `answer` goes to the charger once `facts` are committed."""

    answer: Mapping[str, Any] | Refusal
    facts: tuple[Fact, ...] = ()
    flags: tuple[str, ...] = ()
