"""What chargers answer, as an operator finds it afterwards: over real sockets, in PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.schemas import is_valid, schema
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import Wire, eventually

LATER = "2026-01-01T13:00:00Z"
OK = {"status": "Accepted"}


class Desk:
    """An operator who asks one charger and looks at what is known of it."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis, charger_id: str) -> None:
        self.pool = pool
        self.charger_id = charger_id
        self._commands = Commands(pool)
        self._bells = Doorbells(redis)

    async def order(self, action: str, payload: Any) -> UUID:
        """Queue a command and ring."""
        kind = command_class(action)
        new = NewCommand(uuid4(), self.charger_id, action, payload, kind, lane(action), 60, "test")
        row, _ = await self._commands.queue(new)
        number = payload.get("requestId")
        await self.pool.execute("UPDATE commands SET request_id = $2 WHERE id = $1", row["id"], number)
        await self._bells.ring(self.charger_id)
        return UUID(str(row["id"]))

    async def becomes(self, command_id: UUID, *states: str) -> Any:
        """The row once it is in one of the states."""

        async def look() -> Any:
            row = await self._commands.get(command_id)
            return row if row and row["state"] in states else None

        return await eventually(look)

    async def records(self) -> list[tuple[Any, ...]]:
        """Kind, key, EVSE, state of what holds."""
        rows = await self.pool.fetch(
            "SELECT kind, key, evse_id, state FROM station_records WHERE charger_id = $1 ORDER BY kind, key",
            self.charger_id,
        )
        return [tuple(row) for row in rows]

    async def variables(self) -> list[tuple[Any, ...]]:
        """Component, variable, value, status."""
        rows = await self.pool.fetch(
            "SELECT component, variable, value, status FROM variables WHERE charger_id = $1 ORDER BY variable",
            self.charger_id,
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def desk(town: Any, identity: str) -> AsyncIterator[Desk]:
    pool = await open_pool(town.dsn, size=4, name="desk")
    redis = Redis.from_url(town.redis_url, decode_responses=True)
    await pool.execute("INSERT INTO chargers (id) VALUES ($1)", identity)
    yield Desk(pool, redis, identity)
    await redis.aclose()
    await pool.close()


@pytest.fixture
def charger(town: Any, desk: Desk) -> Callable[[str], Any]:
    """`async with charger("2.1") as wire`: the desk's charger, booted."""

    @asynccontextmanager
    async def open_one(version: str) -> AsyncIterator[Wire]:
        async with connect(f"{town.ocpp}/{desk.charger_id}", subprotocols=[f"ocpp{version}"]) as socket:
            wire = Wire(socket)
            await wire.boot()
            yield wire

    return open_one


async def answered(desk: Desk, wire: Wire, action: str, payload: Any, answer: Any) -> Any:
    """The command's row after the charger's answer."""
    command = await desk.order(action, payload)
    frame = await wire.receive()
    assert frame[2] == action
    await wire.send([3, frame[1], answer])
    return await desk.becomes(command, "ACCEPTED", "REJECTED", "UNKNOWN")


PROFILE_16 = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]},
}
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "bb", "issuerKeyHash": "AA", "serialNumber": "01"}


async def test_an_operator_of_a_1_6_charger_finds_what_was_set_and_cleared(charger: Any, desk: Desk) -> None:
    asked = [
        ("SendLocalList", {"listVersion": 4, "updateType": "Full"}, OK),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE_16}, OK),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE_16 | {"chargingProfileId": 2}}, OK),
        ("SetChargingProfile", {"connectorId": 2, "csChargingProfiles": PROFILE_16 | {"chargingProfileId": 3}}, OK),
        ("ClearChargingProfile", {"connectorId": 2}, OK),
        ("ReserveNow", {"connectorId": 1, "expiryDate": LATER, "idTag": "A", "reservationId": 5}, OK),
        ("CancelReservation", {"reservationId": 5}, OK),
        ("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"}, {"status": "Scheduled"}),
        ("GetDiagnostics", {"location": "ftp://u:p@h/"}, {"fileName": "a.zip"}),
        ("UpdateFirmware", {"location": "ftp://h/f", "retrieveDate": LATER}, {}),
        (
            "GetInstalledCertificateIds",
            {"certificateType": "CentralSystemRootCertificate"},
            OK | {"certificateHashData": [HASH]},
        ),
    ]
    async with charger("1.6") as wire:
        for action, payload, answer in asked:
            row = await answered(desk, wire, action, payload, answer)
            assert (row["state"], row["response"], row["outcome"]) == ("ACCEPTED", answer, None), action
        assert await desk.records() == [
            ("Availability", "2:1", 2, "Scheduled"),
            ("Certificate", "CentralSystemRootCertificate:SHA256:aa:1", None, "Reported"),
            ("ChargingProfile", "2", 1, "Accepted"),
            ("Diagnostics", "", None, "Accepted"),
            ("Firmware", "", None, "Accepted"),
            ("LocalList", "", None, "Accepted"),
            ("Reservation", "5", 1, "Cancelled"),
        ]
    content = await desk.pool.fetchval(
        "SELECT content FROM station_records WHERE charger_id = $1 AND kind = 'Diagnostics'", desk.charger_id
    )
    assert content == {"location": "ftp://[redacted]@h/", "fileName": "a.zip"}


