"""One outlet: what stands at it, and the transaction that runs there."""

from dataclasses import dataclass
from enum import StrEnum

from voltring_loadtest.car import Car
from voltring_loadtest.meter import Meter


class Phase(StrEnum):
    """Where an outlet is in a car's visit. The transitions are in `sessions.py`."""

    IDLE = "idle"
    PLUGGED = "plugged"
    """A car, not yet a transaction."""
    AWAITED = "awaited"
    """A transaction started from afar, not yet a car."""
    CHARGING = "charging"
    """A car and a transaction."""
    FINISHING = "finishing"
    """The transaction is over, the car still there."""


class ChargingState(StrEnum):
    """As OCPP 2.x names it."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


class Stop(StrEnum):
    """Why a transaction ends; each version has its own words for it."""

    LOCAL = "local"
    EV_DISCONNECTED = "ev_disconnected"
    REMOTE = "remote"
    UNLOCK = "unlock"
    SOFT_RESET = "soft_reset"
    HARD_RESET = "hard_reset"
    DEAUTHORIZED = "deauthorized"
    POWER_LOSS = "power_loss"


@dataclass(frozen=True, slots=True)
class Token:
    """An id token; `kind` is its type in OCPP 2.x."""

    text: str
    kind: str = "ISO14443"


@dataclass(slots=True)
class Session:
    """One transaction, from its start to the CSMS's last answer."""

    token: Token
    transaction_id: str
    """Chosen by the charger: 2.x only."""
    started_at: float
    start_wh: int
    state: ChargingState
    remote_start_id: int | None = None
    reservation_id: int | None = None
    number: int | None = None
    """1.6 only: given by the CSMS in answer to StartTransaction; -1 when it never was (TX-08)."""
    seq_no: int = 0
    energized_at: float | None = None
    sampled_at: float = 0.0
    delivered_wh: float = 0.0
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """An outlet kept for a token until a time."""

    id: int
    token: str
    expires_at: float


@dataclass(slots=True)
class Evse:
    """An outlet: a connector of 1.6, an EVSE with one connector of 2.x."""

    number: int
    meter: Meter
    phase: Phase = Phase.IDLE
    operative: bool = True
    closes_when_idle: bool = False
    """ChangeAvailability came during a session."""
    car: Car | None = None
    token: Token | None = None
    """The card that is being checked."""
    session: Session | None = None
    reservation: Reservation | None = None
    told: str = ""
    """The last status that the CSMS heard."""
