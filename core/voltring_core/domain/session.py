"""A session as far as it is known, and the words that it may be flagged with."""

from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from voltring_core.domain.values import changed, value

UNKNOWN_TRANSACTION = "unknown_transaction"
START_LOST = "start_lost"
START_MISSING = "start_missing"
SUPERSEDED, ABANDONED = "superseded", "abandoned"
ID_REUSED = "id_reused"
SEQ_CONFLICT = "seq_conflict"
EVENT_AFTER_END = "event_after_end"
NO_METER_START = "no_meter_start"
NO_METER_STOP = "no_meter_stop"
IMPLAUSIBLE_ENERGY = "implausible_energy"
OFFLINE = "offline"
PHANTOM, START_REPLAYED = "phantom", "start_replayed"
EARLY_STOP, STOP_IN_DOUBT = "early_stop", "stop_in_doubt"
"""Of a stop that does not name its session (1.6): it was joined to it by what it says; and, once the session was billed
by it, what came since speaks against that."""
ASSUMED = frozenset({SUPERSEDED, ABANDONED})
"""The flags of an end that nobody told of."""


class TransactionState(StrEnum):
    """Whether a session goes on, is over, or is a stop that belongs to no known start."""

    ACTIVE = "Active"
    ENDED = "Ended"
    ORPHAN = "Orphan"


@value
class Transaction:
    """A session as far as it is known. Energy in Wh, power in W; times are the charger's unless flagged `clock`."""

    id: UUID
    charger_id: str
    ocpp_version: str
    ocpp_transaction_id: str
    state: TransactionState
    start_key: bytes | None = None
    charging_state: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: str | None = None
    id_token_type: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    start_received_at: datetime | None = None
    end_received_at: datetime | None = None
    meter_start_wh: Decimal | None = None
    meter_stop_wh: Decimal | None = None
    register_wh: Decimal | None = None
    register_at: datetime | None = None
    energy_wh: Decimal | None = None
    energy_before_wh: Decimal = Decimal(0)
    """Energy counted before the register fell; `segment_start_wh` is where it goes on from (TX-18)."""
    segment_start_wh: Decimal | None = None
    power_w: Decimal | None = None
    soc_percent: Decimal | None = None
    stop_reason: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    last_seq_no: int | None = None
    stop_id_token: str | None = None
    """The token that was shown to stop it, where one was (TX-25)."""
    flags: tuple[str, ...] = field(default=())


def flag(now: Transaction, word: str) -> Transaction:
    """The transaction with one more flag; each stands once."""
    return now if word in now.flags else changed(now, flags=(*now.flags, word))


def without(now: Transaction, *words: str) -> Transaction:
    """The transaction without these flags."""
    kept = tuple(word for word in now.flags if word not in words)
    return now if len(kept) == len(now.flags) else changed(now, flags=kept)


def is_assumed(now: Transaction) -> bool:
    """Whether the end that is known was only assumed."""
    return now.state is TransactionState.ENDED and now.stop_reason is None and not ASSUMED.isdisjoint(now.flags)
