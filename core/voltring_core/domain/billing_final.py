"""What a session has cost, as soon as its end is heard: for the answer to the end (2.x `totalCost`, I03).

By the same rules that bill it: the evidence is folded, reckoned, priced and judged as the worker will. What a person
would have to look at first, what is only assumed and what nothing prices has no final cost; saying nothing leaves it
to the charger to say that the bill follows (I05), and 0 would say that the session was free.
"""

from decimal import Decimal
from zoneinfo import ZoneInfo

from voltring_core.domain.billing import Bill, Billing, Case, decide
from voltring_core.domain.billing_reasons import reasons
from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import NothingHeard, fold
from voltring_core.domain.reckoning import work_out
from voltring_core.domain.tariffs import Tariff, price
from voltring_core.domain.transactions import PHANTOM, START_REPLAYED, TransactionState
from voltring_core.domain.values import value

FREE = Decimal(0)


@value
class PricedBy:
    """The frozen terms of a session, and what the evidence does not say: whether its token is registered, and what its
    EVSE gives at most (W, None where nobody knows)."""

    tariff: Tariff
    time_zone: str
    is_registered: bool
    rated_power_w: Decimal | None = None


def final_cost(evidence: Evidence, by: PricedBy) -> Decimal | None:
    """What the session costs in all, with taxes, in the tariff's currency; None where that is not certain.

    `evidence` has the end. A session that never really was (no energy within a minute) is free.
    """
    try:
        folded = fold(evidence)
    except NothingHeard:
        return None
    session = folded.transaction
    if session.state is not TransactionState.ENDED:
        return None
    # The clock only says which running sessions have fallen silent.
    received_at = evidence.heard[-1].received_at
    account = work_out(evidence, folded, received_at, rated_power_w=by.rated_power_w).account
    if account.usage is None:
        return None
    flags = {*session.flags, *folded.flags, *account.flags}
    against = reasons(
        flags,
        stop_reason=session.stop_reason,
        method=account.method,
        id_token_type=session.id_token_type,
        has_token=session.id_token is not None,
        is_registered=by.is_registered,
        has_gaps=bool(folded.missing_seq_nos),
    )
    if PHANTOM in flags:
        return None if against or START_REPLAYED in flags else FREE
    priced = price(account.usage, by.tariff, ZoneInfo(by.time_zone))
    decision = decide(Case(True, Bill.of(account.usage, account.energy_wh, priced), against))
    return priced.total if decision.state is Billing.FINAL else None
