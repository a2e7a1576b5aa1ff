"""A charger's password changed by a command: no answer, and no silence, locks the charger out (SE-03, SE-04)."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.domain.secrets import digest
from voltring_core.testing import Desk, Wire, eventually

OLD = "the-old-password-of-it"
NEW = "A0B1C2D3E4F5061728394A5B6C7D8E9F"
NEWER = "ffeeddccbbaa99887766554433221100"
WAYS = [
    pytest.param("ocpp1.6", "ChangeConfiguration", id="1.6"),
    pytest.param("ocpp2.0.1", "SetVariables", id="2.0.1"),
    pytest.param("ocpp2.1", "SetVariables", id="2.1"),
    pytest.param("ocpp2.1", "SetNetworkProfile", id="2.1 network"),
]
PLACE = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
PROFILE = {
    "ocppVersion": "OCPP21",
    "ocppTransport": "JSON",
    "ocppInterface": "Wired0",
    "ocppCsmsUrl": "wss://csms.example/ocpp",
    "messageTimeout": 30,
    "securityProfile": 2,
}


def request(action: str, password: str) -> dict[str, Any]:
    """A command that sets this password."""
    if action == "ChangeConfiguration":
        return {"key": "AuthorizationKey", "value": password}
    if action == "SetVariables":
        return {"setVariableData": [PLACE | {"attributeValue": password}]}
    return {"configurationSlot": 2, "connectionData": PROFILE | {"basicAuthPassword": password}}


def result(action: str, status: str) -> dict[str, Any]:
    """The charger's answer."""
    if action == "SetVariables":
        return {"setVariableResult": [PLACE | {"attributeStatus": status}]}
    return {"status": status}


class Stage:
    """A charger with its password, and who commands it."""

    def __init__(self, url: str, database: asyncpg.Connection, desk: Desk) -> None:
        self.url = url
        self.database = database
        self.desk = desk

    def options(self, password: str | bytes | None, subprotocol: str) -> dict[str, Any]:
        """Of a handshake with this password."""
        if password is None:
            return {"subprotocols": [subprotocol]}
        secret = password if isinstance(password, bytes) else password.encode()
        encoded = b64encode(self.desk.charger_id.encode() + b":" + secret).decode()
        return {"subprotocols": [subprotocol], "additional_headers": {"Authorization": f"Basic {encoded}"}}

    async def comes_in(self, password: str | bytes | None, subprotocol: str = "ocpp1.6") -> bool:
        """Whether the charger is let in with this password; it leaves at once."""
        try:
            async with connect(self.url, **self.options(password, subprotocol)):
                return True
        except InvalidStatus as refused:
            if refused.response.status_code != 401:
                raise
            return False

    async def changed(
        self,
        action: str,
        subprotocol: str,
        answer: Callable[[str], Any] | None,
        *,
        password: str = NEW,
        logs_on_with: str | bytes | None = OLD,
    ) -> Any:
        """Send the new password to the charger, which answers with the frame that `answer` makes, or hangs up."""
        async with connect(self.url, **self.options(logs_on_with, subprotocol)) as socket:
            wire = Wire(socket)
            await wire.boot()
            command = await self.desk.order(action, request(action, password))
            frame = await wire.receive()
            assert frame[2:] == [action, request(action, password)]
            assert (await self.hashes())[1] == digest(password.lower()), "it is good before its command is written"
            if answer is not None:
                await wire.send(answer(frame[1]))
                return await self.settled(command)
        return command

    async def settled(self, command: Any) -> Any:
        """The command once what it means is written down: its secret is the last that is forgotten."""

        async def look() -> Any:
            row = await self.desk.commands.get(command)
            is_over = row["state"] not in ("QUEUED", "SENT")
            return row if is_over and NEW not in str(row["payload"]) else None

        return await eventually(look)

    async def events(self) -> list[Any]:
        return list(
            await self.database.fetch(
                "SELECT * FROM station_events WHERE charger_id = $1 AND kind = 'SecretChanged'", self.desk.charger_id
            )
        )

    async def hashes(self) -> tuple[bytes | None, bytes | None]:
        row = await self.database.fetchrow(
            "SELECT secret_hash, next_secret_hash FROM chargers WHERE id = $1", self.desk.charger_id
        )
        return row["secret_hash"], row["next_secret_hash"]


@pytest.fixture
async def stage(town: Any, town_database: asyncpg.Connection, desk: Desk, identity: str) -> Stage:
    await town_database.execute("UPDATE chargers SET secret_hash = $2 WHERE id = $1", identity, digest(OLD))
    return Stage(f"{town.ocpp}/{identity}", town_database, desk)


