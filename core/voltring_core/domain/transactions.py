"""One transaction model for OCPP 1.6 and 2.x: what a session becomes when something is said of it.

              Started           Updated            Ended             MeterValues
    (none)    Active            Active, flagged    Orphan or Ended*  -
    Active    Active (repeat)   Active             Ended             Active, new reading
    Ended     Ended***          Ended, flagged**   Ended (repeat)*** Ended
    Orphan    Orphan            Orphan             Orphan            Orphan

* 2.x: the charger's own id makes it a transaction whose start is missing; 1.6: an id that nobody gave out is an
Orphan, and so is what comes without an id (TX-07, TX-08, TX-12).
** unless its number or time is before the end: it came late, which is legal (TR-35).
*** what comes once and was missing is learnt; the true end of a superseded session replaces its provisional one.

A message changes nothing when it is repeated. What comes once (EVSE, token, reservation) is never taken away by a
later message (TX-13).
"""

from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import Reading, latest
from voltring_core.domain.registers import METER_FELL, Count, Gain, gained
from voltring_core.domain.times import CLOCK, trusted
from voltring_core.domain.values import changed, value

T = TypeVar("T")
UNKNOWN_TRANSACTION = "unknown_transaction"
START_LOST = "start_lost"
START_MISSING = "start_missing"
SUPERSEDED = "superseded"
ID_REUSED = "id_reused"
EVENT_AFTER_END = "event_after_end"
NO_METER_START = "no_meter_start"
NO_METER_STOP = "no_meter_stop"
IMPLAUSIBLE_ENERGY = "implausible_energy"
OFFLINE = "offline"
LARGEST_POWER_W, SLACK_WH = Decimal(4_000_000), Decimal(100_000)
"""More than any charger gives (megawatt charging ends at 3.75 MW), and what a wrong clock may add to it."""


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
    flags: tuple[str, ...] = field(default=())


def begin(
    identity: UUID,
    charger_id: str,
    version: str,
    ocpp_id: str,
    said: TransactionReported,
    received_at: datetime,
    start_key: bytes | None = None,
) -> Transaction:
    """The transaction that a first message makes, whichever it is."""
    is_16 = said.seq_no is None
    nameless = said.transaction_id is None and said.kind is not EventKind.STARTED
    orphan = said.kind is EventKind.ENDED if is_16 else nameless
    made = Transaction(
        identity,
        charger_id,
        version,
        ocpp_id,
        TransactionState.ORPHAN if orphan else TransactionState.ACTIVE,
        start_key=start_key,
        start_received_at=received_at,
    )
    if orphan:
        made = flag(made, START_LOST if said.transaction_id is None else UNKNOWN_TRANSACTION)
    elif said.kind is not EventKind.STARTED:
        made = flag(made, START_MISSING)
    return apply(made, said, received_at)


def apply(now: Transaction, said: TransactionReported, received_at: datetime) -> Transaction:
    """The transaction after a message about it."""
    if now.state is TransactionState.ENDED and not _is_provisional(now, said):
        return _late(now, said, received_at)
    at, mistrusted = trusted(said.at, received_at)
    then = _learn(now, said)
    if mistrusted:
        then = flag(then, CLOCK)
    if said.kind is EventKind.STARTED:
        then = changed(
            then, started_at=then.started_at or at, meter_start_wh=_first(then.meter_start_wh, said.meter_wh)
        )
    elif not mistrusted and CLOCK in then.flags and then.started_at is not None and at < then.started_at:
        # The start's time was that of its receipt, and is known better now: no later than this.
        then = changed(then, started_at=at)
    reading = latest(said.samples)
    then = _read(then, reading)
    return _end(then, said, reading, at, received_at) if said.kind is EventKind.ENDED else then


def metered(now: Transaction, samples: tuple[Sample, ...]) -> Transaction:
    """The transaction after readings that came outside of its own messages; a finished one stays as it is."""
    return _read(now, latest(samples)) if now.state is TransactionState.ACTIVE else now


