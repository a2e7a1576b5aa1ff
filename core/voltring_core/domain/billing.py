"""What is billed of a session, and what is corrected: from what it costs and what was issued before to what is issued
now.

                    nothing was issued      a charge stands
    open            -                       it stays
    provisional     -                       it stays until the true end comes, or somebody releases the assumed one
    held            -                       it stays until somebody decides
    final           a charge                nothing, or where energy, times or price differ: its credit, a new charge
    void            -                       its credit

The same input twice issues nothing more: what would be issued is compared with what stands. A charge is credited at
most once, by the newest word on its session; a session that a person made void is never billed again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from voltring_core.domain.billing_reasons import CORRECTED, NEVER_RELEASED, OF_THE_TOKEN, SETTLING, VOIDED
from voltring_core.domain.tariffs import Price
from voltring_core.domain.usage import Usage
from voltring_core.domain.values import value

ZERO = Decimal(0)


class Billing(StrEnum):
    """Where the billing of a session stands."""

    OPEN = "open"
    """It runs, or nobody has assigned it."""
    PROVISIONAL = "provisional"
    """Its end was only assumed, or its stop was joined to it of late."""
    HELD = "held"
    """A person has to look at it."""
    FINAL = "final"
    """A charge stands for it."""
    VOID = "void"
    """It costs nobody anything."""


class CdrKind(StrEnum):
    """What a record does: it asks for money, or takes an earlier one back."""

    CHARGE = "charge"
    CREDIT = "credit"


class Ruling(StrEnum):
    """What a person decided."""

    RELEASED = "released"
    VOIDED = "voided"


@value
class Bill:
    """What a charge rests on. Two sessions' words may differ; only what stands here is worth a correction."""

    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal

    @staticmethod
    def of(usage: Usage, energy_wh: Decimal | None, price: Price) -> "Bill":
        """What a session costs by a price. Energy of which nothing is known is none."""
        energy, times = ZERO if energy_wh is None else energy_wh, (usage.started_at, usage.ended_at)
        return Bill(*times, energy, price.currency, price.net, price.tax, price.total)


@value
class Issued:
    """A record that was issued. Its amounts are positive also in a credit."""

    id: UUID
    revision: int
    kind: CdrKind
    bill: Bill
    corrects: UUID | None = None
    number: int | None = None
    """By which people name it; given by the database."""


@value
class Case:
    """A session as far as its bill is concerned.

    `reasons` (billing_reasons.py) speak against billing it as it is; `free` is why it is not to be billed at all, e.g.
    `phantom`. `bill` is None where nothing can be priced.
    """

    is_over: bool
    bill: Bill | None
    reasons: tuple[str, ...] = ()
    free: str | None = None


@value
class Judged:
    """What a person decided of a session: released in spite of these reasons, or void."""

    ruling: Ruling | None = None
    in_spite_of: frozenset[str] = frozenset()


@value
class Step:
    """A record to issue. Of a credit, `of` is the charge that it takes back; of a charge, the one that it replaces."""

    kind: CdrKind
    revision: int
    bill: Bill
    of: Issued | None = None
    reason: str | None = None


@value
class Decision:
    """The state, the reasons that it waits for (or why it is void), and the records to issue, in this order."""

    state: Billing
    waits_for: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


NO_JUDGEMENT = Judged()


def decide(case: Case, issued: Sequence[Issued] = (), judged: Judged = NO_JUDGEMENT) -> Decision:
    """What becomes of a session's bill.

    `issued` are all of its records so far, in any order.
    """
    charge = standing(issued)
    if judged.ruling is Ruling.VOIDED:
        return Decision(Billing.VOID, (VOIDED,), _taken_back(charge, issued, VOIDED))
    if not case.is_over:
        return Decision(Billing.OPEN)
    if case.free is not None:
        return Decision(Billing.VOID, (case.free,), _taken_back(charge, issued, case.free))
    waits_for = _waits_for(case, charge, judged)
    if waits_for or case.bill is None:
        assumed = case.bill is not None and SETTLING.issuperset(waits_for)
        return Decision(Billing.PROVISIONAL if assumed else Billing.HELD, waits_for)
    if charge is not None and charge.bill == case.bill:
        return Decision(Billing.FINAL)
    credit = _taken_back(charge, issued, CORRECTED)
    new = Step(CdrKind.CHARGE, _next_revision(issued) + len(credit), case.bill, charge)
    return Decision(Billing.FINAL, (), (*credit, new))


