"""Broken frames and wrong payloads: the right error of the version, the connection stays, the frame is kept."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voltring_core.testing import Wire, eventually

NOW = "2026-01-01T00:00:00Z"


@pytest.fixture(params=["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def wire(town: Any, identity: str, request: Any) -> AsyncIterator[Wire]:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=[request.param]) as socket:
        charger = Wire(socket)
        await charger.boot()
        yield charger


async def test_nothing_malformed_ends_the_connection_and_every_frame_is_kept(
    wire: Wire, town_database: Any, identity: str
) -> None:
    is_16 = wire.socket.subprotocol == "ocpp1.6"
    await wire.send("[2, ")
    if not is_16:
        assert (await wire.receive())[:3] == [4, "-1", "RpcFrameworkError"]
    await wire.send("")
    if not is_16:
        assert (await wire.receive())[0] == 4
    await wire.send([2, "x1", "Heartbeat"])
    assert (await wire.receive())[:3] == [4, "x1", "FormationViolation" if is_16 else "RpcFrameworkError"]
    await wire.send([2, 77, "Heartbeat", None])
    assert (await wire.receive())[:2] == [3, 77]
    await wire.send([3, "nobody asked", {}])
    await wire.send([9, "what", {}])
    if wire.socket.subprotocol == "ocpp2.0.1":
        assert (await wire.receive())[:3] == [4, "what", "MessageTypeNotSupported"]
    answer = await wire.call("Nonsense", {})
    assert answer[0] == 4
    assert answer[2] == "NotImplemented"
    assert (await wire.call("Heartbeat", {}))[0] == 3

    async def kept() -> bool:
        rows = await town_database.fetch("SELECT frame, flags FROM ocpp_messages WHERE charger_id = $1", identity)
        frames = {row["frame"]: row["flags"] for row in rows}
        return frames.get("[2, ") == ["malformed"] and any("Nonsense" in frame for frame in frames)

    assert await eventually(kept)


async def test_a_wrong_payload_is_named_and_refused_a_transaction_message_never(
    wire: Wire, town_database: Any, identity: str
) -> None:
    if wire.socket.subprotocol == "ocpp1.6":
        assert (await wire.call("Authorize", {}))[2] == "ProtocolError"
        assert (await wire.call("Authorize", {"idTag": 5}))[2:4] == [
            "TypeConstraintViolation",
            'idTag: 5 is not of type "string"',
        ]
        start = {"connectorId": 1, "idTag": "A" * 30, "meterStart": 1.5, "timestamp": "yesterday", "x": None}
        assert (await wire.call("StartTransaction", start))[2]["transactionId"] > 0
        stop = {"transactionId": -1, "meterStop": 5, "timestamp": NOW, "transactionData": [{"sampledValue": []}]}
        assert (await wire.call("StopTransaction", stop))[0] == 3
        assert (await wire.call("StopTransaction", {"transactionId": "what"}))[0] == 3
    else:
        assert (await wire.call("Authorize", {}))[2] == "OccurrenceConstraintViolation"
        event = {"eventType": "Updated", "timestamp": "2026-01-01T00:00:00", "seqNo": 1.0, "triggerReason": "Novel"}
        info = {"transactionInfo": {"transactionId": "T", "more": 1}, "customData": {"vendorId": "x", "y": 2}}
        assert (await wire.call("TransactionEvent", event | info))[0] == 3
        assert await town_database.fetchval("SELECT flags FROM transactions WHERE charger_id = $1", identity) == [
            "start_missing"
        ]
    query = "SELECT count(*) FROM ocpp_messages WHERE cardinality(flags) > 0 AND charger_id = $1"
    flagged = await town_database.fetchval(query, identity)
    assert flagged >= 1


async def test_hostile_strings_are_kept_and_harm_nobody(wire: Wire, town_database: Any, identity: str) -> None:
    value = "a\u0000b'; DROP TABLE chargers; --"
    if wire.socket.subprotocol == "ocpp1.6":
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "info": value}
    else:
        status = {"timestamp": NOW, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        status["customData"] = {"vendorId": value}
    assert (await wire.call("StatusNotification", status))[0] == 3
    assert await town_database.fetchval("SELECT count(*) FROM connectors WHERE charger_id = $1", identity) == 1


async def test_binary_ends_the_connection_and_so_does_a_flood_of_nonsense(wire: Wire) -> None:
    if wire.socket.subprotocol == "ocpp2.1":
        await wire.send(b"\x00")
    else:
        for _ in range(20):
            await wire.send("nonsense")
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await wire.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == (1003 if wire.socket.subprotocol == "ocpp2.1" else 1002)


async def test_a_pipelining_charger_is_answered_in_order(wire: Wire) -> None:
    for number in range(100):
        await wire.send([2, f"p{number}", "Heartbeat", {}])
    assert [(await wire.receive())[1] for _ in range(100)] == [f"p{number}" for number in range(100)]
