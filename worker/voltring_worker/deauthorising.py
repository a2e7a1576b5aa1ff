"""Sessions whose tokens may not charge any more: flagged, and asked to stop (TX-25).

Each session is asked once, whatever dies in between: the flag and the command are written together, and the command's
key is the session's id.
"""

import logging
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

import asyncpg

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.authorization import Charging, KnownToken, is_to_be_stopped
from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.messages import TokenStatus
from voltring_core.errors import TooMany
from voltring_core.ocpp.intents import Intent, remote_stop
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import OURSELVES, Commands, NewCommand
from voltring_core.store.queries import load
from voltring_worker.partitions import SQL as COMMON

logger = logging.getLogger("voltring.deauthorising")
SQL = load("voltring_worker", "deauthorising.sql")
NAMELESS = "-1"
DEADLINE_S = 86400.0
"""A charger that is away hears of it when it is back: its session may still go on."""


class Deauthorising:
    """One look at a time, by one worker."""

    def __init__(self, pool: asyncpg.Pool, doorbells: Doorbells, *, stops: bool) -> None:
        """`stops`: whether the sessions are asked to stop; they are flagged in either case."""
        self._pool = pool
        self._doorbells = doorbells
        self._stops = stops

    async def cycle(self) -> str:
        """Deauthorise what runs without a right to; returns the sentence for the log, empty when there is nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(COMMON["be_alone"], "deauthorising"):
                return ""
            now = await connection.fetchval(COMMON["now"])
            rows = await connection.fetch(SQL["running"])
        ended = [row for row in rows if _is_meant(row, now) and await self._deauthorise(row)]
        return f"{len(ended)} running sessions deauthorised" if ended else ""

    async def _deauthorise(self, row: Any) -> bool:
        """In a transaction of its own; False when the session is over, or the charger has too much to do: later."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.fetch(SQL["lock_charger"], row["charger_id"])
                if await connection.execute(SQL["flag"], row["id"]) == "UPDATE 0":
                    return False
                wanted = _stop(row) if self._stops else None
                if wanted is not None:
                    await Commands(cast(asyncpg.Pool, connection)).queue(_command(row, wanted))
        except TooMany as error:
            logger.info(
                "%s: session %s is not asked to stop yet: %s",
                row["charger_id"],
                row["id"],
                error,
                extra={"charger": row["charger_id"]},
            )
            return False
        if wanted is not None:
            await self._doorbells.ring(row["charger_id"])
        logger.info(
            "%s: session %s is deauthorised: its token is %s",
            row["charger_id"],
            row["id"],
            row["status"],
            extra={"charger": row["charger_id"]},
        )
        return True


def _is_meant(row: Any, now: datetime) -> bool:
    token = KnownToken(row["id_token"], TokenStatus(row["status"]), row["group_id_token"], row["expires_at"])
    return is_to_be_stopped(Charging(row["flags"], row["started_at"], row["start_received_at"]), token, now)


def _stop(row: Any) -> Intent | None:
    """None for a session that the charger itself has no name for."""
    name = row["ocpp_transaction_id"]
    return None if name == NAMELESS else remote_stop(Version(row["ocpp_version"]), ocpp_transaction_id=name)


def _command(row: Any, wanted: Intent) -> NewCommand:
    return NewCommand(
        uuid4(),
        row["charger_id"],
        wanted.action,
        wanted.payload,
        command_class(wanted.action),
        lane(wanted.action),
        DEADLINE_S,
        created_by=OURSELVES,
        idempotency_key=f"deauthorise:{row['id']}",
    )
