"""Alarms: what watchdogs have seen, and whether it still holds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.alarm import Alarm, AlarmState, alarm_of
from voltring_api.models.base import Page
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.domain.watchdogs import Rule
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "alarms.sql")
router = APIRouter(prefix="/alarms", tags=["alarms"])


@router.get("", responses=errors(422), summary="List alarms")
async def list_alarms(
    pool: Pool,
    state: AlarmState | None = None,
    rule: Rule | None = None,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Alarm]:
    """Alarms, the one raised last first; `state=open` for what needs somebody now."""
    before, identity = cursors.decode(cursor, "alarms", cursors.instant, cursors.identity)
    asked = {"rule": rule, "charger_id": charger_id, "before": before, "before_id": identity}
    states = {one.value: True if state is one else None for one in AlarmState}
    statement, values = bind(SQL["page"], **asked, **states, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, alarm_of, "alarms", lambda row: (row["raised_at"].isoformat(), str(row["id"])))


@router.get("/{alarm_id}", responses=errors(404, 422), summary="Read an alarm")
async def read_alarm(alarm_id: UUID, pool: Pool) -> Alarm:
    """One alarm."""
    row = await pool.fetchrow(SQL["get"], alarm_id)
    if row is None:
        raise NotFound(f"there is no alarm {alarm_id}")
    return alarm_of(row)
