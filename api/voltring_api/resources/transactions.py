"""Transactions and their meter values."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.transaction import MeterValue, Transaction, TransactionState
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind, include
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "transactions.sql")
PAGE, GET = (include(SQL[name], account=SQL["account"]) for name in ("page", "get"))
router = APIRouter(prefix="/transactions", tags=["transactions"])


@router.get("", responses=errors(422), summary="List transactions")
async def list_transactions(
    pool: Pool,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    state: TransactionState | None = None,
    flagged: Annotated[bool | None, Query(description="Whether its check found anything odd (`check_flags`).")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Transaction]:
    """Transactions, the one heard of last first."""
    received, identity = cursors.decode(cursor, "transactions", cursors.instant, cursors.identity)
    asked = {"charger_id": charger_id, "before": received, "before_id": identity}
    states = {one.name.lower(): True if state is one else None for one in TransactionState}
    odd = {"flagged": flagged or None, "unflagged": flagged is False or None}
    statement, values = bind(PAGE, **asked, **states, **odd, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _read, "transactions", lambda row: (_instant(row["heard_at"]), str(row["id"])))


@router.get("/{transaction_id}", responses=errors(404, 422), summary="Read a transaction")
async def read_transaction(transaction_id: UUID, pool: Pool) -> Transaction:
    """One transaction."""
    row = await pool.fetchrow(GET, transaction_id)
    if row is None:
        raise NotFound(f"there is no transaction {transaction_id}")
    return _read(row)


@router.get("/{transaction_id}/meter-values", responses=errors(404, 422), summary="List its meter values")
async def list_meter_values(
    transaction_id: UUID,
    pool: Pool,
    measurand: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[MeterValue]:
    """What the meter said during a transaction, the oldest first."""
    at, table, place = cursors.decode(cursor, "meter-values", cursors.instant, cursors.number, cursors.place)
    asked = {"after": at, "after_table": table, "after_place": place, "measurand": measurand}
    statement, values = bind(SQL["meter_values"], id=transaction_id, **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    if not rows and not await pool.fetchval(SQL["exists"], transaction_id):
        raise NotFound(f"there is no transaction {transaction_id}")
    return page(rows, limit, _read_value, "meter-values", _key_of_value)


def _read(row: asyncpg.Record) -> Transaction:
    return Transaction.model_validate(dict(row))


def _read_value(row: asyncpg.Record) -> MeterValue:
    return MeterValue.model_validate(dict(row))


def _key_of_value(row: asyncpg.Record) -> tuple[Any, ...]:
    return _instant(row["at"]), row["table_oid"], list(row["place"])


def _instant(at: datetime) -> str:
    return at.isoformat()
