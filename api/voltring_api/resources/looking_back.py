"""Messages of all chargers, the newest first, without an index that has them in order.

They lie on disk in the order in which they came, so a window of time is cheap to read. The first window is short;
each one before it is longer as long as reading is quick, until the page is full, nothing older is kept, or the time
is over.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from voltring_api.resources.message_filters import Asked
from voltring_api.statements import bind, include
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "messages.sql")
WINDOW = include(SQL["window"], **{name: SQL[name] for name in ("columns", "filters", "answers", "shown")})
SHORTEST = timedelta(seconds=15)
LONGEST = timedelta(days=1)
QUICK_S = 0.1
"""Seconds; a window that is read within them makes the next one four times as long."""
PATIENCE_S = 2.0
"""Seconds for all windows of a page."""
AHEAD = timedelta(minutes=5)
"""How far the clocks of nodes may be ahead of this one's."""
Key = tuple[str, int]


async def look(
    pool: asyncpg.Pool, asked: Asked, limit: int, before_at: datetime | None, before_id: int | None
) -> tuple[list[asyncpg.Record], Key | None]:
    """One row more than `limit` as far as there are; and where to go on, when the time was over first."""
    clock = asyncio.get_running_loop().time
    over_at = clock() + PATIENCE_S
    narrowed = {**asked.values(), "before_at": before_at, "before_id": before_id, "since": None, "until": None}
    last, length = _newest(asked, before_at), SHORTEST
    rows: list[asyncpg.Record] = []
    while True:
        began = clock()
        first = last - length if asked.since is None else max(last - length, asked.since)
        statement, values = bind(WINDOW, **narrowed, first=first, last=last, limit=limit + 1 - len(rows))
        rows += await pool.fetch(statement, *values)
        if len(rows) > limit or first == asked.since or not await pool.fetchval(SQL["any_before"], first):
            return rows, None
        if clock() > over_at:
            return rows, (first.isoformat(), 0)
        last, length = first, after(length, clock() - began)


def after(length: timedelta, took_s: float) -> timedelta:
    """How long the next window is, by how long the present one took to be read."""
    if took_s <= QUICK_S:
        return min(length * 4, LONGEST)
    return length if took_s <= 4 * QUICK_S else max(length / 4, SHORTEST)


def _newest(asked: Asked, before_at: datetime | None) -> datetime:
    """The end of the first window: nothing at it or later is wanted."""
    ends = [datetime.now(UTC) + AHEAD, asked.until, before_at and before_at + timedelta(microseconds=1)]
    return min(end for end in ends if end is not None)
