"""A session whose messages come in any order, twice, and over two nodes, one of which dies in the middle: the same
session as in the clean order."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from voltring_core.domain.folding import Folded, differences, fold
from voltring_core.domain.transactions import Transaction
from voltring_core.store.database import open_pool
from voltring_core.store.evidence import load_stored
from voltring_core.testing import Wire, eventually
from voltring_worker.reconciler import Reconciler

BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
OF_THE_NODE = (
    "state",
    "energy_wh",
    "meter_start_wh",
    "meter_stop_wh",
    "started_at",
    "ended_at",
    "id_token",
    "stop_reason",
)
"""What the node's own row has right at once, however the messages came."""
AWAY = (OSError, TimeoutError, WebSocketException)
STARTED, STOPPED = "StartTransaction", "StopTransaction"
Said = tuple[str, dict[str, Any]]


def at(minutes: float) -> str:
    return (BEGUN + timedelta(minutes=minutes)).isoformat()


def readings(minute: int, version: str) -> list[dict[str, Any]]:
    wh, unit = 1000 + 500 * minute, {"unit": "W"}
    if version == "1.6":
        power: dict[str, Any] = {"value": "7000", "measurand": "Power.Active.Import"} | unit
        return [{"timestamp": at(minute), "sampledValue": [{"value": str(wh)}, power]}]
    power = {"value": 7000, "measurand": "Power.Active.Import", "unitOfMeasure": unit}
    return [{"timestamp": at(minute), "sampledValue": [{"value": wh}, power]}]


def of_16() -> list[Said]:
    """In the clean order; `transactionId` is filled in once it is known."""
    start = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": at(0)}
    stop = {"idTag": "CARD", "meterStop": 6000, "timestamp": at(10), "reason": "EVDisconnected"}
    read: list[Said] = [
        ("MeterValues", {"connectorId": 1, "meterValue": readings(minute, "1.6")}) for minute in range(1, 9)
    ]
    return [(STARTED, start), *read, (STOPPED, stop)]


def of_2x() -> list[Said]:
    def event(kind: str, seq: int, minute: int, **more: Any) -> Said:
        about = {"transactionId": "tx"} | more.pop("about", {})
        words = {"eventType": kind, "timestamp": at(minute), "triggerReason": "MeterValuePeriodic", "seqNo": seq}
        return "TransactionEvent", words | {"transactionInfo": about, "meterValue": readings(minute, "2.x")} | more

    start = event("Started", 7, 0, evse={"id": 1, "connectorId": 1}, idToken={"idToken": "CARD", "type": "ISO14443"})
    read = [event("Updated", 7 + minute, minute, about={"chargingState": "Charging"}) for minute in range(1, 9)]
    return [start, *read, event("Ended", 16, 10, about={"stoppedReason": "EVDisconnected"})]


def torn(version: str, seed: int) -> list[Said]:
    """Any order with repeats. 1.6 names no session before its start is answered: only the stop may come before it."""
    story, rng = of_16() if version == "1.6" else of_2x(), random.Random(seed)
    doubled = [*story, *rng.sample(story, 4)]
    rng.shuffle(doubled)
    if version == "1.6":
        doubled = [one for one in doubled if one[0] != STARTED]
        first = [story[-1]] if seed else []
        return [*first, story[0], *doubled, story[0]]
    return doubled


class Charger:
    """Sends one message at a time, each until it is acknowledged, to whichever node takes it."""

    def __init__(self, identity: str, version: str, places: list[str]) -> None:
        self.identity = identity
        self.version = version
        self.places = places
        self.session_id: int | None = None
        self.answers: list[int] = []

    @asynccontextmanager
    async def online(self) -> AsyncIterator[Wire]:
        async with await self._connected() as socket:
            yield Wire(socket)

    async def _connected(self) -> ClientConnection:
        async def tried() -> ClientConnection | None:
            for place in self.places:
                try:
                    socket = await connect(f"{place}/{self.identity}", subprotocols=[f"ocpp{self.version}"])  # type: ignore[list-item]
                    boot = await Wire(socket).boot()
                except AWAY:
                    continue
                if boot[2]["status"] == "Accepted":
                    return socket
                await socket.close()
            return None

        found = await eventually(tried, 120)
        assert found is not None
        return found

    def payload(self, said: Said) -> dict[str, Any]:
        action, payload = said
        if action in (STOPPED, "MeterValues"):
            return payload | {"transactionId": -1 if self.session_id is None else self.session_id}
        return payload

    async def say(self, wire: Wire, said: Said) -> None:
        answer = await wire.call(said[0], self.payload(said))
        assert answer[0] == 3, answer
        if said[0] == STARTED:
            self.session_id = answer[2]["transactionId"]
            self.answers.append(answer[2]["transactionId"])


async def tell(charger: Charger, story: list[Said]) -> None:
    async with charger.online() as wire:
        for said in story:
            await charger.say(wire, said)


async def session_of(database: asyncpg.Connection, identity: str) -> tuple[Transaction, Folded]:
    """The only session of a charger, stops that it took over left out, as it is stored and as it comes out."""
    rows = await database.fetch("SELECT id FROM transactions WHERE charger_id = $1 AND attached_to IS NULL", identity)
    assert len(rows) == 1, f"{len(rows)} sessions of {identity}"
    ((stored, evidence),) = await load_stored(database, [rows[0]["id"]])
    return stored, fold(evidence)


async def worked_out(dsn: str) -> None:
    """One look of the worker."""
    pool = await open_pool(dsn, size=2, name="worker-test")
    await Reconciler(pool).cycle()
    await pool.close()


def as_of(session: Transaction, other: Transaction) -> Transaction:
    """A session as if it were another charger's."""
    return replace(session, id=other.id, charger_id=other.charger_id, ocpp_transaction_id=other.ocpp_transaction_id)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_session_over_two_nodes_one_of_which_is_killed_is_that_of_the_clean_order(
    start_node: Callable[..., Any], postgres_dsn: str, database: asyncpg.Connection, version: str, seed: int
) -> None:
    doomed, other = [await asyncio.to_thread(start_node, name) for name in ("node-0", "node-1")]
    await tell(Charger("clean", version, [other.ocpp]), of_16() if version == "1.6" else of_2x())
    story = torn(version, seed)
    charger = Charger("torn", version, [doomed.ocpp, other.ocpp])
    before, in_flight, after = story[: len(story) // 2], story[len(story) // 2], story[len(story) // 2 :]
    async with charger.online() as wire:
        for said in before:
            await charger.say(wire, said)
        await wire.send([2, "in-flight", in_flight[0], charger.payload(in_flight)])
        doomed.room.kill()
    await tell(charger, after)

    clean, clean_again = await session_of(database, "clean")
    stored, again = await session_of(database, "torn")
    assert differences(clean, clean_again.transaction) == ()
    assert differences(as_of(clean, stored), again.transaction) == ()
    assert (again.missing_seq_nos, again.conflicts, again.flags) == ((), (), ())
    assert [getattr(stored, name) for name in OF_THE_NODE] == [getattr(clean, name) for name in OF_THE_NODE]
    assert len(set(charger.answers)) <= 1
    await worked_out(postgres_dsn)
    mended, _ = await session_of(database, "torn")
    assert differences(as_of(clean, mended), mended) == ()
    said = await database.fetchval("SELECT count(DISTINCT seq_no) FROM transaction_events WHERE charger_id = 'torn'")
    assert said == (0 if version == "1.6" else 10)
