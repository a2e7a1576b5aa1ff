"""Ending sessions whose end never came (TX-19), as the core's rule has it, each in a transaction of its own.

The charger's fence is locked first, as nodes do it, and the session is ended only over the version of its row that was
judged: a message that came meanwhile wins. Nodes that remember the session notice by its row's new version.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from voltring_core.cluster.events import Event, EventBus
from voltring_core.domain.transactions import Transaction, abandon
from voltring_core.store.evidence import transaction_of
from voltring_core.store.queries import load

logger = logging.getLogger("voltring.watchdogs")
SQL = load("voltring_worker", "watchdogs.sql")
AT_ONCE = 100
"""Sessions ended in one look."""


@dataclass(frozen=True, slots=True)
class Over:
    """A session that is to be ended: the version of its row, and when it was last known to go on."""

    session_id: UUID
    charger_id: str
    version: int
    said_at: datetime


async def end(pool: asyncpg.Pool, events: EventBus, over: Sequence[Over], now: datetime) -> int:
    """End these sessions as abandoned; how many were."""
    ended = [one for each in over[:AT_ONCE] if (one := await _end(pool, each, now)) is not None]
    await events.publish([_shown(one, now) for one in ended])
    return len(ended)


async def _end(pool: asyncpg.Pool, over: Over, now: datetime) -> Transaction | None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch(SQL["lock_charger"], over.charger_id)
        row = await connection.fetchrow(SQL["session"], over.session_id, over.version)
        if row is None:
            return None
        then = abandon(transaction_of(row), over.said_at, now)
        await connection.execute(
            SQL["end_session"],
            then.id,
            then.state.value,
            then.ended_at,
            then.end_received_at,
            then.meter_stop_wh,
            then.power_w,
            list(then.flags),
        )
    logger.info(
        "%s: session %s is over without its charger's word",
        then.charger_id,
        then.id,
        extra={"charger": then.charger_id},
    )
    return then


def _shown(one: Transaction, now: datetime) -> Event:
    """As a node shows it."""
    return {
        "type": "transaction.ended",
        "charger_id": one.charger_id,
        "at": now.isoformat().replace("+00:00", "Z"),
        "transaction_id": str(one.id),
        "evse_id": one.evse_id,
        "connector_id": one.connector_id,
        "id_token": one.id_token,
        "state": one.state.value,
        "charging_state": one.charging_state,
        "energy_wh": None if one.energy_wh is None else float(one.energy_wh),
        "power_w": 0.0,
        "soc_percent": None if one.soc_percent is None else float(one.soc_percent),
    }
