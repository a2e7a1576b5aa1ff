"""Commands that are late: expired in the queue, SENT and never answered, queued but never rung for."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection

import asyncpg

from voltring_core import tracing
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
from voltring_core.saying import Saying
from voltring_core.store.commands import SQL as COMMANDS
from voltring_core.store.commands import forget_secrets
from voltring_worker.partitions import SQL

logger = logging.getLogger("voltring.sweeper")
SLOW = (sorted(SLOW_ACTIONS), LONGEST_ANSWER_TIMEOUT - ANSWER_TIMEOUT)
OVERDUE_S = 5.0
"""A queued command of a connected charger that is older has lost its doorbell, or waits for its turn."""
REDIS_PATIENCE_S = 2.0
"""Seconds for each thing that a sweep asks of Redis, all of the ringing one of them: a Redis that hangs puts off no
expiry. Who is not rung for is in the next sweep, and the API looks for itself."""


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
        self._away = Saying(logger)

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
        hears = True
        for row in settled:
            hears = await self._tell(row, redis_hears=hears)
        rung = await self._ring([row["charger_id"] for row in overdue])
        if not settled and not overdue:
            return ""
        return f"{len(settled)} late commands settled, {rung} of {len(overdue)} lost doorbells rung again"

    async def _owners(self) -> list[str] | None:
        """The nodes that may still be at what they sent; None when nobody knows: then any may."""
        if self._living is None:
            return None
        try:
            async with asyncio.timeout(REDIS_PATIENCE_S):
                living = list(await self._living())
        except REDIS_AWAY as error:
            self._away.met("which nodes live is not known: %s", error or type(error).__name__)
            return None
        self._away.over("which nodes live is known again")
        return living

    async def _ring(self, charger_ids: Collection[str]) -> int:
        """How many were rung for."""
        rung = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REDIS_PATIENCE_S):
                for charger_id in charger_ids:
                    rung += await self._doorbells.ring(charger_id)
        return rung

    async def _tell(self, row: asyncpg.Record, *, redis_hears: bool) -> bool:
        """Tell the API that may be waiting; whether Redis hears. Where it does not, the API looks by itself."""
        SWEPT.labels(row["state"]).inc()
        about = {"ocpp.charger.id": row["charger_id"], "voltring.command.state": row["state"]}
        tracing.mark("swept: too late", row["traceparent"], about | {"voltring.command.id": str(row["id"])})
        if row["state"] != State.QUEUED:
            await forget_secrets(self._pool, row["id"], row["action"], row["payload"])
        if not row["reply_to"] or not redis_hears:
            return redis_hears
        try:
            async with asyncio.timeout(REDIS_PATIENCE_S):
                await self._doorbells.answer(row["reply_to"], row["id"])
        except REDIS_AWAY:
            return False
        return True
