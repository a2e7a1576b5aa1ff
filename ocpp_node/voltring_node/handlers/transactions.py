"""Starting, going on with and ending a session, and its readings.

A transaction message is never refused for its content (TX-04, TX-07): whatever it says becomes a transaction, an
orphan, a flag, and the charger gets its answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid5

from voltring_core.domain import joining, transactions
from voltring_core.domain.authorization import stops
from voltring_core.domain.kinds import RecordKind
from voltring_core.domain.messages import EventKind, Metered, Sample, TokenDecision, TransactionReported
from voltring_core.domain.metering import trust_times
from voltring_core.domain.times import CLOCK, EARLIEST, trusted
from voltring_core.domain.transactions import (
    START_MISSING,
    UNKNOWN_TRANSACTION,
    Transaction,
    TransactionState,
    without_token,
)
from voltring_core.ocpp import v2x, v16
from voltring_node.facts import AttachedFact, Fact, GoneFact, Message, Outcome, ReadingsFact, TransactionFact
from voltring_node.handlers import consequences, costs, reservations, signed, tokens
from voltring_node.knowledge import Known, Record, Wanted

NAMESPACE = UUID("6c0d9f0e-6b1e-5e0c-9a53-2f4a6d1d8a51")
KEY_BYTES = 16
NAMELESS = "-1"
NO_RECORDS: frozenset[str] = frozenset()
RESERVATIONS: frozenset[str] = frozenset({RecordKind.RESERVATION})
PROFILES: frozenset[str] = frozenset({RecordKind.CHARGING_PROFILE})
AHEAD = timedelta(minutes=1)
"""By how much a session's first reading may be before its start."""
UNREADABLE_VALUE = "unreadable_value"
SIGNED_FROM = 40
"""Characters from which on a value that is no number is signed data."""


def start_key(said: TransactionReported) -> bytes:
    """What makes a 1.6 start the same start: connector, tag, time, meter (TX-02)."""
    token = said.token.value if said.token else ""
    words = f"{said.evse_id}\0{token}\0{said.at.isoformat()}\0{said.meter_wh}"
    return blake2b(words.encode(), digest_size=KEY_BYTES).digest()


def stop_key(said: TransactionReported) -> bytes:
    """What makes a 1.6 stop whose start is not known the same stop: id, time, meter (TX-08)."""
    words = f"stop\0{said.transaction_id or NAMELESS}\0{said.at.isoformat()}\0{said.meter_wh}"
    return blake2b(words.encode(), digest_size=KEY_BYTES).digest()


def identity(message: Message) -> UUID:
    """The id of the transaction that this message makes: the same one each time it is tried."""
    key = message.natural_key or message.frame.encode()
    return uuid5(NAMESPACE, f"{message.charger_id}\0{message.received_at.isoformat()}\0{key.hex()}")


def want_start(said: TransactionReported) -> Wanted:
    """1.6 StartTransaction."""
    token = said.token.value if said.token else None
    return Wanted(
        token=token,
        elsewhere=True,
        start_key=start_key(said),
        active=True,
        new_id=True,
        around=None if said.evse_id is None or said.at < EARLIEST else (said.evse_id, said.at),
        records=RESERVATIONS,
        commands=consequences.of_start(said),
    )


def start(message: Message, said: TransactionReported, known: Known) -> Outcome:
    """1.6 StartTransaction: always a transaction id, also for a tag that may not charge (TX-04)."""
    before, key = _started_before(message, said, known)
    facts: list[Fact] = []
    if before is not None:
        decision, _ = tokens.decided(message, said, known, before, before)
    else:
        ocpp_id = str(known.fresh_ids.pop())
        facts += _superseded(message, said, known)
        before = transactions.begin(
            identity(message), message.charger_id, message.version, ocpp_id, said, message.received_at, key
        )
        if joining.is_replayed(before, known.over(message.charger_id, said.evse_id)):
            before = transactions.flag(before, transactions.START_REPLAYED)
        running = known.active(message.charger_id)
        orphan = joining.stop_of(before, known.orphans(message.charger_id), running)
        decision, before = tokens.decided(message, said, known, None, before)
        before, used = reservations.taken(message, said, known, None, before)
        if orphan is not None:
            before = joining.join(before, orphan)
        facts += (TransactionFact(before, said), *used)
        facts += () if orphan is None else (AttachedFact(orphan.id, before.id),)
        facts += consequences.of_session(message, said, known, before, is_new=True)
    answer = {"transactionId": int(before.ocpp_transaction_id), "idTagInfo": v16.write_token(decision)}
    return Outcome(answer, tuple(facts))


