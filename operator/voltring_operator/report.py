"""What a node says of itself (`GET /status`, docs/node-status.md), as far as the operator decides by it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from voltring_core.domain.draining import Phase
from voltring_core.errors import VoltringError
from voltring_operator.form import sentence


class ReportError(VoltringError):
    """The node's status can't be read."""


class Part(BaseModel):
    """A part of the report. A field without a default that is missing makes it unreadable: absence is never zero."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Door(Part):
    """Handshakes a second."""

    capacity_per_s: float
    arrivals_per_s: float
    refused_per_s: float
    queue_s: float


class Lag(Part):
    """Of the event loop, over the last minute."""

    p99_s: float


class Commands(Part):
    """Commands on their way."""

    doorbells: int | None = None
    """Doorbells that the node has not read yet; None: not known."""


class Errors(Part):
    """How a node fares with what chargers send it."""

    share: float | None = None
    """Of what chargers asked for in the last minute, what ended in a fault of the node's own; None: not told, or nobody
    asked for anything."""
    faults: int | None = None
    """How many those were; None: not told."""


class Server(Part):
    """A server that the node needs."""

    away_since: datetime | None = None


class DrainReport(Part):
    """The drain that goes on, or the last one."""

    phase: Phase
    cause: str
    reason: str
    note: str = ""
    initial: int
    remaining: int
    in_transaction: int | None = None
    in_firmware: int | None = None
    closed: int
    returned: int
    limbo: int
    window: float
    rate_now: float
    granted_rate: float | None = None
    granted_for_s: float | None = None


class RecallReport(Part):
    """The recall that goes on, or the last one."""

    phase: str
    reason: str
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nobody else is sent home by it."""
        return self.phase != "Recalling"


class NodeReport(Part):
    """One node's status."""

    name: str
    uid: str
    version: str
    phase: Phase
    ready: bool
    reasons: tuple[str, ...] = ()
    connections: Mapping[str, int]
    accepting: Door
    loop_lag: Lag
    commands: Commands = Commands()
    errors: Errors = Errors()
    cpu: float | None = None
    """Cores that the process used over the last seconds; None: not known yet."""
    limbo: int
    misplaced: int | None
    counted: tuple[int, ...] | None = None
    """The ordinals that it takes to be ready when it works that out; None: not told."""
    drain: DrainReport | None
    recall: RecallReport | None = None
    redis: Server
    postgres: Server

    @property
    def connected(self) -> int:
        """Chargers, of whatever version."""
        return sum(self.connections.values())

    @property
    def charge(self) -> int:
        """Chargers that the fleet has to find room for: connected, or sent away and not seen again yet."""
        return self.connected + self.limbo


def read(document: Any) -> NodeReport:
    """Raises ReportError with a sentence."""
    try:
        return NodeReport.model_validate(document)
    except ValidationError as error:
        raise ReportError(f"the node's status can't be read: {sentence(error, 'status')}") from None
