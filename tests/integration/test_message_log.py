"""The message log: every frame both ways, with what became of it."""

import json
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import connect

from voltring_core.testing import Desk, Wire, eventually

START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-01-01T12:00:00Z"}


@pytest.fixture
async def wire(town: Any, identity: str, desk: Desk) -> Any:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=["ocpp1.6"]) as socket:
        charger = Wire(socket)
        await charger.boot()
        yield charger


@pytest.fixture
def logged(town_database: asyncpg.Connection, identity: str) -> Any:
    """`logged(verdict=..., ...)`: the one row with these values, once it is written."""

    async def one(**wanted: Any) -> Any:
        async def look() -> Any:
            rows = await town_database.fetch("SELECT * FROM ocpp_messages WHERE charger_id = $1 ORDER BY id", identity)
            found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
            assert len(found) < 2, found
            return found and found[0]

        return await eventually(look)

    return one


async def test_a_call_is_kept_with_its_answer_verdict_latency_and_session(wire: Wire, logged: Any) -> None:
    answer = await wire.call("StartTransaction", START)
    row = await logged(action="StartTransaction")
    assert (row["direction"], row["message_type"], row["verdict"], row["error_code"]) == ("in", 2, "ok", None)
    assert json.loads(row["reply"])[2] == answer[2]
    assert row["latency_ms"] > 0
    assert row["transaction_id"] is not None
    values = {"connectorId": 1, "transactionId": answer[2]["transactionId"], "meterValue": []}
    await wire.call("MeterValues", values)
    assert (await logged(action="MeterValues"))["transaction_id"] == row["transaction_id"]


async def test_what_was_mended_refused_repeated_malformed_or_stray_is_told_apart(wire: Wire, logged: Any) -> None:
    await wire.call("StartTransaction", START | {"meterStart": 1.5})
    assert (await logged(action="StartTransaction", verdict="repaired"))["flags"]
    await wire.call("StartTransaction", START | {"meterStart": 1.5})
    assert (await logged(verdict="repeat"))["action"] == "StartTransaction"
    await wire.call("StatusNotification", {"connectorId": 1})
    assert (await logged(verdict="refused"))["error_code"] == "ProtocolError"
    await wire.send("[2,")
    assert (await logged(verdict="malformed"))["frame"] == "[2,"
    await wire.send([3, "nobody asked", {}])
    assert (await logged(verdict="stray"))["direction"] == "in"


async def test_a_command_and_the_chargers_answer_are_joined_by_their_id(wire: Wire, desk: Desk, logged: Any) -> None:
    await desk.order("Reset", {"type": "Soft"})
    asked = await wire.receive()
    await wire.send([4, asked[1], "NotSupported", "no", {}])
    answer = await logged(direction="in", message_type=4)
    call = await logged(direction="out", message_type=2)
    assert (call["message_id"], call["action"]) == (answer["message_id"], "Reset") == (asked[1], answer["action"])
    assert (answer["verdict"], answer["error_code"]) == ("refused", "NotSupported")
    assert answer["latency_ms"] > 0


async def test_secrets_are_not_in_the_log_nor_in_the_commands(
    wire: Wire, desk: Desk, logged: Any, town_database: asyncpg.Connection, identity: str
) -> None:
    secret = "0123456789ABCDEF0123456789ABCDEF"
    command = await desk.order("ChangeConfiguration", {"key": "AuthorizationKey", "value": secret})
    asked = await wire.receive()
    assert asked[3]["value"] == secret
    await wire.send([3, asked[1], {"status": "Accepted"}])
    await desk.becomes(command, "ACCEPTED")
    row = await logged(direction="out", message_type=2)
    assert secret not in row["frame"]
    for table in ("ocpp_messages", "commands", "variables", "station_records", "station_events"):
        statement = f"SELECT t::text AS whole FROM {table} t WHERE charger_id = $1"  # noqa: S608 - names from above

        async def is_clean(statement: str = statement) -> bool:
            return not [row for row in await town_database.fetch(statement, identity) if secret in row["whole"]]

        await eventually(is_clean)