async def test_an_operator_of_a_1_6_charger_finds_its_keys_but_no_secret(charger: Any, desk: Desk) -> None:
    listed = [
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        {"key": "AuthorizationKey", "readonly": False, "value": "00112233445566778899aabbccddeeff"},
    ]
    async with charger("1.6") as wire:
        row = await answered(
            desk, wire, "GetConfiguration", {}, {"configurationKey": listed, "unknownKey": ["Nonsense"]}
        )
        assert "0011223344" not in str(row["response"])
        changes = (("heartbeatinterval", "60", "Accepted"), ("AuthorizationKey", "aa" * 16, "Accepted"))
        for key, value, status in changes:
            await answered(desk, wire, "ChangeConfiguration", {"key": key, "value": value}, {"status": status})
        assert await desk.variables() == [
            ("", "AuthorizationKey", None, "Accepted"),
            ("", "HeartbeatInterval", "60", "Accepted"),
            ("", "Nonsense", None, "UnknownKey"),
        ]


def about(component: str, variable: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable}} | more


async def test_an_operator_of_a_2_1_charger_finds_what_was_set_item_by_item(charger: Any, desk: Desk) -> None:
    wanted = [about("A", "X", attributeValue="1"), about("A", "Y", attributeValue="2")]
    results = [about("A", "Y", attributeStatus="RebootRequired"), about("A", "X", attributeStatus="Accepted")]
    monitor = about("A", "X", type="Delta", severity=5)
    tariff = {"tariffId": "t", "currency": "EUR"}
    control = {"isDefault": True, "controlId": "c", "controlType": "FixedPFInject"}
    message = {"id": 3, "priority": "InFront", "message": {"format": "UTF8", "content": "Hi"}}
    log = {"requestId": 7, "logType": "SecurityLog", "log": {"remoteLocation": "https://h/"}}
    asked = [
        ("SetVariables", {"setVariableData": wanted}, {"setVariableResult": results}),
        (
            "SetVariableMonitoring",
            {"setMonitoringData": [monitor | {"value": 1}]},
            {"setMonitoringResult": [monitor | {"status": "Accepted", "id": 9}]},
        ),
        ("SetDefaultTariff", {"evseId": 1, "tariff": tariff}, OK),
        ("SetDERControl", control | {"fixedPFInject": {"priority": 0, "displacement": 1, "excitation": True}}, OK),
        ("SetDisplayMessage", {"message": message}, OK),
        ("UsePriorityCharging", {"transactionId": "tx", "activate": True}, OK),
        ("GetLog", log, OK | {"filename": "a"}),
        ("GetLog", log | {"requestId": 8}, {"status": "AcceptedCanceled", "filename": "b"}),
        ("Reset", {"type": "OnIdle"}, {"status": "Scheduled"}),
        ("GetTransactionStatus", {}, {"messagesInQueue": True}),
    ]
    async with charger("2.1") as wire:
        rows = [await answered(desk, wire, *one) for one in asked]
        assert await desk.variables() == [("A", "X", "1", "Accepted"), ("A", "Y", None, "RebootRequired")]
        assert await desk.records() == [
            ("DERControl", "c", None, "Accepted"),
            ("DisplayMessage", "3", None, "Accepted"),
            ("Log", "7", None, "AcceptedCanceled"),
            ("Log", "8", None, "Accepted"),
            ("Monitor", "9", None, "Accepted"),
            ("PriorityCharging", "tx", None, "Activated"),
            ("Tariff", "1:t", 1, "Accepted"),
        ]
        cancelled = await desk.becomes(rows[6]["id"], "FAILED")
        assert cancelled["outcome"]["cancelled_by"] == str(rows[7]["id"])
        assert cancelled["response"]["filename"] == "a"
        assert rows[9]["outcome"] == {"ongoing": None, "messages_in_queue": True}


async def test_an_answer_that_breaks_its_schema_settles_its_command_and_is_flagged(charger: Any, desk: Desk) -> None:
    asked = {"reservationId": 5, "connectorId": 1, "expiryDate": LATER, "idTag": "A"}
    async with charger("1.6") as wire:
        row = await answered(desk, wire, "ReserveNow", asked, OK | {"because": "I can"})
        assert row["response"] == OK | {"because": "I can"}
        assert row["outcome"] == {"flags": ["invalid_answer"], "faults": ["because: additionalProperties"]}
        row = await answered(desk, wire, "Reset", {"type": "Soft"}, {"status": "rejected"})
        assert (row["state"], row["response"]) == ("REJECTED", {"status": "rejected"})
        row = await answered(desk, wire, "Reset", {"type": "Soft"}, {"status": ["Accepted", "\0"]})
        assert row["outcome"]["flags"] == ["invalid_answer"]
        assert await desk.records() == [("Reservation", "5", 1, "Accepted")]


