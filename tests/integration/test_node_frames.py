"""Broken frames and wrong payloads: the right error of the version, the connection stays, the frame is kept."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voltring_core.testing import Wire, eventually

NOW = "2026-01-01T00:00:00Z"
LIMIT = 1_048_576


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


async def closed(wire: Wire) -> int:
    """The code that the node closes with."""
    with pytest.raises(ConnectionClosed) as ended:
        while True:
            await wire.receive(20)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code


async def test_a_binary_frame_ends_the_connection(wire: Wire) -> None:
    await wire.send(b'[2,"1","Heartbeat",{}]')
    assert await closed(wire) == 1003


async def test_text_that_is_no_utf8_ends_the_connection(wire: Wire) -> None:
    wire.socket.protocol.send_text(b'[2,"1","Heartbeat",{"x":"\xff"}]')
    wire.socket.send_data()
    assert await closed(wire) == 1007


async def test_a_megabyte_is_read_and_what_is_over_the_limit_after_inflating_ends_the_connection(wire: Wire) -> None:
    assert "permessage-deflate" in wire.socket.response.headers["Sec-WebSocket-Extensions"]
    head, tail = '[2,"big","Heartbeat",{', "}]"
    await wire.send(head + " " * (LIMIT - len(head) - len(tail)) + tail)
    assert (await wire.receive())[:2] == [3, "big"]
    await wire.send(head + " " * LIMIT + tail)  # some kilobytes on the wire
    assert await closed(wire) == 1009


async def test_only_a_flood_of_nonsense_ends_the_connection(wire: Wire) -> None:
    for _ in range(19):
        await wire.send("nonsense")
    for _ in range(30):  # neither is counted
        await wire.send("")
        await wire.send([3, "nobody asked", {}])
    await wire.send([2, "still here", "Heartbeat", {}])
    while (await wire.receive())[1] != "still here":
        pass
    await wire.send("nonsense")
    assert await closed(wire) == 1002


@pytest.mark.parametrize(
    "written", ["0", "-7", "18446744073709551616", "1.0", "1e400", r'"\ud800"', '""', '"' + "x" * 9000 + '"']
)
async def test_an_id_comes_back_as_it_was_written(wire: Wire, written: str) -> None:
    repeated = r'{"vendorId":"v","data":"x"}'
    for action, payload in (("Heartbeat", "{}"), ("DataTransfer", repeated), ("Nonsense", "{}"), ("Heartbeat", "[]")):
        await wire.send(f'[2,{written},"{action}",{payload}]')
        reply = await wire.socket.recv()
        assert reply.startswith((f"[3,{written},", f"[4,{written},")), reply[:100]


async def test_a_transaction_message_is_repeated_under_an_id_that_nobody_can_hold(wire: Wire) -> None:
    if wire.socket.subprotocol == "ocpp1.6":
        action, payload = "StopTransaction", f'{{"transactionId":-1,"meterStop":5,"timestamp":"{NOW}"}}'
    else:
        info = '{"transactionId":"T"}'
        action = "TransactionEvent"
        event = f'"eventType":"Started","timestamp":"{NOW}","triggerReason":"CablePluggedIn","seqNo":0'
        payload = f'{{{event},"transactionInfo":{info}}}'
    for written in ("1e400", "18446744073709551616", '"plain"', "1.0"):
        await wire.send(f'[2,{written},"{action}",{payload}]')
        assert await wire.socket.recv() == f"[3,{written},{{}}]"


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [50, 200, 400, 900, 3000, 100_000])
async def test_however_deep_a_payload_is_the_connection_goes_on(
    wire: Wire, depth: int, brackets: tuple[str, str]
) -> None:
    deep = brackets[0] * depth + "1" + brackets[1] * depth
    for action in ("Heartbeat", "MeterValues", "BootNotification", "DataTransfer"):
        await wire.send(f'[2,"deep","{action}",{{"customData":{{"vendorId":"v","x":{deep}}}}}]')
    await wire.send([2, "still here", "Heartbeat", {}])
    while (reply := await wire.receive())[1] != "still here":
        assert reply[0] in (3, 4)
        assert reply[1] in ("deep", "-1")


async def test_a_signed_message_is_served_and_kept_as_it_came(wire: Wire, town_database: Any, identity: str) -> None:
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    if wire.socket.subprotocol != "ocpp1.6":
        status = {"timestamp": NOW, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    encoded = urlsafe_b64encode(json.dumps(status).encode()).decode().rstrip("=")
    jws = {"payload": encoded, "protected": "e30", "signature": "AA"}
    assert (await wire.call("StatusNotification-Signed", jws))[0] == 3
    assert await town_database.fetchval("SELECT count(*) FROM connectors WHERE charger_id = $1", identity) == 1
    kept = await town_database.fetchrow(
        "SELECT frame, action, flags FROM ocpp_messages WHERE charger_id = $1 AND frame LIKE '%Signed%'", identity
    )
    assert encoded in kept["frame"]
    assert (kept["action"], kept["flags"]) == ("StatusNotification", ["signed"])
    broken = await wire.call("StatusNotification-Signed", {})
    assert broken[2] == ("FormationViolation" if wire.socket.subprotocol == "ocpp1.6" else "FormatViolation")


async def test_a_call_result_error_and_a_send_are_never_answered(wire: Wire) -> None:
    await wire.send([5, "x", "FormatViolation", "our answer was bad", {}])
    await wire.send([6, "y", "NotifyPeriodicEventStream", {}])
    await wire.send([6, "z", "Nonsense", {}])
    if wire.socket.subprotocol == "ocpp2.0.1":  # which knows neither
        assert [(await wire.receive())[1:3] for _ in "xyz"] == [[one, "MessageTypeNotSupported"] for one in "xyz"]
    assert (await wire.call("Heartbeat", {}))[0] == 3


@pytest.mark.parametrize(
    ("change", "code_16", "code_2x"),
    [
        ({"status": None}, "ProtocolError", "OccurrenceConstraintViolation"),
        ({"connectorId": "one"}, "TypeConstraintViolation", "TypeConstraintViolation"),
        ({"status": "Sleeping"}, "PropertyConstraintViolation", "PropertyConstraintViolation"),
    ],
)
async def test_a_refusal_is_spelt_as_the_version_spells_it(
    wire: Wire, change: dict[str, Any], code_16: str, code_2x: str
) -> None:
    is_16 = wire.socket.subprotocol == "ocpp1.6"
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    if not is_16:
        status = {"timestamp": NOW, "status": "Available", "evseId": 1, "connectorId": 1}
    changed = {name: value for name, value in (status | change).items() if value is not None}
    if not is_16 and "status" in changed:
        changed["connectorStatus"] = changed.pop("status")
    answer = await wire.call("StatusNotification", changed)
    assert answer[0] == 4
    assert answer[2] == (code_16 if is_16 else code_2x)


async def test_a_pipelining_charger_is_answered_in_order(wire: Wire) -> None:
    for number in range(100):
        await wire.send([2, f"p{number}", "Heartbeat", {}])
    assert [(await wire.receive())[1] for _ in range(100)] == [f"p{number}" for number in range(100)]
