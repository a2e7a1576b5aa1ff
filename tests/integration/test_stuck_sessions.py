"""Sessions whose end never came, and ended ones with gaps: suspected, asked for, ended as abandoned, reopened."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import websockets
from redis.asyncio import Redis
from watchdog_scene import Scene, ago

from voltring_core.store.database import open_pool
from voltring_core.testing import Wire

DAY_S = 86400.0


@pytest.fixture
async def scene(postgres_dsn: str, redis: Redis) -> AsyncIterator[Scene]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    yield Scene(pool, redis)
    await pool.close()


async def here_for(scene: Scene, **how_long: float) -> None:
    """The open alarms were looked at so long ago, while the charger's socket was open already."""
    await scene.pool.execute(
        "UPDATE alarms SET detail = (detail::jsonb || jsonb_build_object('looked_at', $1::text))::json",
        ago(**how_long).isoformat(),
    )


async def row_of(scene: Scene, session: UUID) -> Any:
    return await scene.pool.fetchrow("SELECT * FROM transactions WHERE id = $1", session)


async def test_a_session_whose_connector_is_free_is_ended_as_abandoned_after_a_day_with_its_charger(
    scene: Scene,
) -> None:
    await scene.charger()
    last = ago(minutes=30)
    session = await scene.session(begun=ago(hours=2), read=last)
    await scene.status("Available", ago(minutes=11))
    watchdogs = scene.watchdogs(no_readings=0)
    assert await watchdogs.cycle() == "1 alarms raised"
    assert await watchdogs.cycle() == ""
    alarm = await scene.pool.fetchrow("SELECT * FROM alarms")
    assert (alarm["rule"], alarm["detail"]["signs"]) == ("no_stop", ["connector available"])
    await here_for(scene, hours=23)
    assert await watchdogs.cycle() == ""
    assert (await scene.pool.fetchval("SELECT detail ->> 'online_s' FROM alarms")).startswith("828")
    await here_for(scene, hours=1, minutes=1)
    assert await watchdogs.cycle() == "1 sessions ended as abandoned"
    row = await row_of(scene, session)
    assert (row["state"], row["flags"], row["stop_reason"]) == ("Ended", ["abandoned"], None)
    assert (row["ended_at"], row["meter_stop_wh"], row["energy_wh"]) == (last, Decimal(5000), Decimal(4000))
    assert await watchdogs.cycle() == "1 alarms cleared"
    assert "transaction.ended" in await scene.shown()


@pytest.mark.parametrize(
    ("status", "since", "found"),
    [
        ("Available", 11, True),
        ("Available", 9, False),  # not stable yet
        ("Available", 40, False),  # before the session's last word
        ("Charging", 11, False),
    ],
)
async def test_a_connector_counts_once_it_is_free_for_ten_minutes_after_the_last_word(
    scene: Scene, status: str, since: int, found: bool
) -> None:
    await scene.charger()
    session = await scene.session(read=ago(minutes=35))
    await scene.said(session, "Updated", ago(minutes=30))
    await scene.status(status, ago(minutes=since))
    await scene.watchdogs(no_readings=0).cycle()
    assert await scene.alarms() == ([("no_stop", "CP")] if found else [])


async def test_a_stop_that_was_rejected_and_a_newer_start_are_signs_and_an_accepted_stop_is_none(scene: Scene) -> None:
    for name in ("REJECTED", "ACCEPTED", "NEWER"):
        await scene.charger(name)
        await scene.session(name, read=ago(minutes=5))
    await scene.command(
        "RemoteStopTransaction", {"transactionId": 7}, "REJECTED", ago(minutes=3), charger_id="REJECTED"
    )
    await scene.command(
        "RemoteStopTransaction", {"transactionId": 7}, "REJECTED", ago(minutes=4), charger_id="ACCEPTED"
    )
    await scene.command(
        "RemoteStopTransaction", {"transactionId": 7}, "ACCEPTED", ago(minutes=3), charger_id="ACCEPTED"
    )
    await scene.session("NEWER", begun=ago(minutes=4), ocpp_id="8", state="Ended", ended=ago(minutes=2))
    await scene.watchdogs().cycle()
    assert await scene.alarms() == [("no_stop", "NEWER"), ("no_stop", "REJECTED")]


