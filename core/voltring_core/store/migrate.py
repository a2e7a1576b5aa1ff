"""Schema migrations: numbered `.sql` files, applied once each, in order, under a lock.

Safe to run at any time and from many places at once; each file runs in its own transaction.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

LOCK = 0x766F6C74  # "volt": one migration at a time
TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations
    (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and its statements."""

    number: int
    name: str
    sql: str


def available() -> list[Migration]:
    """The migrations of this program, in order."""
    found = []
    for file in files("voltring_core.store").joinpath("migrations").iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


async def newest_applied(connection: asyncpg.Connection) -> int:
    """The number of the newest migration in the database; 0 in an empty one."""
    if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM schema_migrations"))


async def migrate(dsn: str) -> list[Migration]:
    """Apply what is missing and return it."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(TABLE)
        newest = await newest_applied(connection)
        missing = [migration for migration in available() if migration.number > newest]
        for migration in missing:
            await _apply(connection, migration)
        return missing
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", migration.number, migration.name
        )
