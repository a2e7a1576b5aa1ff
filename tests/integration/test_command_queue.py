"""The queue of a charger's commands: what replaces what, what is late, what can't be sent; over the wire, on one node
and across two."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from voltring_core.errors import TooMany
from voltring_core.store.database import open_pool
from voltring_core.testing import Desk, Wire, eventually

PROTOCOL = ["ocpp1.6"]
ACCEPTED = {"status": "Accepted"}


def change(value: str, key: str = "HeartbeatInterval") -> tuple[str, dict[str, Any]]:
    return "ChangeConfiguration", {"key": key, "value": value}


async def row_of(desk: Desk, command: Any) -> Any:
    return await desk.commands.get(command)


async def logged(database: asyncpg.Connection, charger_id: str, message_id: str) -> Any:
    """What the message log says of the answer to this id, once it is there."""

    async def look() -> Any:
        rows = await database.fetch(
            "SELECT * FROM ocpp_messages WHERE charger_id = $1 AND direction = 'in' AND frame LIKE '%' || $2 || '%'",
            charger_id,
            message_id,
        )
        return rows and rows[-1]

    return await eventually(look)


async def test_a_charger_that_was_away_gets_the_last_word_on_each_thing_in_the_order_of_those(
    town: Any, identity: str, desk: Desk
) -> None:
    first = await desk.order(*change("60"))
    reset = await desk.order("Reset", {"type": "Soft"})
    other = await desk.order(*change("7", "MeterValueSampleInterval"))
    second = await desk.order(*change("90"))
    last = await desk.order(*change("120"))
    for one, by in ((first, second), (second, last)):
        row = await row_of(desk, one)
        assert (row["state"], row["replaced_by"], row["sent_at"]) == ("CANCELLED", by, None)
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        got = []
        for _ in range(3):
            frame = await wire.receive()
            got.append(frame[3].get("value", frame[2]))
            await wire.send([3, frame[1], ACCEPTED])
        assert got == ["Reset", "7", "120"]
        for one in (reset, other, last):
            await desk.becomes(one, "ACCEPTED")


async def test_what_is_sent_is_not_replaced_and_a_repeated_key_replaces_nothing(
    town: Any, identity: str, desk: Desk
) -> None:
    old = await desk.order(*change("60"), idempotency_key=f"{identity}-key")
    new = await desk.order(*change("90"))
    assert await desk.order(*change("60"), idempotency_key=f"{identity}-key") == old
    assert [(await row_of(desk, one))["state"] for one in (old, new)] == ["CANCELLED", "QUEUED"]
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        frame = await wire.receive()
        newest = await desk.order(*change("120"))
        assert (await row_of(desk, new))["state"] == "SENT"
        await wire.send([3, frame[1], ACCEPTED])
        await desk.becomes(new, "ACCEPTED")
        await wire.send([3, (await wire.receive())[1], ACCEPTED])
        await desk.becomes(newest, "ACCEPTED")


async def test_no_more_than_a_hundred_wait_in_a_lane_and_a_stop_always_finds_a_place(desk: Desk) -> None:
    for _ in range(100):
        await desk.order("ClearCache")
    with pytest.raises(TooMany, match="cancel what is not wanted"):
        await desk.order("ClearCache")
    await desk.order("RemoteStopTransaction", {"transactionId": 1})


async def test_where_a_hundred_wait_one_that_replaces_another_still_finds_its_place(desk: Desk) -> None:
    await desk.order(*change("60"))
    for _ in range(99):
        await desk.order("ClearCache")
    newest = await desk.order(*change("90"))
    assert (await row_of(desk, newest))["state"] == "QUEUED"


async def test_a_command_that_can_not_be_sent_fails_with_an_event_and_nothing_behind_it_waits(
    town: Any, identity: str, desk: Desk, town_database: asyncpg.Connection
) -> None:
    poison = await desk.order("Reset", {"type": "Soft"})
    behind = await desk.order("ClearCache")
    # Half a character: JSON to PostgreSQL, but nothing that a frame could be made of.
    await town_database.execute('UPDATE commands SET payload = \'{"type": "\\ud800"}\'::json WHERE id = $1', poison)
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        frame = await wire.receive()
        assert frame[2] == "ClearCache"
        await wire.send([3, frame[1], ACCEPTED])
        await desk.becomes(behind, "ACCEPTED")
    found = await town_database.fetchrow("SELECT state, attempts, outcome FROM commands WHERE id = $1", poison)
    assert (found["state"], found["attempts"]) == ("FAILED", 0)
    assert "poison" in found["outcome"]
    event = await town_database.fetchrow("SELECT * FROM station_events WHERE charger_id = $1", identity)
    assert (event["kind"], event["subject"], event["command_id"]) == ("CommandPoisoned", "Reset", poison)


async def test_an_answer_on_the_next_socket_resolves_what_the_cut_left_unknown(
    town: Any, identity: str, desk: Desk, town_database: asyncpg.Connection
) -> None:
    url = f"{town.ocpp}/{identity}"
    async with connect(url, subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        unlock = await desk.order("UnlockConnector", {"connectorId": 1})
        frame = await wire.receive()
    row = await desk.becomes(unlock, "UNKNOWN")
    assert row["outcome"]["reason"] == "socket lost"
    async with connect(url, subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        await wire.send([3, frame[1], {"status": "Unlocked"}])
        row = await desk.becomes(unlock, "ACCEPTED")
        assert (row["response"], row["outcome"]) == ({"status": "Unlocked"}, None)
        entry = await logged(town_database, identity, frame[1])
        assert (entry["action"], entry["verdict"]) == ("UnlockConnector", "ok")
        await wire.send([3, frame[1], {"status": "UnlockFailed"}])  # again, and otherwise: it was settled
        await wire.call("Heartbeat", {})
    assert (await row_of(desk, unlock))["state"] == "ACCEPTED"


async def test_an_answer_to_another_chargers_message_settles_nothing_and_is_a_stray(
    town: Any, identity: str, desk: Desk, town_database: asyncpg.Connection
) -> None:
    other = f"{identity}-other"
    async with (
        connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket,
        connect(f"{town.ocpp}/{other}", subprotocols=PROTOCOL) as stranger,
    ):
        wire, second = Wire(socket), Wire(stranger)
        await wire.boot()
        await second.boot()
        reset = await desk.order("Reset", {"type": "Soft"})
        frame = await wire.receive()
        await second.send([3, frame[1], ACCEPTED])
        assert (await logged(town_database, other, frame[1]))["verdict"] == "stray"
        assert (await row_of(desk, reset))["state"] == "SENT"
        await second.send([3, str(uuid4()), ACCEPTED])
        await wire.send([3, frame[1], ACCEPTED])
        await desk.becomes(reset, "ACCEPTED")


@pytest.fixture
async def office(postgres_dsn: str, redis: Redis) -> Any:
    """An operator for the charger CP, whatever node it is at."""
    pool = await open_pool(postgres_dsn, size=2, name="office")
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    yield Desk(pool, redis, "CP")
    await pool.close()


async def test_an_answer_that_comes_to_another_node_settles_what_the_dead_one_sent(
    start_node: Callable[..., Any], office: Desk, redis: Redis
) -> None:
    one, two = start_node("node-0"), start_node("node-1")
    async with connect(f"{one.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        unlock = await office.order("UnlockConnector", {"connectorId": 1}, reply_to="api-x")
        frame = await wire.receive()
        one.room.kill()
    async with connect(f"{two.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        row = await office.becomes(unlock, "UNKNOWN")
        assert row["outcome"]["reason"] == "owner died"
        told = await redis.xlen("rs:api-x")
        await wire.send([3, frame[1], {"status": "Unlocked"}])
        row = await office.becomes(unlock, "ACCEPTED")
        assert (row["response"], row["attempts"]) == ({"status": "Unlocked"}, 1)
        await eventually(lambda: _more_than(redis, told))


async def _more_than(redis: Redis, before: int) -> bool:
    return bool(await redis.xlen("rs:api-x") > before)


async def test_an_answer_to_the_first_frame_settles_a_read_that_was_sent_again(
    start_node: Callable[..., Any], office: Desk
) -> None:
    one, two = start_node("node-0"), start_node("node-1")
    async with connect(f"{one.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        read = await office.order("GetLocalListVersion")
        first = await wire.receive()
        one.room.kill()
    async with connect(f"{two.ocpp}/CP", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        again = await wire.receive()
        assert again[2] == first[2]
        assert again[1] != first[1]
        await wire.send([3, first[1], {"listVersion": 7}])
        row = await office.becomes(read, "ACCEPTED")
        assert (row["response"], row["attempts"]) == ({"listVersion": 7}, 2)
        known = await office.pool.fetchrow("SELECT * FROM station_records WHERE charger_id = 'CP'")
        assert (known["kind"], known["content"]["version"]) == ("LocalList", 7)  # what it means is kept as well
        await wire.send([3, again[1], {"listVersion": 7}])
        await wire.call("Heartbeat", {})
        last = await office.order("ClearCache")  # the line is free
        await wire.send([3, (await wire.receive())[1], ACCEPTED])
        await office.becomes(last, "ACCEPTED")


async def test_a_repeated_command_that_is_cancelled_stays_unknown_for_it_may_have_run(
    town: Any, identity: str, desk: Desk
) -> None:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        read = await desk.order(*change("60"))
        await wire.receive()
    await desk.becomes(read, "QUEUED")
    newer = await desk.order(*change("90"))  # does not replace what was sent
    assert (await row_of(desk, read))["state"] == "QUEUED"
    assert (await desk.commands.cancel(read))["state"] == "UNKNOWN"
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        frame = await wire.receive()
        assert frame[3]["value"] == "90"
        await wire.send([3, frame[1], ACCEPTED])
        await desk.becomes(newer, "ACCEPTED")


async def test_two_fifty_stray_answers_cost_no_connection_and_the_next_call_is_answered(
    town: Any, identity: str, desk: Desk
) -> None:
    async with connect(f"{town.ocpp}/{identity}", subprotocols=PROTOCOL) as socket:
        wire = Wire(socket)
        await wire.boot()
        for _ in range(250):
            await wire.send([3, str(uuid4()), ACCEPTED])
        async with asyncio.timeout(5):
            assert (await wire.call("Heartbeat", {}))[0] == 3
