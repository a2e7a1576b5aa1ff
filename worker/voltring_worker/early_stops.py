"""Giving stops that name no session to the sessions that they belong to, or taking them back (OCPP 1.6, TX-07, TX-09).

A node joins a start to the one stop that fits it by then. Here all starts and stops of the charger are looked at
together (`domain/matching.py`), each time that one was added, before the worker works anything out or bills it. Each
charger is done in a transaction of its own, which locks first its fence, as nodes do, then the rows in the order of
their ids.

A session that was charged for is never given another stop in silence: it is flagged, which holds its bill.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import fold
from voltring_core.domain.matching import Begun, Changes, Nameless, OwnStop, changes
from voltring_core.domain.session import EARLY_STOP, STOP_IN_DOUBT
from voltring_core.domain.transactions import Transaction, TransactionState, flag, supersede
from voltring_core.domain.values import changed
from voltring_core.store.evidence import load_stored, transaction_of
from voltring_core.store.queries import load
from voltring_worker.checking import SQL as RECONCILER
from voltring_worker.checking import pass_on, put_right

logger = logging.getLogger("voltring.reconciler")
SQL = load("voltring_worker", "early_stops.sql")
WITHIN = timedelta(days=30)
"""How long a stop waits for its start to come."""
MOST_STOPS = 50
"""Of one charger, the latest: one that names all of its sessions wrong would have very many."""


async def settle(pool: asyncpg.Pool, marks: Sequence[int], begun: Collection[UUID]) -> bool:
    """Decide anew at the chargers of these notes (of `transactions_changed`) and of these sessions, which have begun.
    Whether anything was changed. Raises what says that PostgreSQL is away."""
    changed_any = False
    for row in await pool.fetch(SQL["chargers"], marks, list(begun), WITHIN) if marks or begun else ():
        charger_id = row["charger_id"]
        try:
            async with pool.acquire() as connection, connection.transaction():
                changed_any |= await _settle(connection, charger_id)
        except Exception as error:
            pass_on(error)
            logger.exception("%s: whose its stops are can't be decided", charger_id, extra={"charger": charger_id})
    return changed_any


async def _settle(connection: asyncpg.Connection, charger_id: str) -> bool:
    await connection.fetch(SQL["lock_charger"], charger_id)
    stops = await connection.fetch(SQL["stops"], charger_id, WITHIN, MOST_STOPS)
    if not stops:
        return False
    since = min(row["ended_at"] for row in stops)
    joined_to = [row["attached_to"] for row in stops if row["attached_to"] is not None]
    asked = charger_id, WITHIN, since, joined_to, [row["id"] for row in stops]
    sessions = {row["id"]: row for row in await connection.fetch(SQL["sessions"], *asked)}
    ones = [row for row in stops if row["attached_to"] is None or row["attached_to"] in sessions]
    billed = [session_id for session_id, row in sessions.items() if row["is_billed"]]
    now = {row["id"]: row["attached_to"] for row in ones}
    found = changes([_begun(row) for row in sessions.values()], [_nameless(row) for row in ones], now, billed)
    touched = {now[stop] for stop in (*found.left, *found.joined)} | {*found.joined.values()}
    touched |= _flagged(found, sessions)
    if touched:
        await _carry_out(connection, found, {one: sessions[one] for one in touched if one is not None})
        logger.info(
            "%s: %d stops joined, %d taken back",
            charger_id,
            len(found.joined),
            len(found.left),
            extra={"charger": charger_id},
        )
    return bool(touched)


async def _carry_out(connection: asyncpg.Connection, found: Changes, touched: Mapping[UUID, Any]) -> None:
    """Write who has which stop, and what the sessions come to by that."""
    ids = [*touched, *found.left, *found.joined]
    await connection.fetch(SQL["lock_rows"], ids)
    if found.left:
        await connection.execute(SQL["leave"], list(found.left))
    if found.joined:
        await connection.execute(SQL["join"], list(found.joined), list(found.joined.values()))
    for stored, evidence in await load_stored(connection, touched):
        right = _worked_out(stored, evidence, touched[stored.id], is_doubted=stored.id in found.doubted)
        await put_right(connection, right, await connection.fetchval(SQL["version"], stored.id))
    await connection.execute(RECONCILER["look_again"], ids, timedelta())


def _worked_out(stored: Transaction, evidence: Evidence, row: Any, *, is_doubted: bool) -> Transaction:
    """What a session comes to by the stop that it has now. One that goes on, and must have been over when the next one
    on its connector began, is superseded by that (TX-05)."""
    is_own = row["own_stop_at"] is not None
    decided = tuple(word for word in evidence.decided if word != EARLY_STOP and not (word == STOP_IN_DOUBT and is_own))
    then = fold(changed(evidence, decided=decided)).transaction
    if then.stop_reason is not None and not is_own:
        then = flag(then, EARLY_STOP)
    if then.state is TransactionState.ACTIVE and row["next_at"] is not None:
        then = supersede(then, row["next_at"], row["next_heard_at"])
    then = flag(then, STOP_IN_DOUBT) if is_doubted else then
    return changed(then, start_key=stored.start_key, start_received_at=stored.start_received_at)


def _flagged(found: Changes, sessions: Mapping[UUID, Any]) -> set[UUID]:
    """Sessions whose flag of doubt changes: it goes once a session has a stop that names it."""
    cleared = (row["id"] for row in sessions.values() if STOP_IN_DOUBT in row["flags"] and row["own_stop_at"])
    return {*cleared, *(one for one in found.doubted if STOP_IN_DOUBT not in sessions[one]["flags"])}


def _begun(row: Any) -> Begun:
    own = None if row["own_stop_at"] is None else OwnStop(row["own_stop_at"], _number(row["own_stop_meter"]))
    return Begun(transaction_of(row), row["heard_at"], row["next_at"], own)


def _nameless(row: Any) -> Nameless:
    return Nameless(transaction_of(row), row["start_received_at"])


def _number(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None
