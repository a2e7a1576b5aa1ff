"""Asking PostgreSQL what a group of messages must know: one statement per kind, none where nothing is asked."""

from datetime import datetime
from typing import Any

import asyncpg

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission
from voltring_core.domain.messages import TokenStatus
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_node.deciding import Key, Needs
from voltring_node.knowledge import Known
from voltring_node.writing import SQL, TRANSACTION, clean


async def lock(connection: asyncpg.Connection, needs: Needs) -> None:
    """Be alone with the group's chargers until the commit."""
    if needs.chargers:
        await connection.fetch(SQL["lock"], sorted(needs.chargers))


async def repeats(connection: asyncpg.Connection, needs: Needs, now: datetime) -> dict[Key, str | None]:
    """The replies given before to messages in the same words."""
    if not needs.keys:
        return {}
    chargers, keys = zip(*needs.keys, strict=True)
    rows = await connection.fetch(SQL["repeats"], list(keys), list(chargers), now)
    return {(row["charger_id"], row["natural_key"]): row["reply"] for row in rows}


async def know(connection: asyncpg.Connection, needs: Needs) -> Known:
    """Tokens, transactions and fresh ids."""
    known = Known()
    if needs.tokens:
        for row in await connection.fetch(SQL["tokens"], [clean(token) for token in needs.tokens]):
            known.tokens[row["key"]] = _token(row)
    if needs.transactions or needs.starts or needs.active:
        rows = await connection.fetch(
            SQL["transactions"],
            [clean(charger) for charger, _ in needs.transactions],
            [clean(ocpp_id) for _, ocpp_id in needs.transactions],
            [charger for charger, _ in needs.starts],
            [key for _, key in needs.starts],
            list(needs.active),
        )
        for row in rows:
            known.put(_transaction(row))
    if needs.admissions:
        for row in await connection.fetch(SQL["admissions"], list(needs.admissions)):
            known.admissions[row["id"]] = Admission(row["status"])
    if needs.fresh_ids:
        rows = await connection.fetch(SQL["fresh_ids"], needs.fresh_ids)
        known.fresh_ids = [row["id"] for row in reversed(rows)]
    return known


def _token(row: Any) -> KnownToken:
    return KnownToken(row["id_token"], TokenStatus(row["status"]), row["group_id_token"], row["expires_at"])


def _transaction(row: Any) -> Transaction:
    values = {name: row[name] for name in TRANSACTION}
    values["state"] = TransactionState(row["state"])
    return Transaction(**values, flags=tuple(row["flags"]))
