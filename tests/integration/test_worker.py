"""What the worker does to real tables: partitions made and dropped, late commands settled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class
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


NODE = (
    "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
    " VALUES ($1, 1, gen_random_uuid(), 'node-0.x', '1.6')"
)


async def order(database: Any, pool: Any, action: str, state: str, seconds_ago: float, **more: Any) -> Any:
    """A command in that state since then; `deadline_s`, `attempts` and `epoch` may be given."""
    new = NewCommand(
        uuid4(), "CP", action, {}, command_class(action), 1, more.get("deadline_s", 600), "test", reply_to="api-1"
    )
    await Commands(pool).queue(new)
    await database.execute(
        "UPDATE commands SET state = $2, sent_at = now() - $3::interval, created_at = now() - $3::interval,"
        " attempts = $4, epoch = $5, deadline_at = deadline_at - $3::interval WHERE id = $1",
        new.id,
        state,
        timedelta(seconds=seconds_ago),
        more.get("attempts", 1 if state == "SENT" else 0),
        more.get("epoch", 1),
    )
    return new.id


async def states(database: Any) -> dict[Any, str]:
    return {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM commands")}


async def test_late_commands_are_settled_by_their_class_and_lost_doorbells_are_rung_again(
    postgres_dsn: str, redis: Redis, database: Any
) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    expired = await order(database, pool, "ClearCache", "QUEUED", 20, deadline_s=10)
    repeated = await order(database, pool, "GetConfiguration", "QUEUED", 20, deadline_s=10, attempts=1)
    start = await order(database, pool, "RemoteStartTransaction", "SENT", 90)
    read = await order(database, pool, "GetConfiguration", "SENT", 90)
    fresh = await order(database, pool, "Reset", "SENT", 1)
    slow = await order(database, pool, "SendLocalList", "SENT", 90)
    sentence = await Sweeper(pool, Doorbells(redis), call_timeout=30).cycle()
    assert sentence.startswith("4 late commands settled")
    assert await states(database) == {
        expired: "EXPIRED",
        repeated: "UNKNOWN",  # it was sent once, and may have run
        start: "UNKNOWN",
        read: "QUEUED",
        fresh: "SENT",
        slow: "SENT",
    }
    assert await redis.xlen("rs:api-1") == 4

    await database.execute(NODE, "CP")
    await redis.hset("o:{CP}", "node", "node-0.x")  # type: ignore[misc]
    assert (
        await Sweeper(pool, Doorbells(redis), 30).cycle() == "0 late commands settled, 1 of 1 lost doorbells rung again"
    )
    assert await redis.xlen("s:node-0.x") == 1
    await pool.close()


@pytest.mark.parametrize(
    ("living", "epoch", "state"),
    [
        (["node-0.x"], 1, "UNKNOWN"),  # its owner may still be at it
        (None, 1, "UNKNOWN"),  # Redis is away: perhaps it is
        (["node-1.y"], 1, "QUEUED"),  # its owner is dead
        (["node-0.x"], 0, "QUEUED"),  # sent under an epoch that is over
    ],
)
async def test_what_a_living_owner_may_still_be_at_is_not_queued_again_under_its_feet(
    postgres_dsn: str, redis: Redis, database: Any, living: Any, epoch: int, state: str
) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    await database.execute(NODE, "CP")
    read = await order(database, pool, "GetConfiguration", "SENT", 90, epoch=epoch)

    async def known() -> Any:
        if living is None:
            raise ConnectionError("Redis is away")
        return living

    await Sweeper(pool, Doorbells(redis), 30, known).cycle()
    assert await states(database) == {read: state}
    assert (await database.fetchval("SELECT outcome ->> 'reason' FROM commands")) == "owner died"
    await pool.close()


async def test_a_charger_with_patience_of_its_own_is_waited_for(postgres_dsn: str, redis: Redis, database: Any) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await database.execute("INSERT INTO chargers (id, call_timeout_s) VALUES ('CP', 120)")
    reset = await order(database, pool, "Reset", "SENT", 200)
    assert await Sweeper(pool, Doorbells(redis), 30).cycle() == ""
    await database.execute("UPDATE commands SET sent_at = sent_at - interval '1 minute'")
    await Sweeper(pool, Doorbells(redis), 30).cycle()
    assert await states(database) == {reset: "UNKNOWN"}
    await pool.close()