def _started_before(message: Message, said: TransactionReported, known: Known) -> tuple[Transaction | None, bytes]:
    """The transaction that this start made before, and the key of the one that it makes otherwise (TX-02).

    A charger without a clock starts every session at the same time: once such a session is over, the same words
    are a new one.
    """
    key = start_key(said)
    before = known.started_by(message.charger_id, key)
    if before is None or before.state is TransactionState.ACTIVE or not _has_no_clock(said, message):
        return before, key
    running = known.active(message.charger_id, said.evse_id)
    same = (one for one in running if one.meter_start_wh == said.meter_wh and CLOCK in one.flags)
    salted = blake2b(key + message.received_at.isoformat().encode(), digest_size=KEY_BYTES).digest()
    return next(same, None), salted


def _has_no_clock(said: TransactionReported, message: Message) -> bool:
    return trusted(said.at, message.received_at)[1]


def _superseded(message: Message, said: TransactionReported, known: Known) -> list[Fact]:
    """A connector charges one car: what still runs there is over, at its last reading (TX-05)."""
    return [
        TransactionFact(transactions.supersede(old, said.at, message.received_at))
        for old in known.active(message.charger_id, said.evse_id)
        if not _is_later(old, said, message)
    ]


def _is_later(running: Transaction, said: TransactionReported, message: Message) -> bool:
    """Whether what runs began after this start, which then comes late, from the charger's queue (TR-35)."""
    at, mistrusted = trusted(said.at, message.received_at)
    # Of one whose start is still to come, what was read or heard of it first tells.
    since = running.started_at or running.register_at or running.start_received_at
    return not mistrusted and since is not None and since > at


def want_stop(said: TransactionReported) -> Wanted:
    """1.6 StopTransaction."""
    token = said.token.value if said.token else None
    records, commands = _kept_for(said), consequences.of_stop(said)
    return Wanted(
        token,
        stopped=True,
        transaction=said.transaction_id,
        start_key=stop_key(said),
        records=records,
        commands=commands,
    )


def stop(message: Message, said: TransactionReported, known: Known) -> Outcome:
    """1.6 StopTransaction: always answered, whatever its id (TX-06..TX-08)."""
    facts, decision = _told(message, said, known)
    if decision is None:
        return Outcome({}, facts, _doubtful(said.samples))
    return Outcome({"idTagInfo": v16.write_token(decision)}, facts, _doubtful(said.samples))


def want_event(said: TransactionReported) -> Wanted:
    """2.x TransactionEvent."""
    shown = None if said.token is None or without_token(said.token) else said.token.value
    begins = said.kind is EventKind.STARTED and said.evse_id is not None
    nameless = said.transaction_id is None
    return Wanted(
        shown,
        elsewhere=shown is not None and not stops(said),
        # A start may come after the end, by whose token it is then told who stopped it.
        stopped=shown is not None and (stops(said) or said.kind is EventKind.STARTED),
        transaction=said.transaction_id,
        active=begins or nameless,
        records=_kept_for(said),
        commands=consequences.of_event(said),
    )


def event(message: Message, said: TransactionReported, known: Known) -> Outcome:
    """2.x TransactionEvent: a decision on the token whenever one is shown (E01.FR.11), the cost where it is shown."""
    facts, decision = _told(message, said, known)
    answer = {} if decision is None else {"idTokenInfo": v2x.write_token(decision)}
    if message.advice is not None:
        answer |= costs.told(message, facts)
    return Outcome(answer, facts, _doubtful(said.samples))


