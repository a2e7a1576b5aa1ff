"""What a charger says and what it is told, whatever its version of OCPP.

EVSE and connector: OCPP 1.6 connector N is EVSE N, connector 1; EVSE 0 is the station as a whole. Energy is in Wh,
power in W, times are aware datetimes in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from voltring_core.domain.values import value


class Registration(StrEnum):
    """What BootNotification was last answered with; kept per station, not per socket."""

    NONE = "none"
    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class EventKind(StrEnum):
    """What a transaction message tells."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


class TokenStatus(StrEnum):
    """What is decided of an id token; versions spell UNKNOWN in their own way."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"
    CONCURRENT = "ConcurrentTx"


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a driver shows: a card, an app's token, nothing."""

    value: str
    type: str = "ISO14443"


@value
class Sample:
    """One sampled value. `value` is canonical (Wh, W, A, V ...) or None when `raw` can't be read as a number."""

    at: datetime
    measurand: str
    value: Decimal | None
    unit: str
    raw: str
    phase: str | None = None
    location: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Booted:
    """BootNotification."""

    vendor: str
    model: str
    serial_number: str | None
    firmware_version: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Beat:
    """Heartbeat: acknowledges nothing and waits for nothing."""


@dataclass(frozen=True, slots=True)
class StatusReported:
    """StatusNotification; `at` is None when the charger gave no usable time."""

    evse_id: int
    connector_id: int
    status: str
    error_code: str | None
    info: str | None
    vendor_error_code: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AuthorizeAsked:
    """Authorize."""

    token: IdToken


@value
class Metered:
    """MeterValues; `transaction_id` is the charger's own word, None when it gave none."""

    evse_id: int
    transaction_id: str | None
    samples: tuple[Sample, ...]


@value
class TransactionReported:
    """StartTransaction, StopTransaction or TransactionEvent.

    `transaction_id` is None in 1.6's StartTransaction (the CSMS gives it) and where a StopTransaction names none
    (-1, 0). `meter_wh` is 1.6's meterStart or meterStop.
    """

    kind: EventKind
    at: datetime
    transaction_id: str | None = None
    seq_no: int | None = None
    offline: bool = False
    trigger: str | None = None
    charging_state: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    token: IdToken | None = None
    meter_wh: Decimal | None = None
    samples: tuple[Sample, ...] = ()
    reason: str | None = None
    reservation_id: int | None = None
    remote_start_id: int | None = None


@dataclass(frozen=True, slots=True)
class DataTransferred:
    """DataTransfer."""

    vendor_id: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Any other message: what it tells is kept in the charger's own words."""

    action: str
    payload: Mapping[str, Any]


Said = Booted | Beat | StatusReported | AuthorizeAsked | Metered | TransactionReported | DataTransferred | Told


@dataclass(frozen=True, slots=True)
class TokenDecision:
    """Whether a token may charge, and what goes with it."""

    status: TokenStatus
    group_id_token: str | None = None
    expires_at: datetime | None = None