def standing(issued: Sequence[Issued]) -> Issued | None:
    """The charge that no credit has taken back; None when there is none."""
    credited = {one.corrects for one in issued if one.kind is CdrKind.CREDIT}
    charges = [one for one in issued if one.kind is CdrKind.CHARGE and one.id not in credited]
    return max(charges, key=lambda one: one.revision, default=None)


def credited_by_hand(charge: Issued, issued: Sequence[Issued], reason: str) -> Step | None:
    """The credit of a charge for a reason of somebody's own; None when it does not stand any more."""
    return _credit(charge, issued, reason) if standing(issued) == charge else None


def record_id(session_id: UUID, revision: int) -> UUID:
    """The id of a record: the same one each time it is tried."""
    return uuid5(session_id, f"charge detail record {revision}")


def balance(issued: Sequence[Issued]) -> Decimal:
    """What is asked for a session in all: its charges less its credits."""
    return sum((one.bill.total if one.kind is CdrKind.CHARGE else -one.bill.total for one in issued), ZERO)


def _waits_for(case: Case, charge: Issued | None, judged: Judged) -> tuple[str, ...]:
    """The reasons that nobody has overruled."""
    overruled = judged.in_spite_of - NEVER_RELEASED
    if charge is not None:
        # Whose it is was clear when it was billed: a token that is deleted later changes nothing.
        overruled |= OF_THE_TOKEN
    return tuple(word for word in case.reasons if word not in overruled)


def _taken_back(charge: Issued | None, issued: Sequence[Issued], reason: str) -> tuple[Step, ...]:
    return () if charge is None else (_credit(charge, issued, reason),)


def _credit(charge: Issued, issued: Sequence[Issued], reason: str) -> Step:
    return Step(CdrKind.CREDIT, _next_revision(issued), charge.bill, charge, reason)


def _next_revision(issued: Sequence[Issued]) -> int:
    return max((one.revision for one in issued), default=0) + 1


class Refusal(StrEnum):
    """Why a person can't decide so; the sentence that says it."""

    RUNS = "the session is not over: its bill waits for nobody"
    FINAL = "the session is billed: take its charge back by POST /v1/cdrs/{id}/credit"
    BILLED = "the session is billed: there is nothing to release"
    VOID = "the session is void, which stays so"
    COSTS_NOTHING = "the session costs nothing: there is nothing to release"
    RELEASED = "the session is released already, and is billed within seconds"
    NEVER = "what is only estimated is never billed: make the session void"


def releasable(
    state: Billing, waits_for: Sequence[str], ruling: Ruling | None, in_spite_of: Collection[str]
) -> Refusal | None:
    """Why the bill of a session can't be released; None when it can."""
    if ruling is Ruling.VOIDED:
        return Refusal.VOID
    if state in _NOTHING_TO_RELEASE:
        return _NOTHING_TO_RELEASE[state]
    if NEVER_RELEASED.intersection(waits_for):
        return Refusal.NEVER
    is_released = ruling is Ruling.RELEASED and set(in_spite_of).issuperset(waits_for)
    return Refusal.RELEASED if is_released else None


def voidable(state: Billing, ruling: Ruling | None) -> Refusal | None:
    """Why a session can't be made void; None when it can."""
    if ruling is Ruling.VOIDED or state is Billing.VOID:
        return Refusal.VOID
    return Refusal.FINAL if state is Billing.FINAL else None


_NOTHING_TO_RELEASE = {
    Billing.OPEN: Refusal.RUNS,
    Billing.FINAL: Refusal.BILLED,
    Billing.VOID: Refusal.COSTS_NOTHING,
}
