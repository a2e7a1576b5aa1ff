"""The data of `queries.py`: 90 days of a fleet, made up in the database by `queries.sql`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from voltring_api.statements import bind
from voltring_core.domain.watchdogs import Rule
from voltring_core.store.queries import MARK

DAYS = 90
CHUNK = 50_000
PARTITIONED = ("meter_values", "ocpp_messages", "station_events")
ONCE = ("sites", "chargers", "connections", "connectors", "commands", "alarms")
BY_SESSION = ("sessions", "readings", "events", "frames", "accounts", "records")
TARIFF = {
    "name": "Day and night",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "prices_include_tax": True,
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [
        {"kind": "fixed_fee", "price": "0.35"},
        {"kind": "energy", "price": "0.39", "conditions": {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}},
        {"kind": "energy", "price": "0.54"},
        {"kind": "idle_time", "price": "0.10", "step_seconds": 60, "grace_minutes": 5},
    ],
}
LINE = {
    "kind": "energy",
    "quantity": "9.204",
    "unit": "kWh",
    "price": "0.54",
    "net": "4.18",
    "from": "08:00",
    "to": "08:40",
}
COST = {"currency": "EUR", "net": "4.47", "tax": "0.85", "total": "5.32", "lines": [LINE, LINE, LINE]}


@dataclass(frozen=True)
class Size:
    """How much there is."""

    chargers: int = 20_000
    sessions: int = 1_000_000
    readings: int = 10
    """Of each session."""
    commands: int = 500_000

    def scaled(self, by: float) -> "Size":
        """A smaller one with the same shape."""
        few = (max(int(number * by), 200) for number in (self.chargers, self.sessions, self.commands))
        chargers, sessions, commands = few
        return Size(chargers, sessions, self.readings, commands)


async def fill(dsn: str, size: Size) -> None:
    """Fill an empty database, and say how long each part took."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC", "synchronous_commit": "off"})
    await connection.set_type_codec("json", schema="pg_catalog", encoder=str, decoder=str)
    try:
        await _partitions(connection)
        for name in ONCE:
            await _run(connection, name, _values(size))
        for name in BY_SESSION:
            await _run(connection, name, *_chunks(size))
        began = time.perf_counter()
        await connection.execute("VACUUM (ANALYZE)", timeout=3600)
        print(f"  vacuumed and analysed in {time.perf_counter() - began:.0f} s", flush=True)
        size_bytes = await connection.fetchval("SELECT pg_database_size(current_database())")
        print(f"  {size_bytes / 2**30:.1f} GiB in all\n", flush=True)
    finally:
        await connection.close()


async def _partitions(connection: asyncpg.Connection) -> None:
    """One for each day, as the worker makes them."""
    today = datetime.now(UTC).date()
    for table in PARTITIONED:
        for back in range(-2, DAYS + 1):
            day = today - timedelta(days=back)
            await connection.execute("SELECT make_day_partition($1, $2, $3)", table, f"{table}_{day:%Y%m%d}", day)


async def _run(connection: asyncpg.Connection, name: str, *each: dict[str, Any]) -> None:
    began, rows = time.perf_counter(), 0
    for values in each:
        statement, bound = bind(STATEMENTS[name], **values)
        rows += int((await connection.execute(statement, *bound, timeout=3600)).rpartition(" ")[2])
    print(f"  {rows:,} {name} in {time.perf_counter() - began:.0f} s", flush=True)


def _chunks(size: Size) -> Iterator[dict[str, Any]]:
    for first in range(1, size.sessions + 1, CHUNK):
        yield _values(size) | {"first": first, "last": min(first + CHUNK - 1, size.sessions)}


def _values(size: Size) -> dict[str, Any]:
    texts = {"tariff": orjson.dumps(TARIFF).decode(), "cost": orjson.dumps(COST).decode()}
    return {**size.__dict__, **texts, "rules": [rule.value for rule in Rule]}


def _statements() -> dict[str, str]:
    text = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8")
    blocks = (block.partition("\n") for block in text.split(MARK)[1:])
    return {name.strip(): body.strip() for name, _, body in blocks}


STATEMENTS = _statements()
