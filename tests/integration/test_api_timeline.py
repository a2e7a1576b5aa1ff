"""A session's timeline, from a real node and a charger played by hand: order, completeness, frames, no secrets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from websockets.asyncio.client import connect

from voltring_core.testing import Wire, eventually

SECRET = "hunter2-hunter2-hunter2"
CARD, OTHER_CARD = "CARD-04A2B3C4", "SOMEBODY-ELSE"


def now(after_s: float = 0) -> str:
    at = datetime.now(UTC) + timedelta(seconds=after_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@asynccontextmanager
async def charger(node: Any, name: str, protocol: str) -> AsyncIterator[Wire]:
    """A charger by hand, booted."""
    async with connect(f"{node.ocpp}/{name}", subprotocols=[protocol]) as socket:
        wire = Wire(socket)
        await wire.boot()
        yield wire


async def whole(api: Any, identity: str, **params: Any) -> list[dict[str, Any]]:
    """All entries of a timeline, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await api.client.get(f"/v1/transactions/{identity}/timeline", params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (cursor := answer.json()["next_cursor"]) is None:
            return found
        params["cursor"] = cursor


async def transaction(api: Any, charger_id: str, ocpp_id: Any) -> str:
    rows = (await api.client.get("/v1/transactions", params={"charger_id": charger_id})).json()["items"]
    return next(str(row["id"]) for row in rows if row["ocpp_transaction_id"] == str(ocpp_id))


def meter(wh: float, watts: float, **more: Any) -> dict[str, Any]:
    values = [
        {"value": f"{wh:.0f}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": f"{watts:.0f}", "measurand": "Power.Active.Import", "unit": "W"},
    ]
    return {"connectorId": 1, "meterValue": [{"timestamp": now(), "sampledValue": values}], **more}


async def status(wire: Wire, connector: int, word: str, error: str = "NoError") -> None:
    await wire.call("StatusNotification", {"connectorId": connector, "errorCode": error, "status": word})


async def start(wire: Wire, card: str, connector: int = 1, wh: int = 1000) -> int:
    given = {"connectorId": connector, "idTag": card, "meterStart": wh, "timestamp": now()}
    return int((await wire.call("StartTransaction", given))[2]["transactionId"])


async def stop(wire: Wire, number: int, wh: int, reason: str = "EVDisconnected") -> None:
    given = {"transactionId": number, "meterStop": wh, "timestamp": now(), "reason": reason}
    await wire.call("StopTransaction", given)


@pytest.fixture
async def lived(api: Any, node: Any) -> str:
    """A session of OCPP 1.6 with all that is around one; its id."""
    await api.client.post("/v1/id-tokens", json={"id_token": CARD})
    async with charger(node, "CP", "ocpp1.6") as wire:
        await status(wire, 1, "Charging")  # of one that is long over
        await status(wire, 1, "Available")
        await wire.call("Authorize", {"idTag": OTHER_CARD})
        await status(wire, 1, "Preparing")
        await wire.call("Authorize", {"idTag": CARD.lower()})
        number = await start(wire, CARD)
        neighbour = await start(wire, OTHER_CARD, connector=2, wh=5)
        await status(wire, 1, "Charging")
        await status(wire, 2, "Charging")
        for step in range(1, 6):
            await wire.call("MeterValues", meter(1000 + 100 * step, 6000 + step, transactionId=number))
        await wire.call("Heartbeat", {})
        given = {"vendorId": "V", "messageId": "login", "data": f'{{"password":"{SECRET}"}}'}
        await wire.call("DataTransfer", given)
        await _commanded(api, wire)
        await stop(wire, neighbour, 9)
        await stop(wire, number, 1500)
        await status(wire, 1, "Finishing")
        await status(wire, 1, "Available")
        await status(wire, 1, "Preparing")  # the next driver
        return await transaction(api, "CP", number)


async def _commanded(api: Any, wire: Wire) -> None:
    """An operator stops the session, and sets a password beside it."""
    wait = {"Prefer": "wait=10"}
    runs = [it for it in (await api.client.get("/v1/transactions")).json()["items"] if it["evse_id"] == 1]
    change = {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": SECRET}}
    for path, body in (
        ("/v1/chargers/CP/remote-stop", {"transaction_id": runs[0]["id"]}),
        ("/v1/chargers/CP/commands", change),
    ):
        asked = asyncio.create_task(api.client.post(path, json=body, headers=wait), name="asked")
        frame = await wire.receive()
        await wire.send([3, frame[1], {"status": "Accepted"}])
        assert (await asked).status_code in (200, 202)


def said(entries: list[dict[str, Any]]) -> list[str]:
    """What the frames were, in their order."""
    return [it["message"]["action"] for it in entries if it["message"]]


async def test_a_session_is_told_from_the_plug_to_the_unplugging_and_nothing_of_others_is_said_to_be_its_own(
    api: Any, lived: str
) -> None:
    entries = await whole(api, lived, context=False)
    assert said(entries) == [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "StatusNotification",
        *["MeterValues"] * 5,
        "RemoteStopTransaction",
        "StopTransaction",
        "StatusNotification",
        "StatusNotification",
    ]
    statuses = [it["summary"] for it in entries if it["kind"] == "status"]
    assert statuses == [
        "EVSE 1 is getting ready: a cable is plugged in or a card was shown.",
        "EVSE 1 is charging.",
        "EVSE 1 has finished; the cable is still plugged in.",
        "EVSE 1 is free.",
    ]
    assert not any(it["context"] for it in entries)
    (command,) = [it for it in entries if it["kind"] == "command"]
    assert (command["by"], command["detail"]["action"]) == ("bootstrap", "RemoteStopTransaction")


async def test_entries_are_in_order_of_time_with_their_frames_and_what_is_around_is_marked(
    api: Any, lived: str
) -> None:
    entries = await whole(api, lived)
    times = [it["at"] for it in entries]
    assert times == sorted(times)
    assert all(it["received_at"] and it["summary"] for it in entries)
    around = [it for it in entries if it["context"]]
    assert {"Authorize", "StartTransaction", "StopTransaction", "DataTransfer", "ChangeConfiguration"} <= set(
        said(around)
    )
    assert "Heartbeat" not in said(entries)
    (started,) = [
        it for it in entries if not it["context"] and it["message"] and it["message"]["action"] == "StartTransaction"
    ]
    assert CARD in started["message"]["frame"]
    assert "transactionId" in started["message"]["reply"]
    assert (started["message"]["verdict"], started["message"]["direction"]) == ("ok", "in")
    assert started["charger_time"]
    assert (
        started["summary"]
        == f"The session started on connector 1 at 1.000 kWh on the meter, with token “{CARD}”, which may charge."
    )
    (sent,) = [it for it in entries if it["message"] and it["message"]["action"] == "RemoteStopTransaction"]
    assert (sent["source"], sent["summary"]) == ("csms", "We asked the charger to stop the session: accepted.")
    assert '"Accepted"' in sent["message"]["reply"]


async def test_no_secret_is_in_any_form_of_a_timeline(api: Any, lived: str) -> None:
    for params, accept in (({}, "*/*"), ({"format": "json"}, "*/*"), ({}, "text/html")):
        place = f"/v1/transactions/{lived}/timeline"
        answer = await api.client.get(place, params=params, headers={"Accept": accept})
        assert answer.status_code == 200
        assert SECRET not in answer.text


async def test_pages_hold_every_entry_once_and_a_kind_alone_is_found(api: Any, lived: str) -> None:
    entries = await whole(api, lived)
    assert [it["id"] for it in await whole(api, lived, limit=3)] == [it["id"] for it in entries]
    assert len({it["id"] for it in entries}) == len(entries)
    first = (await api.client.get(f"/v1/transactions/{lived}/timeline")).json()
    for kind, count in first["counts"].items():
        found = await whole(api, lived, kind=kind, limit=2)
        assert [it["kind"] for it in found] == [kind] * count
    both = await whole(api, lived, kind=["reading", "command"], context=False)
    assert [it["kind"] for it in both] == ["reading"] * 5 + ["command"]


async def test_the_page_for_a_driver_is_whole_by_itself_and_tells_no_card_and_no_id(api: Any, lived: str) -> None:
    place = f"/v1/transactions/{lived}/timeline"
    answer = await api.client.get(place, headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for never in (CARD, CARD.lower(), OTHER_CARD, lived, "<script", "http://", "https://", "bootstrap"):
        assert never not in page, never
    assert "ending in C4" in page
    assert "0.50 kWh" in page
    assert "<svg" in page
    assert "the cable was unplugged at the car" in page
    assert "… 3 more readings" in page


async def test_a_whole_timeline_is_downloaded_as_one_json(api: Any, lived: str) -> None:
    answer = await api.client.get(f"/v1/transactions/{lived}/timeline", params={"format": "json", "context": "false"})
    assert answer.headers["content-disposition"] == f'attachment; filename="session-{lived}.json"'
    told = answer.json()
    assert [it["id"] for it in told["items"]] == [it["id"] for it in await whole(api, lived, context=False)]
    assert told["next_cursor"] is None
    assert told["session"]["energy_wh"] == 500


async def test_the_series_has_power_and_energy_since_the_start(api: Any, lived: str) -> None:
    found = (await api.client.get(f"/v1/transactions/{lived}/series")).json()
    assert [it["energy_wh"] for it in found["points"]] == [0, 100, 200, 300, 400, 500, 500]
    assert [it["power_w"] for it in found["points"]] == [None, 6001, 6002, 6003, 6004, 6005, None]
    assert (found["gaps"], found["power_is_derived"], found["readings"]) == ([], False, 5)


async def test_what_was_told_late_stands_where_it_happened(api: Any, node: Any) -> None:
    async with charger(node, "LATE", "ocpp2.0.1") as wire:
        begun = datetime.now(UTC) - timedelta(hours=2)

        def event(kind: str, number: int, trigger: str, **more: Any) -> dict[str, Any]:
            at = (begun + timedelta(minutes=10 * number)).isoformat().replace("+00:00", "Z")
            about = {"transactionId": "T1", **more}
            told = {"eventType": kind, "timestamp": at, "triggerReason": trigger, "seqNo": number, "offline": True}
            return {**told, "transactionInfo": about, "evse": {"id": 1, "connectorId": 1}}

        await wire.call("TransactionEvent", event("Ended", 2, "EVDeparted", stoppedReason="EVDisconnected"))
        await wire.call("TransactionEvent", event("Started", 0, "CablePluggedIn"))
        await wire.call("TransactionEvent", event("Updated", 1, "ChargingStateChanged", chargingState="Charging"))
    identity = await transaction(api, "LATE", "T1")
    entries = [it for it in await whole(api, identity, context=False) if it["kind"] == "message"]
    assert [it["summary"] for it in entries] == [
        "The session started: the cable was plugged in (kept while offline).",
        "News of the session: the charging state has changed, charging (kept while offline).",
        "The session ended: the cable was unplugged at the car (kept while offline).",
    ]
    assert entries[0]["at"] < entries[0]["received_at"]
    flags = [it["detail"]["flag"] for it in await whole(api, identity, kind="flag")]
    assert "offline" in flags


async def test_a_repeated_start_that_the_node_joined_to_nobody_is_found_by_its_answer(api: Any, node: Any) -> None:
    async with charger(node, "AGAIN", "ocpp1.6") as wire:
        given = {"connectorId": 1, "idTag": CARD, "meterStart": 7, "timestamp": now()}
        number = (await wire.call("StartTransaction", given))[2]["transactionId"]
        await wire.call("StartTransaction", given)
    identity = await transaction(api, "AGAIN", number)
    entries = [it for it in await whole(api, identity, context=False) if it["message"]]
    assert [it["message"]["verdict"] for it in entries] == ["ok", "repeat"]
    assert entries[1]["summary"].startswith("Said again: ")


async def test_a_start_that_ends_the_session_before_it_is_told_in_its_own(api: Any, node: Any) -> None:
    async with charger(node, "TWICE", "ocpp1.6") as wire:
        first, second = await start(wire, CARD), await start(wire, CARD, wh=2000)
    for number in (first, second):
        entries = await whole(api, await transaction(api, "TWICE", number), context=False)
        assert said(entries) == ["StartTransaction"]
    assert [it["detail"]["flag"] for it in await whole(api, await transaction(api, "TWICE", first), kind="flag")]


async def test_a_running_session_grows(api: Any, node: Any) -> None:
    async with charger(node, "RUNS", "ocpp1.6") as wire:
        number = await start(wire, CARD)
        identity = await transaction(api, "RUNS", number)
        before = await whole(api, identity, context=False)
        await wire.call("MeterValues", meter(1100, 7000, transactionId=number))

        async def grown() -> bool:
            return len(await whole(api, identity, context=False)) == len(before) + 1

        assert await eventually(grown)


async def test_a_session_that_nobody_knows_has_no_timeline(api: Any) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    for what in ("timeline", "series"):
        assert (await api.client.get(f"/v1/transactions/{unknown}/{what}")).status_code == 404
        assert (await api.client.get(f"/v1/transactions/nonsense/{what}")).status_code == 422


async def test_what_was_told_in_frames_that_are_gone_is_still_told(api: Any, lived: str) -> None:
    await api.database.execute("DELETE FROM ocpp_messages")
    entries = [it for it in await whole(api, lived, context=False) if it["id"].startswith("told-")]
    assert [it["summary"].split(" on ")[0].split(" at ")[0] for it in entries] == [
        "The session started",
        "The session ended",
    ]
    assert entries[0]["detail"]["meterStart"] == 1000
    assert all(it["message"] is None for it in entries)


async def test_prices_flags_alarms_records_and_decisions_stand_among_the_messages(api: Any, lived: str) -> None:
    row = await api.database.fetchrow("SELECT started_at, ended_at FROM transactions WHERE id = $1", UUID(lived))
    begun, ended = row["started_at"], row["ended_at"]
    changes_at = begun + (ended - begun) / 2
    await _keep_account(api, lived, begun, changes_at)
    await api.parts.pool.execute(
        "INSERT INTO alarms (id, rule, charger_id, transaction_id, subject, raised_at, cleared_at)"
        " VALUES (gen_random_uuid(), 'no_readings', 'CP', $1, 's', $2, $3),"
        " (gen_random_uuid(), 'charger_faulted', 'CP', NULL, 'CP:2:1', $2, NULL)",
        UUID(lived),
        changes_at,
        ended,
    )
    await api.parts.pool.execute(
        "INSERT INTO charge_detail_records (id, transaction_id, revision, kind, charger_id, currency, energy_wh, net,"
        " tax, total, content) VALUES (gen_random_uuid(), $1, 1, 'charge', 'CP', 'EUR', 500, 0.25, 0.05, 0.30, '{}')",
        UUID(lived),
    )
    audited = f"transaction:{lived}"
    await api.parts.pool.execute(
        "INSERT INTO audit_log (actor, action, subject, detail) VALUES ('anna', 'transaction.release', $1, $2)",
        audited,
        {"note": "Looked at it."},
    )
    entries = await whole(api, lived)
    told = {kind: [it["summary"] for it in entries if it["kind"] == kind and not it["context"]] for kind in KINDS}
    assert told["price"] == ["The tariff Night counts for this session.", "From here on: Energy at 0.60 EUR per kWh."]
    assert told["flag"] == ["Two ways to work out its energy differ by more than 100 Wh and 2 %."]
    silent = "The charger is here and sends no readings."
    assert told["alarm"] == [f"Alarm: {silent}", f"No longer: {silent}"]
    assert "Charge no. 1 was issued: 0.30 EUR." in told["decision"]
    (released,) = [it for it in entries if it["summary"] == "The session was released for billing."]
    assert (released["by"], released["source"], released["detail"]) == ("anna", "operator", {"note": "Looked at it."})
    assert [it["summary"] for it in entries if it["kind"] == "alarm" and it["context"]] == [
        "Alarm: The charger stays in fault."
    ]
    session = (await api.client.get(f"/v1/transactions/{lived}/timeline", params={"limit": 1})).json()["session"]
    assert (session["energy_wh"], session["energy_method"], session["billing"]) == (490, "registers", "held")
    assert [it["name"] for it in session["waits_for"]] == ["energy_mismatch"]


KINDS = ("price", "flag", "alarm", "decision")


async def _keep_account(api: Any, session: str, begun: datetime, changes_at: datetime) -> None:
    def line(price: str, at: datetime) -> dict[str, Any]:
        period = {"begins": at.isoformat(), "ends": at.isoformat(), "quantity": "0.2"}
        return {"what": "energy", "unit": "kWh", "unit_price": price, "periods": [period]}

    price = {"currency": "EUR", "total": "0.30", "lines": [line("0.500000", begun), line("0.600000", changes_at)]}
    await api.parts.pool.execute(
        "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, energy_wh, energy_method, flags,"
        " tariff_id, tariff, time_zone, cost, billing, waits_for) VALUES ($1, now(), 1, 490, 'registers',"
        " '{energy_mismatch}', gen_random_uuid(), $2, 'UTC', $3, 'held', '{energy_mismatch}')",
        UUID(session),
        {"name": "Night"},
        {"price": price, "total": "0.30", "currency": "EUR"},
    )


async def test_what_is_void_shows_no_price_to_an_agent_or_a_driver(api: Any, lived: str) -> None:
    cost = '{"total": "5.75", "currency": "EUR", "price": {"currency": "EUR", "total": "5.75", "lines": []}}'
    keep = (
        "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, cost, billing)"
        " VALUES ($1, now(), 0, $2, $3) ON CONFLICT (transaction_id) DO UPDATE SET cost = $2, billing = $3"
    )
    for billing, is_shown in (("final", True), ("void", False)):
        await api.database.execute(keep, UUID(lived), cost, billing)
        story = (await api.client.get(f"/v1/transactions/{lived}/timeline")).json()["session"]
        page = (await api.client.get(f"/v1/transactions/{lived}/timeline?format=html")).text
        assert (story["cost"] is not None, "5.75" in page) == (is_shown, is_shown)
