"""`totalCost` in answers to TransactionEvent: what the driver is told at the end is what is billed, to the cent."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from bill_scene import CHARGER, TARIFF, TOKEN, found_town
from told_sessions import REGISTER, Silent
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_core.testing import Room, eventually, free_port
from voltring_node import costs
from voltring_node.costs import Costs
from voltring_node.deciding import Asked
from voltring_node.facts import Message
from voltring_node.recorder import Recorder
from voltring_node.understanding import Understood, understand
from voltring_worker.reconciler import Reconciler

SETTING = {"mode": "CostUpdated"}
NIGHT = {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}
BY_TIME = TARIFF | {
    "components": [
        {"kind": "charging_time", "price": "0.031", "step_seconds": 900, "conditions": NIGHT},
        {"kind": "charging_time", "price": "0.047", "step_seconds": 900},
        {"kind": "idle_time", "price": "0.10", "step_seconds": 60, "grace_minutes": 3},
    ]
}
TIERS = TARIFF | {
    "components": [
        {"kind": "energy", "price": "0.4567", "conditions": {"max_energy_kwh": "3.5"}},
        {"kind": "energy", "price": "0.3123", "conditions": {"max_minutes": 17}},
        {"kind": "energy", "price": "0.2789", "step_wh": 100},
    ],
    "prices_include_tax": True,
    "max_cost": "3.21",
}
FREE = TARIFF | {"components": []}


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=6, name="test")
    yield pool
    await pool.close()


class Talk:
    """A station's session as a node hears it, half an hour ago until now."""

    def __init__(self, pool: asyncpg.Pool, version: Version) -> None:
        self.pool, self.version = pool, version
        self.recorder = Recorder(pool, Silent(), window=0, most=50, patience=60.0)  # type: ignore[arg-type]
        self.costs = Costs(pool, lambda: [CHARGER])
        self.begun = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
        self.id = str(uuid4())

    async def say(self, kind: str, seq_no: int, minute: float, wh: int, state: str = "Charging", **more: Any) -> Any:
        """A TransactionEvent, and the answer to it."""
        at = (self.begun + timedelta(minutes=minute)).isoformat()
        value = {"timestamp": at, "sampledValue": [{"value": wh, "measurand": REGISTER}]}
        payload = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": self.id, "chargingState": state},
            "meterValue": [value],
        } | more
        assert not violations(self.version, "TransactionEvent", payload)
        word = str(seq_no)
        found = understand(self.version, Registration.ACCEPTED, Called(word, "TransactionEvent", payload))
        assert isinstance(found, Understood), found
        frame = json.dumps([2, word, "TransactionEvent", payload])
        received_at = self.begun + timedelta(minutes=minute, seconds=1)
        known = (2, word, "TransactionEvent", found.payload, found.said)
        message = Message(CHARGER, 1, self.version, received_at, "in", frame, *known)
        if self.costs.are_told(message):
            message = replace(message, advice=await self.costs.find(message))
        decided = await self.recorder.record(Asked(message))
        assert decided is not None
        assert decided.reply is not None
        answer = json.loads(decided.reply)[2]
        assert not violations(self.version, "TransactionEvent", answer, "response")
        return answer

    async def start(self, token: str = TOKEN) -> None:
        who = {"idToken": token, "type": "ISO14443"}
        await self.say("Started", 0, 0, 1000, evse={"id": 1, "connectorId": 1}, idToken=who)

    async def end(self, seq_no: int = 4, wh: int = 9321, **more: Any) -> Any:
        return await self.say("Ended", seq_no, 30, wh, "EVConnected", **more)

    async def total(self) -> Any:
        """What was charged for the session; None for nothing."""
        row = await self.pool.fetchrow("SELECT total FROM charge_detail_records")
        return row and row["total"]


@pytest.fixture(params=["2.0.1", "2.1"])
def version(request: pytest.FixtureRequest) -> Version:
    return Version(request.param)


async def scene(pool: asyncpg.Pool, version: Version, tariff: dict[str, Any] | None, setting: Any = SETTING) -> Talk:
    await found_town(pool, tariff)
    await pool.execute("UPDATE chargers SET cost_display = $1", setting)
    talk = Talk(pool, version)
    await talk.costs.cycle()
    return talk


@pytest_asyncio.fixture
async def running() -> AsyncIterator[Any]:
    """Runs the recorders of talks until the test's end."""
    stop, tasks = asyncio.Event(), []

    def run(talk: Talk) -> Talk:
        tasks.append(asyncio.create_task(talk.recorder.run(stop)))
        return talk

    yield run
    stop.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("tariff", [TARIFF, BY_TIME, TIERS, FREE], ids=["flat", "by time", "tiers", "free"])
async def test_what_is_said_at_the_end_is_what_is_billed(
    pool: asyncpg.Pool, running: Any, version: Version, tariff: dict[str, Any]
) -> None:
    talk = running(await scene(pool, version, tariff))
    worker = Reconciler(pool, running_every=timedelta())
    await talk.start()
    await talk.say("Updated", 1, 9.5, 4217)
    await worker.cycle()
    await talk.say("Updated", 2, 20, 9321, "SuspendedEV")
    await talk.say("Updated", 3, 25, 9321, "SuspendedEV")
    answer = await talk.end()
    assert await talk.total() is None
    await worker.cycle()
    total = await talk.total()
    assert (Decimal(str(answer["totalCost"])), total is not None) == (total, True)


