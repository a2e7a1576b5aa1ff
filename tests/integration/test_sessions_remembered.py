"""Readings are added to the session as its row is, whoever has written it: what a node remembers is never believed
against PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_node import reading, recorder
from voltring_node.deciding import Asked, Decided
from voltring_node.facts import Message
from voltring_node.recorder import Recorder
from voltring_node.understanding import Understood, understand

BEGUN = datetime.now(UTC).replace(microsecond=0)
END = "UPDATE transactions SET state = 'Ended', ended_at = now(), power_w = 0 WHERE charger_id = $1"


class Silent:
    """A publisher for whom nobody listens."""

    def committed(self, group: list[Decided]) -> None:
        pass


class Site:
    """A recorder of a node's, and the database beside it."""

    def __init__(self, pool: asyncpg.Pool, database: asyncpg.Connection) -> None:
        self.pool = pool
        self.database = database
        self.recorder = Recorder(pool, Silent(), window=0, most=50, patience=10.0)  # type: ignore[arg-type]
        self._number = 0

    async def say(self, action: str, payload: dict[str, Any], charger: str = "CP", by: Recorder | None = None) -> Any:
        """Record what a charger says; its answer's payload."""
        self._number += 1
        word = f"m{self._number}"
        found = understand(Version.V16, Registration.ACCEPTED, Called(word, action, payload))
        assert isinstance(found, Understood)
        at = datetime.now(UTC)
        frame = json.dumps([2, word, action, payload])
        message = Message(charger, 1, Version.V16, at, "in", frame, 2, word, action, payload, found.said)
        decided = await (by or self.recorder).record(Asked(message))
        assert decided is not None
        assert decided.reply is not None
        return json.loads(decided.reply)[2]

    async def start(self, charger: str = "CP") -> int:
        """Begin a session at 1000 Wh; its id."""
        await self.database.execute("INSERT INTO chargers (id) VALUES ($1) ON CONFLICT DO NOTHING", charger)
        payload = {"connectorId": 1, "idTag": "A", "meterStart": 1000, "timestamp": BEGUN.isoformat()}
        answer = await self.say("StartTransaction", payload, charger)
        number: int = answer["transactionId"]
        return number

    async def read(
        self, session: int, wh: int, minute: int, charger: str = "CP", by: Recorder | None = None, **more: str
    ) -> None:
        """Record a reading of the register."""
        at = (BEGUN + timedelta(seconds=minute)).isoformat()
        groups = [{"timestamp": at, "sampledValue": [{"value": str(wh)} | more]}]
        await self.say("MeterValues", {"connectorId": 1, "transactionId": session, "meterValue": groups}, charger, by)

    async def row(self, charger: str = "CP") -> tuple[str, Decimal, Decimal]:
        """State, register and energy of its session."""
        found = await self.database.fetchrow(
            "SELECT state, register_wh, energy_wh FROM transactions WHERE charger_id = $1", charger
        )
        return tuple(found)


@pytest.fixture
async def site(postgres_dsn: str, database: asyncpg.Connection) -> AsyncIterator[Site]:
    pool = await open_pool(postgres_dsn, size=4, name="recorder-test")
    made, stop = Site(pool, database), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running
    await pool.close()


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The rows of sessions that were read whole."""
    read: list[Any] = []
    made = reading._transaction
    monkeypatch.setattr(reading, "_transaction", lambda row: read.append(row) or made(row))
    return read


async def test_a_session_is_read_once_and_then_known(site: Site, rows_read: list[Any]) -> None:
    session = await site.start()
    for step in range(1, 5):
        await site.read(session, 1000 + 100 * step, step)
    assert len(rows_read) == 1
    assert await site.row() == ("Active", 1400, 400)


async def test_a_session_that_somebody_ended_between_two_readings_stays_ended(site: Site) -> None:
    session = await site.start()
    await site.read(session, 1100, 1)
    await site.database.execute(END, "CP")
    await site.read(session, 1200, 2)
    assert await site.row() == ("Ended", 1100, 100)


async def test_a_session_that_is_ended_while_its_reading_is_written_stays_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await site.start()
    await site.read(session, 1100, 1)
    know, ends = reading.know, [END]

    async def know_and_be_overtaken(*args: Any) -> Any:
        known = await know(*args)
        if ends:
            await site.database.execute(ends.pop(), "CP")
        return known

    monkeypatch.setattr(reading, "know", know_and_be_overtaken)
    await site.read(session, 1200, 2)
    assert await site.row() == ("Ended", 1100, 100)
    assert await site.database.fetchval("SELECT count(*) FROM meter_values") == 2


async def test_what_another_node_wrote_after_a_takeover_is_gone_on_with(site: Site) -> None:
    session = await site.start()
    await site.read(session, 1900, 1)
    other, stop = Recorder(site.pool, Silent(), window=0, most=50, patience=10.0), asyncio.Event()  # type: ignore[arg-type]
    running = asyncio.create_task(other.run(stop))
    await site.read(session, 50, 2, by=other)  # the meter was reset: 900 Wh are counted before
    stop.set()
    await running
    await site.read(session, 150, 3)
    assert await site.row() == ("Active", 150, 1000)


async def test_a_commit_that_failed_leaves_nothing_remembered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await site.start()
    await site.read(session, 1900, 1)
    write, fails = recorder.write, [OSError("PostgreSQL goes away before the commit")]

    async def write_and_fail(*args: Any) -> Any:
        moved = await write(*args)
        if fails:
            raise fails.pop()
        return moved

    monkeypatch.setattr(recorder, "write", write_and_fail)
    await site.read(session, 50, 2)
    await site.read(session, 150, 3)
    assert not fails
    assert await site.row() == ("Active", 150, 1000)


async def test_sessions_of_a_group_that_is_halved_are_counted_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["CP-1", "CP-2", "CP-3"]
    sessions = {name: await site.start(name) for name in names}
    for name in names:
        await site.read(sessions[name], 1900, 1, name)
    write = recorder.write

    async def write_all_but_one(connection: Any, group: Any, known: Any) -> Any:
        moved = await write(connection, group, known)
        if any("POISON" in one.asked.message.frame and one.facts for one in group):
            raise asyncpg.DataError("never this value")
        return moved

    monkeypatch.setattr(recorder, "write", write_all_but_one)
    await asyncio.gather(
        *(site.read(sessions[name], 50, 2, name, unit="POISON" if name == "CP-2" else "Wh") for name in names)
    )
    for name in names:
        await site.read(sessions[name], 2000 if name == "CP-2" else 150, 3, name)
    assert [await site.row(name) for name in names] == [
        ("Active", 150, 1000),
        ("Active", 2000, 1000),
        ("Active", 150, 1000),
    ]


async def test_readings_of_a_session_whose_row_is_gone_are_kept(site: Site) -> None:
    session = await site.start()
    await site.read(session, 1100, 1)
    await site.database.execute("DELETE FROM transactions")
    await site.read(session, 1200, 2)
    assert await site.database.fetchval("SELECT count(*) FROM meter_values WHERE transaction_id IS NULL") == 1