async def test_what_a_charger_says_of_its_2x_session_decides(scene: Scene) -> None:
    await scene.charger(version="2.0.1")
    session = await scene.session(version="2.0.1", ocpp_id="T-1", begun=ago(hours=3), read=ago(hours=2))
    await scene.status("Available", ago(minutes=11))
    watchdogs = scene.watchdogs(no_readings=0)
    assert await watchdogs.cycle() == "1 alarms raised, 1 chargers asked"
    assert await scene.asked() == [("GetTransactionStatus", {"transactionId": "T-1"})]
    assert await watchdogs.cycle() == ""  # it is asked once
    # It goes on, says the charger: no alarm, whatever its connector says.
    answer = "UPDATE commands SET state = 'ACCEPTED', finished_at = now(), outcome = $1"
    await scene.pool.execute(answer, {"ongoing": True, "messages_in_queue": False})
    assert await watchdogs.cycle() == "1 alarms cleared"
    # It is over, and messages wait in the charger: so do we, however long.
    await scene.pool.execute(answer, {"ongoing": False, "messages_in_queue": True})
    assert await watchdogs.cycle() == "1 alarms raised"
    await here_for(scene, days=2)
    assert await watchdogs.cycle() == ""
    await scene.pool.execute("UPDATE commands SET finished_at = $1", ago(minutes=61))
    assert await watchdogs.cycle() == "1 chargers asked"
    await scene.pool.execute(answer, {"ongoing": False, "messages_in_queue": False})
    assert await watchdogs.cycle() == "1 sessions ended as abandoned"
    assert (await row_of(scene, session))["state"] == "Ended"


async def test_a_1_6_charger_that_still_sends_what_it_had_queued_is_waited_for(scene: Scene) -> None:
    await scene.charger()
    session = await scene.session(read=ago(minutes=30))
    earlier = await scene.session(begun=ago(hours=5), ocpp_id="6", state="Ended", ended=ago(hours=4))
    await scene.said(earlier, "Ended", ago(hours=4), ago(minutes=50))
    await scene.status("Available", ago(minutes=11))
    watchdogs = scene.watchdogs(no_readings=0, abandon=60)
    await watchdogs.cycle()
    await here_for(scene, hours=2)
    assert await watchdogs.cycle() == ""
    await scene.pool.execute("UPDATE transaction_events SET received_at = $1 WHERE kind = 'Ended'", ago(minutes=61))
    assert await watchdogs.cycle() == "1 sessions ended as abandoned"
    assert (await row_of(scene, session))["flags"] == ["abandoned"]


async def test_a_charger_that_is_away_could_send_nothing_and_its_session_is_not_ended(scene: Scene) -> None:
    await scene.charger(gone=ago(days=3))
    session = await scene.session(begun=ago(days=4), read=ago(days=3, hours=1))
    await scene.status("Available", ago(days=3))
    watchdogs = scene.watchdogs(offline_mid_session=0)
    assert await watchdogs.cycle() == "1 alarms raised"
    await here_for(scene, days=2)
    assert await watchdogs.cycle() == ""
    assert (await row_of(scene, session))["state"] == "Active"


async def test_a_session_whose_charger_never_comes_back_is_ended_after_a_week(scene: Scene) -> None:
    await scene.charger("AWAY", gone=ago(days=8))
    lost = await scene.session("AWAY", begun=ago(days=9), read=ago(days=8, hours=1))
    await scene.charger("LATELY", gone=ago(days=6))
    kept = await scene.session("LATELY", begun=ago(days=9), read=ago(days=6))
    assert "ended" not in await scene.watchdogs(lost=0).cycle()
    assert "1 sessions ended as abandoned" in await scene.watchdogs().cycle()
    row = await row_of(scene, lost)
    assert (row["state"], row["flags"], row["ended_at"]) == ("Ended", ["abandoned"], row["register_at"])
    assert (row["meter_stop_wh"], row["stop_reason"]) == (row["register_wh"], None)
    assert (await row_of(scene, kept))["state"] == "Active"
    assert ("offline_mid_session", "AWAY") in await scene.alarms()
    await scene.watchdogs().cycle()
    assert await scene.alarms() == [("offline_mid_session", "LATELY")]


async def test_a_session_of_a_charger_that_was_deleted_does_not_run_for_ever(scene: Scene) -> None:
    session = await scene.session("GONE", begun=ago(days=30), read=ago(days=30))
    assert await scene.watchdogs().cycle() == ""
    await scene.pool.execute("UPDATE transactions SET updated_at = now() - interval '8 days'")
    assert await scene.watchdogs().cycle() == "1 sessions ended as abandoned"
    assert (await row_of(scene, session))["state"] == "Ended"


