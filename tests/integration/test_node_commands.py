"""A command's way from the queue to the charger and back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from ocpp.routing import on
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.client import connect

from voltring_core.errors import Conflict
from voltring_core.ocpp.intents import remote_start, remote_stop, reset, unlock
from voltring_core.ocpp.versions import Version
from voltring_core.testing import Desk, Wire


@pytest.fixture
async def wire(town: Any, identity: str, desk: Desk) -> AsyncIterator[Wire]:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=["ocpp1.6"]) as socket:
        charger = Wire(socket)
        await charger.boot()
        yield charger


async def test_sent_is_committed_before_the_frame_is_written_and_the_answer_is_kept(wire: Wire, desk: Desk) -> None:
    command = await desk.order("GetConfiguration", {"key": ["HeartbeatInterval"]})
    frame = await wire.receive()
    assert frame[0] == 2
    assert frame[2:] == ["GetConfiguration", {"key": ["HeartbeatInterval"]}]
    assert (await desk.commands.get(command))["state"] == "SENT"
    answer = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]}
    await wire.send([3, frame[1], answer])
    row = await desk.becomes(command, "ACCEPTED")
    assert (row["response"], row["attempts"]) == (answer, 1)


async def test_refusals_and_errors_of_the_charger_are_told_apart(wire: Wire, desk: Desk) -> None:
    refused = await desk.order("Reset", {"type": "Soft"})
    await wire.send([3, (await wire.receive())[1], {"status": "Rejected"}])
    await desk.becomes(refused, "REJECTED")
    failed = await desk.order("Reset", {"type": "Soft"})
    await wire.send([4, (await wire.receive())[1], "NotSupported", "no", {"why": 1}])
    row = await desk.becomes(failed, "CALLERROR")
    assert row["error"] == {"code": "NotSupported", "description": "no", "details": {"why": 1}}


async def test_of_two_answers_to_one_call_the_first_counts(wire: Wire, desk: Desk) -> None:
    for _ in range(10):
        command = await desk.order("UnlockConnector", {"connectorId": 1})
        message_id = (await wire.receive())[1]
        await wire.send([3, message_id, {"status": "Unlocked"}])
        await wire.send([4, message_id, "InternalError", "", {}])
        await desk.becomes(command, "ACCEPTED")
        await wire.call("Heartbeat", {})
        assert (await desk.commands.get(command))["error"] is None


async def test_one_at_a_time_in_order_and_a_stop_overtakes_what_is_queued(wire: Wire, desk: Desk) -> None:
    orders = [await desk.order("TriggerMessage", {"requestedMessage": "Heartbeat"})]
    first = await wire.receive()  # on its way before the others are queued
    orders.append(await desk.order("TriggerMessage", {"requestedMessage": "Heartbeat"}))
    orders.append(await desk.order("RemoteStopTransaction", {"transactionId": 4}))
    seen = []
    for _ in orders:
        frame = await wire.receive() if seen else first
        seen.append(frame[2])
        with pytest.raises(TimeoutError):
            await wire.receive(0.15)
        await wire.send([3, frame[1], {"status": "Accepted"}])
    assert seen == ["TriggerMessage", "RemoteStopTransaction", "TriggerMessage"]
    for order in orders:
        await desk.becomes(order, "ACCEPTED")


async def test_a_command_for_an_absent_charger_is_delivered_once_it_has_booted(
    town: Any, identity: str, desk: Desk
) -> None:
    command = await desk.order("ClearCache")
    expired = await desk.order("ClearCache", deadline_s=0.05)
    await asyncio.sleep(0.1)
    async with connect(f"{town.ocpp}/{identity}", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        assert (await wire.boot())[0] == 3
        frame = await wire.receive()
        assert frame[2] == "ClearCache"
        await wire.send([3, frame[1], {"status": "Accepted"}])
        await desk.becomes(command, "ACCEPTED")
    assert (await desk.commands.get(expired))["state"] == "QUEUED"  # never sent; the worker expires it


async def test_after_a_cut_a_read_is_repeated_and_a_reset_is_not(town: Any, identity: str, desk: Desk) -> None:
    url = f"{town.ocpp}/{identity}"
    async with connect(url, subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        reset = await desk.order("Reset", {"type": "Hard"})
        assert (await wire.receive())[2] == "Reset"
    await desk.becomes(reset, "UNKNOWN")
    async with connect(url, subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        read = await desk.order("GetLocalListVersion")
        assert (await wire.receive())[2] == "GetLocalListVersion"
    await desk.becomes(read, "QUEUED")
    async with connect(url, subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        frame = await wire.receive()
        await wire.send([3, frame[1], {"listVersion": 3}])
        row = await desk.becomes(read, "ACCEPTED")
    assert (row["attempts"], (await desk.commands.get(reset))["state"]) == (2, "UNKNOWN")


async def test_the_same_key_is_the_same_command_and_another_request_under_it_a_conflict(desk: Desk) -> None:
    first = await desk.order("ClearCache", idempotency_key=desk.charger_id)
    assert await desk.order("ClearCache", idempotency_key=desk.charger_id) == first
    with pytest.raises(Conflict):
        await desk.order("Reset", {"type": "Soft"}, idempotency_key=desk.charger_id)
    assert (await desk.commands.cancel(first))["state"] == "CANCELLED"
    with pytest.raises(Conflict, match="CANCELLED already"):
        await desk.commands.cancel(first)


def obedient(kind: Any, result: Any) -> Any:
    """A charger of PyPI ocpp that does what it is told, and keeps a list of it."""

    class Charger(kind):  # type: ignore[misc]
        told: ClassVar[list[str]] = []

        @on("RequestStartTransaction")
        async def start_transaction(self, id_token: Any, remote_start_id: int, **more: Any) -> Any:
            self.told.append(f"start {id_token['id_token']} {remote_start_id}")
            return result.RequestStartTransaction(status="Accepted")

        @on("RequestStopTransaction")
        async def stop_transaction(self, transaction_id: str, **more: Any) -> Any:
            self.told.append(f"stop {transaction_id}")
            return result.RequestStopTransaction(status="Rejected")

        @on("UnlockConnector")
        async def unlock(self, evse_id: int, connector_id: int, **more: Any) -> Any:
            self.told.append(f"unlock {evse_id}.{connector_id}")
            return result.UnlockConnector(status="Unlocked")

        @on("Reset")
        async def restart(self, type: str, **more: Any) -> Any:
            self.told.append(f"reset {type}")
            return result.Reset(status="Scheduled")

    return Charger


@pytest.mark.parametrize(
    ("subprotocol", "kind", "call", "result"),
    [
        ("ocpp2.0.1", ChargePoint201, call201, result201),
        ("ocpp2.1", ChargePoint21, call21, result21),
    ],
)
async def test_a_2_x_charger_does_what_operators_want_in_words_of_its_version(
    town: Any, identity: str, desk: Desk, subprotocol: str, kind: Any, call: Any, result: Any
) -> None:
    version = Version(subprotocol.removeprefix("ocpp"))
    wants = [
        (remote_start(version, id_token="CARD", evse_id=1, remote_start_id=7), "ACCEPTED"),
        (unlock(version, evse_id=2, connector_id=1), "ACCEPTED"),
        (reset(version, kind="soft"), "ACCEPTED"),
        (remote_stop(version, ocpp_transaction_id="tx"), "REJECTED"),
    ]
    async with connect(f"{town.ocpp}/{identity}", subprotocols=[subprotocol]) as socket:
        charger = obedient(kind, result)(identity, socket)
        listening = asyncio.create_task(charger.start())
        await charger.call(call.BootNotification({"model": "M", "vendor_name": "V"}, "PowerUp"))
        for intent, state in wants:
            await desk.becomes(await desk.order(intent.action, intent.payload), state)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert charger.told == ["start CARD 7", "unlock 2.1", "reset OnIdle", "stop tx"]


async def test_a_charger_may_ask_before_it_answers(wire: Wire, desk: Desk) -> None:
    command = await desk.order("RemoteStartTransaction", {"idTag": "A"})
    frame = await wire.receive()
    assert (await wire.call("Authorize", {"idTag": "A"}))[0] == 3
    await wire.send([3, frame[1], {"status": "Accepted"}])
    await desk.becomes(command, "ACCEPTED")