def says(action: str, status: str) -> Callable[[str], Any]:
    return lambda message_id: [3, message_id, result(action, status)]


@pytest.mark.parametrize(("subprotocol", "action"), WAYS)
async def test_an_accepted_password_is_good_and_the_old_one_until_the_new_one_is_used(
    stage: Stage, subprotocol: str, action: str
) -> None:
    row = await stage.changed(action, subprotocol, says(action, "Accepted"))
    assert row["state"] == "ACCEPTED"
    assert await stage.comes_in(OLD, subprotocol), "the charger may not have stored it yet"
    assert await stage.events() == []
    assert await stage.comes_in(NEW, subprotocol)
    assert not await stage.comes_in(OLD, subprotocol), "the new one is the only one"
    assert await stage.comes_in(NEW, subprotocol)
    assert not await stage.comes_in(None, subprotocol)
    (event,) = await eventually(stage.events)
    assert (event["subject"], event["severity"]) == ("new credentials used", 7)
    assert json.loads(event["content"]) == {"remoteAddress": "127.0.0.1"}
    assert await stage.hashes() == (digest(NEW.lower()), None)


@pytest.mark.parametrize(("subprotocol", "action"), WAYS)
async def test_a_rejected_password_is_forgotten_and_the_old_one_stays(
    stage: Stage, subprotocol: str, action: str
) -> None:
    row = await stage.changed(action, subprotocol, says(action, "Rejected"))
    assert row["state"] == "REJECTED"
    assert not await stage.comes_in(NEW, subprotocol)
    assert await stage.comes_in(OLD, subprotocol)
    assert await stage.hashes() == (digest(OLD), None)


@pytest.mark.parametrize(("subprotocol", "action"), WAYS)
async def test_an_error_in_place_of_an_answer_forgets_the_password_too(
    stage: Stage, subprotocol: str, action: str
) -> None:
    row = await stage.changed(action, subprotocol, lambda message_id: [4, message_id, "InternalError", "", {}])
    assert row["state"] == "CALLERROR"
    assert not await stage.comes_in(NEW, subprotocol)
    assert await stage.hashes() == (digest(OLD), None)


@pytest.mark.parametrize(("subprotocol", "action"), WAYS[:3])
async def test_while_a_reboot_is_required_both_are_good_until_the_new_one_is_used(
    stage: Stage, subprotocol: str, action: str
) -> None:
    row = await stage.changed(action, subprotocol, says(action, "RebootRequired"))
    assert row["state"] == "ACCEPTED"
    for _ in range(2):
        assert await stage.comes_in(OLD, subprotocol)
    assert await stage.comes_in(NEW, subprotocol)
    assert not await stage.comes_in(OLD, subprotocol)


@pytest.mark.parametrize(("subprotocol", "action"), WAYS)
async def test_a_charger_that_hangs_up_without_an_answer_may_have_either(
    stage: Stage, subprotocol: str, action: str
) -> None:
    await stage.changed(action, subprotocol, None)
    assert await stage.comes_in(OLD, subprotocol)
    assert await stage.comes_in(NEW, subprotocol)
    assert not await stage.comes_in(OLD, subprotocol)


@pytest.mark.parametrize(
    "sent",
    [bytes.fromhex(NEW), NEW, NEW.lower(), NEW.title()],
    ids=["decoded bytes", "as it was set", "lower case", "mixed case"],
)
async def test_a_key_set_as_hex_digits_comes_back_decoded_or_in_either_case(stage: Stage, sent: str | bytes) -> None:
    await stage.changed("ChangeConfiguration", "ocpp1.6", says("ChangeConfiguration", "Accepted"))
    assert await stage.comes_in(sent)
    assert not await stage.comes_in(OLD)
    assert await stage.comes_in(sent)


async def test_a_charger_without_a_password_needs_the_new_one_once_it_has_used_it(stage: Stage) -> None:
    await stage.database.execute("UPDATE chargers SET secret_hash = NULL WHERE id = $1", stage.desk.charger_id)
    accepted = says("ChangeConfiguration", "Accepted")
    await stage.changed("ChangeConfiguration", "ocpp1.6", accepted, logs_on_with=None)
    assert await stage.comes_in(None)
    assert await stage.comes_in("anything at all 16")
    assert await stage.comes_in(NEW)
    assert not await stage.comes_in(None)


