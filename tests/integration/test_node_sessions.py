"""A whole charging session in each version, played by PyPI ocpp's own ChargePoint against a running node."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from websockets.asyncio.client import connect

from voltring_core.testing import eventually

TWO_X = [("ocpp2.0.1", ChargePoint201, call201), ("ocpp2.1", ChargePoint21, call21)]


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def converse(url: str, identity: str, subprotocol: str, kind: Any, play: Callable[[Any], Any]) -> None:
    """Connect as a charger, and play."""
    async with connect(f"{url}/{identity}", subprotocols=[subprotocol]) as socket:
        assert socket.subprotocol == subprotocol
        charger = kind(identity, socket)
        listening = asyncio.create_task(charger.start())
        try:
            await play(charger)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def token(database: asyncpg.Connection, name: str, status: str = "Accepted") -> None:
    # One card at the chargers of several tests, of which some charge on.
    statement = "INSERT INTO id_tokens (id_token, status, concurrent) VALUES ($1, $2, 'allowed') ON CONFLICT DO NOTHING"
    await database.execute(statement, name, status)


async def test_a_1_6_session_is_kept_from_plug_in_to_the_last_watt_hour(
    town: Any, town_database: Any, identity: str
) -> None:
    await token(town_database, "CARD-1")

    async def play(charger: Any) -> None:
        boot = await charger.call(call16.BootNotification("Model", "Vendor", firmware_version="1.2"))
        assert (boot.status, boot.interval) == ("Accepted", 300)
        await charger.call(call16.StatusNotification(1, "NoError", "Preparing"))
        assert (await charger.call(call16.Authorize("CARD-1"))).id_tag_info["status"] == "Accepted"
        start = await charger.call(call16.StartTransaction(1, "card-1", 1000, now()))
        assert start.id_tag_info["status"] == "Accepted"
        values = [{"value": "1500"}, {"value": "11.0", "unit": "kW", "measurand": "Power.Active.Import"}]
        reading = [{"timestamp": now(), "sampledValue": values}]
        await charger.call(call16.MeterValues(1, reading, start.transaction_id))
        await charger.call(call16.StopTransaction(4200, now(), start.transaction_id, reason="EVDisconnected"))

    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, play)
    row = await town_database.fetchrow("SELECT * FROM transactions WHERE charger_id = $1", identity)
    assert (row["evse_id"], row["state"]) == (1, "Ended")
    assert (row["meter_start_wh"], row["meter_stop_wh"], row["energy_wh"]) == (1000, 4200, 3200)
    assert (row["stop_reason"], row["flags"]) == ("EVDisconnected", [])
    query = "SELECT value, unit FROM meter_values WHERE measurand = 'Power.Active.Import' AND charger_id = $1"
    power = await town_database.fetchrow(query, identity)
    assert tuple(power) == (11000, "W")
    charger = await town_database.fetchrow("SELECT * FROM chargers WHERE id = $1", identity)
    assert (charger["vendor"], charger["firmware_version"]) == ("Vendor", "1.2")
    assert (charger["ocpp_version"], charger["registration"]) == ("1.6", "Accepted")


@pytest.mark.parametrize(("subprotocol", "kind", "call"), TWO_X)
async def test_a_2_x_session_is_kept_whatever_event_brings_the_token(
    town: Any, town_database: Any, identity: str, subprotocol: str, kind: Any, call: Any
) -> None:
    await token(town_database, "CARD-2")

    def event(what: str, number: int, wh: float | None, **more: Any) -> Any:
        sampled = [{"value": wh, "unitOfMeasure": {"unit": "kWh"}}] if wh is not None else []
        meter = [{"timestamp": now(), "sampledValue": sampled}] if sampled else None
        info = {"transaction_id": "tx-1", "charging_state": "Charging"}
        reason = "Authorized" if what == "Started" else "MeterValuePeriodic"
        return call.TransactionEvent(
            event_type=what,
            timestamp=now(),
            trigger_reason=reason,
            seq_no=number,
            transaction_info=info,
            meter_value=meter,
            **more,
        )

    async def play(charger: Any) -> None:
        station = {"model": "M", "vendor_name": "V", "serial_number": "S1"}
        assert (await charger.call(call.BootNotification(station, "PowerUp"))).status == "Accepted"
        await charger.call(
            call.StatusNotification(timestamp=now(), connector_status="Occupied", evse_id=1, connector_id=1)
        )
        await charger.call(event("Started", 0, 10.0, evse={"id": 1, "connector_id": 1}))
        shown = {"id_token": "CARD-2", "type": "ISO14443"}
        decided = await charger.call(event("Updated", 1, 10.5, id_token=shown))
        assert decided.id_token_info["status"] == "Accepted"
        await charger.call(event("Ended", 2, 12.25))

    await converse(town.ocpp, identity, subprotocol, kind, play)
    row = await town_database.fetchrow("SELECT * FROM transactions WHERE charger_id = $1", identity)
    assert (row["ocpp_transaction_id"], row["state"], row["evse_id"]) == ("tx-1", "Ended", 1)
    assert (row["id_token"], row["energy_wh"], row["last_seq_no"]) == ("CARD-2", 2250, 2)
    status = await town_database.fetchrow(
        "SELECT evse_id, connector_id, status FROM connectors WHERE charger_id = $1", identity
    )
    assert tuple(status) == (1, 1, "Occupied")
    assert await town_database.fetchval("SELECT count(*) FROM transaction_events WHERE charger_id = $1", identity) == 3


async def test_tokens_are_decided_as_they_are_registered(town: Any, town_database: Any, identity: str) -> None:
    await token(town_database, "GOOD")
    await token(town_database, "BAD", "Blocked")
    await town_database.execute("INSERT INTO id_tokens (id_token, expires_at) VALUES ('OLD', now() - interval '1 s')")
    await town_database.execute("INSERT INTO id_tokens (id_token, group_id_token) VALUES ('KIN', 'FAMILY')")

    async def play(charger: Any) -> None:
        await charger.call(call16.BootNotification("M", "V"))
        got = {name: (await charger.call(call16.Authorize(name))).id_tag_info for name in ["GOOD", "BAD", "OLD", "WHO"]}
        assert {name: info["status"] for name, info in got.items()} == {
            "GOOD": "Accepted",
            "BAD": "Blocked",
            "OLD": "Expired",
            "WHO": "Invalid",
        }
        kin = (await charger.call(call16.Authorize("KIN"))).id_tag_info
        assert (kin["status"], kin["parent_id_tag"]) == ("Accepted", "FAMILY")

    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, play)


async def test_a_repeated_start_after_a_reconnect_gets_the_same_transaction(
    town: Any, town_database: Any, identity: str
) -> None:
    await token(town_database, "CARD-3")
    start = call16.StartTransaction(1, "CARD-3", 7, now())
    given = []

    async def play(charger: Any) -> None:
        await charger.call(call16.BootNotification("M", "V"))
        given.append(await charger.call(start))

    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, play)
    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, play)
    assert given[0].transaction_id == given[1].transaction_id
    assert await town_database.fetchval("SELECT count(*) FROM transactions WHERE charger_id = $1", identity) == 1
    assert await town_database.fetchval("SELECT count(*) FROM transaction_events WHERE charger_id = $1", identity) == 1
    query = "SELECT count(*) FROM ocpp_messages WHERE 'repeat' = ANY(flags) AND charger_id = $1"
    repeats = await town_database.fetchval(query, identity)
    assert repeats == 1


async def test_a_charger_that_reconnects_without_booting_stays_accepted(
    town: Any, town_database: Any, identity: str
) -> None:
    async def boot(charger: Any) -> None:
        await charger.call(call16.BootNotification("M", "V"))

    async def go_on(charger: Any) -> None:
        await charger.call(call16.StatusNotification(1, "NoError", "Available"), suppress=False)

    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, boot)
    await converse(town.ocpp, identity, "ocpp1.6", ChargePoint16, go_on)

    async def gone() -> Any:
        query = "SELECT disconnected_at FROM charger_connection WHERE charger_id = $1"
        return await town_database.fetchval(query, identity)

    assert await eventually(gone, 5)
