"""Watchdogs on real tables: what they find, raise, clear and ask, whichever worker looks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from watchdog_scene import NODE, Scene, ago

from voltring_core.store.database import open_pool
from voltring_core.testing import Room, eventually, free_port


@pytest.fixture
async def scene(postgres_dsn: str, redis: Redis) -> AsyncIterator[Scene]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    yield Scene(pool, redis)
    await pool.close()


async def test_a_charger_that_is_away_while_a_session_runs_is_raised_once_and_cleared_once(scene: Scene) -> None:
    await scene.charger(gone=ago(minutes=6))
    session = await scene.session()
    one, other = scene.watchdogs(), scene.watchdogs()
    assert await one.cycle() == "1 alarms raised"
    assert await one.cycle() == ""
    assert await other.cycle() == ""  # another worker, or one that was started again
    assert await scene.alarms() == [("offline_mid_session", "CP")]
    row = await scene.pool.fetchrow("SELECT * FROM alarms")
    assert (row["transaction_id"], row["subject"], row["evse_id"]) == (session, str(session), 1)
    assert set(row["detail"]) == {"since"}
    await scene.pool.execute("UPDATE charger_connection SET disconnected_at = NULL, last_seen_at = now()")
    assert await other.cycle() == "1 alarms cleared"
    assert await one.cycle() == ""
    assert await scene.alarms() == []
    assert await scene.alarms(is_open=False) == [("offline_mid_session", "CP")]
    assert await scene.told() == [("AlarmRaised", "offline_mid_session"), ("AlarmCleared", "offline_mid_session")]
    assert await scene.shown() == ["station.event", "alarm.raised", "station.event", "alarm.cleared"]


@pytest.mark.parametrize(
    ("charger", "living", "found"),
    [
        ({"gone": 4}, [NODE], False),  # not for long yet
        ({"gone": None}, [NODE], False),
        ({"gone": None, "seen": 20}, [NODE], True),  # silent for longer than its limit
        ({"gone": None, "seen": 6}, ["node-1.y"], True),  # its node is dead
        ({"gone": None, "seen": 1}, ["node-1.y"], False),  # for a minute only
    ],
)
async def test_a_charger_counts_as_away_by_its_socket_its_node_and_its_silence(
    scene: Scene, charger: dict[str, Any], living: list[str], found: bool
) -> None:
    gone = charger["gone"]
    await scene.charger(gone=None if gone is None else ago(minutes=gone))
    if "seen" in charger:
        await scene.pool.execute("UPDATE charger_connection SET last_seen_at = $1", ago(minutes=charger["seen"]))
    await scene.session()
    await scene.watchdogs(living=living).cycle()
    assert await scene.alarms() == ([("offline_mid_session", "CP")] if found else [])


async def test_while_redis_is_away_nobody_is_said_to_be_back_or_gone_and_the_other_rules_go_on(scene: Scene) -> None:
    await scene.charger(gone=ago(minutes=6))
    await scene.session()
    await scene.watchdogs().cycle()
    await scene.charger("OTHER", gone=ago(minutes=6))
    await scene.session("OTHER")
    await scene.status("Faulted", ago(minutes=6), "OTHER")
    await scene.pool.execute(
        "UPDATE charger_connection SET disconnected_at = NULL, last_seen_at = now() WHERE charger_id = 'CP'"
    )
    blind = scene.watchdogs()

    async def away() -> list[str]:
        raise ConnectionError("Redis is away")

    blind._living = away  # type: ignore[method-assign]
    assert await blind.cycle() == "1 alarms raised"
    assert await scene.alarms() == [("charger_faulted", "OTHER"), ("offline_mid_session", "CP")]


async def test_a_start_that_was_accepted_and_began_nothing_is_raised_until_something_begins(scene: Scene) -> None:
    await scene.charger()
    command = await scene.command(
        "RemoteStartTransaction", {"idTag": "T", "connectorId": 2}, "ACCEPTED", ago(seconds=121)
    )
    await scene.command("RemoteStartTransaction", {"idTag": "T"}, "ACCEPTED", ago(seconds=60))
    await scene.command("RemoteStartTransaction", {"idTag": "T"}, "COMPLETED", ago(seconds=121))
    await scene.command("RemoteStartTransaction", {"idTag": "T"}, "ACCEPTED", ago(hours=2))
    watchdogs = scene.watchdogs()
    assert await watchdogs.cycle() == "1 alarms raised"
    row = await scene.pool.fetchrow("SELECT * FROM alarms")
    assert (row["rule"], row["subject"], row["evse_id"]) == ("no_start", str(command), 2)
    await scene.pool.execute("UPDATE commands SET state = 'COMPLETED' WHERE id = $1", command)
    assert await watchdogs.cycle() == "1 alarms cleared"


async def test_a_running_session_without_readings_is_raised_whatever_else_it_says(scene: Scene) -> None:
    await scene.charger()
    await scene.charger("METERED")
    session = await scene.session(read=ago(minutes=31))
    await scene.said(session, "Updated", ago(minutes=1))
    with_power_only = await scene.session("METERED", read=ago(minutes=40))
    reading = (
        "INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, raw)"
        " VALUES ($1, $2, $3, $1, 'Power.Active.Import', 'W', '1')"
    )
    await scene.pool.execute(reading, ago(minutes=29), "METERED", with_power_only)
    await scene.watchdogs().cycle()
    assert await scene.alarms() == [("no_readings", "CP")]
    await scene.pool.execute(reading, ago(seconds=1), "CP", session)
    await scene.watchdogs().cycle()
    assert await scene.alarms() == []


async def test_a_connector_that_says_again_and_again_that_it_is_faulted_is_one_fault(scene: Scene) -> None:
    await scene.charger()
    await scene.status("Faulted", ago(minutes=4))
    watchdogs = scene.watchdogs()
    await watchdogs.cycle()
    assert await scene.alarms() == []
    await scene.status("Faulted", ago(minutes=5))
    await watchdogs.cycle()
    assert await scene.alarms() == [("charger_faulted", "CP")]
    await scene.status("Faulted", ago(seconds=1))
    assert await scene.watchdogs().cycle() == ""
    await scene.status("Available", ago(seconds=1))
    assert await watchdogs.cycle() == "1 alarms cleared"


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        (
            "1.6",
            [
                ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}),
                ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
            ],
        ),
        (
            "2.0.1",
            [
                ("TriggerMessage", {"requestedMessage": "TransactionEvent", "evse": {"id": 1}}),
                ("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}),
            ],
        ),
    ],
)
async def test_a_session_that_its_charger_restarted_in_is_asked_for_and_never_ended(
    scene: Scene, version: str, asked: list[Any]
) -> None:
    await scene.charger(booted=ago(minutes=6), version=version)
    await scene.redis.hset("o:{CP}", "node", NODE)  # type: ignore[misc]
    session = await scene.session(read=ago(minutes=8), version=version)
    watchdogs = scene.watchdogs()
    assert await watchdogs.cycle() == "1 alarms raised, 1 chargers asked"
    assert await watchdogs.cycle() == ""
    assert await scene.asked() == asked
    assert await scene.redis.xlen(f"s:{NODE}") == 1
    # What was queued before the boot says nothing of what holds since.
    await scene.said(session, "Updated", ago(minutes=7), ago(seconds=1))
    assert await watchdogs.cycle() == ""
    await scene.said(session, "Updated", ago(seconds=1))
    assert await watchdogs.cycle() == "1 alarms cleared"
    assert await scene.pool.fetchval("SELECT state FROM transactions") == "Active"


async def test_a_boot_of_a_moment_ago_a_charger_that_is_away_or_a_rule_that_is_off_asks_nobody(scene: Scene) -> None:
    await scene.charger("FRESH", booted=ago(minutes=4))
    await scene.charger("AWAY", booted=ago(minutes=6), gone=ago(minutes=1))
    await scene.charger("BOOTED", booted=ago(minutes=6))
    for name in ("FRESH", "AWAY", "BOOTED"):
        await scene.session(name, read=ago(minutes=8))
    await scene.watchdogs(unconfirmed=0).cycle()
    assert await scene.alarms() == []
    assert await scene.asked() == []
    await scene.watchdogs().cycle()
    assert await scene.alarms() == [("unconfirmed", "BOOTED")]


async def test_the_alarms_of_a_rule_that_is_switched_off_are_cleared(scene: Scene) -> None:
    await scene.charger()
    await scene.status("Faulted", ago(minutes=6))
    await scene.watchdogs().cycle()
    assert await scene.watchdogs(charger_faulted=0).cycle() == "1 alarms cleared"


async def test_two_workers_that_look_at_once_raise_one_alarm(scene: Scene) -> None:
    await scene.charger(gone=ago(minutes=6), booted=ago(minutes=7))
    await scene.session()
    said = await asyncio.gather(*(scene.watchdogs().cycle() for _ in range(4)))
    assert sorted(said) == ["", "", "", "1 alarms raised"]
    assert await scene.told() == [("AlarmRaised", "offline_mid_session")]


async def test_a_worker_that_dies_in_its_look_leaves_nothing_half_done(scene: Scene, monkeypatch: Any) -> None:
    await scene.charger(booted=ago(minutes=6))
    await scene.session(read=ago(minutes=8))

    async def dies(*_: Any) -> list[str]:
        raise asyncpg.AdminShutdownError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("voltring_worker.watchdogs._ask", dies)
        with pytest.raises(asyncpg.AdminShutdownError):
            await scene.watchdogs().cycle()
    assert await scene.alarms() == []
    assert await scene.told() == []
    await scene.watchdogs().cycle()
    assert len(await scene.asked()) == 2


async def test_the_worker_itself_looks_and_says_what_it_has_found(
    postgres_dsn: str, redis_url: str, scene: Scene, tmp_path: Path
) -> None:
    await scene.charger(gone=ago(minutes=6))
    await scene.session()
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "ADMIN_PORT": str(free_port())}
    room = Room("worker", settings | {"WATCH_INTERVAL": "0.1"}, tmp_path / "worker.log")
    room.wait_ready(f"{room.admin}/readyz")

    async def raised() -> bool:
        return await scene.alarms() == [("offline_mid_session", "CP")]

    try:
        await eventually(raised)
    finally:
        assert room.stop() == 0
    assert "1 alarms raised" in (tmp_path / "worker.log").read_text()
