"""Deviations of sockets, handshakes and frames, replayed byte by byte against a running node."""

import json
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from raw_frames import BOOT, CLOSE, PING, PONG, RSV1, TEXT, Raw
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.secrets import digest
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import eventually

START = {"connectorId": 1, "idTag": "CARD", "meterStart": 100, "timestamp": "2026-01-01T12:00:00Z"}
HEX_KEY = "00ffee0102030405060708090a0b0c0d0e0f1011"
ADD = """
    INSERT INTO chargers (id, quirks, vendor, model, firmware_version, registration, secret_hash, call_timeout_s)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.fixture
async def raw(town: Any) -> AsyncIterator[Callable[[], Raw]]:
    """`raw()`: another socket to the shared node."""
    opened: list[Raw] = []

    def make(url: str | None = None) -> Raw:
        opened.append(Raw(url or town.ocpp))
        return opened[-1]

    yield make
    for one in opened:
        if hasattr(one, "writer"):
            one.writer.close()


@pytest.fixture
async def register(town_database: Any, identity: str) -> Callable[..., Any]:
    """`register(quirks, vendor=...)`: the charger is known here, with these columns."""

    async def make(quirks: Any = None, **columns: Any) -> None:
        given = {"registration": "none", **columns}
        names = ("vendor", "model", "firmware_version", "registration", "secret_hash", "call_timeout_s")
        await town_database.execute(ADD, identity, json.dumps(quirks or {}), *(given.get(name) for name in names))

    return make


@pytest.fixture
async def order(town: Any, identity: str) -> AsyncIterator[Callable[..., Any]]:
    """`order(action, payload)`: an operator queues a command and rings; `order.row(id)` looks at it."""
    pool = await open_pool(town.dsn, size=2, name="desk")
    redis = Redis.from_url(town.redis_url, decode_responses=True)
    commands, bells = Commands(pool), Doorbells(redis)

    async def make(action: str, payload: Any, charger_id: str = identity) -> Any:
        new = NewCommand(
            id=uuid4(),
            charger_id=charger_id,
            action=action,
            payload=payload,
            command_class=command_class(action),
            lane=lane(action),
            deadline_s=60,
            created_by="test",
        )
        row, _ = await commands.queue(new)
        await bells.ring(charger_id)
        return row["id"]

    make.row = commands.get  # type: ignore[attr-defined]
    yield make
    await redis.aclose()
    await pool.close()


def basic(username: str, password: bytes) -> tuple[str, str]:
    credentials = b64encode(username.encode() + b":" + password).decode()
    return "Sec-WebSocket-Protocol: ocpp1.6", f"Authorization: Basic {credentials}"


async def flags_of(database: Any, identity: str, action: str, direction: str = "in") -> Any:
    """The flags and the frame of the last message of an action, once it is kept."""

    async def look() -> Any:
        return await database.fetchrow(
            "SELECT flags, frame FROM ocpp_messages WHERE charger_id = $1 AND action = $2 AND direction = $3"
            " ORDER BY received_at DESC LIMIT 1",
            identity,
            action,
            direction,
        )

    return await eventually(look)


class TestTheDoor:
    """Handshakes."""

    async def test_a_grizzl_e_that_names_no_subprotocol_speaks_1_6(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        await register(vendor="United Chargers Inc.", model="GRS")
        charger = raw()
        assert await charger.enter(identity, "X-Nothing: 1") == 101
        assert "sec-websocket-protocol" not in charger.headers.lower()
        assert (await charger.boot())["status"] == "Accepted"

    async def test_a_charger_that_never_came_and_names_none_comes_in_once_its_operator_says_so(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        assert await raw().enter(identity + "-unknown", "X-Nothing: 1") == 400
        await register({"assume_version": "1.6"})
        charger = raw()
        assert await charger.enter(identity, "X-Nothing: 1") == 101
        assert (await charger.boot())["status"] == "Accepted"

    async def test_the_operator_can_switch_off_what_is_known_of_a_vendor(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        await register({"assume_version": False}, vendor="United Chargers Inc.", model="GRS")
        assert await raw().enter(identity, "X-Nothing: 1") == 400

    @pytest.mark.parametrize(
        "spelling", ["{raw}", "{percent}", "{percent}/", "{percent}?token=1", "ws://csms.example:80/ocpp/{percent}"]
    )
    async def test_an_id_is_read_however_it_is_spelt_in_the_path(
        self, raw: Any, register: Any, identity: str, town_database: Any, spelling: str
    ) -> None:
        await register(vendor="V")
        target = spelling.format(raw=identity, percent=identity.replace("C", "%43", 1).replace("-", "%2D"))
        charger = raw()
        assert await charger.enter(target) == 101
        assert (await charger.boot())["status"] == "Accepted"
        assert await town_database.fetchval("SELECT registration FROM chargers WHERE id = $1", identity) == "Accepted"

    async def test_a_whole_url_as_the_target_is_read(self, raw: Any, identity: str) -> None:
        charger = raw()
        target = f"ws://127.0.0.1:{charger.port}{charger.path}/{identity}"
        assert await charger.knock(target, "Sec-WebSocket-Protocol: ocpp1.6") == 101
        assert (await charger.boot())["status"] == "Accepted"

    async def test_an_id_in_another_case_is_somebody_else_unless_the_operator_says_so(
        self, raw: Any, register: Any, identity: str, town_database: Any
    ) -> None:
        await register(secret_hash=digest(b"correct horse 16"))
        spelt = identity.lower()
        assert await raw().enter(spelt, *basic(spelt, b"correct horse 16")) == 404
        change = "UPDATE chargers SET quirks = $2 WHERE id = $1"
        rules = {"id_in_any_case": True, "any_username": True}
        await town_database.execute(change, identity, json.dumps(rules))
        assert await raw().enter(spelt, *basic(spelt, b"wrong")) == 401
        charger = raw()
        assert await charger.enter(spelt, *basic(spelt, b"correct horse 16")) == 101
        assert (await charger.boot())["status"] == "Accepted"
        assert await town_database.fetchval("SELECT registration FROM chargers WHERE id = $1", identity) == "Accepted"

    @pytest.mark.parametrize(
        ("set_as", "sent"),
        [
            (b"correct horse 16", b"correct horse 16"),
            (b"correct horse 16", b"correct horse 16".hex().encode()),
            (b"correct horse 16", b"correct horse 16".hex().upper().encode()),
            (bytes(range(236, 256)), bytes(range(236, 256))),
            (bytes(range(236, 256)), bytes(range(236, 256)).hex().encode()),
            (HEX_KEY.encode(), bytes.fromhex(HEX_KEY)),
            (HEX_KEY.encode(), HEX_KEY.encode()),
        ],
        ids=["text", "text as hex", "text as HEX", "bytes", "bytes as hex", "hex as bytes", "hex"],
    )
    async def test_a_secret_is_known_as_text_as_bytes_and_as_hex_digits(
        self, raw: Any, register: Any, identity: str, set_as: bytes, sent: bytes
    ) -> None:
        await register(secret_hash=digest(set_as))
        assert await raw().enter(identity, *basic(identity, sent)) == 101
        assert await raw().enter(identity, *basic(identity, sent[:-1])) == 401
        assert await raw().enter(identity, *basic(identity, b"")) == 401

    async def test_an_empty_password_is_none_where_none_is_asked_for(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        await register()
        assert await raw().enter(identity, *basic(identity, b"")) == 101

    async def test_a_user_name_that_is_not_the_id_needs_a_rule_and_the_right_password(
        self, raw: Any, register: Any, identity: str, town_database: Any
    ) -> None:
        await register(secret_hash=digest(b"correct horse 16"))
        assert await raw().enter(identity, *basic("admin", b"correct horse 16")) == 401
        change = "UPDATE chargers SET quirks = $2 WHERE id = $1"
        await town_database.execute(change, identity, '{"any_username": true}')
        assert await raw().enter(identity, *basic("admin", b"correct horse 16")) == 101
        assert await raw().enter(identity, *basic("admin", b"wrong")) == 401


class TestFrames:
    """What stands on the wire."""

    async def test_an_empty_text_frame_and_a_null_payload_change_nothing(self, raw: Any, identity: str) -> None:
        charger = raw()
        await charger.enter(identity)
        await charger.boot()
        charger.write(b"")
        assert "currentTime" in await charger.call("Heartbeat", None)

    async def test_a_compressed_frame_that_was_never_negotiated_is_read(self, raw: Any, identity: str) -> None:
        charger = raw()
        await charger.enter(identity)
        squeeze = zlib.compressobj(wbits=-15)
        for number in range(3):
            text = json.dumps([2, f"z{number}", "BootNotification", BOOT]).encode()
            packed = squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH)
            charger.write(packed.removesuffix(b"\x00\x00\xff\xff"), bits=RSV1)
            assert (await charger.heard())[:2] == [3, f"z{number}"]
        assert "currentTime" in await charger.call("Heartbeat", {})

    async def test_a_charger_that_never_pongs_stays_as_long_as_it_speaks_and_its_own_pings_are_answered(
        self, start_node: Any, raw: Any, identity: str
    ) -> None:
        node = start_node(PING_INTERVAL="0.2", SILENCE_LIMIT="1")
        charger = raw(node.ocpp)
        await charger.enter(identity)
        await charger.boot()
        for _ in range(8):  # longer than the limit
            while (await charger.frame())[0] != PING:
                pass
            assert "currentTime" in await charger.call("Heartbeat", {})
        charger.write(b"alive?", opcode=PING)
        while (answer := await charger.frame())[0] == PING:
            pass
        assert answer == (PONG, b"alive?")

    async def test_a_message_that_is_sent_again_is_the_same_whatever_its_id(
        self, raw: Any, identity: str, town_database: Any
    ) -> None:
        charger = raw()
        await charger.enter(identity)
        await charger.boot()
        first = await charger.call("StartTransaction", START, "1")
        assert await charger.call("StartTransaction", START, "1") == first
        again = raw()
        await again.enter(identity)
        assert await again.call("StartTransaction", START, "2") == first
        other = await again.call("StartTransaction", START | {"meterStart": 200}, "1")
        assert other["transactionId"] != first["transactionId"]
        counted = "SELECT count(*) FROM transactions WHERE charger_id = $1"
        assert await town_database.fetchval(counted, identity) == 2

    async def test_a_repaired_reading_stands_flagged_beside_its_raw_frame(
        self, raw: Any, register: Any, identity: str, town_database: Any
    ) -> None:
        await register(vendor="OpenEVSE", model="Advanced Series", firmware_version="4.2.2", registration="Accepted")
        charger = raw()
        await charger.enter(identity)
        values = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "361", "unit": "Wh"}]}]
        meters = {"connectorId": 1, "meterValue": values}
        assert await charger.call("MeterValues", meters) == {}
        kept = await flags_of(town_database, identity, "MeterValues")
        assert kept["flags"] == ["quirk:energy_unit"]
        assert json.loads(kept["frame"])[3] == meters
        stored = await town_database.fetchval("SELECT value FROM meter_values WHERE charger_id = $1", identity)
        assert stored == 361000


class TestBeforeAcceptance:
    """Who speaks without having booted."""

    async def test_a_charger_that_goes_on_without_booting_again_is_served(self, raw: Any, identity: str) -> None:
        first = raw()
        await first.enter(identity)
        await first.boot()
        second = raw()
        await second.enter(identity)
        assert await second.call("StatusNotification", STATUS) == {}

    async def test_a_charger_that_never_boots_is_accepted_once_its_operator_says_so(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        await register({"accepted_without_boot": True})
        charger = raw()
        await charger.enter(identity)
        assert (await charger.call("StartTransaction", START))["transactionId"] > 0

    async def test_a_lenient_boot_takes_a_status_before_acceptance_and_no_transaction(
        self, raw: Any, register: Any, identity: str
    ) -> None:
        await register({"lenient_boot": True})
        charger = raw()
        await charger.enter(identity)
        assert await charger.call("StatusNotification", STATUS) == {}
        assert await charger.call("StartTransaction", START) == "SecurityError"


class TestCommands:
    """What goes out, and when."""

    async def test_a_wallbox_is_commanded_only_after_its_boot_was_answered(
        self, raw: Any, register: Any, identity: str, order: Any, town_database: Any
    ) -> None:
        await register(vendor="Wall Box Chargers", model="CPB1", registration="Accepted")
        other = f"{identity}-any"
        await town_database.execute("INSERT INTO chargers (id, registration) VALUES ($1, 'Accepted')", other)
        wallbox, control = raw(), raw()
        await wallbox.enter(identity)
        await control.enter(other)
        query = "SELECT count(*) FROM charger_connection WHERE charger_id = ANY($1) AND disconnected_at IS NULL"

        async def both() -> bool:
            return bool(await town_database.fetchval(query, [identity, other]) == 2)

        await eventually(both)
        await order("GetConfiguration", {})
        await order("GetConfiguration", {}, other)
        assert (await control.heard())[2] == "GetConfiguration"  # rung later, and here already
        assert (await wallbox.boot())["status"] == "Accepted"
        assert (await wallbox.heard())[2] == "GetConfiguration"

    async def test_a_charger_that_answers_no_command_is_cut_off_to_come_anew(
        self, raw: Any, register: Any, identity: str, order: Any
    ) -> None:
        await register({"reconnect_when_deaf": 1}, call_timeout_s=0.3)
        charger = raw()
        await charger.enter(identity)
        await charger.boot()
        await order("GetConfiguration", {})
        assert (await charger.heard())[2] == "GetConfiguration"
        assert "currentTime" in await charger.call("Heartbeat", {})
        opcode = TEXT
        while opcode != CLOSE:
            opcode, _ = await charger.frame()
        again = raw()
        await again.enter(identity)
        assert (await again.heard())[2] == "GetConfiguration"

    async def test_a_command_that_would_make_an_abb_restart_is_not_sent_and_says_why(
        self, raw: Any, register: Any, identity: str, order: Any
    ) -> None:
        await register(vendor="ABB", model="CDT_TACW11::NET_WIFI", firmware_version="V1.8.21")
        charger = raw()
        await charger.enter(identity)
        boot = {"chargePointVendor": "ABB", "chargePointModel": "CDT_TACW11::NET_WIFI", "firmwareVersion": "V1.8.21"}
        await charger.call("BootNotification", boot)
        command_id = await order("GetConfiguration", {})

        async def settled() -> Any:
            row = await order.row(command_id)
            return row if row["state"] not in ("QUEUED", "SENT") else None

        assert "restarts when its configuration is read (no_get_configuration)" in str(dict(await eventually(settled)))
        await order("TriggerMessage", {"requestedMessage": "Heartbeat"})
        assert (await charger.heard())[2] == "TriggerMessage"

    async def test_a_profile_goes_to_an_abb_at_stack_level_0_and_its_frame_is_flagged(
        self, raw: Any, register: Any, identity: str, order: Any, town_database: Any
    ) -> None:
        await register(vendor="ABB", model="TAC-W22", registration="Accepted")
        charger = raw()
        await charger.enter(identity)
        await charger.call("Heartbeat", {})
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 3,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        }
        await order("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
        _, message_id, action, payload = await charger.heard()
        assert (action, payload["csChargingProfiles"]["stackLevel"]) == ("SetChargingProfile", 0)
        charger.write(json.dumps([3, message_id, {"status": "Accepted"}]).encode())
        kept = await flags_of(town_database, identity, "SetChargingProfile", "out")
        assert kept["flags"] == ["quirk:stack_level_zero"]
