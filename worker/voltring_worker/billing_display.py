"""Costs on chargers' displays: queued as commands when they have moved, at most once a minute a session, and once when
a session was billed.

A newer CostUpdated replaces the one that still waits (docs/adr/0007); what a charger does not take within a minute
expires. What was told is written in the same commit as the command.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.billing_display import EVERY, Shown, message, setting_of
from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.tariffs import Rates, parse, rates
from voltring_core.domain.tariffs.pricing import MAX_COST
from voltring_core.errors import RequestError
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import OURSELVES, Commands, NewCommand
from voltring_core.store.queries import load

SQL = load("voltring_worker", "billing.sql")
WORKER = load("voltring_worker", "worker.sql")
MOST = 1_000
DEADLINE_S = EVERY.total_seconds()


class CostDisplays:
    """One look at a time, by one worker."""

    def __init__(self, pool: asyncpg.Pool, doorbells: Doorbells) -> None:
        self._pool = pool
        self._doorbells = doorbells

    async def cycle(self) -> str:
        """Queue what is to be shown; returns the sentence for the log, empty when nothing was."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(WORKER["be_alone"], "cost displays"):
                return ""
            now = await connection.fetchval(WORKER["now"])
            rows = await connection.fetch(SQL["to_tell"], now, EVERY, MOST)
            rows += await connection.fetch(SQL["to_tell_at_the_end"], now, EVERY, MOST)
            told = []
            for row in rows:
                is_queued = await _tell(connection, row)
                # What could not be queued is tried again in a minute.
                await connection.execute(SQL["told"], row["id"], row["total"] if is_queued else None, now)
                told += [row["charger_id"]] if is_queued else []
        for charger_id in dict.fromkeys(told):
            await self._doorbells.ring(charger_id)
        return f"{len(told)} costs are to be shown" if told else ""


def _rates(row: Any) -> Rates | None:
    """What is paid from now on; None where that is not known. At the most that a session costs it is nothing."""
    if row["tariff"] is None or row["started_at"] is None:
        return None
    cost = row["cost"]
    if any(line["what"] == MAX_COST for line in cost["price"]["lines"]):
        return Rates()
    until, energy_wh = datetime.fromisoformat(cost["until"]), Decimal(cost["energy_wh"])
    return rates(parse(row["tariff"]), ZoneInfo(row["time_zone"]), row["started_at"], until, energy_wh)


async def _tell(connection: Any, row: Any) -> bool:
    """Queue it; whether it could be."""
    shown = Shown(
        Version(row["ocpp_version"]).is_2x,
        row["ocpp_transaction_id"],
        row["total"],
        row["cost"]["at"],
        row["register_wh"],
        row["is_over"],
        _rates(row),
    )
    wanted = message(shown, setting_of(row["cost_display"]))
    if wanted is None:
        return False
    action, payload = wanted
    kind = command_class(action, payload)
    new = NewCommand(uuid4(), row["charger_id"], action, payload, kind, lane(action), DEADLINE_S, OURSELVES)
    try:
        async with connection.transaction():
            await Commands(connection).queue(new)
    except RequestError:
        return False  # too many wait for it, or it was deleted just now
    return True
