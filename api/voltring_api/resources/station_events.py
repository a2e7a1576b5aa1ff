"""What happened at chargers beside their sessions: security events, alarms, status of uploads and updates."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import GivenInstant, Page
from voltring_api.models.station import StationEvent, event_of
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.knowing import must_know
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.domain.kinds import StationEventKind
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "station_events.sql")
router = APIRouter(tags=["stations"])
SEVERE = 3
"""As the index has it: OCPP's Danger, Hardware failure, System failure and Critical."""
Severity = Annotated[
    int | None,
    Query(ge=0, le=9, description="At most this: 0 danger ... 9 debug. What has no severity is left out then."),
]
Since = Annotated[GivenInstant | None, Query(description="Received at this time or later.")]
Charger = Annotated[str | None, Query(max_length=48)]


@router.get("/chargers/{charger_id}/events", responses=errors(404, 422), summary="List a charger's events")
async def list_events_of_charger(
    charger_id: str,
    pool: Pool,
    kind: StationEventKind | None = None,
    severity: Severity = None,
    since: Since = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[StationEvent]:
    """What happened at the charger, the newest first."""
    found = await _find(pool, limit, cursor, charger_id=charger_id, kind=kind, severity=severity, since=since)
    await must_know(pool, charger_id, found.items)
    return found


@router.get("/station-events", responses=errors(422), summary="List events of all chargers")
async def list_events(
    pool: Pool,
    charger_id: Charger = None,
    kind: StationEventKind | None = None,
    severity: Severity = None,
    since: Since = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[StationEvent]:
    """What happened at any charger, the newest first; `severity=3` for what needs somebody soon."""
    return await _find(pool, limit, cursor, charger_id=charger_id, kind=kind, severity=severity, since=since)


async def _find(
    pool: Pool, limit: int, cursor: str | None, *, severity: int | None, **asked: Any
) -> Page[StationEvent]:
    (before,) = cursors.decode(cursor, "station-events", cursors.number)
    severe = True if severity is not None and severity <= SEVERE else None
    narrowed = {**asked, "severity": severity, "severe": severe, "before": before}
    statement, values = bind(SQL["page"], **narrowed, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, event_of, "station-events", lambda row: (row["id"],))
