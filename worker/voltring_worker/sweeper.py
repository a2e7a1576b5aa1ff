"""Commands that are late: expired in the queue, SENT and never answered, queued but never rung for."""

import logging
from collections.abc import Awaitable, Callable, Collection

import asyncpg

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import (
    ANSWER_TIMEOUT,
    LONGEST_ANSWER_TIMEOUT,
    MAX_ATTEMPTS,
    SLOW_ACTIONS,
    Reason,
    State,
)
from voltring_core.metrics import SWEPT
from voltring_core.store.commands import SQL as COMMANDS
from voltring_core.store.commands import forget_secrets
from voltring_worker.partitions import SQL

logger = logging.getLogger("voltring.sweeper")
SLOW = (sorted(SLOW_ACTIONS), LONGEST_ANSWER_TIMEOUT - ANSWER_TIMEOUT)
OVERDUE_S = 5.0
"""A queued command of a connected charger that is older has lost its doorbell, or waits for its turn."""


class Sweeper:
    """One sweep at a time, by one worker."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        doorbells: Doorbells,
        call_timeout: float,
        living: Callable[[], Awaitable[Collection[str]]] | None = None,
    ) -> None:
        """`call_timeout` in seconds, as the nodes have it; `living` tells the uids of the nodes that live, or raises
        what says that Redis is away."""
        self._pool = pool
        self._doorbells = doorbells
        self._call_timeout = call_timeout
        self._living = living

    async def cycle(self) -> str:
        """Settle what is late; returns the sentence for the log, empty when nothing was."""
        owners = await self._owners()
        late = (self._call_timeout, MAX_ATTEMPTS, *SLOW, owners, Reason.OWNER_DIED.value)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["be_alone"], "sweeper"):
                return ""
            settled = await connection.fetch(COMMANDS["expire"])
            settled += await connection.fetch(COMMANDS["give_up_late"], *late)
            overdue = await connection.fetch(COMMANDS["overdue"], OVERDUE_S, owners)
        for row in settled:
            await self._tell(row)
        rung = [await self._doorbells.ring(row["charger_id"]) for row in overdue]
        if not settled and not rung:
            return ""
        return f"{len(settled)} late commands settled, {sum(rung)} of {len(rung)} lost doorbells rung again"

    async def _owners(self) -> list[str] | None:
        """The nodes that may still be at what they sent; None when nobody knows: then any may."""
        if self._living is None:
            return None
        try:
            return list(await self._living())
        except REDIS_AWAY as error:
            logger.warning("which nodes live is not known: %s", error)
            return None

    async def _tell(self, row: asyncpg.Record) -> None:
        SWEPT.labels(row["state"]).inc()
        if row["state"] != State.QUEUED:
            await forget_secrets(self._pool, row["id"], row["action"], row["payload"])
        if not row["reply_to"]:
            return
        try:
            await self._doorbells.answer(row["reply_to"], row["id"])
        except REDIS_AWAY:
            return  # the API looks at the row by itself
