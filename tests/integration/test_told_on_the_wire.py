"""What chargers tell beside their sessions, as an operator finds it afterwards: over real sockets, in PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from told_payloads import (
    AT,
    CARD,
    EVENTS_16,
    EVENTS_21,
    EVENTS_201,
    NOW,
    OF_SESSIONS,
    OK,
    RECORDS_16,
    RECORDS_21,
    RECORDS_201,
    RICH,
    V16,
    V21,
    V201,
    payloads,
)
from websockets.asyncio.client import connect

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.ocpp.actions import FROM_CHARGER, UNCONFIRMED
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import Wire, eventually
from voltring_node.handlers.told import TOLD


class Desk:
    """An operator who asks one charger and looks at what is known of it."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis, charger_id: str) -> None:
        self.pool = pool
        self.charger_id = charger_id
        self._commands = Commands(pool)
        self._bells = Doorbells(redis)

    async def order(self, action: str, payload: Any) -> UUID:
        """Queue a command and ring."""
        new = NewCommand(uuid4(), self.charger_id, action, payload, command_class(action), lane(action), 60, "test")
        row, _ = await self._commands.queue(new)
        number = payload.get("requestId")
        await self.pool.execute("UPDATE commands SET request_id = $2 WHERE id = $1", row["id"], number)
        await self._bells.ring(self.charger_id)
        return UUID(str(row["id"]))

    async def command(self, command_id: UUID) -> Any:
        """The row."""
        return await self._commands.get(command_id)

    async def becomes(self, command_id: UUID, state: str) -> Any:
        """The row once it is in `state`."""

        async def look() -> Any:
            row = await self.command(command_id)
            return row if row and row["state"] == state else None

        return await eventually(look)

    async def all(self, columns: str, table: str) -> set[tuple[Any, ...]]:
        """These columns of what is kept of the charger."""
        statement = f"SELECT {columns} FROM {table} WHERE charger_id = $1"  # noqa: S608 - the tests' own words
        rows = await self.pool.fetch(statement, self.charger_id)
        return {tuple(row) for row in rows}


@pytest.fixture
async def desk(town: Any, identity: str) -> AsyncIterator[Desk]:
    pool = await open_pool(town.dsn, size=4, name="desk")
    redis = Redis.from_url(town.redis_url, decode_responses=True)
    await pool.execute("INSERT INTO chargers (id) VALUES ($1)", identity)
    yield Desk(pool, redis, identity)
    await redis.aclose()
    await pool.close()


async def booted(town: Any, identity: str, version: Version) -> Wire:
    wire = Wire(await connect(f"{town.ocpp}/{identity}", subprotocols=[f"ocpp{version}"]))  # type: ignore[list-item]
    await wire.boot()
    return wire


@pytest.fixture
async def wires(town: Any, desk: Desk) -> AsyncIterator[Any]:
    """`await wires(version)`: the desk's charger, connected and booted."""
    made: list[Wire] = []

    async def connected(version: Version) -> Wire:
        made.append(await booted(town, desk.charger_id, version))
        return made[-1]

    yield connected
    await asyncio.gather(*(wire.socket.close() for wire in made))


@pytest.mark.parametrize(
    ("version", "events", "records"),
    [(V16, EVENTS_16, RECORDS_16), (V201, EVENTS_201, RECORDS_201), (V21, EVENTS_21, RECORDS_21)],
)
async def test_whatever_a_charger_tells_is_answered_by_its_schema_and_found_again(
    desk: Desk, wires: Any, version: Version, events: set[Any], records: set[Any]
) -> None:
    told = payloads(version)
    assert told.keys() == FROM_CHARGER[version] - OF_SESSIONS - UNCONFIRMED
    assert TOLD.keys() & FROM_CHARGER[version] <= told.keys() | UNCONFIRMED
    wire = await wires(version)
    order = sorted(told, key=lambda action: action.startswith("Close"))  # what is closed was opened before
    order.sort(key=lambda action: action == "NotifyEvent")  # its severity is the monitor's
    for action in order:
        assert violations(version, action, told[action]) == []
        frame = await wire.call(action, told[action])
        assert frame[0] == 3, frame
        assert violations(version, action, frame[2], "response") == [], action
    found = await desk.all("kind, subject, severity", "station_events")
    assert found == events
    assert await desk.all("kind, key, evse_id, state", "station_records") == records
    verdicts = await desk.pool.fetch("SELECT action, reply FROM ocpp_messages WHERE charger_id = $1", desk.charger_id)
    assert {row["action"] for row in verdicts if row["reply"]} == {*told, "BootNotification"}


