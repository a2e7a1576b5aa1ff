"""Reports of chargers that came in parts, put together."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.report import Report, ReportSummary, report_of, summary_of
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.knowing import must_know
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.domain.reports import ReportState
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "reports.sql")
router = APIRouter(tags=["stations"])
MOST_PARTS = 2_000
"""A part is at most as large as a frame may be; an inventory of thousands of variables has some hundreds of parts."""


@router.get("/chargers/{charger_id}/reports", responses=errors(404, 422), summary="List a charger's reports")
async def list_reports(
    charger_id: str,
    pool: Pool,
    action: Annotated[str | None, Query(max_length=64, examples=["NotifyReport"])] = None,
    state: ReportState | None = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[ReportSummary]:
    """Reports of the charger without their content, the newest first."""
    before, before_id = cursors.decode(cursor, "reports", cursors.instant, cursors.identity)
    asked = {"action": action, "state": state, "before": before, "before_id": before_id}
    statement, values = bind(SQL["page"], charger_id=charger_id, **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    await must_know(pool, charger_id, rows)
    return page(rows, limit, summary_of, "reports", lambda row: (row["started_at"].isoformat(), str(row["id"])))


@router.get("/reports/{report_id}", responses=errors(404, 422), summary="Read a report")
async def read_report(report_id: UUID, pool: Pool) -> Report:
    """A report with what it says: its parts in order, joined; numbers that are missing are named."""
    async with pool.acquire() as connection:
        row = await connection.fetchrow(SQL["get"], report_id)
        if row is None:
            raise NotFound(f"there is no report {report_id}")
        parts = await connection.fetch(SQL["parts"], report_id, MOST_PARTS + 1)
    contents = [part["content"] for part in parts[:MOST_PARTS]]
    return report_of(row, contents, truncated=len(parts) > MOST_PARTS)