async def test_a_word_of_the_session_that_comes_in_the_last_moment_wins(scene: Scene, monkeypatch: Any) -> None:
    await scene.charger()
    session = await scene.session(read=ago(minutes=30))
    await scene.status("Available", ago(minutes=11))
    watchdogs = scene.watchdogs(no_readings=0, abandon=60)
    await watchdogs.cycle()
    await here_for(scene, hours=2)
    publish = watchdogs._events.publish

    async def meanwhile(events: Any) -> None:
        await scene.pool.execute("UPDATE transactions SET register_wh = 5001, register_at = now()")
        await publish(events)

    monkeypatch.setattr(watchdogs._events, "publish", meanwhile)
    assert await watchdogs.cycle() == ""
    monkeypatch.undo()
    assert (await row_of(scene, session))["state"] == "Active"
    assert await watchdogs.cycle() == "1 alarms cleared"


async def test_an_abandoned_session_is_reopened_by_the_true_stop(start_node: Callable[..., Any], scene: Scene) -> None:
    node = start_node()
    async with websockets.connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        start = {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": ago(hours=1).isoformat()}
        said = (await wire.call("StartTransaction", start))[2]
        value = {"timestamp": ago(minutes=50).isoformat(), "sampledValue": [{"value": "3000"}]}
        readings = {"connectorId": 1, "transactionId": said["transactionId"], "meterValue": [value]}
        await wire.call("MeterValues", readings)
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        await wire.call("StatusNotification", status | {"timestamp": ago(minutes=20).isoformat()})
        living = [await scene.pool.fetchval("SELECT node_uid FROM charger_connection")]
        watchdogs = scene.watchdogs(living=living, abandon=60, no_readings=0, unconfirmed=0)
        assert await watchdogs.cycle() == "1 alarms raised"
        await scene.pool.execute("UPDATE charger_connection SET connected_at = $1", ago(days=1))
        await scene.pool.execute("UPDATE transaction_events SET received_at = event_at")
        await here_for(scene, hours=2)
        assert await watchdogs.cycle() == "1 sessions ended as abandoned"
        row = await scene.pool.fetchrow("SELECT * FROM transactions")
        assert (row["state"], row["energy_wh"]) == ("Ended", Decimal(2000))
        assert "abandoned" in row["flags"]
        stop = {"transactionId": said["transactionId"], "meterStop": 4000, "timestamp": ago(minutes=45).isoformat()}
        await wire.call("StopTransaction", stop | {"reason": "EVDisconnected"})
        row = await scene.pool.fetchrow("SELECT * FROM transactions")
        assert (row["state"], row["energy_wh"], row["stop_reason"]) == ("Ended", Decimal(3000), "EVDisconnected")
        assert "abandoned" not in row["flags"]
        assert await watchdogs.cycle() == "1 alarms cleared"


async def gappy(scene: Scene, *, ended: Any) -> UUID:
    await scene.charger(version="2.0.1")
    session = await scene.session(version="2.0.1", ocpp_id="T-1", state="Ended", ended=ended)
    await scene.pool.execute(
        "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, missing_seq_nos)"
        " VALUES ($1, now(), 1, '[[3, 4]]')",
        session,
    )
    return session


async def test_a_session_with_gaps_is_asked_for_and_waited_for_until_nothing_more_comes(scene: Scene) -> None:
    session = await gappy(scene, ended=ago(minutes=16))
    watchdogs = scene.watchdogs()
    assert await watchdogs.cycle() == "1 chargers asked"
    assert await watchdogs.cycle() == ""
    assert await scene.asked() == [("GetTransactionStatus", {"transactionId": "T-1"})]
    answer = "UPDATE commands SET state = 'ACCEPTED', finished_at = $2, outcome = $1"
    await scene.pool.execute(answer, {"ongoing": False, "messages_in_queue": True}, ago(minutes=16))
    await scene.pool.execute("UPDATE transactions SET end_received_at = $1", ago(minutes=40))
    assert await watchdogs.cycle() == "1 chargers asked"
    await scene.pool.execute(answer, {"ongoing": False, "messages_in_queue": False}, ago(seconds=1))
    assert await watchdogs.cycle() == "1 alarms raised"
    alarm = await scene.pool.fetchrow("SELECT * FROM alarms")
    assert (alarm["rule"], alarm["transaction_id"]) == ("incomplete", session)
    assert alarm["detail"]["missing_seq_nos"] == [[3, 4]]
    await scene.pool.execute("UPDATE transaction_accounts SET missing_seq_nos = '[]'")
    assert await watchdogs.cycle() == "1 alarms cleared"


async def test_a_gap_is_left_alone_for_a_quarter_of_an_hour_and_once_somebody_has_ruled(scene: Scene) -> None:
    await gappy(scene, ended=ago(minutes=14))
    assert await scene.watchdogs().cycle() == ""
    await scene.pool.execute("UPDATE transactions SET end_received_at = $1", ago(hours=1))
    await scene.pool.execute("UPDATE transaction_accounts SET ruling = 'released'")
    assert await scene.watchdogs().cycle() == ""
    assert await scene.asked() == []
