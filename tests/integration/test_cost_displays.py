"""What a session costs, on its charger's display: queued when it has moved, at most once a minute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from bill_scene import CHARGER, TARIFF, account, assign, billed, book, found_town, keep, session
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_worker.billing_display import CostDisplays

AVAILABLE = (
    "INSERT INTO variables (charger_id, component, variable, instance, value, source, at)"
    " VALUES ($1, 'TariffCostCtrlr', 'Available', 'Cost', $2, 'NotifyReport', now())"
)
CONNECTED = (
    "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
    " VALUES ($1, 1, gen_random_uuid(), 'node-0.x', '2.0.1')"
)


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=3, name="test")
    await found_town(pool)
    await pool.execute(CONNECTED, CHARGER)
    yield pool
    await pool.close()


@pytest.fixture
def displays(pool: asyncpg.Pool, redis: Redis) -> CostDisplays:
    return CostDisplays(pool, Doorbells(redis))


async def charging(pool: asyncpg.Pool, **more: Any) -> Transaction:
    known = {"ocpp_version": "2.0.1", "ocpp_transaction_id": "TX-1", "stop_reason": None, "ended_at": None}
    one = await keep(pool, session(**{**known, **more}, state=TransactionState.ACTIVE))
    await billed(pool, one, account(1000))
    return one


async def queued(pool: asyncpg.Pool) -> list[Any]:
    return list(await pool.fetch("SELECT action, payload, state, created_by FROM commands ORDER BY seq"))


async def a_minute_passes(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE transaction_accounts SET told_at = told_at - $1::interval", timedelta(minutes=1))


async def test_a_charger_that_shows_costs_is_told_when_they_have_moved_once_a_minute(
    pool: asyncpg.Pool, displays: CostDisplays, redis: Redis
) -> None:
    await pool.execute(AVAILABLE, CHARGER, "true")
    await redis.hset(f"o:{{{CHARGER}}}", "node", "node-0.x")  # type: ignore[misc]
    one = await charging(pool)
    assert await displays.cycle() == "1 costs are to be shown"
    (command,) = await queued(pool)
    assert (command["action"], command["payload"]) == ("CostUpdated", {"totalCost": 1.0, "transactionId": "TX-1"})
    assert await redis.xlen("s:node-0.x") == 1
    await billed(pool, one, account(2000))
    assert await displays.cycle() == ""
    await a_minute_passes(pool)
    assert await displays.cycle() == "1 costs are to be shown"
    # The one that still waited has been replaced.
    assert [row["state"] for row in await queued(pool)] == ["CANCELLED", "QUEUED"]
    await a_minute_passes(pool)
    assert await displays.cycle() == ""


@pytest.mark.parametrize(
    ("version", "available", "display", "is_told"),
    [
        ("2.0.1", None, None, False),
        ("2.0.1", "false", None, False),
        ("2.1", "True", None, True),
        ("2.1", "true", {"mode": "none"}, False),
        ("2.0.1", None, {"mode": "CostUpdated"}, True),
        ("1.6", "true", None, False),
        ("1.6", None, {"mode": "CostUpdated"}, False),
        ("2.0.1", None, {"mode": "DataTransfer"}, False),
    ],
)
async def test_only_a_charger_that_can_show_costs_is_told(
    pool: asyncpg.Pool, displays: CostDisplays, version: str, available: Any, display: Any, is_told: bool
) -> None:
    if available is not None:
        await pool.execute(AVAILABLE, CHARGER, available)
    await pool.execute("UPDATE chargers SET cost_display = $1", display)
    await charging(pool, ocpp_version=version, ocpp_transaction_id="7")
    assert bool(await displays.cycle()) is is_told
    assert bool(await queued(pool)) is is_told


async def test_a_charger_that_is_away_is_not_told(pool: asyncpg.Pool, displays: CostDisplays) -> None:
    await pool.execute(AVAILABLE, CHARGER, "true")
    await pool.execute("UPDATE charger_connection SET disconnected_at = now()")
    await charging(pool)
    assert await displays.cycle() == ""


async def test_a_16_charger_is_told_by_its_vendors_data_the_running_and_the_final_cost(
    pool: asyncpg.Pool, displays: CostDisplays
) -> None:
    setting = {"mode": "DataTransfer", "vendor_id": "org.example", "running_message_id": "Running"}
    await pool.execute("UPDATE chargers SET cost_display = $1", setting)
    one = await charging(pool, ocpp_version="1.6", ocpp_transaction_id="7")
    await displays.cycle()
    await pool.execute("UPDATE transactions SET state = 'Ended'")
    await billed(pool, session(id=one.id), account())
    assert await displays.cycle() == "1 costs are to be shown"
    assert await displays.cycle() == ""
    running, final = await queued(pool)
    assert (running["action"], running["payload"]["vendorId"]) == ("DataTransfer", "org.example")
    assert running["payload"]["messageId"] == "Running"
    said = orjson.loads(running["payload"]["data"])
    # 0.49 and 0.35, with 19 %.
    assert (said["cost"], said["chargingPrice"]) == (1.0, {"kWhPrice": 0.5831, "flatFee": 0.4165})
    assert not violations(Version.V16, "DataTransfer", running["payload"])
    assert final["payload"]["messageId"] == "FinalCost"
    assert orjson.loads(final["payload"]["data"]) == {"transactionId": 7, "cost": 6.25}


async def test_at_the_most_that_a_session_costs_a_16_charger_is_told_that_no_more_is_paid(
    pool: asyncpg.Pool, displays: CostDisplays
) -> None:
    await pool.execute("DELETE FROM tariff_assignments")
    await assign(pool, TARIFF | {"max_cost": "0.50"})
    await pool.execute("UPDATE chargers SET cost_display = $1", {"mode": "DataTransfer"})
    await charging(pool, ocpp_version="1.6", ocpp_transaction_id="7")
    await displays.cycle()
    (running,) = await queued(pool)
    said = orjson.loads(running["payload"]["data"])
    assert (said["cost"], said["chargingPrice"]) == (0.6, {"kWhPrice": 0.0})


@pytest.mark.parametrize(
    ("reply", "ended_ago", "is_told"),
    [
        ('[3,"m",{}]', 1, True),
        ('[3,"m",{"totalCost":6.25}]', 1, False),  # it knows
        ('[3,"m",{"totalCost":6.20}]', 1, True),
        (None, 1, True),
        ('[4,"m","InternalError","",{}]', 1, True),
        ('[3,"m",{}]', 60, False),  # nobody stands there any more
    ],
)
async def test_a_2x_charger_that_was_not_told_at_the_end_is_told_once_the_session_is_billed(
    pool: asyncpg.Pool, displays: CostDisplays, reply: str | None, ended_ago: int, is_told: bool
) -> None:
    await pool.execute(AVAILABLE, CHARGER, "true")
    now = datetime.now(UTC)
    times = {"ended_at": now - timedelta(minutes=ended_ago), "end_received_at": now}
    one = await keep(pool, session(ocpp_version="2.0.1", ocpp_transaction_id="TX-1", **times))
    await pool.execute(
        "INSERT INTO ocpp_messages (received_at, charger_id, direction, message_type, message_id, action, frame, reply,"
        " epoch, transaction_id) VALUES ($1, $2, 'in', 2, 'm', 'TransactionEvent', '', $3, 1, $4)",
        now,
        CHARGER,
        reply,
        one.id,
    )
    await billed(pool, one, account())
    assert bool(await displays.cycle()) is is_told
    assert await displays.cycle() == ""
    wanted = [("CostUpdated", {"totalCost": 6.25, "transactionId": "TX-1"})] if is_told else []
    assert [(row["action"], row["payload"]) for row in await queued(pool)] == wanted


@pytest.mark.parametrize(("currency", "is_told"), [("eur", True), ("", True), ("CHF", False)])
async def test_a_2x_charger_that_shows_another_currency_is_told_no_cost(
    pool: asyncpg.Pool, displays: CostDisplays, currency: str, is_told: bool
) -> None:
    await pool.execute(AVAILABLE, CHARGER, "true")
    await pool.execute(
        "INSERT INTO variables (charger_id, component, variable, value, source, at)"
        " VALUES ($1, 'TariffCostCtrlr', 'Currency', $2, 'NotifyReport', now())",
        CHARGER,
        currency,
    )
    await charging(pool)
    assert bool(await displays.cycle()) is is_told


async def test_a_charger_for_which_too_much_waits_is_told_later(pool: asyncpg.Pool, displays: CostDisplays) -> None:
    await pool.execute(AVAILABLE, CHARGER, "true")
    await pool.execute(
        "INSERT INTO commands (id, charger_id, action, payload, class, request_hash, created_by, deadline_at)"
        " SELECT gen_random_uuid(), $1, 'GetReport', '{}', 'R', '', 'test', now() + interval '1 hour'"
        " FROM generate_series(1, 100)",
        CHARGER,
    )
    one = await charging(pool)
    assert await displays.cycle() == ""
    await pool.execute("DELETE FROM commands")
    await a_minute_passes(pool)
    assert await displays.cycle() == "1 costs are to be shown"
    assert (await book(pool, one))["told_total"] == (await book(pool, one))["total"]
