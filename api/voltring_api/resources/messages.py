"""The raw message log of a charger."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.message import Message
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "messages.sql")
router = APIRouter(prefix="/chargers/{charger_id}/messages", tags=["chargers"])


@router.get("", responses=errors(404, 422), summary="List a charger's messages")
async def list_messages(
    charger_id: str,
    pool: Pool,
    action: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Message]:
    """Every frame that came from the charger or went to it, the newest first."""
    (before,) = cursors.decode(cursor, "messages", cursors.number)
    asked = {"charger_id": charger_id, "action": action, "before": before}
    statement, values = bind(SQL["page"], **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    if not rows and not await pool.fetchval(SQL["charger_exists"], charger_id):
        raise NotFound(f"there is no charger {charger_id!r}")
    return page(rows, limit, _read, "messages", lambda row: (row["id"],))


def _read(row: asyncpg.Record) -> Message:
    return Message.model_validate({**row, "id": str(row["id"])})
