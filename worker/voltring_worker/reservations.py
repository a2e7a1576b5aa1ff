"""Reservations that are over by the clock: OCPP 1.6 chargers never say so (H04 is 2.x)."""

import asyncpg

from voltring_worker.partitions import SQL


async def expire(pool: asyncpg.Pool) -> str:
    """Mark those that nobody used in time; returns the sentence for the log, empty when there were none."""
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(SQL["be_alone"], "reservations"):
            return ""
        rows = await connection.fetch(SQL["expire_reservations"])
    return f"{len(rows)} reservations expired" if rows else ""
