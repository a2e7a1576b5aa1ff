"""A reservation that nobody used in time is over, whatever its charger says."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg

from voltring_core.store.database import open_pool
from voltring_worker.reservations import expire

RECORD = (
    "INSERT INTO station_records (charger_id, kind, key, state, content, source, at)"
    " VALUES ('CP', 'Reservation', $1, $2, $3, 'ReserveNow', now())"
)


async def test_what_is_past_its_expiry_and_was_not_used_is_expired(
    postgres_dsn: str, database: asyncpg.Connection
) -> None:
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    past = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    future = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    for key, state, content in (
        ("old 1.6", "Accepted", {"expiryDate": past}),
        ("old 2.x", "Accepted", {"expiryDateTime": past}),
        ("used", "Used", {"expiryDate": past}),
        ("coming", "Accepted", {"expiryDate": future}),
        ("odd", "Accepted", {"expiryDate": "tomorrow"}),
        ("bare", "Accepted", {}),
    ):
        await database.execute(RECORD, key, state, json.dumps(content))
    pool = await open_pool(postgres_dsn, size=2, name="test")
    assert await expire(pool) == "2 reservations expired"
    rows = await database.fetch("SELECT key FROM station_records WHERE state = 'Expired' ORDER BY key")
    assert [row["key"] for row in rows] == ["old 1.6", "old 2.x"]
    assert await expire(pool) == ""
    await pool.close()