async def test_a_strange_answer_is_kept_as_far_as_it_can_be(charger: Any, desk: Desk) -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    odd = {"configurationKey": [{"key": "a\0b", "readonly": True, "value": "c\0"}]}
    async with charger("1.6") as wire:
        row = await answered(desk, wire, "GetConfiguration", {}, {"configurationKey": deep})
        assert row["outcome"]["flags"] == ["invalid_answer"]
        assert (await answered(desk, wire, "GetConfiguration", {}, odd))["outcome"] is None
        assert await desk.variables() == [("", "a␀b", "c␀", None)]


async def test_an_answer_that_postgresql_never_takes_is_flagged_and_the_next_one_is_kept(
    charger: Any, desk: Desk
) -> None:
    # More than an entry of an index may have, and nothing in it that could be packed.
    names = ["".join(chr(0x4E00 + (number * 7919 + start) % 20000) for number in range(500)) for start in (1, 2)]
    results = [about(*names, attributeStatus="Accepted", attributeValue="1")]
    asked = {"getVariableData": [about("A", "X")]}
    async with charger("2.0.1") as wire:
        row = await answered(desk, wire, "GetVariables", asked, {"getVariableResult": results})
        assert row["outcome"]["flags"] == ["invalid_answer", "meaning_not_kept"]
        results = [about("A", "X", attributeStatus="Accepted", attributeValue="1")]
        row = await answered(desk, wire, "GetVariables", asked, {"getVariableResult": results})
        assert (row["outcome"], await desk.variables()) == (None, [("A", "X", "1", None)])


REPORT = {
    "requestId": 11,
    "generatedAt": LATER,
    "seqNo": 0,
    "reportData": [about("A", "X", variableAttribute=[{"value": "1"}])],
}


@pytest.mark.parametrize(
    ("answer", "flags"),
    [(OK, None), ({"status": "Rejected"}, None), ({"status": "Sure"}, ["invalid_answer"])],
)
async def test_a_report_that_comes_before_its_answer_completes_the_command_for_good(
    charger: Any, desk: Desk, answer: Any, flags: Any
) -> None:
    async with charger("2.0.1") as wire:
        command = await desk.order("GetBaseReport", {"requestId": 11, "reportBase": "FullInventory"})
        frame = await wire.receive()
        assert (await wire.call("NotifyReport", REPORT))[2] == {}
        done = await desk.becomes(command, "COMPLETED")
        assert (done["response"], done["outcome"]["state"]) == (None, "Complete")
        await wire.send([3, frame[1], answer])

        async def look() -> Any:
            return (row := await desk.becomes(command, "COMPLETED"))["response"] and row

        row = await eventually(look)
    assert (row["state"], row["response"], row["completed_at"]) == ("COMPLETED", answer, done["completed_at"])
    assert row["outcome"].get("flags") == flags
    assert {name: row["outcome"][name] for name in done["outcome"]} == done["outcome"]


async def test_a_late_answer_of_a_command_that_was_given_up_is_kept_by_its_meaning(charger: Any, desk: Desk) -> None:
    await desk.pool.execute("UPDATE chargers SET call_timeout_s = 0.3 WHERE id = $1", desk.charger_id)
    asked = {"reservationId": 5, "connectorId": 1, "expiryDate": LATER, "idTag": "A"}
    async with charger("1.6") as wire:
        command = await desk.order("ReserveNow", asked)
        frame = await wire.receive()
        await desk.becomes(command, "UNKNOWN")
        assert await desk.records() == []
        await wire.send([3, frame[1], OK])
        await desk.becomes(command, "ACCEPTED")
        assert await desk.records() == [("Reservation", "5", 1, "Accepted")]


def everything(version: Version, action: str, kind: Any) -> Any:
    """A payload with each field that its schema names."""
    whole = schema(version, action, kind)
    assert whole is not None

    def of(place: Any) -> Any:
        while "$ref" in place:
            place = whole["definitions"][place["$ref"].rpartition("/")[2]]
        if "enum" in place:
            return place["enum"][0]
        match place.get("type", "string"):
            case "object":
                return {name: of(inner) for name, inner in place.get("properties", {}).items()}
            case "array":
                return [of(place["items"]) for _ in range(place.get("minItems", 1))]
            case "string":
                return {"date-time": LATER, "uri": "https://example.org/"}.get(place.get("format"), "x")
            case "boolean":
                return True
        return place.get("minimum", place.get("maximum", 1))

    return of(whole)


@pytest.mark.parametrize("version", list(Version))
async def test_every_answer_of_every_version_is_settled_with_its_meaning(
    charger: Any, desk: Desk, version: Version
) -> None:
    async with charger(version.value) as wire:
        for action in sorted(TO_CHARGER[version]):
            answer = everything(version, action, "response")
            assert is_valid(version, action, answer, "response"), action
            row = await answered(desk, wire, action, everything(version, action, "request"), answer)
            assert "flags" not in (row["outcome"] or {}), (action, row["outcome"])
    kinds = {kind for kind, *_ in await desk.records()}
    assert len(kinds) >= {Version.V16: 8, Version.V201: 12, Version.V21: 16}[version], kinds