async def test_a_device_event_is_a_status_a_value_and_belongs_to_its_session(desk: Desk, wires: Any) -> None:
    wire = await wires(V201)
    await wire.call("NotifyEvent", RICH["NotifyEvent"])
    await wire.call("NotifyEvent", RICH["NotifyEvent"])  # its answer was lost
    assert await desk.all("evse_id, connector_id, status, status_at", "connectors") == {(2, 1, "Faulted", NOW)}
    values = await desk.all("component, evse_id, connector_id, variable, value, source", "variables")
    assert values == {
        ("Connector", 2, 1, "Temperature", "85", "NotifyEvent"),
        ("Connector", 2, 1, "AvailabilityState", "Faulted", "NotifyEvent"),
    }
    events = await desk.pool.fetch(
        "SELECT subject, ocpp_transaction_id, evse_id, connector_id, at FROM station_events WHERE charger_id = $1"
        " ORDER BY subject",
        desk.charger_id,
    )
    assert [tuple(row) for row in events] == [
        ("Connector.AvailabilityState", None, 2, 1, NOW),
        ("Connector.Temperature", "tx-1", 2, 1, NOW),
    ]


async def answered(wire: Wire, desk: Desk, action: str, payload: Any, answer: Any = OK) -> UUID:
    """A command, taken and answered by the charger."""
    command = await desk.order(action, payload)
    frame = await wire.receive()
    assert frame[2] == action
    await wire.send([3, frame[1], answer])
    await desk.becomes(command, "ACCEPTED")
    return command


def report(number: int, names: list[str], *, tbc: bool, request_id: int = 7) -> Any:
    attribute = [{"value": str(number)}]
    data = [{"component": {"name": "C"}, "variable": {"name": name}, "variableAttribute": attribute} for name in names]
    return {"requestId": request_id, "generatedAt": AT, "seqNo": number, "tbc": tbc, "reportData": data}


async def test_a_base_report_completes_its_command_and_replaces_the_device_model(desk: Desk, wires: Any) -> None:
    wire = await wires(V201)
    await wire.call("NotifyReport", report(0, ["Old", "A"], tbc=False, request_id=1))
    asked = {"requestId": 7, "reportBase": "FullInventory"}
    command = await answered(wire, desk, "GetBaseReport", asked)
    await wire.call("NotifyReport", report(0, ["A"], tbc=True))
    await wire.call("NotifyReport", report(2, ["C"], tbc=False))
    row = await desk.command(command)
    assert (row["state"], row["outcome"]["missing"]) == ("ACCEPTED", [1])
    assert {name for (name,) in await desk.all("variable", "variables")} == {"Old", "A", "C"}
    await wire.call("NotifyReport", report(1, ["B"], tbc=True))
    row = await desk.becomes(command, "COMPLETED")
    assert (row["outcome"]["state"], row["outcome"]["parts"], row["outcome"]["missing"]) == ("Complete", 3, [])
    assert await desk.all("variable, value", "variables") == {("A", "0"), ("B", "1"), ("C", "2")}
    parts = await desk.pool.fetch(
        "SELECT r.state, r.seqs, p.seq_no FROM reports r JOIN report_parts p ON p.report_id = r.id"
        " WHERE r.command_id = $1 ORDER BY seq_no",
        command,
    )
    assert [tuple(row) for row in parts] == [("Complete", [0, 1, 2], number) for number in range(3)]


@pytest.mark.parametrize(
    ("last", "state"), [("Installed", "COMPLETED"), ("InstallationFailed", "FAILED"), ("InvalidSignature", "FAILED")]
)
async def test_a_firmware_update_ends_its_command_as_the_charger_says(
    desk: Desk, wires: Any, last: str, state: str
) -> None:
    wire = await wires(V201)
    firmware = {"location": "https://example.org/fw", "retrieveDateTime": AT}
    command = await answered(wire, desk, "UpdateFirmware", {"requestId": 5, "firmware": firmware})
    for status in ("Downloading", "Downloaded", "Installing", last):
        await wire.call("FirmwareStatusNotification", {"status": status, "requestId": 5})
    row = await desk.becomes(command, state)
    assert (row["outcome"]["state"], row["completed_at"] is not None) == (last, True)
    kept = await desk.pool.fetchrow("SELECT * FROM station_records WHERE charger_id = $1", desk.charger_id)
    assert (kept["kind"], kept["key"], kept["state"], kept["command_id"]) == ("Firmware", "5", last, command)
    assert [step["status"] for step in kept["content"]["history"]][-2:] == ["Installing", last]
    found = await desk.all("subject, command_id", "station_events")
    assert found == {(status, command) for status in ("Downloading", "Downloaded", "Installing", last)}


