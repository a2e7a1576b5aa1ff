"""The story of a session: its timeline, page by page or as a whole to be kept, and its power over time."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Query, Response

from voltring_api import cursors
from voltring_api.models.timeline import EntryKind, Series, Timeline
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.prefer import wants_html
from voltring_api.resources.paging import Cursor, Limit
from voltring_api.resources.timeline_belonging import LEAD
from voltring_api.resources.timeline_gathering import LATE, SQL, Gathered, Key, gather, session_row, shown
from voltring_api.resources.timeline_html import CONTENT_SECURITY, page
from voltring_api.resources.timeline_series import Bounds, series
from voltring_api.resources.timeline_story import story

router = APIRouter(prefix="/transactions", tags=["transactions"])
LIMIT = 200
MOST_READINGS = 200_000
NAME = "timeline"
Kinds = Annotated[list[EntryKind] | None, Query(description="Only these; may be given several times.")]
Context = Annotated[
    bool, Query(description="Also what is merely of the same charger in that time; such entries are marked `context`.")
]
Format = Annotated[
    Literal["json", "html"] | None,
    Query(description="A whole timeline to be kept: all pages as one JSON, or as a page to be read or printed."),
]
Accept = Annotated[str | None, Header(description="`text/html` asks for the page that can be read and printed.")]
EXPORTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


@router.get(
    "/{transaction_id}/timeline",
    response_model=Timeline,
    responses={**errors(404, 422), **EXPORTS},
    summary="Read its timeline",
)
async def read_timeline(
    transaction_id: UUID,
    pool: Pool,
    kind: Kinds = None,
    context: Context = True,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
    format: Format = None,
    accept: Accept = None,
) -> Timeline | Response:
    """Everything that was said, done and found about a session, in order of time, each with its raw frame.

    The page that is made for `text/html` is for the driver: it shows no frames, no ids and no whole token.
    """
    if format == "html" or (format is None and wants_html(accept or "")):
        return await _readable(pool, transaction_id)
    async with pool.acquire() as connection:
        found = await gather(connection, transaction_id)
        keys = [key for key in found.keys if context or not key.context]
        counts = Counter(key.kind for key in keys)
        wanted = [key for key in keys if kind is None or key.kind in kind]
        if format == "json":
            return _download(await _whole(connection, found, wanted, counts), transaction_id)
        after = cursors.decode(cursor, NAME, cursors.instant, cursors.instant, cursors.number, cursors.text)
        rest = wanted if cursor is None else [key for key in wanted if key.place > after]
        items = await shown(connection, found, rest[:limit])
    more = len(rest) > limit
    following = cursors.encode(NAME, *_place(rest[limit - 1])) if more else None
    return Timeline(
        session=story(found.row), counts=counts, truncated=found.truncated, items=items, next_cursor=following
    )


@router.get("/{transaction_id}/series", responses=errors(404, 422), summary="Read its power and energy over time")
async def read_series(
    transaction_id: UUID,
    pool: Pool,
    points: Annotated[int, Query(ge=10, le=5000, description="About how many points at most.")] = 500,
) -> Series:
    """Power and energy of a session, thinned so that it can be drawn, and where readings stopped."""
    async with pool.acquire() as connection:
        row = await session_row(connection, transaction_id)
        return await _series(connection, row, points)


async def _series(connection: asyncpg.Connection, row: asyncpg.Record, points: int) -> Series:
    since = row["start_received_at"] - LEAD
    until = max(row["updated_at"], row["start_received_at"]) + LATE
    readings = await connection.fetch(SQL["readings"], row["id"], since, until, MOST_READINGS)
    energy = row["best_wh"] if row["best_wh"] is not None else row["energy_wh"]
    bounds = Bounds(row["started_at"], row["ended_at"], row["meter_start_wh"], energy)
    return series(readings, bounds, datetime.now(UTC), points)


async def _whole(
    connection: asyncpg.Connection, found: Gathered, keys: Sequence[Key], counts: Counter[EntryKind]
) -> Timeline:
    items = await shown(connection, found, keys)
    return Timeline(session=story(found.row), counts=counts, truncated=found.truncated, items=items, next_cursor=None)


async def _readable(pool: asyncpg.Pool, transaction_id: UUID) -> Response:
    async with pool.acquire() as connection:
        found = await gather(connection, transaction_id, hide_tokens=True)
        keys = [key for key in found.keys if not key.context]
        items = await shown(connection, found, keys, hide_tokens=True)
        drawn = await _series(connection, found.row, 500)
    headers = {"Content-Security-Policy": CONTENT_SECURITY, "Vary": "Accept"}
    headers |= {"Content-Disposition": f'inline; filename="{_file(found.row)}.html"'}
    return Response(page(story(found.row), items, drawn), media_type="text/html", headers=headers)


def _download(whole: Timeline, transaction_id: UUID) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="session-{transaction_id}.json"', "Vary": "Accept"}
    return Response(whole.model_dump_json(indent=2), media_type="application/json", headers=headers)


def _file(row: asyncpg.Record) -> str:
    at = row["started_at"] or row["start_received_at"]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"session-{row['charger_id']}-{at:%Y-%m-%d-%H%M}")


def _place(key: Key) -> tuple[str, str, int, str]:
    return key.at.isoformat(), key.received_at.isoformat(), key.number, key.id
