"""A town with a tariff, and sessions whose evidence came to this and that: what billing is tested with."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from voltring_core.domain.folding import Folded
from voltring_core.domain.reckoning import Account
from voltring_core.domain.reckoning_methods import Method
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.usage import Span, Usage
from voltring_core.domain.values import changed
from voltring_worker.billing import bill

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
TARIFF = {
    "name": "Day",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [{"kind": "fixed_fee", "price": "0.35"}, {"kind": "energy", "price": "0.49"}],
}
CHARGER, TOKEN = "CP-BILL", "TAG-1"


async def found_town(pool: asyncpg.Pool, tariff: dict[str, Any] | None = TARIFF) -> None:
    """A site, a charger there, a token, and a tariff for everybody."""
    await pool.execute(
        "INSERT INTO sites (id, name, place, time_zone) VALUES ('yard', 'The <Yard>', 'Berlin', 'Europe/Berlin')"
    )
    await pool.execute(
        "INSERT INTO chargers (id, vendor, model, site_id) VALUES ($1, 'Acme', 'One & Only', 'yard')", CHARGER
    )
    await pool.execute("INSERT INTO id_tokens (id_token) VALUES ($1)", TOKEN)
    if tariff is not None:
        await assign(pool, tariff)


async def assign(pool: asyncpg.Pool, tariff: dict[str, Any], token_group: str | None = None) -> UUID:
    """A tariff for everybody, or for a group."""
    made = uuid4()
    await pool.execute(
        "INSERT INTO tariffs (id, name, currency, valid_from, content, created_by) VALUES ($1, $2, $3, $4, $5, 'test')",
        made,
        tariff["name"],
        tariff["currency"],
        datetime.fromisoformat(tariff["valid_from"]),
        tariff,
    )
    await pool.execute(
        "INSERT INTO tariff_assignments (id, tariff_id, token_group, created_by) VALUES ($1, $2, $3, 'test')",
        uuid4(),
        made,
        token_group,
    )
    return made


def session(**more: Any) -> Transaction:
    """An ended session of an hour, 10 kWh by its registers."""
    known = Transaction(
        uuid4(),
        CHARGER,
        "1.6",
        "7",
        TransactionState.ENDED,
        evse_id=1,
        connector_id=1,
        id_token=TOKEN,
        started_at=START,
        ended_at=START + timedelta(hours=1),
        start_received_at=START,
        end_received_at=START + timedelta(hours=1),
        meter_start_wh=Decimal(1000),
        meter_stop_wh=Decimal(11000),
        energy_wh=Decimal(10000),
        stop_reason="Local",
    )
    return changed(known, **more)


async def keep(pool: asyncpg.Pool, one: Transaction) -> Transaction:
    """The session's row."""
    names = [name for name in Transaction.__slots__ if getattr(one, name) is not None]
    values = [getattr(one, name) for name in names]
    values = [list(value) if isinstance(value, tuple) else value for value in values]
    places = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    await pool.execute(f"INSERT INTO transactions ({', '.join(names)}) VALUES ({places})", *values)  # noqa: S608
    return one


def account(found_wh: int | str = 10000, *, hours: int = 1, flags: Sequence[str] = (), **more: Any) -> Account:
    """What the evidence of a session of some hours comes to."""
    energy = Decimal(found_wh)
    ends = START + timedelta(hours=hours)
    usage = Usage(START, ends, energy, (Span(START, ends, energy),))
    known = Account(energy, Method.REGISTERS, {Method.REGISTERS: energy}, None, tuple(flags), 0.0, usage)
    return changed(known, **more)


async def billed(pool: asyncpg.Pool, one: Transaction, what: Account, **more: Any) -> Any:
    """The decision of one look at a session, in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow("SELECT * FROM transactions WHERE id = $1", one.id)
        now = await connection.fetchval("SELECT now()")
        return await bill(connection, row, what, Folded(one, **more), now)


async def records(pool: asyncpg.Pool, one: Transaction) -> list[Any]:
    """The records of a session, in their order."""
    return list(
        await pool.fetch("SELECT * FROM charge_detail_records WHERE transaction_id = $1 ORDER BY revision", one.id)
    )


async def book(pool: asyncpg.Pool, one: Transaction) -> Any:
    """The account of a session."""
    return await pool.fetchrow("SELECT * FROM transaction_accounts WHERE transaction_id = $1", one.id)