async def test_a_later_change_replaces_the_one_that_is_pending(stage: Stage) -> None:
    for password in (NEW, NEWER):
        waits = says("ChangeConfiguration", "RebootRequired")
        await stage.changed("ChangeConfiguration", "ocpp1.6", waits, password=password)
    assert not await stage.comes_in(NEW)
    assert await stage.comes_in(OLD)
    assert await stage.comes_in(NEWER)
    assert not await stage.comes_in(OLD)


async def test_a_later_change_that_is_rejected_leaves_the_one_that_is_pending(stage: Stage) -> None:
    for password, status in ((NEW, "RebootRequired"), (NEWER, "Rejected")):
        answer = says("ChangeConfiguration", status)
        row = await stage.changed("ChangeConfiguration", "ocpp1.6", answer, password=password)
        await stage.settled(row["id"])
    assert await stage.hashes() == (digest(OLD), digest(NEW.lower()))
    assert not await stage.comes_in(NEWER)
    assert await stage.comes_in(NEW)


async def test_a_password_that_can_not_be_stored_is_not_sent_until_it_can(stage: Stage, identity: str) -> None:
    await stage.database.execute(
        f"""
        CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE 'shutting down' USING ERRCODE = 'admin_shutdown'; END $$;
        CREATE TRIGGER away BEFORE UPDATE OF next_secret_hash ON chargers
            FOR EACH ROW WHEN (OLD.id = '{identity}') EXECUTE FUNCTION away();
        """
    )
    try:
        async with connect(stage.url, **stage.options(OLD, "ocpp1.6")) as socket:
            wire = Wire(socket)
            await wire.boot()
            command = await stage.desk.order("ChangeConfiguration", request("ChangeConfiguration", NEW))
            await stage.desk.becomes(command, "SENT")
            with pytest.raises(TimeoutError):
                await wire.receive(0.3)
            await stage.database.execute("DROP FUNCTION away() CASCADE")
            frame = await wire.receive(15)
            await wire.send([3, frame[1], {"status": "Accepted"}])
            await stage.desk.becomes(command, "ACCEPTED")
    finally:
        await stage.database.execute("DROP FUNCTION IF EXISTS away() CASCADE")
    assert await stage.comes_in(NEW)


async def test_who_does_not_own_the_charger_any_more_sends_no_password(stage: Stage, identity: str) -> None:
    await stage.database.execute(
        """
        CREATE FUNCTION takeover() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE charger_connection SET epoch = epoch + 1 WHERE charger_id = NEW.charger_id;
            RETURN NEW;
        END $$;
        """
    )
    await stage.database.execute(
        f"""
        CREATE TRIGGER takeover AFTER UPDATE ON commands FOR EACH ROW
            WHEN (NEW.charger_id = '{identity}' AND NEW.state = 'SENT') EXECUTE FUNCTION takeover()
        """
    )
    try:
        async with connect(stage.url, **stage.options(OLD, "ocpp1.6")) as socket:
            wire = Wire(socket)
            await wire.boot()
            command = await stage.desk.order("ChangeConfiguration", request("ChangeConfiguration", NEW))

            async def given_back() -> Any:
                row = await stage.desk.commands.get(command)
                return row["state"] == "QUEUED" and row["epoch"] is not None

            await eventually(given_back)
            with pytest.raises(TimeoutError):
                await wire.receive(0.15)
    finally:
        await stage.database.execute("DROP FUNCTION takeover() CASCADE")
    assert (await stage.desk.commands.get(command))["attempts"] == 0
    assert await stage.hashes() == (digest(OLD), None)


async def test_of_many_logons_at_once_one_makes_the_new_password_the_only_one(stage: Stage) -> None:
    await stage.changed("ChangeConfiguration", "ocpp1.6", says("ChangeConfiguration", "Accepted"))
    assert all(await asyncio.gather(*(stage.comes_in(NEW) for _ in range(8))))
    assert await stage.hashes() == (digest(NEW.lower()), None)
    assert len(await eventually(stage.events)) == 1


async def test_a_new_password_is_in_no_row_and_no_log(stage: Stage, town: Any) -> None:
    await stage.changed("ChangeConfiguration", "ocpp1.6", says("ChangeConfiguration", "Accepted"))
    assert await stage.comes_in(NEW)
    await eventually(stage.events)
    for table in ("chargers", "commands", "station_events", "variables", "ocpp_messages"):
        own = "id" if table == "chargers" else "charger_id"
        select = f"SELECT kept::text FROM {table} AS kept WHERE {own} = $1"  # noqa: S608 - names from above
        rows = await stage.database.fetch(select, stage.desk.charger_id)
        assert rows or table == "variables", table
        assert NEW.lower() not in str(rows).lower(), table
    assert NEW.lower() not in town.room.log.read_text().lower()
