"""What a session costs, and the records that come of it: called by the reconciler for each session that it has
checked, in the same PostgreSQL transaction.

`domain/billing.py` decides; here is what it decides from, and what is written. A crash between any two steps leaves
nothing: all of it is one commit. Two workers come one after the other, by the lock on the session's account; the key
of the records (session and revision) is the last guard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from voltring_core.domain.billing import Bill, Case, CdrKind, Decision, Step, decide
from voltring_core.domain.billing_reasons import DISMISSED, NO_TARIFF, NO_TIMES, reasons
from voltring_core.domain.billing_records import (
    Measured,
    Place,
    told_cost,
    told_energy,
    told_place,
    told_released,
    told_session,
    told_tariff,
    told_times,
    told_totals,
)
from voltring_core.domain.folding import Folded
from voltring_core.domain.reckoning import Account
from voltring_core.domain.session import EARLY_STOP
from voltring_core.domain.tariffs import Price, content_of
from voltring_core.domain.transactions import PHANTOM, Transaction, TransactionState
from voltring_core.store.billing import SQL as BOOKS
from voltring_core.store.billing import Book, issue, open_book
from voltring_core.store.queries import load
from voltring_worker.billing_terms import Terms, terms_of

SQL = load("voltring_worker", "billing.sql")
SETTLES_IN = timedelta(minutes=15)
"""A charger that was offline has told what it had queued within that, and its stops have found their sessions."""
Connection = Any
"""An asyncpg.Connection within a transaction."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """A session with all that is known of it."""

    session: Row
    account: Account
    folded: Folded
    book: Book
    terms: Terms
    priced: Price | None

    @property
    def transaction(self) -> Transaction:
        """The session by its evidence."""
        return self.folded.transaction

    @property
    def flags(self) -> tuple[str, ...]:
        """All that is odd about it by its evidence. What its row still has may be out of date."""
        found = (*self.transaction.flags, *self.folded.flags, *self.account.flags)
        return tuple(dict.fromkeys(found))

    @property
    def bill(self) -> Bill | None:
        """What it costs as things stand."""
        if self.account.usage is None or self.priced is None:
            return None
        return Bill.of(self.account.usage, self.account.energy_wh, self.priced)


async def bill(
    connection: Connection, session: Row, account: Account, folded: Folded, now: datetime
) -> Decision | None:
    """Write down what a session costs, and issue what is to be issued; None when the session is gone.

    `session` is its row in `transactions`; `folded` and `account` are what was made of its evidence.
    """
    book = await open_book(connection, session["id"])
    if book is None:
        return None
    checked = await _check(connection, session, account, folded, book)
    decision = decide(await _case(connection, checked), book.issued, book.judged)
    about = await _about(connection, checked) if decision.steps else {}
    for step in decision.steps:
        await issue(connection, session, step, _content(step, about, book), now)
    kept = (decision.state.value, list(decision.waits_for), *_cost(checked, now))
    await connection.execute(BOOKS["keep"], session["id"], *kept)
    return decision


async def _check(connection: Connection, session: Row, account: Account, folded: Folded, book: Book) -> Checked:
    usage = account.usage
    at = session["start_received_at"] if usage is None else usage.started_at
    known = {name: getattr(folded.transaction, name) for name in ("id_token", "id_token_type", "started_at", "state")}
    terms = await terms_of(connection, {**session, **known}, book.account, at)
    return Checked(session, account, folded, book, terms, terms.priced(usage))


async def _case(connection: Connection, checked: Checked) -> Case:
    session, transaction = checked.session, checked.transaction
    if session["resolution"] is not None:
        return Case(is_over=True, bill=checked.bill, free=DISMISSED)
    ended = TransactionState.ENDED in (session["state"], transaction.state)
    if not ended:
        return Case(is_over=False, bill=checked.bill)
    free = PHANTOM if PHANTOM in checked.flags else NO_TARIFF if checked.terms.tariff is None else None
    return Case(is_over=True, bill=checked.bill, reasons=await _reasons(connection, checked), free=free)


async def _reasons(connection: Connection, checked: Checked) -> tuple[str, ...]:
    token = checked.transaction.id_token
    found = reasons(
        checked.flags,
        stop_reason=checked.transaction.stop_reason,
        method=checked.account.method,
        id_token_type=checked.transaction.id_token_type,
        has_token=token is not None,
        is_registered=token is not None and await connection.fetchval(SQL["is_registered"], token),
        has_gaps=bool(checked.folded.missing_seq_nos),
    )
    if EARLY_STOP in checked.flags and await _is_settling(connection, checked.session["id"]):
        found = (*found, EARLY_STOP)
    return found if checked.account.usage is not None else (*found, NO_TIMES)


async def _is_settling(connection: Connection, session_id: UUID) -> bool:
    """Whether its stop, which does not name it, was joined to it so lately that another one may still come that fits
    better. It is looked at again by then."""
    due_at = await connection.fetchval(SQL["settled_at"], session_id, SETTLES_IN)
    if due_at is None:
        return False
    await connection.execute(SQL["look_then"], session_id, due_at)
    return True


def _content(step: Step, about: Mapping[str, Any], book: Book) -> Mapping[str, Any]:
    """What a credit says is what the charge said."""
    return book.content_of(step.of.id) if step.kind is CdrKind.CREDIT and step.of is not None else about


async def _about(connection: Connection, checked: Checked) -> Mapping[str, Any]:
    """What a record of the session as it is now says."""
    session, account, transaction = checked.session, checked.account, checked.transaction
    if checked.priced is None or checked.bill is None:
        return {}  # what is taken back says what was charged
    place = Place(await connection.fetchrow(SQL["charger"], session["charger_id"]) or {}, checked.terms.site)
    measured = Measured(
        account.energy_wh,
        account.method,
        {str(method): energy for method, energy in account.by_method.items()},
        account.difference_wh,
        transaction.meter_start_wh,
        transaction.meter_stop_wh,
    )
    return {
        "session": told_session(session, checked.flags),
        **told_place(session, place),
        "times": told_times(checked.bill.started_at, checked.bill.ended_at, checked.terms.time_zone),
        "energy": told_energy(measured),
        "tariff": told_tariff(checked.terms.tariff_id, checked.terms.content),
        "price": content_of(checked.priced),
        "totals": told_totals(checked.bill),
        "released": told_released(checked.book.account),
    }


def _cost(checked: Checked, now: datetime) -> tuple[Mapping[str, Any] | None, Decimal | None]:
    if checked.bill is None or checked.priced is None:
        return None, None
    return told_cost(checked.bill, checked.priced, now), checked.bill.total
