"""Offline sessions of OCPP 1.6 whose stops name no session: whatever comes first, each session ends with its own stop,
and is billed by it once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import websockets
from bill_scene import TARIFF, assign
from told_sessions import Teller

from voltring_core.store import billing as books
from voltring_core.store.database import open_pool
from voltring_core.store.replay import replay_since
from voltring_core.testing import Wire
from voltring_worker.reconciler import Reconciler

START_A, START_B, STOP_A, STOP_B = "start A", "start B", "stop A", "stop B"
MINUTES = {START_A: 0, STOP_A: 30, START_B: 60, STOP_B: 90}
METERS = {START_A: 1000, STOP_A: 6000, START_B: 6000, STOP_B: 9000}
SETTLED = "UPDATE transactions SET updated_at = updated_at - interval '16 minutes' WHERE attached_to IS NOT NULL"
SESSIONS = (
    "SELECT charger_id, meter_start_wh, state, energy_wh, flags FROM transactions WHERE attached_to IS NULL"
    " ORDER BY charger_id, meter_start_wh"
)


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    await pool.execute("INSERT INTO id_tokens (id_token) VALUES ('CARD')")
    await assign(pool, TARIFF)
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def teller(pool: asyncpg.Pool) -> AsyncIterator[Teller]:
    made, stop = Teller(pool, hours_ago=24), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running


class Story:
    """What one charger tells, all of it hours late."""

    def __init__(self, teller: Teller, charger: str, connectors: tuple[int, int] = (1, 1)) -> None:
        self.teller = teller
        self.charger = charger
        self.connectors = {START_A: connectors[0], START_B: connectors[1]}
        self.ids: dict[str, int] = {}
        self.late = 300.0

    async def tell(self, what: str, number: int = -1) -> None:
        """A start, or a stop, which names no session unless said otherwise."""
        self.late += 1
        about = {"idTag": "CARD", "timestamp": self.teller.at(MINUTES[what]).isoformat()}
        if what in self.connectors:
            start = about | {"connectorId": self.connectors[what], "meterStart": METERS[what]}
            answer = await self.teller.say(self.charger, "StartTransaction", start, self.late)
            self.ids[what] = answer["transactionId"]
        else:
            stop = about | {"transactionId": number, "meterStop": METERS[what]}
            await self.teller.say(self.charger, "StopTransaction", stop, self.late)


async def charger(pool: asyncpg.Pool, charger_id: str) -> str:
    await pool.execute("INSERT INTO chargers (id) VALUES ($1)", charger_id)
    return charger_id


async def issued(pool: asyncpg.Pool) -> list[tuple[str, str, Decimal]]:
    rows = await pool.fetch("SELECT charger_id, kind, energy_wh FROM charge_detail_records ORDER BY number")
    return [tuple(row) for row in rows]


async def sessions(pool: asyncpg.Pool) -> list[tuple[str, int, str, Decimal, list[str]]]:
    return [tuple(row) for row in await pool.fetch(SESSIONS)]


@pytest.mark.parametrize("connectors", [(1, 1), (1, 2)])
@pytest.mark.parametrize("looks", [True, False])
async def test_in_any_order_each_session_ends_with_its_own_stop_and_is_billed_by_it(
    pool: asyncpg.Pool, teller: Teller, connectors: tuple[int, int], looks: bool
) -> None:
    orders = list(permutations([START_A, START_B, STOP_A, STOP_B]))
    stories = [Story(teller, await charger(pool, f"CP-{number:02}"), connectors) for number in range(len(orders))]
    reconciler = Reconciler(pool, timedelta())
    for place in range(4):
        for story, order in zip(stories, orders, strict=True):
            await story.tell(order[place])
        if looks:
            await reconciler.cycle()
    await reconciler.cycle()
    found = await sessions(pool)
    assert found == [
        one
        for story in stories
        for one in (
            (story.charger, 1000, "Ended", Decimal(5000), ["early_stop"]),
            (story.charger, 6000, "Ended", Decimal(3000), ["early_stop"]),
        )
    ]
    assert await issued(pool) == []
    await pool.execute(SETTLED)
    await reconciler.cycle()
    charged = sorted((one[0], one[1], int(one[2])) for one in await issued(pool))
    assert charged == sorted((story.charger, "charge", wh) for story in stories for wh in (5000, 3000))
    async with pool.acquire() as connection:
        assert [one async for one in replay_since(connection, datetime(2020, 1, 1, tzinfo=UTC)) if not one.holds] == []


async def test_a_stop_that_names_its_session_sends_the_one_that_was_joined_to_its_own(
    pool: asyncpg.Pool, teller: Teller
) -> None:
    story, reconciler = Story(teller, await charger(pool, "CP")), Reconciler(pool, timedelta())
    await story.tell(STOP_B)
    await story.tell(START_A)
    await reconciler.cycle()
    assert await sessions(pool) == [("CP", 1000, "Ended", Decimal(8000), ["early_stop"])]
    await story.tell(STOP_A, story.ids[START_A])
    await reconciler.cycle()
    rows = {row["meter_stop_wh"]: row for row in await pool.fetch("SELECT * FROM transactions")}
    assert (rows[6000]["state"], rows[6000]["energy_wh"], rows[6000]["flags"]) == ("Ended", Decimal(5000), [])
    assert (rows[9000]["state"], rows[9000]["resolution"]) == ("Orphan", None)
    await story.tell(START_B)
    await reconciler.cycle()
    assert [one[2:] for one in await sessions(pool)] == [("Ended", 5000, []), ("Ended", 3000, ["early_stop"])]


async def test_a_stop_that_fits_no_better_than_another_goes_back_to_the_inbox(
    pool: asyncpg.Pool, teller: Teller
) -> None:
    story, reconciler = Story(teller, await charger(pool, "CP")), Reconciler(pool, timedelta())
    await story.tell(STOP_B)
    await story.tell(START_A)
    await reconciler.cycle()
    await story.tell(STOP_A)
    await reconciler.cycle()
    rows = await pool.fetch("SELECT state, resolution FROM transactions ORDER BY state, meter_stop_wh")
    assert [tuple(row) for row in rows] == [("Active", None), ("Orphan", None), ("Orphan", None)]
    assert (
        await pool.fetchval(
            "SELECT billing FROM transaction_accounts a JOIN transactions t"
            " ON t.id = a.transaction_id WHERE t.state = 'Active'"
        )
        == "open"
    )


async def test_a_stop_that_an_operator_has_dismissed_is_never_joined(pool: asyncpg.Pool, teller: Teller) -> None:
    story, reconciler = Story(teller, await charger(pool, "CP")), Reconciler(pool, timedelta())
    await story.tell(STOP_A)
    await pool.execute("UPDATE transactions SET resolution = 'dismissed'")
    await story.tell(START_A)
    await reconciler.cycle()
    assert await pool.fetchval("SELECT count(*) FROM transactions WHERE state = 'Active'") == 1


async def test_a_session_that_was_billed_by_the_wrong_stop_waits_for_a_person_and_is_corrected(
    pool: asyncpg.Pool, start_node: Callable[..., Any]
) -> None:
    node, reconciler = start_node(), Reconciler(pool, timedelta())
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()

        async def tell(what: str) -> None:
            about = {"idTag": "CARD", "timestamp": (begun + timedelta(minutes=MINUTES[what])).isoformat()}
            if what.startswith("start"):
                await wire.call("StartTransaction", about | {"connectorId": 1, "meterStart": METERS[what]})
            else:
                await wire.call("StopTransaction", about | {"transactionId": -1, "meterStop": METERS[what]})

        await tell(STOP_B)
        await tell(START_A)
        await reconciler.cycle()
        book = await pool.fetchrow("SELECT * FROM transaction_accounts WHERE energy_wh = 8000 AND billing <> 'open'")
        assert (book["billing"], book["waits_for"]) == ("provisional", ["early_stop"])
        assert await issued(pool) == []
        await pool.execute(SETTLED)
        await reconciler.cycle()
        assert await issued(pool) == [("CP", "charge", Decimal(8000))]

        await tell(STOP_A)
        await reconciler.cycle()
        book = await pool.fetchrow(
            "SELECT * FROM transaction_accounts WHERE transaction_id = $1", book["transaction_id"]
        )
        assert (book["billing"], book["waits_for"]) == ("held", ["stop_in_doubt"])
        await tell(START_B)
        await reconciler.cycle()
        assert [one[2:4] for one in await sessions(pool)] == [("Ended", Decimal(5000)), ("Ended", Decimal(3000))]
        await pool.execute(SETTLED)
        await reconciler.cycle()
        book = await pool.fetchrow(
            "SELECT * FROM transaction_accounts WHERE transaction_id = $1", book["transaction_id"]
        )
        assert (book["billing"], book["waits_for"]) == ("held", ["stop_in_doubt"])
        assert await issued(pool) == [("CP", "charge", Decimal(8000)), ("CP", "charge", Decimal(3000))]
        ruled = book["transaction_id"], book["waits_for"], "ann", datetime.now(UTC), "the second stop is another car's"
        await pool.execute(books.SQL["release"], *ruled)
        await reconciler.cycle()
        assert (await issued(pool))[2:] == [("CP", "credit", Decimal(8000)), ("CP", "charge", Decimal(5000))]
