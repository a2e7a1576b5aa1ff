"""What sessions cost, which wait for a person, and what that person decides."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import audit, cursors
from voltring_api.keys import Principal
from voltring_api.models.base import Page
from voltring_api.models.billing import BillReason, Cost, Held, HeldState, Judgement
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.domain.billing import Billing, Refusal, Ruling, releasable, voidable
from voltring_core.domain.billing_records import plain
from voltring_core.domain.flag_words import told
from voltring_core.errors import Conflict, NotFound
from voltring_core.store import billing as books
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "billing.sql")
router = APIRouter(tags=["billing"])
FIELDS = ("currency", "net", "tax", "total", "energy_wh", "until", "at")
NOT_YET = {"billing": Billing.OPEN, "waits_for": []}


@router.get("/billing/held", responses=errors(422), summary="List sessions whose bill waits")
async def list_held(
    pool: Pool,
    state: HeldState | None = None,
    reason: Annotated[str | None, Query(max_length=50, examples=["energy_mismatch"])] = None,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Held]:
    """Sessions that are over and not billed, the one that ended last first: `held` ones wait for you, `provisional`
    ones for their true end, which may never come."""
    before, identity = cursors.decode(cursor, "held", cursors.instant, cursors.identity)
    asked = {"state": state, "reason": reason, "charger_id": charger_id, "before": before, "before_id": identity}
    statement, values = bind(SQL["held"], **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _held, "held", lambda row: (row["heard_at"].isoformat(), str(row["transaction_id"])))


@router.get("/transactions/{transaction_id}/cost", responses=errors(404, 422), summary="Read what a session costs")
async def read_cost(transaction_id: UUID, pool: Pool) -> Cost:
    """The running or final cost with its lines, and where its billing stands."""
    async with pool.acquire() as connection:
        return await _cost(connection, transaction_id)


@router.post(
    "/transactions/{transaction_id}/release", status_code=202, responses=errors(404, 409, 422), summary="Release a bill"
)
async def release(transaction_id: UUID, wish: Judgement, pool: Pool, who: Who) -> Cost:
    """Have a session billed in spite of what it waits for now; what is found later holds it again.

    The worker issues the record within seconds.
    """
    async with pool.acquire() as connection, connection.transaction():
        account = await _account(connection, transaction_id)
        waits_for = list(account["waits_for"])
        ruled = _ruling(account), account["in_spite_of"]
        _must_be(releasable(Billing(account["billing"]), waits_for, *ruled))
        in_spite_of = sorted({*account["in_spite_of"], *waits_for})
        now = await connection.fetchval(SQL["now"])
        await connection.execute(books.SQL["release"], transaction_id, in_spite_of, who.name, now, wish.note)
        await _note(connection, who, "transaction.release", transaction_id, note=wish.note, in_spite_of=waits_for)
        return await _cost(connection, transaction_id)


@router.post("/transactions/{transaction_id}/void", responses=errors(404, 409, 422), summary="Make a bill void")
async def void(transaction_id: UUID, wish: Judgement, pool: Pool, who: Who) -> Cost:
    """Have a session that is not billed cost nothing, for ever. What is billed is taken back by a credit of its record
    (409)."""
    async with pool.acquire() as connection, connection.transaction():
        account = await _account(connection, transaction_id)
        _must_be(voidable(Billing(account["billing"]), _ruling(account)))
        now = await connection.fetchval(SQL["now"])
        await connection.execute(books.SQL["void"], transaction_id, who.name, now, wish.note)
        await _note(connection, who, "transaction.void", transaction_id, note=wish.note)
        return await _cost(connection, transaction_id)


async def _account(connection: asyncpg.Connection, transaction_id: UUID) -> Mapping[str, Any]:
    book = await books.open_book(connection, transaction_id)
    if book is None:
        raise NotFound(f"there is no transaction {transaction_id}")
    account: Mapping[str, Any] = book.account
    return account


def _ruling(account: Mapping[str, Any]) -> Ruling | None:
    return None if account["ruling"] is None else Ruling(account["ruling"])


def _must_be(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Conflict(refusal.value)


async def _note(connection: asyncpg.Connection, who: Principal, action: str, session: UUID, **detail: Any) -> None:
    await audit.record(connection, who, action, f"transaction:{session}", **detail)


async def _cost(connection: asyncpg.Connection, transaction_id: UUID) -> Cost:
    row = await connection.fetchrow(SQL["account"], transaction_id)
    if row is None:
        raise NotFound(f"there is no transaction {transaction_id}")
    stands = await connection.fetchrow(SQL["billed"], transaction_id)
    cost = row["cost"] or {}
    price = cost.get("price", {})
    known = NOT_YET if row["billing"] is None else {**row, "waits_for": _reasons(row["waits_for"])}
    return Cost.model_validate(
        {
            **{name: cost.get(name) for name in FIELDS},
            "lines": price.get("lines", []),
            "taxes": price.get("taxes", []),
            "transaction_id": transaction_id,
            "tariff_id": row["tariff_id"],
            "ruling": row["ruling"],
            "ruled_by": row["released_by"],
            "ruled_at": row["released_at"],
            "note": row["note"],
            "record_id": stands["record_id"],
            "billed": plain(stands["billed"]),
            **known,
        }
    )


def _held(row: asyncpg.Record) -> Held:
    cost = row["cost"] or {}
    money = {name: cost.get(name) for name in ("currency", "total", "energy_wh")}
    return Held.model_validate({**row, **money, "waits_for": _reasons(row["waits_for"])})


def _reasons(words: list[str]) -> list[BillReason]:
    return [BillReason(reason=word, says=told(word)) for word in words]
