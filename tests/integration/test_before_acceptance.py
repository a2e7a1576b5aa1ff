"""What a charger may say and is sent before it is accepted; the state is the station's, not the socket's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import connect

from voltring_core.testing import Desk, Wire, eventually

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
STATUS_2X = {"timestamp": "2026-01-01T12:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


@asynccontextmanager
async def at(town: Any, identity: str, subprotocol: str = "ocpp1.6") -> AsyncIterator[Wire]:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=[subprotocol]) as socket:
        yield Wire(socket)


@pytest.fixture
async def wanted(town_database: asyncpg.Connection, identity: str, desk: Desk) -> Any:
    """`wanted("Pending")`: what the operators want the next Boot to be answered with."""

    async def want(registration: str) -> None:
        await town_database.execute(
            "UPDATE chargers SET registration_wanted = $2 WHERE id = $1", identity, registration
        )

    return want


async def test_a_charger_that_never_booted_is_refused_and_asked_to_boot(town: Any, identity: str, desk: Desk) -> None:
    waiting = await desk.order("ClearCache")
    async with at(town, identity) as wire:
        assert (await wire.call("StatusNotification", STATUS))[2] == "SecurityError"
        trigger = await wire.receive()
        assert trigger[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
        await wire.send([3, trigger[1], {"status": "Accepted"}])
        assert (await wire.boot())[2]["status"] == "Accepted"
        assert (await wire.receive())[2] == "ClearCache"
        await desk.becomes(waiting, "SENT")


@pytest.mark.parametrize(
    ("subprotocol", "status"), [("ocpp1.6", STATUS), ("ocpp2.0.1", STATUS_2X), ("ocpp2.1", STATUS_2X)]
)
async def test_a_pending_charger_may_say_what_it_was_asked_for_and_nothing_else(
    town: Any, identity: str, desk: Desk, wanted: Any, subprotocol: str, status: Any
) -> None:
    await wanted("Pending")
    async with at(town, identity, subprotocol) as wire:
        answer = (await wire.boot())[2]
        assert answer["status"] == "Pending"
        assert 60 <= answer["interval"] <= 72
        assert (await wire.call("StatusNotification", status))[2] == "SecurityError"
        where = {"connectorId": 1} if subprotocol == "ocpp1.6" else {"evse": {"id": 1, "connectorId": 1}}
        await desk.order("TriggerMessage", {"requestedMessage": "StatusNotification", **where})
        trigger = await wire.receive()
        await wire.send([3, trigger[1], {"status": "Accepted"}])
        assert (await wire.call("StatusNotification", status))[2] == {}


async def test_a_pending_charger_is_configured_and_started_only_after_it_is_accepted(
    town: Any, identity: str, desk: Desk, wanted: Any
) -> None:
    await wanted("Pending")
    start = await desk.order("RemoteStartTransaction", {"idTag": "A"})
    change = await desk.order("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "60"})
    async with at(town, identity) as wire:
        await wire.boot()
        frame = await wire.receive()
        assert frame[2] == "ChangeConfiguration"
        await wire.send([3, frame[1], {"status": "Accepted"}])
        await desk.becomes(change, "ACCEPTED")
        with pytest.raises(TimeoutError):
            await wire.receive(0.3)
        assert (await desk.commands.get(start))["state"] == "QUEUED"
    # The state is the station's: another socket changes nothing of it.
    async with at(town, identity) as wire:
        assert (await wire.call("StatusNotification", STATUS))[2] == "SecurityError"
        await wanted("Accepted")
        assert (await wire.boot())[2]["status"] == "Accepted"
        assert (await wire.receive())[2] == "RemoteStartTransaction"


async def test_a_rejected_charger_is_sent_nothing_and_may_only_boot(
    town: Any, identity: str, desk: Desk, wanted: Any
) -> None:
    await wanted("Rejected")
    waiting = await desk.order("ClearCache")
    async with at(town, identity) as wire:
        assert (await wire.boot())[2]["status"] == "Rejected"
        assert (await wire.call("Heartbeat", {}))[2] == "SecurityError"
        with pytest.raises(TimeoutError):
            await wire.receive(0.5)
        assert (await desk.commands.get(waiting))["state"] == "QUEUED"
        await wanted("Accepted")
        assert (await wire.boot())[2]["status"] == "Accepted"
        assert (await wire.receive())[2] == "ClearCache"


async def test_a_charger_that_comes_back_without_booting_stays_accepted(town: Any, identity: str, desk: Desk) -> None:
    async with at(town, identity) as wire:
        await wire.boot()
    async with at(town, identity) as wire:
        assert (await wire.call("StatusNotification", STATUS))[2] == {}
        await desk.order("ClearCache")
        assert (await wire.receive())[2] == "ClearCache"


async def test_three_sockets_of_one_identity_within_a_minute_raise_an_alarm(
    town: Any, identity: str, desk: Desk, town_database: asyncpg.Connection
) -> None:
    sockets = [await connect(f"{town.ocpp}/{identity}", subprotocols=["ocpp1.6"]) for _ in range(4)]
    try:

        async def alarms() -> Any:
            statement = (
                "SELECT severity, content FROM station_events WHERE charger_id = $1 AND kind = 'DuplicateIdentity'"
            )
            return await town_database.fetch(statement, identity)

        (alarm,) = await eventually(alarms)
        assert alarm["severity"] == 2
        for socket in sockets[:3]:
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (1000, "superseded")
        assert (await Wire(sockets[3]).boot())[2]["status"] == "Accepted"
    finally:
        for socket in sockets:
            await socket.close()


async def test_a_charger_that_reconnects_now_and_then_raises_none(
    town: Any, identity: str, desk: Desk, town_database: asyncpg.Connection
) -> None:
    for _ in range(4):
        async with at(town, identity) as wire:
            await wire.boot()

        async def is_gone() -> Any:
            statement = "SELECT disconnected_at FROM charger_connection WHERE charger_id = $1"
            return await town_database.fetchval(statement, identity)

        await eventually(is_gone)
    assert await town_database.fetchval("SELECT swaps FROM charger_connection WHERE charger_id = $1", identity) == 0
