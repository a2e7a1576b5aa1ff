"""What an operator attaches, and what a watchdog ends, as the reconciler works it out."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import websockets
from watchdog_scene import Scene, ago

from voltring_core.testing import Wire, eventually
from voltring_worker import checking
from voltring_worker.reconciler import Reconciler


@pytest.fixture
def scene(api: Any) -> Scene:
    return Scene(api.parts.pool, api.parts.redis)


async def started(wire: Wire) -> int:
    """A session from 1,000 Wh, an hour ago, with a reading of 3,000 Wh half an hour ago."""
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": ago(hours=1).isoformat()}
    number = int((await wire.call("StartTransaction", start))[2]["transactionId"])
    value = {"timestamp": ago(minutes=30).isoformat(), "sampledValue": [{"value": "3000"}]}
    await wire.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [value]})
    return number


async def test_a_stop_that_is_attached_ends_its_session_with_its_energy_once(
    api: Any, scene: Scene, start_node: Callable[..., Any]
) -> None:
    node = start_node()
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        number = await started(wire)
        at = ago(minutes=2).isoformat()
        stop = {"transactionId": 4711, "idTag": "TAG", "meterStop": 6000, "timestamp": at, "reason": "EVDisconnected"}
        stop["transactionData"] = [{"timestamp": at, "sampledValue": [{"value": "6000", "context": "Transaction.End"}]}]
        await wire.call("StopTransaction", stop)
        (item,) = (await api.client.get("/v1/inbox")).json()["items"]
        session = item["candidates"][0]["transaction"]["id"]
        assert all(reason["fits"] for reason in item["candidates"][0]["reasons"])
        wish = {"transaction_id": session, "note": "It was the only car there."}
        answer = await api.client.post(f"/v1/inbox/{item['id']}/attach", json=wish)
        assert answer.status_code == 200, answer.text

        reconciler = Reconciler(scene.pool)
        await reconciler.cycle()
        await reconciler.cycle()
        row = await scene.pool.fetchrow("SELECT * FROM transactions WHERE id = $1", session)
        assert (row["state"], row["stop_reason"], row["energy_wh"]) == ("Ended", "EVDisconnected", Decimal(5000))
        accounts = await scene.pool.fetch("SELECT * FROM transaction_accounts WHERE energy_wh IS NOT NULL")
        assert [(str(one["transaction_id"]), one["energy_wh"]) for one in accounts] == [(session, Decimal(5000))]

        # The node sees it, too: a reading that comes late changes nothing of it.
        value = {"timestamp": ago(minutes=1).isoformat(), "sampledValue": [{"value": "9000"}]}
        await wire.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [value]})
        assert await scene.pool.fetchval("SELECT energy_wh FROM transactions WHERE id = $1", session) == Decimal(5000)


async def test_an_end_that_may_be_of_another_session_is_attached_to_the_one_that_began(
    api: Any, scene: Scene, start_node: Callable[..., Any]
) -> None:
    def event(kind: str, number: int, minutes: int, wh: int) -> dict[str, Any]:
        at = ago(minutes=minutes).isoformat()
        values = [{"value": wh, "measurand": "Energy.Active.Import.Register"}]
        return {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": "T"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [{"timestamp": at, "sampledValue": values}],
        }

    node, reconciler = start_node(), Reconciler(scene.pool)
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp2.0.1"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        # By its number the start comes before the end, by its time after it.
        await wire.call("TransactionEvent", event("Ended", 3, 40, 6000))
        await wire.call("TransactionEvent", event("Started", 0, 35, 1000))
        await reconciler.cycle()
        (item,) = (await api.client.get("/v1/inbox")).json()["items"]
        assert item["why"] == ["unknown_transaction"]
        session = await scene.pool.fetchval("SELECT id FROM transactions WHERE state = 'Active'")
        assert str(session) in [one["transaction"]["id"] for one in item["candidates"]]
        wish = {"transaction_id": str(session), "note": "Its clock was set back in between."}
        answer = await api.client.post(f"/v1/inbox/{item['id']}/attach", json=wish)
        assert answer.status_code == 200, answer.text
        await reconciler.cycle()
        row = await scene.pool.fetchrow("SELECT * FROM transactions WHERE id = $1", session)
        assert (row["state"], row["energy_wh"], row["flags"]) == ("Ended", Decimal(5000), ["id_reused"])
        assert (await api.client.get("/v1/inbox")).json()["items"] == []


async def test_who_attaches_and_who_works_out_never_wait_for_each_other(
    api: Any, scene: Scene, start_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = start_node()
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        number = await started(wire)
        stop = {"meterStop": 6000, "timestamp": ago(minutes=2).isoformat()}
        await wire.call("StopTransaction", stop | {"transactionId": number})
        session = await scene.pool.fetchval("SELECT id FROM transactions")
        orphan = session
        while orphan <= session:  # so that the session's row is the first that the worker locks
            number += 1
            unknown = {"transactionId": 4711 + number, "idTag": "TAG", "meterStop": 6000 + number}
            await wire.call("StopTransaction", stop | unknown)
            orphan = await scene.pool.fetchval("SELECT id FROM transactions WHERE meter_stop_wh = $1", 6000 + number)
    reconciler = Reconciler(scene.pool)
    await reconciler.cycle()
    # Both rows are wrong: the session's is put right, and held, while somebody attaches the other to it.
    await scene.pool.execute("UPDATE transactions SET energy_wh = 99999 WHERE id = ANY($1)", [session, orphan])
    holds, goes_on, bill = asyncio.Event(), asyncio.Event(), checking.bill

    async def halfway(*given: Any) -> Any:
        if not holds.is_set():
            holds.set()
            await goes_on.wait()
        return await bill(*given)

    monkeypatch.setattr(checking, "bill", halfway)
    working = asyncio.create_task(reconciler.cycle())
    await holds.wait()
    wish = {"transaction_id": str(session), "note": "It was said twice."}
    attaching = asyncio.create_task(api.client.post(f"/v1/inbox/{orphan}/attach", json=wish))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    async def is_waiting() -> bool:
        return bool(await scene.pool.fetchval(waits))

    await eventually(is_waiting)
    goes_on.set()
    await working
    answer = await attaching
    assert answer.status_code == 200, answer.text
    await reconciler.cycle()
    row = await scene.pool.fetchrow("SELECT * FROM transactions WHERE id = $1", session)
    assert (row["energy_wh"], row["flags"]) == (Decimal(5000), ["token_refused", "seq_conflict"])
    assert await scene.pool.fetchval("SELECT attached_to FROM transactions WHERE id = $1", orphan) == session


async def test_an_abandoned_session_stays_one_when_it_is_worked_out_again(
    api: Any, scene: Scene, start_node: Callable[..., Any]
) -> None:
    node = start_node()
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        await started(wire)
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        await wire.call("StatusNotification", status | {"timestamp": ago(minutes=20).isoformat()})
        living = [await scene.pool.fetchval("SELECT node_uid FROM charger_connection")]
        await scene.pool.execute("UPDATE charger_connection SET connected_at = $1", ago(days=3))
        await scene.pool.execute("UPDATE transaction_events SET received_at = event_at")
        reconciler = Reconciler(scene.pool)
        await reconciler.cycle()
        watchdogs = scene.watchdogs(living=living, no_readings=0, unconfirmed=0)
        await watchdogs.cycle()
        await scene.pool.execute(
            "UPDATE alarms SET detail = (detail::jsonb || jsonb_build_object('looked_at', $1::text))::json",
            ago(days=2).isoformat(),
        )
        assert await watchdogs.cycle() == "1 sessions ended as abandoned"
    await reconciler.cycle()
    await reconciler.cycle()
    row = await scene.pool.fetchrow("SELECT * FROM transactions")
    assert (row["state"], row["energy_wh"]) == ("Ended", Decimal(2000))
    assert "abandoned" in row["flags"]
    assert await scene.pool.fetchval("SELECT energy_wh FROM transaction_accounts") == Decimal(2000)
