"""One transaction model for OCPP 1.6 and 2.x: what a session becomes when something is said of it.

              Started           Updated            Ended             MeterValues
    (none)    Active            Active, flagged    Orphan or Ended*  -
    Active    Active (repeat)   Active             Ended             Active, new reading
    Ended     Ended***          Ended, flagged**   Ended (repeat)*** Ended
    assumed   Ended***          Active****         Ended             Active****
    Orphan    Orphan****        Orphan             Orphan            Orphan

* 2.x: the charger's own id makes it a transaction whose start is missing; 1.6: an id that nobody gave out is an
Orphan, and so is what comes without an id (TX-07, TX-08, TX-12).
** unless its number or time is before the end: it came late, which is legal (TR-35).
*** what comes once and was missing is learnt. An end that is only assumed (superseded, abandoned) is replaced by the
true one, and leaves no trace.
**** an abandoned session that is heard of again goes on (TX-19); the start that an orphan was the stop of takes it over
(`joining.py`, TX-09).

A message changes nothing when it is repeated. What comes once (EVSE, token, reservation) is never taken away by a
later message (TX-13).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from voltring_core.domain.authorization import stops
from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, ENERGY_REGISTER, Reading, latest
from voltring_core.domain.registers import METER_FELL, Count, Gain, gained
from voltring_core.domain.session import (
    ABANDONED,
    ASSUMED,
    EARLY_STOP,
    EVENT_AFTER_END,
    ID_REUSED,
    IMPLAUSIBLE_ENERGY,
    NO_METER_START,
    NO_METER_STOP,
    OFFLINE,
    PHANTOM,
    SEQ_CONFLICT,
    START_LOST,
    START_MISSING,
    START_REPLAYED,
    SUPERSEDED,
    UNKNOWN_TRANSACTION,
    Transaction,
    TransactionState,
    flag,
    is_assumed,
    without,
)
from voltring_core.domain.times import CLOCK, is_late, trusted
from voltring_core.domain.values import changed

__all__ = (
    "ABANDONED",
    "ASSUMED",
    "EVENT_AFTER_END",
    "ID_REUSED",
    "IMPLAUSIBLE_ENERGY",
    "NO_METER_START",
    "NO_METER_STOP",
    "OFFLINE",
    "PHANTOM",
    "SEQ_CONFLICT",
    "START_LOST",
    "START_MISSING",
    "START_REPLAYED",
    "SUPERSEDED",
    "UNKNOWN_TRANSACTION",
    "Transaction",
    "TransactionState",
    "flag",
    "is_assumed",
    "without",
)
T = TypeVar("T")
SHORTEST = timedelta(seconds=60)
"""A session without energy that is over sooner than this was none (TX-21)."""
LARGEST_POWER_W, SLACK_WH = Decimal(4_000_000), Decimal(100_000)
"""More than any charger gives (megawatt charging ends at 3.75 MW), and what a wrong clock may add to it."""


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
        made = changed(made, started_at=_begin_in(said.samples))
    elif said.kind is not EventKind.STARTED:
        made = flag(made, START_MISSING)
    return apply(made, said, received_at)


def apply(now: Transaction, said: TransactionReported, received_at: datetime) -> Transaction:
    """The transaction after a message about it."""
    if now.state is TransactionState.ENDED:
        if not _is_reopened(now, said):
            return judged(_late(now, said, received_at))
        now = _reopened(now)
    at, mistrusted = trusted(said.at, received_at)
    then = _learn(now, said)
    if mistrusted:
        then = flag(then, CLOCK)
    reading = latest(said.samples)
    if said.kind is EventKind.STARTED:
        if START_MISSING in now.flags and then.started_at is None:
            then = _begun_before(then, _first(said.meter_wh, reading.first_wh))
        then = changed(
            then, started_at=then.started_at or at, meter_start_wh=_first(then.meter_start_wh, said.meter_wh)
        )
    elif not mistrusted and CLOCK in then.flags and then.started_at is not None and at < then.started_at:
        # The start's time was that of its receipt, and is known better now: no later than this.
        then = changed(then, started_at=at)
    then = _read(then, reading if not said.offline else replace(reading, power_w=None))
    return _end(then, said, reading, at, received_at) if said.kind is EventKind.ENDED else then


def metered(now: Transaction, samples: tuple[Sample, ...], received_at: datetime | None = None) -> Transaction:
    """The transaction after readings that came outside of its own messages; a finished one stays as it is.

    With `received_at`, readings that were queued for long move the register and leave the power alone (TX-22).
    """
    if now.state is not TransactionState.ACTIVE:
        if ABANDONED not in now.flags or now.state is not TransactionState.ENDED or not _is_after_end(now, samples):
            return now
        now = _reopened(now)
    reading = latest(samples)
    if reading.power_w is not None and received_at is not None and is_late(samples[-1].at, received_at):
        reading = replace(reading, power_w=None)
    return _read(now, reading)


def supersede(now: Transaction, at: datetime, received_at: datetime) -> Transaction:
    """The transaction when another one starts on its connector: over at its last reading (TX-05).

    Provisional: its own end, when that comes late, replaces this one.
    """
    return _assumed(now, at, received_at, SUPERSEDED)


def abandon(now: Transaction, at: datetime, received_at: datetime) -> Transaction:
    """The transaction when it is given up: over at its last reading (TX-19).

    `at` is when it was last known to go on, `received_at` when that is decided. Provisional: its own end replaces this
    one, and whatever shows that it goes on takes it back.
    """
    return _assumed(now, at, received_at, ABANDONED)


def _assumed(now: Transaction, at: datetime, received_at: datetime, word: str) -> Transaction:
    return flag(
        changed(
            now,
            state=TransactionState.ENDED,
            ended_at=trusted(at, received_at)[0],
            end_received_at=received_at,
            meter_stop_wh=now.register_wh,
            power_w=Decimal(0),
        ),
        word,
    )


def _is_reopened(now: Transaction, said: TransactionReported) -> bool:
    """Whether a message shows that the end was only assumed: the true end, or what goes on after it."""
    if not is_assumed(now) or said.kind is EventKind.ENDED:
        return is_assumed(now)
    return ABANDONED in now.flags and said.kind is EventKind.UPDATED and not _is_old(now, said)


def _is_after_end(now: Transaction, samples: tuple[Sample, ...]) -> bool:
    return now.ended_at is not None and any(one.at > now.ended_at for one in samples)


def _reopened(now: Transaction) -> Transaction:
    then = without(now, *ASSUMED)
    return changed(then, state=TransactionState.ACTIVE, ended_at=None, end_received_at=None, meter_stop_wh=None)


def _begin_in(samples: tuple[Sample, ...]) -> datetime | None:
    """When a transaction began, by the readings that its end brought (TX-08)."""
    return next((one.at for one in samples if one.context == BEGIN and one.measurand == ENERGY_REGISTER), None)


def _begun_before(now: Transaction, start_wh: Decimal | None) -> Transaction:
    """A running session whose start comes at last: it counts from there, not from the first reading that was seen."""
    now, seen = without(now, START_MISSING, NO_METER_START), now.meter_start_wh
    if start_wh is None or seen is None or start_wh >= seen:
        return changed(now, meter_start_wh=_first(start_wh, seen))
    more = seen - start_wh
    return changed(
        now,
        meter_start_wh=start_wh,
        energy_wh=None if now.energy_wh is None else now.energy_wh + more,
        energy_before_wh=now.energy_before_wh if now.segment_start_wh is None else now.energy_before_wh + more,
    )


def _late(now: Transaction, said: TransactionReported, received_at: datetime) -> Transaction:
    """An ended transaction after one more message: it learns what it lacked, a real update is flagged."""
    if said.kind is EventKind.ENDED or _is_old(now, said) or said.kind is EventKind.STARTED:
        now = _learn_stop(now, said)
    if said.kind is EventKind.ENDED:
        return without(now, EARLY_STOP) if said.transaction_id == now.ocpp_transaction_id else now
    if said.kind is EventKind.UPDATED and not _is_old(now, said):
        return flag(now, EVENT_AFTER_END)
    then = changed(_learn(now, said), charging_state=now.charging_state, last_seq_no=now.last_seq_no)
    begun = latest(said.samples).first_wh if said.meter_wh is None else said.meter_wh
    if said.kind is EventKind.STARTED and now.started_at is None:
        then = changed(
            then,
            started_at=trusted(said.at, received_at)[0],
            meter_start_wh=_first(begun, now.meter_start_wh),
        )
        then = without(then, START_MISSING, NO_METER_START)
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
    return _with_energy(without(then, NO_METER_STOP) if said.kind is EventKind.ENDED else then, found)


def _learn(now: Transaction, said: TransactionReported) -> Transaction:
    token = said.token if said.token is not None and said.token.value else None
    if token is not None and said.kind is EventKind.STARTED and START_MISSING in now.flags:
        # What came before its start may have named who stopped it: whose it is, the start says.
        now = changed(now, id_token=None, id_token_type=None)
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
        stop_id_token=now.stop_id_token if token is None else _stopped_by(now, said, token),
    )
    return flag(then, OFFLINE) if said.offline else then


def _stopped_by(now: Transaction, said: TransactionReported, token: IdToken) -> str | None:
    """The end's own token is the one that counts; without it the one that an update says was shown to stop."""
    if not stops(said) or (now.stop_id_token is not None and said.kind is not EventKind.ENDED):
        return now.stop_id_token
    return token.value


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
        end_received_at=now.end_received_at or received_at,
        meter_stop_wh=stop,
        power_w=Decimal(0),
        charging_state=None if said.seq_no is None else now.charging_state,
        stop_reason=said.reason or "Local",  # TX-06: an absent reason means Local
    )
    then = then if own is not None else flag(then, NO_METER_STOP)
    return then if stop is None else judged(_with_energy(then, stop))


def judged(now: Transaction) -> Transaction:
    """Flagged when nothing on wheels could have taken so much in the time (TX-18), or when nothing was taken in next
    to no time, or the start was said before (TX-21)."""
    if now.state is not TransactionState.ENDED or is_assumed(now):
        return now
    is_phantom = START_REPLAYED in now.flags
    if now.energy_wh is not None and now.started_at is not None and now.ended_at is not None:
        lasted = max(now.ended_at - now.started_at, timedelta())
        if now.energy_wh > Decimal(lasted.total_seconds()) / 3600 * LARGEST_POWER_W + SLACK_WH:
            now = flag(now, IMPLAUSIBLE_ENERGY)
        is_phantom |= now.energy_wh == 0 and lasted < SHORTEST and CLOCK not in now.flags
    return flag(now, PHANTOM) if is_phantom else without(now, PHANTOM)


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
