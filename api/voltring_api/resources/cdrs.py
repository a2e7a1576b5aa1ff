"""Charge detail records: listed, read, as invoices, and taken back by hand."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from voltring_api import audit, cursors
from voltring_api.invoice import HEADERS, render
from voltring_api.models.base import GivenInstant, Page
from voltring_api.models.billing import ChargeRecord, ChargeRecordWithContent, CreditReason
from voltring_api.openapi import errors
from voltring_api.parts import AllParts, Pool, Who
from voltring_api.prefer import wants_html
from voltring_api.resources.paging import LIMIT, Cursor, Limit, must_rise, page
from voltring_api.seller import with_seller
from voltring_api.statements import bind
from voltring_core.domain.billing import CdrKind, credited_by_hand
from voltring_core.domain.billing_invoice import invoice
from voltring_core.domain.billing_records import issued_of, plain
from voltring_core.errors import Conflict, NotFound
from voltring_core.store import billing as books
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "billing.sql")
router = APIRouter(prefix="/cdrs", tags=["billing"])
AMOUNTS = ("energy_wh", "net", "tax", "total")
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "JSON, or a page to be printed."}
}


@router.get("", responses=errors(422), summary="List charge detail records")
async def list_records(
    pool: Pool,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    id_token: Annotated[str | None, Query(max_length=255, description="Compared without case.")] = None,
    transaction_id: UUID | None = None,
    since: Annotated[GivenInstant | None, Query(description="Issued at this or later.")] = None,
    until: Annotated[GivenInstant | None, Query(description="Issued before this.")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[ChargeRecord]:
    """Charges and credits, the one issued last first."""
    must_rise(since, until)
    before, number = cursors.decode(cursor, "cdrs", cursors.instant, cursors.number)
    asked = {"charger_id": charger_id, "id_token": id_token, "transaction_id": transaction_id}
    window = {"since": since, "until": until, "before": before, "before_number": number}
    statement, values = bind(SQL["page"], **asked, **window, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _read, "cdrs", lambda row: (row["issued_at"].isoformat(), row["number"]))


@router.get("/{record_id}", responses=errors(404, 422), summary="Read a charge detail record")
async def read_record(record_id: UUID, pool: Pool) -> ChargeRecordWithContent:
    """One record with everything that it rests on."""
    return _read_whole(await _found(pool, record_id))


@router.get(
    "/{record_id}/invoice", responses={**PAGE, **errors(404, 422)}, summary="Read a record as an invoice or credit note"
)
async def read_invoice(
    record_id: UUID,
    parts: AllParts,
    accept: Annotated[str, Header(description="`text/html` for a page to be printed.")] = "*/*",
) -> dict[str, Any]:
    """Each line with quantity, price and amount, so that it can be checked by hand; JSON, or a page to be printed.

    `seller` (`name`, `address` in lines, `vat_id`) is there when the settings name one (`VOLTRING_SELLER_NAME`)."""
    found = with_seller(invoice(await _found(parts.pool, record_id)), parts.seller)
    if wants_html(accept):
        return Response(render(found), headers=HEADERS, media_type="text/html")  # type: ignore[return-value]
    return found


@router.post("/{record_id}/credit", status_code=201, responses=errors(404, 409, 422), summary="Take a charge back")
async def credit_record(record_id: UUID, wish: CreditReason, pool: Pool, who: Who) -> ChargeRecordWithContent:
    """Issue a credit for a charge that stands. Its session costs nothing from then on, whatever is heard of it."""
    async with pool.acquire() as connection, connection.transaction():
        row = await _found(connection, record_id)
        session_id = row["transaction_id"]
        book = await books.open_book(connection, session_id)
        records = await connection.fetch(books.SQL["issued"], session_id) if book is None else book.records
        step = credited_by_hand(issued_of(row), [issued_of(one) for one in records], wish.reason)
        if step is None:
            raise Conflict(_why_not(row, records))
        now = await connection.fetchval(SQL["now"])
        session = {"id": session_id, "charger_id": row["charger_id"], "id_token": row["id_token"]}
        made = await books.issue(connection, session, step, row["content"], now)
        await connection.execute(books.SQL["void"], session_id, who.name, now, wish.reason)
        await audit.record(
            connection, who, "cdr.credit", f"cdr:{record_id}", reason=wish.reason, credit=str(made["id"])
        )
    return _read_whole(made)


async def _found(connection: Any, record_id: UUID) -> asyncpg.Record:
    row = await connection.fetchrow(SQL["get"], record_id)
    if row is None:
        raise NotFound(f"there is no charge detail record {record_id}")
    return row


def _why_not(row: asyncpg.Record, records: Any) -> str:
    if row["kind"] == CdrKind.CREDIT:
        return "a credit can't be taken back"
    credit = next(one["number"] for one in records if one["corrects"] == row["id"])
    return f"the charge is taken back already, by credit {credit}"


def _read(row: asyncpg.Record) -> ChargeRecord:
    return ChargeRecord.model_validate(_in_words(row))


def _read_whole(row: asyncpg.Record) -> ChargeRecordWithContent:
    return ChargeRecordWithContent.model_validate(_in_words(row))


def _in_words(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, **{name: plain(row[name]) for name in AMOUNTS}}
