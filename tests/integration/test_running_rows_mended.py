"""The row of a running session that its messages made wrong, by their order, is put right while it runs; the node goes
on from there, and neither loses what the other wrote."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import websockets
from told_sessions import Teller

from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_core.store.replay import replay_since
from voltring_core.testing import Wire
from voltring_worker import checking, reconciler
from voltring_worker.reconciler import Reconciler

AT_ONCE = timedelta()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROW = "SELECT *, xmin AS version FROM transactions"


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def teller(pool: asyncpg.Pool) -> AsyncIterator[Teller]:
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    made, stop = Teller(pool), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running


def event(seq_no: int, kind: str = "Updated") -> dict[str, Any]:
    """An event of a charger whose clock was never set; each reads 100 Wh more."""
    at = (EPOCH + timedelta(minutes=seq_no)).isoformat()
    values = [{"value": 1000 + 100 * seq_no, "measurand": "Energy.Active.Import.Register"}]
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "t"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": at, "sampledValue": values}],
    }


async def tell(teller: Teller, *numbers: int) -> None:
    for number in numbers:
        said = event(number, "Started" if number == 0 else "Updated")
        await teller.say("CP", "TransactionEvent", said, 60 + number / 10, Version.V201)


async def differing(pool: asyncpg.Pool) -> list[set[str]]:
    async with pool.acquire() as connection:
        found = [one async for one in replay_since(connection, EPOCH)]
    return [{one.field for one in each.differences} for each in found]


async def test_events_out_of_order_by_a_wrong_clock_leave_no_wrong_row_and_no_fight(
    pool: asyncpg.Pool, teller: Teller
) -> None:
    worker = Reconciler(pool, AT_ONCE)
    await tell(teller, 0, 2, 1)
    assert "meter_fell" in (await pool.fetchrow(ROW))["flags"]
    await worker.cycle()
    row = await pool.fetchrow(ROW)
    assert (row["state"], row["register_wh"], row["energy_wh"]) == ("Active", Decimal(1200), Decimal(200))
    assert row["flags"] == ["clock"]
    assert await differing(pool) == [set()]
    # The node goes on from the row as it is now; nobody writes it once more.
    await tell(teller, 3)
    await worker.cycle()
    await worker.cycle()
    version = (await pool.fetchrow(ROW))["version"]
    await worker.cycle()
    row = await pool.fetchrow(ROW)
    assert (row["version"], row["energy_wh"], row["flags"]) == (version, Decimal(300), ["clock"])
    assert await differing(pool) == [set()]
    assert await pool.fetchval("SELECT of_version FROM transaction_accounts") == version


async def test_what_the_node_writes_while_the_row_is_looked_at_is_kept(
    pool: asyncpg.Pool, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, mended = Reconciler(pool, AT_ONCE), []
    await tell(teller, 0, 2, 1)

    async def overtaken(connection: Any, one: Any) -> bool:
        if not mended:
            await tell(teller, 3)
        mended.append(await checking.mend(connection, one))
        return mended[-1]

    monkeypatch.setattr(reconciler, "mend", overtaken)
    await worker.cycle()
    assert mended == [False]
    assert (await pool.fetchrow(ROW))["register_wh"] == Decimal(1300)
    await worker.cycle()
    assert mended == [False, True]
    row = await pool.fetchrow(ROW)
    assert (row["energy_wh"], row["flags"], row["last_seq_no"]) == (Decimal(300), ["clock"], 3)
    assert await differing(pool) == [set()]


async def test_a_row_that_is_written_at_this_moment_is_left_for_the_next_look(
    pool: asyncpg.Pool, teller: Teller
) -> None:
    worker = Reconciler(pool, AT_ONCE)
    await tell(teller, 0, 2, 1)
    async with pool.acquire() as other:
        async with other.transaction():
            await other.execute("UPDATE transactions SET updated_at = now()")
            await worker.cycle()
        assert await differing(pool) != [set()]
    await worker.cycle()
    assert await differing(pool) == [set()]


async def test_a_session_longer_than_its_readings_are_kept_is_not_mended_by_what_is_left(
    pool: asyncpg.Pool, teller: Teller
) -> None:
    await tell(teller, 0, 2, 1)
    await pool.execute("UPDATE transactions SET start_received_at = now() - interval '40 days'")
    before = await pool.fetchrow(ROW)
    await Reconciler(pool, AT_ONCE, retention_days=30).cycle()
    assert await pool.fetchrow(ROW) == before


async def test_a_real_node_goes_on_from_the_row_that_the_worker_has_put_right(
    pool: asyncpg.Pool, start_node: Callable[..., Any]
) -> None:
    node, worker = start_node(), Reconciler(pool, AT_ONCE)
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp2.0.1"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        for number in (0, 1, 3, 2):
            await wire.call("TransactionEvent", event(number, "Started" if number == 0 else "Updated"))
        assert "meter_fell" in (await pool.fetchrow(ROW))["flags"]
        await worker.cycle()
        assert (await pool.fetchrow(ROW))["flags"] == ["clock"]
        for number in (4, 5):
            await wire.call("TransactionEvent", event(number))
        row = await pool.fetchrow(ROW)
        assert (row["register_wh"], row["energy_wh"], row["flags"]) == (Decimal(1500), Decimal(500), ["clock"])
        await wire.call("TransactionEvent", event(6, "Ended"))
    await worker.cycle()
    row = await pool.fetchrow(ROW)
    assert (row["state"], row["energy_wh"], row["flags"]) == ("Ended", Decimal(600), ["clock"])
    assert await differing(pool) == [set()]
