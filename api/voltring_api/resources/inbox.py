"""The unresolved inbox: what belongs to no known session, with its evidence; an operator attaches or dismisses it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import audit, cursors
from voltring_api.models.base import Page
from voltring_api.models.inbox import Attach, Candidate, Comparison, Dismiss, InboxItem, Resolved, Said
from voltring_api.models.transaction import Transaction
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import Cursor, page
from voltring_api.statements import bind
from voltring_core.domain.transactions import START_LOST, UNKNOWN_TRANSACTION
from voltring_core.domain.weighing import Weighed, weigh
from voltring_core.errors import Conflict, NotFound
from voltring_core.store.evidence import transaction_of
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "inbox.sql")
router = APIRouter(prefix="/inbox", tags=["inbox"])
LIMIT, MOST_CANDIDATES = 20, 10
WHY = (UNKNOWN_TRANSACTION, START_LOST)
MOVED = ("move_events", "move_readings", "move_signed_readings", "move_frames")
Limit = Annotated[int, Query(ge=1, le=100, description="Items on a page.")]
Row = Any
"""An asyncpg.Record, read by column name."""


@router.get("", responses=errors(422), summary="List what nobody could assign")
async def list_inbox(
    pool: Pool,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[InboxItem]:
    """What belongs to no known session and nobody has resolved, the latest first: what the charger sent, and the
    sessions that it may belong to, with what speaks for and against each."""
    received, identity = cursors.decode(cursor, "inbox", cursors.instant, cursors.identity)
    asked = {"id": None, "charger_id": charger_id, "before": received, "before_id": identity}
    statement, values = bind(SQL["page"], **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    items = {item.id: item for item in await _items(pool, rows[:limit])}
    return page(rows, limit, lambda row: items[row["id"]], "inbox", _key)


@router.get("/{item_id}", responses=errors(404, 422), summary="Read what nobody could assign")
async def read_item(item_id: UUID, pool: Pool) -> InboxItem:
    """One item of the inbox that nobody has resolved."""
    asked = {"id": item_id, "charger_id": None, "before": None, "before_id": None}
    statement, values = bind(SQL["page"], **asked, limit=1)
    items = await _items(pool, await pool.fetch(statement, *values))
    if not items:
        raise NotFound(f"nothing unresolved has the id {item_id}")
    return items[0]


@router.post("/{item_id}/attach", responses=errors(404, 409, 422), summary="Attach it to a session")
async def attach(item_id: UUID, wish: Attach, pool: Pool, who: Who) -> Resolved:
    """Make it part of a session of the same charger: what the charger said of it is that session's from now on, and
    the worker works the session out anew within seconds. It can't be undone."""
    async with pool.acquire() as connection, connection.transaction():
        item = await _open_item(connection, item_id, wish.transaction_id)
        target = await connection.fetchrow(SQL["item"], wish.transaction_id)
        _must_fit(item, target, wish.transaction_id)
        for statement in MOVED:
            await connection.execute(SQL[statement], item_id, wish.transaction_id)
        await connection.execute(SQL["touch"], wish.transaction_id)
        row = await connection.fetchrow(SQL["resolve"], item_id, "attached", wish.transaction_id)
        told = {"transaction_id": str(wish.transaction_id), "note": wish.note}
        await audit.record(connection, who, "inbox.attach", f"transaction:{item_id}", **told)
    return Resolved.model_validate(dict(row))


@router.post("/{item_id}/dismiss", responses=errors(404, 409, 422), summary="Dismiss it")
async def dismiss(item_id: UUID, wish: Dismiss, pool: Pool, who: Who) -> Resolved:
    """Say that it belongs to no session. It stays where it is, and out of the inbox."""
    async with pool.acquire() as connection, connection.transaction():
        await _open_item(connection, item_id)
        row = await connection.fetchrow(SQL["resolve"], item_id, "dismissed", None)
        await audit.record(connection, who, "inbox.dismiss", f"transaction:{item_id}", note=wish.note)
    return Resolved.model_validate(dict(row))


async def _open_item(connection: asyncpg.Connection, item_id: UUID, *others: UUID) -> Row:
    """The item, locked with others; NotFound, or Conflict when it was resolved already.

    Whoever locks several locks the charger's fence first, then the rows in the order of their ids: so nodes, the worker
    and this never wait for each other in a ring. The reconciler locks no fence, keeps the order, and waits for no row.
    """
    await connection.fetch(SQL["lock_charger"], item_id)
    await connection.fetch(SQL["lock_rows"], [item_id, *others])
    row = await connection.fetchrow(SQL["item"], item_id)
    if row is None or not row["is_unassigned"]:
        raise NotFound(f"nothing in the inbox has the id {item_id}")
    if row["resolution"] is not None:
        raise Conflict(f"this was {row['resolution']} already")
    return row


def _must_fit(item: Row, target: Row | None, target_id: UUID) -> None:
    if target is None:
        raise NotFound(f"there is no transaction {target_id}")
    if target["id"] == item["id"]:
        raise Conflict("it can't be attached to itself")
    if target["charger_id"] != item["charger_id"]:
        raise Conflict(
            f"the transaction {target_id} is of the charger {target['charger_id']!r}, not of {item['charger_id']!r}"
        )
    if target["state"] == "Orphan" or target["resolution"] is not None:
        raise Conflict(f"the transaction {target_id} is itself no session that something could belong to")


async def _items(pool: asyncpg.Pool, rows: Sequence[Row]) -> list[InboxItem]:
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    said: dict[UUID, list[Said]] = defaultdict(list)
    for row in await pool.fetch(SQL["said"], ids):
        said[row["transaction_id"]].append(Said.model_validate(dict(row)))
    others: dict[UUID, list[Row]] = defaultdict(list)
    places = [row["charger_id"] for row in rows], [row["start_received_at"] for row in rows]
    for row in await pool.fetch(SQL["candidates"], ids, *places):
        others[row["item_id"]].append(row)
    return [_item(row, said[row["id"]], others[row["id"]]) for row in rows]


def _item(row: Row, said: list[Said], others: Sequence[Row]) -> InboxItem:
    found = transaction_of(row)
    weighed = weigh(found, map(transaction_of, others))[:MOST_CANDIDATES]
    by_id = {other["id"]: other for other in others}
    return InboxItem(
        id=found.id,
        charger_id=found.charger_id,
        why=[word for word in WHY if word in found.flags] or [found.state.value],
        heard_at=row["start_received_at"],
        transaction=Transaction.model_validate(dict(row)),
        said=said,
        candidates=[_candidate(one, by_id[one.session.id]) for one in weighed],
    )


def _candidate(one: Weighed, row: Row) -> Candidate:
    reasons = [Comparison(about=each.about, fits=each.fits, says=each.says) for each in one.reasons]
    return Candidate(transaction=Transaction.model_validate(dict(row)), reasons=reasons)


def _key(row: Row) -> tuple[Any, ...]:
    return row["start_received_at"].isoformat(), str(row["id"])
