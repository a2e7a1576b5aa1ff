"""What an operator attaches, and what a watchdog ends, as the reconciler works it out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import websockets
from watchdog_scene import Scene, ago

from voltring_core.testing import Wire
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