def _told(message: Message, said: TransactionReported, known: Known) -> tuple[tuple[Fact, ...], TokenDecision | None]:
    """What a message tells of its session, and the decision on the token that it shows."""
    said = replace(said, samples=trust_times(said.samples, message.received_at)) if said.samples else said
    ocpp_id = said.transaction_id
    before = _nameless(message, said, known) if ocpp_id is None else _named(message, said, known)
    key = None
    if not message.version.is_2x and (before is None or before.state is TransactionState.ORPHAN):
        # Each stop without a start is an orphan of its own: chargers count their own ids again and again.
        key = stop_key(said)
        before = known.started_by(message.charger_id, key)
    facts: list[Fact] = []
    is_new = before is None or _is_reused(message, before, said)
    if before is None or is_new:
        facts += () if before is None or not _may_be_its_start(before, said) else (_in_doubt(before),)
        if said.kind is EventKind.STARTED and said.evse_id is not None:
            facts += _superseded(message, said, known)
        after = transactions.begin(
            identity(message),
            message.charger_id,
            message.version,
            ocpp_id or NAMELESS,
            said,
            message.received_at,
            key,
        )
        after = after if before is None else transactions.flag(after, transactions.ID_REUSED)
    else:
        after = transactions.apply(before, said, message.received_at)
        if _is_in_conflict(before, said):
            after = transactions.flag(after, transactions.SEQ_CONFLICT)
    was, decision = None if is_new else before, None
    if not without_token(said.token):
        decision, after = tokens.decided(message, said, known, was, after)
    used: tuple[Fact, ...] = ()
    if _reserved(said):
        after, used = reservations.taken(message, said, known, was, after)
    facts.append(TransactionFact(after, said))
    facts += (*used, *_void(message, said, known, after))
    facts += consequences.of_session(message, said, known, after, is_new=is_new)
    if said.samples:
        facts.append(ReadingsFact(said.samples, after.evse_id, after.connector_id, after))
        if signed.MARK in message.frame:
            facts += signed.kept(message, after)
    return tuple(facts), decision


def _named(message: Message, said: TransactionReported, known: Known) -> Transaction | None:
    """The session of that id. Of several, what was said before the latest began is an earlier one's (TX-10)."""
    assert said.transaction_id is not None
    found = known.transaction(message.charger_id, said.transaction_id)
    if found is None or found.started_at is None or transactions.ID_REUSED not in found.flags:
        return found
    if not EARLIEST <= said.at < found.started_at:
        return found
    begun = [one for one in known.all_of(found) if one.started_at is not None and one.started_at <= said.at]
    return max(begun, key=lambda one: one.started_at or said.at, default=found)


def _nameless(message: Message, said: TransactionReported, known: Known) -> Transaction | None:
    """2.x: a charger that names none of its transactions goes on with the one that runs there under no name."""
    if not message.version.is_2x or said.kind is EventKind.STARTED:
        return None
    running = known.active(message.charger_id, said.evse_id)
    return next((one for one in running if one.ocpp_transaction_id == NAMELESS), None)


def _reserved(said: TransactionReported) -> frozenset[str]:
    """The reservations, where the message may name one or bring who has come."""
    comes = said.kind is EventKind.STARTED or said.token is not None or said.reservation_id is not None
    return RESERVATIONS if comes else NO_RECORDS


def _kept_for(said: TransactionReported) -> frozenset[str]:
    """What a session's end makes void, and what its reservation is."""
    return _reserved(said) | PROFILES if said.kind is EventKind.ENDED else _reserved(said)


def _void(message: Message, said: TransactionReported, known: Known, session: Transaction) -> tuple[Fact, ...]:
    """The charging profiles that were for this session only: they end with it (SC-03)."""
    if said.kind is not EventKind.ENDED:
        return ()
    held = known.held(message.charger_id, RecordKind.CHARGING_PROFILE)
    gone = tuple(key for key, one in held.items() if _is_for(one, session))
    return (GoneFact(RecordKind.CHARGING_PROFILE, gone),) if gone else ()


