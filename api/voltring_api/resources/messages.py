"""The raw message log: of a charger, of a session, of all chargers.

Of a charger or a session an index has the order. Of all chargers there is none, because it would cost every message
that is kept: `looking_back.py` reads backwards from now instead.
"""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.message import Message
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources import looking_back
from voltring_api.resources.knowing import must_know
from voltring_api.resources.message_filters import Asked, Filters, OfTransaction
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind, include
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "messages.sql")
TRANSACTIONS = load("voltring_api.resources", "transactions.sql")
PARTS = {name: SQL[name] for name in ("columns", "filters", "answers", "shown")}
PAGE = include(SQL["page"], **PARTS)
router = APIRouter(tags=["messages"])


@router.get("/chargers/{charger_id}/messages", responses=errors(404, 422), summary="List a charger's messages")
async def list_messages(
    charger_id: str,
    pool: Pool,
    asked: Filters,
    transaction_id: OfTransaction = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Message]:
    """Every frame that came from the charger or went to it, the newest first; a CALL with its answer."""
    found = await _page(pool, asked, limit, cursor, charger_id=charger_id, transaction_id=transaction_id)
    await must_know(pool, charger_id, found.items)
    return found


@router.get("/transactions/{transaction_id}/messages", responses=errors(404, 422), summary="List its messages")
async def list_messages_of_transaction(
    transaction_id: UUID, pool: Pool, asked: Filters, limit: Limit = LIMIT, cursor: Cursor = None
) -> Page[Message]:
    """Every frame that belongs to a session, the newest first."""
    found = await _page(pool, asked, limit, cursor, charger_id=None, transaction_id=transaction_id)
    if not found.items and not await pool.fetchval(TRANSACTIONS["exists"], transaction_id):
        raise NotFound(f"there is no transaction {transaction_id}")
    return found


@router.get("/messages", responses=errors(422), summary="List messages of all chargers")
async def list_messages_of_all(
    pool: Pool,
    asked: Filters,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    transaction_id: OfTransaction = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Message]:
    """Every frame of any charger, the newest first.

    What is rare is looked for during a few seconds: a page may then hold less than `limit`, even nothing, and still
    have a `next_cursor` that goes on from there. `charger_id`, `transaction_id`, `error` and `since` make it quick.
    """
    if charger_id is not None or transaction_id is not None:
        return await _page(pool, asked, limit, cursor, charger_id=charger_id, transaction_id=transaction_id)
    at, identity = _decoded(cursor)
    rows, rest = await looking_back.look(pool, asked, limit, at, identity)
    return page(rows, limit, _read, "messages", _key, rest=rest)


async def _page(pool: Pool, asked: Asked, limit: int, cursor: str | None, **of: Any) -> Page[Message]:
    _, before_id = _decoded(cursor)
    statement, values = bind(PAGE, **of, **asked.values(), before_id=before_id, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _read, "messages", _key)


def _decoded(cursor: str | None) -> tuple[Any, Any]:
    at, identity = cursors.decode(cursor, "messages", cursors.instant, cursors.number)
    return at, identity


def _key(row: asyncpg.Record) -> tuple[str, int]:
    return row["at"].isoformat(), row["id"]


def _read(row: asyncpg.Record) -> Message:
    return Message.model_validate({**row, "id": str(row["id"])})
