"""Starts of one token that two nodes have accepted at the same moment: both sessions are flagged `concurrent`, and
their bills wait for a person (`domain/concurrent.py`).
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.authorization import Concurrency
from voltring_core.domain.concurrent import Shown, accepted_at_once
from voltring_core.domain.times import LATE_AFTER
from voltring_core.store.queries import load
from voltring_worker.partitions import SQL as COMMON

logger = logging.getLogger("voltring.billing")
SQL = load("voltring_worker", "billing_concurrent.sql")
DEAUTHORISING = load("voltring_worker", "deauthorising.sql")
LATELY = timedelta(minutes=10)
"""How long ago a session may have begun that is over when it is looked for."""
MOST = 2_000


class ConcurrentStarts:
    """One look at a time, by one worker."""

    def __init__(self, pool: asyncpg.Pool, concurrency: Concurrency) -> None:
        """`concurrency`: of tokens that have none of their own, as the nodes have it."""
        self._pool = pool
        self._concurrency = concurrency

    async def cycle(self) -> str:
        """Flag what is found; returns the sentence for the log, empty when there is nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(COMMON["be_alone"], "concurrent starts"):
                return ""
            rows = await connection.fetch(SQL["let_charge"], self._concurrency.value, LATELY, LATE_AFTER, MOST)
        found = accepted_at_once(Shown(row["id"], row["charger_id"], row["key"], row["at"]) for row in rows)
        fresh = [row for row in rows if row["id"] in found and not row["is_flagged"]]
        flagged = [row["id"] for row in fresh if await self._flag(row["charger_id"], row["id"])]
        return f"{len(flagged)} sessions of tokens that began at two places at once" if flagged else ""

    async def _flag(self, charger_id: str, session: UUID) -> bool:
        """Under the charger's lock, as nodes write sessions; False when it is flagged already."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.fetch(DEAUTHORISING["lock_charger"], charger_id)
            done: Any = await connection.execute(SQL["flag"], session)
        if done != "UPDATE 1":
            return False
        logger.info(
            "%s: session %s began at the same moment as another one of its token",
            charger_id,
            session,
            extra={"charger": charger_id},
        )
        return True
