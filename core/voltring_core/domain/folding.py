"""A session worked out from everything that was heard of it: the same one whatever the order of receipt (TX-09..TX-12).

The node goes on from what a session was before, message by message, which is cheap and all that an answer needs. Here
the messages are put in their order first (`sequence.py`), then applied by the same rules (`transactions.py`).
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from voltring_core.domain import transactions
from voltring_core.domain.evidence import Evidence
from voltring_core.domain.messages import EventKind, Metered, TransactionReported
from voltring_core.domain.sequence import Ordered, Placed, in_order
from voltring_core.domain.session import EARLY_STOP
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import (
    PHANTOM,
    SEQ_CONFLICT,
    START_MISSING,
    UNKNOWN_TRANSACTION,
    Transaction,
    TransactionState,
    flag,
)
from voltring_core.domain.values import changed, value

INCOMPLETE = "incomplete"
ASSUME: MappingProxyType[str, Callable[[Transaction, datetime, datetime], Transaction]] = MappingProxyType(
    {transactions.SUPERSEDED: transactions.supersede, transactions.ABANDONED: transactions.abandon}
)
NOT_COMPARED = frozenset({"start_key", "start_received_at", "end_received_at", "flags"})
"""What tells of the row and of deliveries, not of the session; and flags, whose order means nothing."""


class NothingHeard(ValueError):
    """No message of the session itself is among the evidence."""


@value
class Folded:
    """A session, and what its evidence lacks or contradicts.

    `flags` are those of `seq_conflict`, `incomplete` and `phantom` that hold. The transaction has the first and the
    last of them too; a gap closes when what is missing comes, so that `incomplete` is no flag of the session.
    `start_key` of the transaction is None: it is no part of the evidence.
    """

    transaction: Transaction
    missing_seq_nos: tuple[tuple[int, int], ...] = ()
    conflicts: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()


@value
class Difference:
    """A field of a session that is stored as one thing and comes out as another."""

    field: str
    stored: object
    worked_out: object


def fold(evidence: Evidence) -> Folded:
    """The session that the evidence comes to. Raises NothingHeard without a message of the session itself."""
    ordered = in_order(evidence)
    begun = next((one for one in ordered.placed if isinstance(one.said, TransactionReported)), None)
    if begun is None:
        raise NothingHeard(f"nothing that was heard is about session {evidence.session_id} itself")
    now = _applied(_begun(evidence, begun), evidence, [one for one in ordered.placed if one is not begun])
    now = _begun_in_time(now, evidence)
    own, nameless = _stops(evidence)
    for word in evidence.decided:
        if not (word == EARLY_STOP and own) and (word != UNKNOWN_TRANSACTION or START_MISSING in now.flags):
            now = flag(now, word)
    # Whose stop it is that was taken for this session's, and says another meter than its own, somebody is to find out.
    is_doubtful = bool(own) and not nameless <= own
    if ordered.conflicts or is_doubtful:
        now = flag(now, SEQ_CONFLICT)
    now = transactions.judged(now)
    return Folded(now, ordered.missing, ordered.conflicts, _found(now, ordered, is_doubtful=is_doubtful))


def _stops(evidence: Evidence) -> tuple[set[Decimal | None], set[Decimal | None]]:
    """The meters of the stops (1.6) that name the session, and of those that do not."""
    stops = [one.said for one in evidence.heard if isinstance(one.said, TransactionReported)]
    ends = [said for said in stops if said.kind is EventKind.ENDED and said.seq_no is None]
    own = {said.meter_wh for said in ends if said.transaction_id == evidence.ocpp_transaction_id}
    return own, {said.meter_wh for said in ends if said.transaction_id != evidence.ocpp_transaction_id}


def _begun_in_time(now: Transaction, evidence: Evidence) -> Transaction:
    """Where times of receipt stand in for the charger's, a start that came after its end began no later than the first
    word on the session came."""
    if CLOCK not in now.flags or now.started_at is None or now.ended_at is None or now.started_at <= now.ended_at:
        return now
    first = min(one.received_at for one in evidence.heard if isinstance(one.said, TransactionReported))
    return changed(now, started_at=min(first, now.ended_at))


def _begun(evidence: Evidence, first: Placed) -> Transaction:
    assert isinstance(first.said, TransactionReported)
    made = transactions.begin(
        evidence.session_id,
        evidence.charger_id,
        evidence.ocpp_version,
        evidence.ocpp_transaction_id,
        first.said,
        first.received_at,
    )
    received = (one.received_at for one in evidence.heard if isinstance(one.said, TransactionReported))
    return changed(made, start_received_at=min(received))


def _applied(now: Transaction, evidence: Evidence, rest: list[Placed]) -> Transaction:
    """The transaction after the rest; an end that was assumed stands between what was before it and what came after."""
    end = evidence.assumed_end
    for one in rest:
        if end is not None and one.at > end.at:
            now, end = _ended(now, evidence), None
        said = one.said
        if isinstance(said, Metered):
            now = transactions.metered(now, said.samples, one.received_at)
        else:
            now = transactions.apply(now, said, one.received_at)
    return now if end is None else _ended(now, evidence)


def _ended(now: Transaction, evidence: Evidence) -> Transaction:
    end = evidence.assumed_end
    if end is None or now.state is not TransactionState.ACTIVE:
        return now
    return ASSUME[end.word](now, end.at, end.received_at)


def _found(now: Transaction, ordered: Ordered, *, is_doubtful: bool) -> tuple[str, ...]:
    is_over = now.state is TransactionState.ENDED
    words = (
        SEQ_CONFLICT if ordered.conflicts or is_doubtful else None,
        INCOMPLETE if ordered.missing and is_over else None,
        PHANTOM if PHANTOM in now.flags else None,
    )
    return tuple(word for word in words if word is not None)


def differences(stored: Transaction, worked_out: Transaction) -> tuple[Difference, ...]:
    """Field by field, where a session as it is stored is not what its evidence comes to."""
    names = [one.name for one in fields(stored) if one.name not in NOT_COMPARED]
    pairs = ((name, getattr(stored, name), getattr(worked_out, name)) for name in names)
    found = [Difference(*one) for one in pairs if one[1] != one[2]]
    if set(stored.flags) != set(worked_out.flags):
        found.append(Difference("flags", tuple(sorted(stored.flags)), tuple(sorted(worked_out.flags))))
    return tuple(found)
