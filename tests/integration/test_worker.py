"""What the worker does to real tables: partitions made and dropped, late commands settled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_worker.partitions import keep_up
from voltring_worker.sweeper import Sweeper

MESSAGE = "INSERT INTO ocpp_messages (received_at, charger_id, direction, frame, epoch) VALUES ($1, 'CP', 'in', $2, 1)"


async def test_what_came_before_its_days_partition_moves_into_it_and_old_days_are_dropped(
    postgres_dsn: str, database: Any
) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    now = datetime.now(UTC)
    await database.execute(MESSAGE, now, "today")
    assert await keep_up(pool, ahead=2, keep=30) == "12 partitions made, 0 dropped"
    assert await database.fetchval("SELECT count(*) FROM ocpp_messages_default") == 0
    assert await database.fetchval("SELECT frame FROM ocpp_messages") == "today"
    await database.execute(MESSAGE, now, "later")
    ids = [row["id"] for row in await database.fetch("SELECT id FROM ocpp_messages ORDER BY id")]
    assert len(set(ids)) == 2
    assert await keep_up(pool, ahead=2, keep=30) == ""
    old = (now - timedelta(days=40)).date()
    await database.execute("SELECT make_day_partition('meter_values', $1, $2)", f"meter_values_{old:%Y%m%d}", old)
    assert await keep_up(pool, ahead=2, keep=30) == "0 partitions made, 1 dropped"
    await pool.close()


async def test_late_commands_are_settled_by_their_class_and_lost_doorbells_are_rung_again(
    postgres_dsn: str, redis: Redis, database: Any
) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    commands = Commands(pool)

    async def order(action: str, command_class: Any, state: str, seconds_ago: float, deadline_s: float = 600) -> Any:
        new = NewCommand(uuid4(), "CP", action, {}, command_class, 1, deadline_s, "test", reply_to="api-1")
        await commands.queue(new)
        ago = timedelta(seconds=seconds_ago)
        await database.execute(
            "UPDATE commands SET state = $2, sent_at = now() - $3::interval, created_at = now() - $3::interval,"
            " attempts = 1, deadline_at = deadline_at - $3::interval WHERE id = $1",
            new.id,
            state,
            ago,
        )
        return new.id

    expired = await order("ClearCache", "R", "QUEUED", 20, deadline_s=10)
    start = await order("RemoteStartTransaction", "N", "SENT", 90)
    read = await order("GetConfiguration", "R", "SENT", 90)
    fresh = await order("Reset", "N", "SENT", 1)
    sentence = await Sweeper(pool, Doorbells(redis), call_timeout=30).cycle()
    assert sentence.startswith("3 late commands settled")
    states = {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM commands")}
    assert states == {expired: "EXPIRED", start: "UNKNOWN", read: "QUEUED", fresh: "SENT"}
    assert await redis.xlen("rs:api-1") == 3

    node = "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
    await database.execute(f"{node} VALUES ('CP', 1, gen_random_uuid(), 'node-0.x', '1.6')")
    await redis.hset("o:{CP}", "node", "node-0.x")  # type: ignore[misc]
    assert (
        await Sweeper(pool, Doorbells(redis), 30).cycle() == "0 late commands settled, 1 of 1 lost doorbells rung again"
    )
    assert await redis.xlen("s:node-0.x") == 1
    await pool.close()
