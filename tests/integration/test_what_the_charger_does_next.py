"""Commands that are resolved by what the charger does next, through a real node: also where no answer ever came."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import redis.asyncio
from websockets.asyncio.client import connect

from voltring_core.cluster.doorbells import Results
from voltring_core.ending import end
from voltring_core.testing import Desk, Wire, eventually

V16, V201 = "ocpp1.6", "ocpp2.0.1"
START, STOP = "RequestStartTransaction", "RequestStopTransaction"
TOKEN = {"idToken": "CARD", "type": "ISO14443"}
OK = {"status": "Accepted"}


class Cp(Wire):
    """A charger by hand which is asked for things, and forgets to answer when a test says so."""

    async def asked(self, action: str, answer: Any = None) -> None:
        """Get a command, and answer it if there is an answer."""
        frame = await self.receive()
        assert frame[2] == action, frame
        if answer is not None:
            await self.send([3, frame[1], answer])

    async def start16(self, tag: str = "CARD", connector: int = 1, *, ago: float = 0, meter: int = 0) -> int:
        """StartTransaction; its transaction id."""
        at = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
        told = {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": at}
        return int((await self.call("StartTransaction", told))[2]["transactionId"])

    async def event(self, kind: str, seq: int, trigger: str = "Authorized", **more: Any) -> None:
        """TransactionEvent of the transaction `tx`; `info` goes into its transactionInfo."""
        told = {
            "eventType": kind,
            "timestamp": datetime.now(UTC).isoformat(),
            "triggerReason": trigger,
            "seqNo": seq,
            "transactionInfo": {"transactionId": "tx", **more.pop("info", {})},
        }
        assert (await self.call("TransactionEvent", told | more))[0] == 3


@pytest.fixture
async def plug(town: Any, identity: str) -> AsyncIterator[Callable[..., Any]]:
    """`plug(version, reason)`: the charger comes and boots; what it had before is cut."""
    async with AsyncExitStack() as stack:
        held: list[Any] = []

        async def come(version: str = V201, reason: str = "PowerUp") -> Cp:
            for socket in held:
                socket.transport.abort()
            socket = await stack.enter_async_context(connect(f"{town.ocpp}/{identity}", subprotocols=[version]))
            held[:] = [socket]
            charger = Cp(socket)
            if version == V16:
                await charger.boot()
            else:
                station = {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": reason}
                assert (await charger.call("BootNotification", station))[2]["status"] == "Accepted"
            return charger

        yield come


async def lost(desk: Desk, charger: Cp, action: str, payload: Any, **more: Any) -> Any:
    """A command that was sent and never answered: its socket was cut."""
    command = await desk.order(action, payload, **more)
    await charger.asked(action)
    charger.socket.transport.abort()
    row = await desk.becomes(command, "UNKNOWN")
    assert row["attempts"] == 1
    return command


def start2x(number: int = 7, **more: Any) -> Any:
    return {"idToken": TOKEN, "remoteStartId": number, **more}


async def test_an_unknown_remote_start_is_completed_by_the_session_with_its_number(plug: Any, desk: Desk) -> None:
    command = await lost(desk, await plug(), START, start2x(), request_id=7)
    other = await lost(desk, await plug(), START, start2x(8), request_id=8)
    charger = await plug()
    await charger.event("Started", 0, "RemoteStart", idToken=TOKEN, evse={"id": 1}, info={"remoteStartId": 7})
    row = await desk.becomes(command, "COMPLETED")
    session = await desk.pool.fetchrow("SELECT * FROM transactions WHERE charger_id = $1", desk.charger_id)
    assert row["outcome"] == {
        "evidence": "remoteStartId",
        "transaction_id": str(session["id"]),
        "ocpp_transaction_id": "tx",
    }
    assert (session["remote_start_id"], row["completed_at"] >= row["finished_at"]) == (7, True)
    await charger.event("Updated", 1, "ChargingStateChanged", info={"remoteStartId": 8})
    await charger.event("Ended", 2, "EVDeparted", info={"remoteStartId": 8})
    assert (await desk.commands.get(other))["state"] == "UNKNOWN"


async def test_a_start_of_that_tag_and_connector_completes_one_remote_start_of_16(plug: Any, desk: Desk) -> None:
    asked = {"idTag": "card", "connectorId": 2}
    first = await lost(desk, await plug(V16), "RemoteStartTransaction", asked)
    second = await lost(desk, await plug(V16), "RemoteStartTransaction", asked)
    charger = await plug(V16)
    await charger.start16("CARD", 1)
    await charger.start16("OTHER", 2)
    await charger.start16("CARD", 2, ago=3600)  # it began, offline, before it was commanded
    assert {row["state"] for row in await desk.commands.page(desk.charger_id)} == {"UNKNOWN"}
    number = await charger.start16("CARD", 2)
    row = await desk.becomes(first, "COMPLETED")
    assert (row["outcome"]["evidence"], row["outcome"]["ocpp_transaction_id"]) == ("idTag and connector", str(number))
    assert (await desk.commands.get(second))["state"] == "UNKNOWN"
    await charger.start16("CARD", 2, meter=5)
    await desk.becomes(second, "COMPLETED")


async def test_a_charger_that_starts_before_it_answers_has_completed_the_command_and_its_answer_is_kept(
    plug: Any, desk: Desk
) -> None:
    charger = await plug(V16)
    command = await desk.order("RemoteStartTransaction", {"idTag": "CARD"})
    frame = await charger.receive()
    await charger.start16()
    done = await desk.becomes(command, "COMPLETED")
    await charger.send([3, frame[1], OK])

    async def answered() -> Any:
        row = await desk.commands.get(command)
        return row["response"] and row

    row = await eventually(answered)
    assert (row["state"], row["response"], row["completed_at"]) == ("COMPLETED", OK, done["completed_at"])
    assert row["outcome"] == done["outcome"]


async def test_the_sessions_of_other_chargers_resolve_nothing(plug: Any, town: Any, desk: Desk) -> None:
    command = await lost(desk, await plug(V16), "RemoteStartTransaction", {"idTag": "CARD"})
    async with connect(f"{town.ocpp}/{desk.charger_id}-OTHER", subprotocols=[V16]) as socket:
        other = Cp(socket)
        await other.boot()
        await other.start16()
    assert (await desk.commands.get(command))["state"] == "UNKNOWN"


async def test_a_stop_that_nobody_answered_is_completed_by_the_sessions_end_and_not_sent_again(
    plug: Any, town: Any, desk: Desk
) -> None:
    charger = await plug()
    await charger.event("Started", 0, idToken=TOKEN, evse={"id": 1})
    command = await desk.order(STOP, {"transactionId": "tx"})
    await charger.asked(STOP)
    charger.socket.transport.abort()
    await desk.becomes(command, "QUEUED")
    async with connect(f"{town.ocpp}/{desk.charger_id}", subprotocols=[V201]) as socket:
        charger = Cp(socket)
        # Before it boots, so before anything is sent to it again.
        await charger.event("Ended", 1, "RemoteStop", info={"stoppedReason": "Remote"})
        row = await desk.becomes(command, "COMPLETED")
        assert (row["outcome"]["evidence"], row["outcome"]["stop_reason"]) == ("the transaction ended", "Remote")
    assert row["attempts"] == 1


async def test_a_session_that_stays_after_a_remote_stop_has_obeyed_all_the_same(plug: Any, desk: Desk) -> None:
    charger = await plug()
    await charger.event("Started", 0, idToken=TOKEN, evse={"id": 1})
    command = await desk.order(STOP, {"transactionId": "tx"})
    await charger.asked(STOP, OK)
    await desk.becomes(command, "ACCEPTED")
    await charger.event("Updated", 1, "RemoteStop", info={"chargingState": "EVConnected"})
    row = await desk.becomes(command, "COMPLETED")
    assert row["outcome"]["evidence"] == "triggerReason RemoteStop"


async def test_a_remote_stop_of_16_is_completed_by_its_stop(plug: Any, desk: Desk) -> None:
    charger = await plug(V16)
    number = await charger.start16()
    command = await desk.order("RemoteStopTransaction", {"transactionId": number})
    await charger.asked("RemoteStopTransaction", OK)
    await desk.becomes(command, "ACCEPTED")
    told = {"transactionId": number, "meterStop": 9, "timestamp": datetime.now(UTC).isoformat(), "reason": "Remote"}
    await charger.call("StopTransaction", told)
    assert (await desk.becomes(command, "COMPLETED"))["outcome"]["stop_reason"] == "Remote"


async def test_a_reset_that_cut_its_own_answer_is_completed_by_the_boot_that_follows(plug: Any, desk: Desk) -> None:
    command = await lost(desk, await plug(), "Reset", {"type": "Immediate"})
    await plug(reason="RemoteReset")
    row = await desk.becomes(command, "COMPLETED")
    assert row["outcome"] == {"evidence": "BootNotification", "boot_reason": "RemoteReset"}


async def test_a_boot_for_another_reason_leaves_a_reset_unknown_and_is_noted(plug: Any, desk: Desk) -> None:
    command = await lost(desk, await plug(), "Reset", {"type": "OnIdle"})
    await plug(reason="PowerUp")
    row = await desk.commands.get(command)
    assert (row["state"], row["outcome"]["boot_reason"], row["completed_at"]) == ("UNKNOWN", "PowerUp", None)


async def test_in_16_a_boot_on_a_new_socket_completes_a_reset_and_one_on_the_same_does_not(
    plug: Any, desk: Desk
) -> None:
    charger = await plug(V16)
    command = await desk.order("Reset", {"type": "Soft"})
    await charger.asked("Reset", OK)
    await desk.becomes(command, "ACCEPTED")
    await charger.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "again"})
    assert (await desk.commands.get(command))["state"] == "ACCEPTED"
    await plug(V16)
    assert (await desk.becomes(command, "COMPLETED"))["outcome"] == {"evidence": "BootNotification"}


async def test_an_unlocking_during_a_session_completes_the_command(plug: Any, desk: Desk) -> None:
    charger = await plug()
    await charger.event("Started", 0, idToken=TOKEN, evse={"id": 1, "connectorId": 1})
    command = await lost(desk, charger, "UnlockConnector", {"evseId": 1, "connectorId": 1})
    charger = await plug()
    await charger.event("Updated", 1, "UnlockCommand")
    assert (await desk.becomes(command, "COMPLETED"))["outcome"]["evidence"] == "triggerReason UnlockCommand"


async def unknown_update(desk: Desk, plug: Any) -> Any:
    asked = {"requestId": 5, "firmware": {"location": "https://a/b", "retrieveDateTime": "2026-01-01T00:00:00Z"}}
    return await lost(desk, await plug(), "UpdateFirmware", asked, request_id=5)


async def test_an_unknown_update_is_accepted_once_it_goes_on_and_completed_once_it_is_installed(
    plug: Any, desk: Desk
) -> None:
    command = await unknown_update(desk, plug)
    charger = await plug()
    await charger.call("FirmwareStatusNotification", {"status": "Downloading", "requestId": 5})
    row = await desk.becomes(command, "ACCEPTED")
    assert (row["completed_at"], row["outcome"]) == (None, {"state": "Downloading", "steps": 1})
    await charger.call("FirmwareStatusNotification", {"status": "Installed", "requestId": 5})
    await desk.becomes(command, "COMPLETED")


async def test_the_late_answer_to_an_update_that_goes_on_is_kept_all_the_same(plug: Any, desk: Desk) -> None:
    command = await unknown_update(desk, plug)
    charger = await plug()
    await charger.call("FirmwareStatusNotification", {"status": "Downloading", "requestId": 5})
    row = await desk.becomes(command, "ACCEPTED")
    await charger.send([3, row["message_id"], OK])

    async def answered() -> Any:
        return (await desk.commands.get(command))["response"]

    assert await eventually(answered) == OK
    assert (await desk.commands.get(command))["outcome"] == row["outcome"]


async def test_the_newest_unknown_upload_of_16_is_told_by_its_status(plug: Any, desk: Desk) -> None:
    command = await lost(desk, await plug(V16), "GetDiagnostics", {"location": "ftp://a/b"})
    charger = await plug(V16)
    await charger.call("DiagnosticsStatusNotification", {"status": "Uploading"})
    await desk.becomes(command, "ACCEPTED")
    await charger.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    await desk.becomes(command, "COMPLETED")


async def test_an_unknown_reservation_was_made_if_the_charger_speaks_of_it(plug: Any, desk: Desk) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    asked = {"id": 3, "expiryDateTime": until, "idToken": TOKEN, "evseId": 1}
    command = await lost(desk, await plug(), "ReserveNow", asked, request_id=3)
    charger = await plug()
    await charger.call("ReservationStatusUpdate", {"reservationId": 3, "reservationUpdateStatus": "Removed"})
    row = await desk.becomes(command, "ACCEPTED")
    assert row["outcome"] == {"evidence": "ReservationStatusUpdate", "reservation": "Removed"}


async def test_a_reserved_connector_and_an_unavailable_one_tell_of_their_commands(plug: Any, desk: Desk) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    asked = {"connectorId": 1, "expiryDate": until, "idTag": "CARD", "reservationId": 3}
    reserve = await lost(desk, await plug(V16), "ReserveNow", asked, request_id=3)
    charger = await plug(V16)
    change = await desk.order("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    await charger.asked("ChangeAvailability", {"status": "Scheduled"})
    await desk.becomes(change, "ACCEPTED")
    for connector, status in ((1, "Reserved"), (2, "Unavailable")):
        told = {"connectorId": connector, "status": status, "errorCode": "NoError"}
        await charger.call("StatusNotification", told)
    assert (await desk.becomes(reserve, "ACCEPTED"))["outcome"] == {"evidence": "StatusNotification Reserved"}
    await desk.becomes(change, "COMPLETED")


async def test_a_waiting_api_is_rung_for_when_the_charger_acts_before_it_answers(
    plug: Any, desk: Desk, town: Any, identity: str
) -> None:
    async with redis.asyncio.Redis.from_url(town.redis_url, decode_responses=True) as client:
        results = Results(client, identity)
        reading = asyncio.create_task(results.run())
        charger = await plug(V16)
        command = await desk.order("RemoteStartTransaction", {"idTag": "CARD"}, reply_to=identity)
        await charger.asked("RemoteStartTransaction")
        with results.listening(command) as waiting:
            await charger.start16()
            async with asyncio.timeout(10):
                await waiting.told.wait()
        await end([reading])
    assert (await desk.commands.get(command))["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (V16, {"requestedMessage": "StatusNotification"}),
        (V201, {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}),
    ],
)
async def test_a_charger_that_tells_no_status_after_its_boot_is_asked_for_it_once(
    start_node: Callable[..., Any], database: asyncpg.Connection, version: str, wanted: Any
) -> None:
    node = start_node(STATUS_PATIENCE="0.4")
    async with (
        connect(f"{node.ocpp}/SILENT", subprotocols=[version]) as silent,
        connect(f"{node.ocpp}/TELLING", subprotocols=[V16]) as telling,
    ):
        other = Cp(telling)
        await other.boot()
        await other.call("StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"})
        charger = Cp(silent)
        await charger.boot()
        frame = await charger.receive()
        assert frame[2:] == ["TriggerMessage", wanted]
        await charger.send([4, frame[1], "NotImplemented", "", {}])
        with pytest.raises(TimeoutError):
            await charger.receive(1.5)
    asked = await database.fetch("SELECT charger_id, created_by, state FROM commands")
    assert [tuple(row) for row in asked] == [("SILENT", "voltring", "CALLERROR")]
