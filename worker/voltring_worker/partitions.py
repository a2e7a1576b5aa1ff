"""Daily partitions: made ahead, dropped after their time."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg

from voltring_core.store.queries import load

SQL = load("voltring_worker", "worker.sql")
TABLES = ("ocpp_messages", "meter_values", "station_events", "stream_values")


@dataclass(frozen=True, slots=True)
class Plan:
    """Partitions to make (table, day) and to drop (by name)."""

    make: tuple[tuple[str, date], ...]
    drop: tuple[str, ...]


def name_of(table: str, day: date) -> str:
    """The partition of a day, e.g. `meter_values_20260131`."""
    return f"{table}_{day:%Y%m%d}"


def plan(existing: frozenset[str], today: date, ahead: int, keep: int) -> Plan:
    """What is missing from today on, and what is older than `keep` days."""
    wanted = [(table, today + timedelta(days=n)) for table in TABLES for n in range(ahead + 1)]
    missing = tuple((table, day) for table, day in wanted if name_of(table, day) not in existing)
    oldest = today - timedelta(days=keep)
    return Plan(missing, tuple(sorted(name for name in existing if (day := _day(name)) and day < oldest)))


def _day(name: str) -> date | None:
    match = re.fullmatch(rf"(?:{'|'.join(TABLES)})_(\d{{8}})", name)
    try:
        return datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date() if match else None
    except ValueError:
        return None  # a table of somebody's own


async def keep_up(pool: asyncpg.Pool, ahead: int, keep: int) -> str:
    """Make and drop what today asks for; returns the sentence for the log."""
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(SQL["be_alone"], "partitions"):
            return ""
        existing = frozenset(row["name"] for row in await connection.fetch(SQL["partitions"], list(TABLES)))
        today = await connection.fetchval(SQL["today"])
        todo = plan(existing, today, ahead, keep)
        for table, day in todo.make:
            await connection.fetchval(SQL["make_partition"], table, name_of(table, day), day)
        for name in todo.drop:
            await connection.fetchval(SQL["drop_partition"], name)
    if not (todo.make or todo.drop):
        return ""
    return f"{len(todo.make)} partitions made, {len(todo.drop)} dropped"
