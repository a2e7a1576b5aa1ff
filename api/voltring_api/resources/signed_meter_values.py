"""The signed readings of a session: what a driver, or a court, may have checked."""

from uuid import UUID

import asyncpg
from fastapi import APIRouter

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.signed_meter_value import SignedMeterValue
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "signed_meter_values.sql")
router = APIRouter(prefix="/transactions", tags=["transactions"])


@router.get("/{transaction_id}/signed-meter-values", responses=errors(404, 422), summary="List its signed meter values")
async def list_signed_meter_values(
    transaction_id: UUID, pool: Pool, limit: Limit = LIMIT, cursor: Cursor = None
) -> Page[SignedMeterValue]:
    """What the meter has signed during a transaction, the oldest first, byte for byte as it came."""
    at, number = cursors.decode(cursor, "signed-meter-values", cursors.instant, cursors.number)
    asked = {"transaction": transaction_id, "after": at, "after_id": number}
    statement, values = bind(SQL["page"], **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    if not rows and not await pool.fetchval(SQL["exists"], transaction_id):
        raise NotFound(f"there is no transaction {transaction_id}")
    return page(rows, limit, _read, "signed-meter-values", lambda row: (row["at"].isoformat(), row["id"]))


def _read(row: asyncpg.Record) -> SignedMeterValue:
    return SignedMeterValue.model_validate(dict(row))
