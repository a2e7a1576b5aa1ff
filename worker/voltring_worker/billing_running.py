"""What running sessions cost so far, many at a time: nothing is issued for them, so that two statements do for all.

The price of each is worked out anew from all that it used. What a person has made void stays void.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from voltring_core.domain.billing import Bill
from voltring_core.domain.billing_records import told_cost
from voltring_core.domain.reckoning import Account
from voltring_core.store.billing import SQL as BOOKS
from voltring_worker.billing_terms import Terms, terms_of

logger = logging.getLogger("voltring.billing")
Row = Mapping[str, Any]


async def bill_running(connection: Any, looked_at: Sequence[tuple[Row, Account]], now: datetime) -> frozenset[UUID]:
    """Write down what running sessions cost, in the caller's transaction; those that can't be priced, as they were.

    `looked_at`: rows of `transactions` and what their evidence comes to. Each has an account already.
    """
    if not looked_at:
        return frozenset()
    ids = [session["id"] for session, _ in looked_at]
    frozen = {row["transaction_id"]: row for row in await connection.fetch(BOOKS["terms"], ids)}
    kept, failed = [], set()
    for session, account in looked_at:
        if session["id"] not in frozen:
            continue  # it is gone
        terms = await terms_of(connection, session, frozen[session["id"]], _began(session, account))
        try:
            kept.append((session["id"], *_cost(account, terms, now)))
        except ValueError:
            logger.exception("running session %s can't be priced", session["id"])
            failed.add(session["id"])
    if kept:
        await connection.execute(BOOKS["keep_running"], *map(list, zip(*kept, strict=True)))
    return frozenset(failed)


def _began(session: Row, account: Account) -> datetime:
    at: datetime = session["start_received_at"] if account.usage is None else account.usage.started_at
    return at


def _cost(account: Account, terms: Terms, now: datetime) -> tuple[Mapping[str, Any] | None, Decimal | None]:
    priced = terms.priced(account.usage)
    if account.usage is None or priced is None:
        return None, None
    return told_cost(Bill.of(account.usage, account.energy_wh, priced), priced, now), priced.total