def _is_for(profile: Record, session: Transaction) -> bool:
    if profile.content.get("chargingProfilePurpose") != "TxProfile":
        return False
    named = profile.content.get("transactionId")
    return str(named) == session.ocpp_transaction_id if named is not None else profile.evse_id == session.evse_id


def _is_reused(message: Message, before: Transaction, said: TransactionReported) -> bool:
    """Started again, later, under the id of an ended transaction: a new one (TX-10).

    Without a clock nothing is later. A session that has begun is then taken to begin anew: such a charger counts its
    ids from the start again, and repeats no start after its end. One whose start is missing goes by the numbers.
    """
    if said.kind is not EventKind.STARTED or before.state is not TransactionState.ENDED or before.ended_at is None:
        return False
    if START_MISSING not in before.flags:
        return said.at < EARLIEST or said.at > before.ended_at
    if CLOCK in before.flags or _has_no_clock(said, message):
        return not _may_be_its_start(before, said)
    return said.at > before.ended_at


def _may_be_its_start(before: Transaction, said: TransactionReported) -> bool:
    """Whether a start is, by its number, the one that a session which ended without one lacks (TX-11, TX-12)."""
    if START_MISSING not in before.flags or before.last_seq_no is None or said.seq_no is None:
        return False
    return said.seq_no <= before.last_seq_no


def _in_doubt(before: Transaction) -> TransactionFact:
    """An end whose start has come by its number, and has not by its time: the inbox has it until somebody decides."""
    return TransactionFact(transactions.flag(before, UNKNOWN_TRANSACTION))


def _is_in_conflict(before: Transaction, said: TransactionReported) -> bool:
    """Whether the number of the latest message stands on another one: the same words are no news to the recorder, if
    they have a time (TX-10). A number that is older than that is found when the session is worked out again."""
    return said.seq_no is not None and said.seq_no == before.last_seq_no and said.at >= EARLIEST


def want_meter_values(said: Metered) -> Wanted:
    """MeterValues: by the transaction it names, else what runs on its EVSE."""
    return Wanted(transaction=said.transaction_id, active=said.evse_id > 0)


def meter_values(message: Message, said: Metered, known: Known) -> Outcome:
    """MeterValues: `{}` always; a transaction that nobody knows leaves the readings with their EVSE."""
    samples = trust_times(said.samples, message.received_at)
    transaction = _metered(message, said, samples, known)
    flags = _doubtful(samples)
    if transaction is None:
        return Outcome({}, (ReadingsFact(samples, said.evse_id, None, None),), flags)
    after = transactions.metered(transaction, samples, message.received_at)
    readings = ReadingsFact(samples, said.evse_id, after.connector_id, after)
    facts: tuple[Fact, ...] = (readings,) if after is transaction else (TransactionFact(after), readings)
    if signed.MARK in message.frame:
        facts += signed.kept(message, after)
    return Outcome({}, facts, flags)


def _doubtful(samples: tuple[Sample, ...]) -> tuple[str, ...]:
    """Flagged when a value that should be a number is none."""
    for one in samples:
        if one.value is None and len(one.raw) < SIGNED_FROM:
            return (UNREADABLE_VALUE,)
    return ()


def _metered(message: Message, said: Metered, samples: tuple[Sample, ...], known: Known) -> Transaction | None:
    named = said.transaction_id and known.transaction(message.charger_id, said.transaction_id)
    if named:
        return named
    # Some chargers name an id of their own (Wallbox): one session on the connector is the one that is meant.
    running = known.active(message.charger_id, said.evse_id) if said.evse_id else []
    if len(running) != 1 or not samples:
        return None
    # What was read before it began was queued, and is of a session before.
    began = running[0].started_at
    return running[0] if began is None or samples[-1].at >= began - AHEAD else None


def least_answer(action: str) -> Mapping[str, Any] | None:
    """What acknowledges a transaction message that can't be understood at all: it is kept, flagged, as its frame.

    None for a start: only a committed transaction has an id.
    """
    return None if action == "StartTransaction" else {}
