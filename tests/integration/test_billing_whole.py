"""From a charger's messages to its driver's invoice: a node, the reconciler, and what it bills."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from bill_scene import CHARGER, TOKEN, found_town
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from websockets.asyncio.client import connect

from voltring_core.store import billing as books
from voltring_core.store.database import open_pool
from voltring_worker import following
from voltring_worker.billing_running import bill_running
from voltring_worker.reconciler import Reconciler


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=6, name="test")
    await found_town(pool)
    yield pool
    await pool.close()


def at(minutes: float) -> str:
    """So long after two hours ago."""
    return (datetime.now(UTC) - timedelta(hours=2) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Driver:
    """Plays a charger."""

    def __init__(self, node: Any) -> None:
        self._node = node

    async def play(self, subprotocol: str, kind: Any, *said: Any) -> list[Any]:
        """Connect, say this, and go; the answers."""
        async with connect(f"{self._node.ocpp}/{CHARGER}", subprotocols=[subprotocol]) as socket:
            charger = kind(CHARGER, socket)
            listening = asyncio.create_task(charger.start())
            try:
                return [await charger.call(one) for one in said]
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def say16(self, *said: Any) -> list[Any]:
        return await self.play("ocpp1.6", ChargePoint16, call16.BootNotification("Model", "Vendor"), *said)

    async def say201(self, *said: Any) -> list[Any]:
        boot = call201.BootNotification({"model": "Model", "vendor_name": "Vendor"}, "PowerUp")
        return await self.play("ocpp2.0.1", ChargePoint201, boot, *said)


@pytest.fixture
def driver(node: Any) -> Driver:
    return Driver(node)


async def issued(pool: asyncpg.Pool) -> list[tuple[str, Decimal]]:
    rows = await pool.fetch("SELECT kind, total FROM charge_detail_records ORDER BY number")
    return [(row["kind"], row["total"]) for row in rows]


async def account_of(pool: asyncpg.Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM transaction_accounts")


def event(kind: str, seq: int, minutes: float, wh: int, trigger: str, **more: Any) -> Any:
    value = {"timestamp": at(minutes), "sampledValue": [{"value": wh, "measurand": "Energy.Active.Import.Register"}]}
    info = {"transaction_id": "TX-1"} | more.pop("info", {})
    return call201.TransactionEvent(kind, at(minutes), trigger, seq, info, meter_value=[value], offline=True, **more)


async def test_a_session_of_16_is_billed_once_whoever_looks_how_often(
    pool: asyncpg.Pool, driver: Driver, redis: Any
) -> None:
    _, start = await driver.say16(call16.StartTransaction(1, TOKEN, 1000, at(0)))
    assert await Reconciler(pool).cycle() == ""
    running = await account_of(pool)
    assert (running["billing"], running["tariff"]["name"]) == ("open", "Day")
    await driver.say16(call16.StopTransaction(11000, at(60), start.transaction_id, reason="Local"))
    workers = [Reconciler(pool) for _ in range(3)]
    for _ in range(3):
        await asyncio.gather(*(one.cycle() for one in workers))
    # 10 kWh at 0.49, 0.35 for the session, 19 %.
    assert await issued(pool) == [("charge", Decimal("6.25"))]
    # Said again, it changes nothing.
    await driver.say16(call16.StopTransaction(11000, at(60), start.transaction_id, reason="Local"))
    await pool.execute("UPDATE transactions SET updated_at = now()")
    await workers[0].cycle()
    assert await issued(pool) == [("charge", Decimal("6.25"))]
    assert (await account_of(pool))["billing"] == "final"


async def test_a_gap_holds_a_bill_until_what_is_missing_comes(pool: asyncpg.Pool, driver: Driver) -> None:
    token = {"id_token": TOKEN, "type": "ISO14443"}
    begin = event("Started", 0, 0, 1000, "Authorized", evse={"id": 1, "connector_id": 1}, id_token=token)
    end = event("Ended", 2, 60, 11000, "EVDeparted", info={"stopped_reason": "EVDisconnected"})
    await driver.say201(begin, end)
    await Reconciler(pool).cycle()
    assert ((await account_of(pool))["billing"], (await account_of(pool))["waits_for"]) == ("held", ["incomplete"])
    assert await issued(pool) == []
    await driver.say201(event("Updated", 1, 30, 6000, "MeterValuePeriodic"))
    await Reconciler(pool).cycle()
    assert (await account_of(pool))["billing"] == "final"
    assert await issued(pool) == [("charge", Decimal("6.25"))]


async def test_a_start_that_comes_after_the_bill_was_released_is_corrected_by_one_credit_and_one_charge(
    pool: asyncpg.Pool, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {"id_token": TOKEN, "type": "ISO14443"}
    evse = {"id": 1, "connector_id": 1}
    await driver.say201(
        event("Updated", 1, 30, 6000, "MeterValuePeriodic", evse=evse, id_token=token),
        event("Ended", 2, 60, 11000, "EVDeparted", info={"stopped_reason": "EVDisconnected"}),
    )
    reconciler = Reconciler(pool)
    await reconciler.cycle()
    held = await account_of(pool)
    assert (held["billing"], "start_missing" in held["waits_for"]) == ("held", True)
    await pool.execute(books.SQL["release"], held["transaction_id"], held["waits_for"], "ann", datetime.now(UTC), "ok")
    await reconciler.cycle()
    # 5 kWh.
    assert await issued(pool) == [("charge", Decimal("3.33"))]
    await driver.say201(event("Started", 0, 0, 1000, "Authorized", evse=evse, id_token=token))

    # The worker dies once all is written, and before it is committed.
    whole, alive = books.SQL["keep"], asyncpg.Connection.execute

    async def dying(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        if query == whole:
            raise ConnectionResetError("killed")
        return await alive(self, query, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", dying)
        with pytest.raises(ConnectionResetError):
            await reconciler.cycle()
    assert await issued(pool) == [("charge", Decimal("3.33"))]
    for _ in range(2):
        await Reconciler(pool).cycle()
    assert await issued(pool) == [
        ("charge", Decimal("3.33")),
        ("credit", Decimal("3.33")),
        ("charge", Decimal("6.25")),
    ]


async def test_the_running_cost_of_a_session_that_is_followed_goes_on_with_its_readings(
    pool: asyncpg.Pool, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BILLED_EVERY", timedelta(0))
    together = []

    async def noted(connection: Any, looked_at: Any, now: datetime) -> Any:
        together.append(len(looked_at))
        return await bill_running(connection, looked_at, now)

    monkeypatch.setattr(following, "bill_running", noted)
    _, start = await driver.say16(call16.StartTransaction(1, TOKEN, 1000, at(0)))
    reconciler = Reconciler(pool, running_every=timedelta(0))

    async def read(minutes: float, wh: int) -> None:
        reading = [{"timestamp": at(minutes), "sampledValue": [{"value": str(wh)}]}]
        await driver.say16(call16.MeterValues(1, reading, start.transaction_id))
        await reconciler.cycle()

    costs = []
    for number in range(1, 4):
        await read(10 * number, 1000 + 1000 * number)
        kept = await account_of(pool)
        costs.append((kept["billing"], kept["cost"]["energy_wh"], kept["total"]))
    assert 1 in together  # not from its whole evidence each time
    assert costs == [
        ("open", "1000", Decimal("1.00")),
        ("open", "2000", Decimal("1.58")),
        ("open", "3000", Decimal("2.17")),
    ]
    await pool.execute(books.SQL["void"], kept["transaction_id"], "ann", datetime.now(UTC), "a test drive")
    await read(40, 5000)
    assert ((await account_of(pool))["billing"], (await account_of(pool))["waits_for"]) == ("void", ["voided"])
    await driver.say16(call16.StopTransaction(6000, at(50), start.transaction_id, reason="Local"))
    await reconciler.cycle()
    assert await issued(pool) == []