async def test_while_it_runs_a_21_station_is_answered_what_the_worker_knew_last(
    pool: asyncpg.Pool, running: Any, version: Version
) -> None:
    talk = running(await scene(pool, version, TARIFF))
    await talk.start()
    assert await talk.say("Updated", 1, 5, 2000) == {}
    await Reconciler(pool).cycle()
    answer = await talk.say("Updated", 2, 10, 3000)
    # (0.35 + 0.49) x 1.19; in 2.0.1 the field is the final cost.
    assert answer == ({"totalCost": 1.0} if version is Version.V21 else {})


@pytest.mark.parametrize(
    "case", ["a gap", "no token", "no tariff", "not looked at", "voided", "too long", "other currency", "no display"]
)
async def test_what_is_not_certain_or_not_shown_is_left_out(
    pool: asyncpg.Pool, running: Any, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    setting = None if case == "no display" else SETTING
    talk = running(await scene(pool, Version.V201, None if case == "no tariff" else TARIFF, setting))
    if case == "other currency":
        await pool.execute(
            "INSERT INTO variables (charger_id, component, variable, value, source, at)"
            " VALUES ($1, 'TariffCostCtrlr', 'Currency', 'CHF', 'NotifyReport', now())",
            CHARGER,
        )
        talk.costs = Costs(pool, lambda: [CHARGER])
        await talk.costs.cycle()
    if case == "too long":
        monkeypatch.setattr(costs, "MOST_READINGS", 1)
    await talk.start("NOBODY" if case == "no token" else TOKEN)
    await talk.say("Updated", 1, 10, 4000)
    if case != "not looked at":
        await Reconciler(pool).cycle()
    if case == "voided":
        await pool.execute("UPDATE transaction_accounts SET ruling = 'voided', billing = 'void'")
    assert await talk.end(3 if case == "a gap" else 2) == {}


class Station:
    """A charging station over a socket: answers what it is asked, and keeps it."""

    def __init__(self, socket: Any, version: Version) -> None:
        self.socket, self.version = socket, version
        self.asked: list[tuple[str, Any]] = []
        self.number = 0

    async def call(self, action: str, payload: Any) -> Any:
        self.number += 1
        word = str(self.number)
        await self.socket.send(json.dumps([2, word, action, payload]))
        async with asyncio.timeout(60):
            while True:
                frame = json.loads(await self.socket.recv())
                if frame[0] == 2:
                    assert not violations(self.version, frame[2], frame[3])
                    self.asked.append((frame[2], frame[3]))
                    await self.socket.send(json.dumps([3, frame[1], {}]))
                    continue
                assert frame[:2] == [3, word], frame
                assert not violations(self.version, action, frame[2], "response")
                return frame[2]

    async def event(self, kind: str, seq_no: int, minutes: float, wh: int, **more: Any) -> Any:
        at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        payload = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": "TX-1", "chargingState": "Charging"},
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh, "measurand": REGISTER}]}],
        }
        return await self.call("TransactionEvent", payload | more)


async def test_a_station_is_told_the_final_cost_by_a_real_node_and_billed_the_same_by_a_real_worker(
    pool: asyncpg.Pool, node: Any, postgres_dsn: str, redis_url: str, tmp_path: Path, version: Version
) -> None:
    await found_town(pool)
    await pool.execute(
        "INSERT INTO variables (charger_id, component, variable, instance, value, source, at)"
        " VALUES ($1, 'TariffCostCtrlr', 'Available', 'Cost', 'true', 'NotifyReport', now())",
        CHARGER,
    )
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "ADMIN_PORT": str(free_port())}
    worker = Room("worker", settings, tmp_path / "worker.log")
    try:
        worker.wait_ready(f"{worker.admin}/readyz", 60)
        await _play(pool, node, version)
    finally:
        worker.stop(30)


async def _play(pool: asyncpg.Pool, node: Any, version: Version) -> None:
    async with connect(f"{node.ocpp}/{CHARGER}", subprotocols=[Subprotocol(version.subprotocol)]) as socket:
        station = Station(socket, version)
        await station.call(
            "BootNotification", {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": "PowerUp"}
        )
        who = {"evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": TOKEN, "type": "ISO14443"}}
        await station.event("Started", 0, -60, 1000, **who, offline=True)

        async def is_known() -> bool:
            frozen = await pool.fetchval("SELECT count(*) FROM transaction_accounts WHERE total IS NOT NULL")
            return bool(frozen) and "show what a session costs" in node.room.log.read_text()

        await eventually(is_known, 90)
        answer = await station.event("Updated", 1, 0, 10_000)
        # The fee so far: 0.35 x 1.19.
        assert answer == ({"totalCost": 0.42} if version is Version.V21 else {})
        told = await station.event("Ended", 2, 0, 11_000)
        # 0.35 + 10 kWh x 0.49, and 19 %.
        assert told == {"totalCost": 6.25}
    assert {action for action, _ in station.asked} <= {"CostUpdated"}

    async def charged() -> Any:
        return await pool.fetchval("SELECT total FROM charge_detail_records")

    assert await eventually(charged, 90) == Decimal("6.25")