async def test_a_plain_16_update_and_its_diagnostics_end_their_latest_commands(desk: Desk, wires: Any) -> None:
    wire = await wires(V16)
    update = {"location": "https://example.org/fw", "retrieveDate": AT}
    firmware = await answered(wire, desk, "UpdateFirmware", update, {})
    await wire.call("FirmwareStatusNotification", {"status": "Downloading"})
    await wire.call("FirmwareStatusNotification", {"status": "DownloadFailed"})
    assert (await desk.becomes(firmware, "FAILED"))["outcome"]["state"] == "DownloadFailed"
    asked = {"location": "https://example.org/put"}
    diagnostics = await answered(wire, desk, "GetDiagnostics", asked, {"fileName": "d.zip"})
    await wire.call("DiagnosticsStatusNotification", {"status": "Uploading"})
    await wire.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert (await desk.becomes(diagnostics, "COMPLETED"))["outcome"]["state"] == "Uploaded"


@pytest.mark.parametrize("version", [V16, V201, V21])
async def test_a_log_that_was_uploaded_completes_its_command(desk: Desk, wires: Any, version: Version) -> None:
    wire = await wires(version)
    asked = {"requestId": 6, "logType": "SecurityLog", "log": {"remoteLocation": "https://example.org/put"}}
    command = await answered(wire, desk, "GetLog", asked, OK | {"filename": "l.zip"})
    await wire.call("LogStatusNotification", {"status": "Uploading", "requestId": 6})
    await wire.call("LogStatusNotification", {"status": "Uploaded", "requestId": 6})
    await desk.becomes(command, "COMPLETED")


async def test_an_upload_may_be_done_before_the_charger_answers_that_it_begins(desk: Desk, wires: Any) -> None:
    wire = await wires(V21)
    asked = {"requestId": 6, "logType": "DiagnosticsLog", "log": {"remoteLocation": "https://example.org/put"}}
    command = await desk.order("GetLog", asked)
    frame = await wire.receive()
    await wire.call("LogStatusNotification", {"status": "Uploaded", "requestId": 6})
    await desk.becomes(command, "COMPLETED")
    await wire.send([3, frame[1], OK])

    async def answer() -> Any:
        return (await desk.command(command))["response"]

    assert await eventually(answer) == OK
    assert (await desk.command(command))["state"] == "COMPLETED"


async def test_values_of_a_stream_come_unanswered_and_are_kept_at_their_times(desk: Desk, wires: Any) -> None:
    wire = await wires(V21)
    await wire.call("OpenPeriodicEventStream", RICH["OpenPeriodicEventStream"])
    values = {"id": 4, "pending": 2, "basetime": AT, "data": [{"t": 0, "v": "1"}, {"t": -1.5, "v": "2"}]}
    await wire.send([6, "s1", "NotifyPeriodicEventStream", values])
    await wire.send([6, "s2", "NotifyPeriodicEventStream", values])  # again, in the same words
    await wire.send([6, "s3", "NotifyPeriodicEventStream", values | {"id": 99}])
    await wire.call("Heartbeat", {})
    kept = {(4, NOW, "1"), (4, NOW - timedelta(seconds=1.5), "2")}

    async def found() -> bool:
        return await desk.all("stream_id, at, value", "stream_values") == kept

    assert await eventually(found)
    rows = await desk.pool.fetch("SELECT stream_id FROM stream_values WHERE charger_id = $1", desk.charger_id)
    assert len(rows) == 2
    flags = await desk.pool.fetch(
        "SELECT flags FROM ocpp_messages WHERE charger_id = $1 AND message_type = 6 ORDER BY id", desk.charger_id
    )
    assert [list(row["flags"]) for row in flags] == [[], ["repeat"], ["unknown_stream"]]


async def test_a_battery_swap_that_was_asked_for_completes_when_the_battery_leaves(desk: Desk, wires: Any) -> None:
    wire = await wires(V21)
    command = await answered(wire, desk, "RequestBatterySwap", {"idToken": CARD, "requestId": 3})
    for kind in ("BatteryIn", "BatteryOut"):
        await wire.call("BatterySwap", RICH["BatterySwap"] | {"eventType": kind, "requestId": 3})
    assert (await desk.becomes(command, "COMPLETED"))["outcome"]["event"] == "BatteryOut"


async def test_a_16_charger_asks_for_a_contract_inside_a_data_transfer(desk: Desk, wires: Any) -> None:
    wire = await wires(V16)
    contract = {"idToken": {"idToken": "NLABC", "type": "eMAID"}, "certificate": "PEM"}
    told = {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": "Authorize", "data": json.dumps(contract)}
    answer = (await wire.call("DataTransfer", told))[2]
    assert answer["status"] == "Accepted"
    inside = json.loads(answer["data"])
    assert inside == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}