def supersede(now: Transaction, at: datetime, received_at: datetime) -> Transaction:
    """The transaction when another one starts on its connector: over at its last reading (TX-05).

    Provisional: its own end, when that comes late, replaces this one.
    """
    return flag(
        changed(
            now,
            state=TransactionState.ENDED,
            ended_at=trusted(at, received_at)[0],
            end_received_at=received_at,
            meter_stop_wh=now.register_wh,
            power_w=Decimal(0),
        ),
        SUPERSEDED,
    )


def _is_provisional(now: Transaction, said: TransactionReported) -> bool:
    """Whether the end that is known was only assumed, and this is the true one."""
    return said.kind is EventKind.ENDED and SUPERSEDED in now.flags and now.stop_reason is None


def _late(now: Transaction, said: TransactionReported, received_at: datetime) -> Transaction:
    """An ended transaction after one more message: it learns what it lacked, a real update is flagged."""
    if said.kind is EventKind.ENDED or _is_old(now, said) or said.kind is EventKind.STARTED:
        now = _learn_stop(now, said)
    if said.kind is EventKind.ENDED:
        return now
    if said.kind is EventKind.UPDATED and not _is_old(now, said):
        return flag(now, EVENT_AFTER_END)
    then = changed(_learn(now, said), charging_state=now.charging_state, last_seq_no=now.last_seq_no)
    begun = latest(said.samples).first_wh if said.meter_wh is None else said.meter_wh
    if said.kind is EventKind.STARTED and now.started_at is None:
        then = changed(
            then,
            started_at=trusted(said.at, received_at)[0],
            meter_start_wh=_first(begun, now.meter_start_wh),
            flags=tuple(word for word in then.flags if word not in (START_MISSING, NO_METER_START)),
        )
        then = then if then.meter_stop_wh is None else _with_energy(then, then.meter_stop_wh)
    return then


def _learn_stop(now: Transaction, said: TransactionReported) -> Transaction:
    """A session that ended without a reading of its own, after a later word on it: one that was queued, or its end
    said again with the meter."""
    found = _first(said.meter_wh if said.kind is EventKind.ENDED else None, latest(said.samples).register_wh)
    known = now.meter_stop_wh
    if NO_METER_STOP not in now.flags or found is None or (known is not None and found <= known):
        return now
    then = changed(now, meter_stop_wh=found)
    if said.kind is EventKind.ENDED:
        then = changed(then, flags=tuple(word for word in then.flags if word != NO_METER_STOP))
    return _with_energy(then, found)


def _learn(now: Transaction, said: TransactionReported) -> Transaction:
    token = said.token if said.token is not None and said.token.value else None
    then = changed(
        now,
        charging_state=_first(now.charging_state, said.charging_state)
        if _is_overtaken(now, said)
        else said.charging_state or now.charging_state,
        evse_id=_first(now.evse_id, said.evse_id),
        connector_id=_first(now.connector_id, said.connector_id),
        id_token=_first(now.id_token, token.value if token else None),
        id_token_type=_first(now.id_token_type, token.type if token else None),
        reservation_id=_first(now.reservation_id, said.reservation_id),
        remote_start_id=_first(now.remote_start_id, said.remote_start_id),
        last_seq_no=_most(now.last_seq_no, said.seq_no),
    )
    return flag(then, OFFLINE) if said.offline else then


def _read(now: Transaction, reading: Reading) -> Transaction:
    """Take over readings that are newer than what is known."""
    start = _first(now.meter_start_wh, reading.first_wh)
    if (
        now.register_at is not None
        and reading.register_at is not None
        and reading.register_at < now.register_at
        and CLOCK not in now.flags  # of a charger without a clock, what comes later is later
    ):
        return now if start == now.meter_start_wh else changed(now, meter_start_wh=start)
    power = now.power_w if reading.power_w is None else reading.power_w
    soc = now.soc_percent if reading.soc_percent is None else reading.soc_percent
    register = reading.register_wh
    if register is None:
        return changed(now, meter_start_wh=start, power_w=power, soc_percent=soc)
    count = _counted(now, start)
    gain = gained(count, register)
    # One new value for all that a reading says: this is done for every message of every charging car.
    return changed(
        now,
        meter_start_wh=start,
        power_w=power,
        soc_percent=soc,
        register_wh=register,
        register_at=reading.register_at,
        energy_wh=gain.energy_wh if gain.energy_wh is not None else now.energy_wh,
        energy_before_wh=gain.before_wh,
        segment_start_wh=_segment(now, count, gain),
        flags=_united(now.flags, gain.flags),
    )


def _end(
    now: Transaction, said: TransactionReported, reading: Reading, at: datetime, received_at: datetime
) -> Transaction:
    """Over. What the end itself reads is the last word, whatever clocks say; without it, what was read before."""
    own = _first(said.meter_wh, reading.register_wh)
    stop = _first(own, now.register_wh)
    orphan = now.state is TransactionState.ORPHAN
    then = changed(
        now,
        state=now.state if orphan else TransactionState.ENDED,
        ended_at=at,
        end_received_at=received_at,
        meter_stop_wh=stop,
        power_w=Decimal(0),
        charging_state=None if said.seq_no is None else now.charging_state,
        stop_reason=said.reason or "Local",  # TX-06: an absent reason means Local
    )
    then = then if own is not None else flag(then, NO_METER_STOP)
    return then if stop is None else _plausible(_with_energy(then, stop))


def _plausible(now: Transaction) -> Transaction:
    """Flagged when nothing on wheels could have taken so much in the time (TX-18)."""
    if now.energy_wh is None or now.started_at is None or now.ended_at is None:
        return now
    hours = Decimal(max((now.ended_at - now.started_at).total_seconds(), 0)) / 3600
    return flag(now, IMPLAUSIBLE_ENERGY) if now.energy_wh > hours * LARGEST_POWER_W + SLACK_WH else now


def _segment(now: Transaction, count: Count, gain: Gain) -> Decimal | None:
    """Where counting goes on; None while it is the session's start, which may still be learnt."""
    return now.segment_start_wh if gain.segment_start_wh == count.segment_start_wh else gain.segment_start_wh


def _counted(now: Transaction, start_wh: Decimal | None) -> Count:
    segment = now.segment_start_wh if now.segment_start_wh is not None else start_wh
    return Count(segment, now.energy_before_wh, now.register_wh)


def _with_energy(now: Transaction, stop_wh: Decimal) -> Transaction:
    """The energy at the end: up to the stop's register (TX-17)."""
    if now.meter_start_wh is None:
        return flag(now, NO_METER_START) if now.state is TransactionState.ENDED else now
    count = _counted(now, now.meter_start_wh)
    found: tuple[str, ...] = ()
    if now.segment_start_wh is None and now.register_wh is not None and now.meter_start_wh <= stop_wh < now.register_wh:
        # The stop contradicts a reading, and nothing says which is right: the stop decides, and is flagged.
        count, found = replace(count, register_wh=None), (METER_FELL,)
    gain = gained(count, stop_wh)
    return changed(now, energy_wh=gain.energy_wh, flags=_united(now.flags, (*found, *gain.flags)))


def _is_overtaken(now: Transaction, said: TransactionReported) -> bool:
    """Whether a later message of the transaction is known already."""
    return said.seq_no is not None and now.last_seq_no is not None and said.seq_no < now.last_seq_no


def _is_old(now: Transaction, said: TransactionReported) -> bool:
    """Whether an update belongs before the end that is known: it came late, which is legal."""
    if said.seq_no is not None and now.last_seq_no is not None:
        return said.seq_no < now.last_seq_no
    return now.ended_at is not None and said.at <= now.ended_at


def flag(now: Transaction, word: str) -> Transaction:
    """The transaction with one more flag; each stands once."""
    return now if word in now.flags else changed(now, flags=(*now.flags, word))


def _united(flags: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    new = tuple(word for word in more if word not in flags)
    return (*flags, *new) if new else flags


def _first(known: T | None, new: T | None) -> T | None:
    return known if known is not None else new


def _most(known: int | None, new: int | None) -> int | None:
    return known if new is None else new if known is None else max(known, new)


def without_token(token: IdToken | None) -> bool:
    """Whether a message names no token, so that no decision on one is answered."""
    return token is None or (token.value == "" and token.type != "NoAuthorization")
