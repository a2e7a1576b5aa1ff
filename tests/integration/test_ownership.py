"""Owner records on a real Valkey, the fence on a real PostgreSQL: the newest wins, and an old one changes nothing."""

from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post


def socket(epoch: int = 0) -> Socket:
    return Socket("CP", str(uuid4()), epoch)


def claimed(one: Socket, epoch: int) -> Socket:
    return Socket(one.charger_id, one.connection_id, epoch)


async def test_the_release_of_an_old_socket_leaves_the_new_owners_record_alone(redis: Redis) -> None:
    node_a, node_b = Ownership(redis, "a"), Ownership(redis, "b")
    old, new = socket(), socket()
    first = (await node_a.claim([old]))[0]
    second = (await node_b.claim([new]))[0]
    assert second.epoch > first.epoch
    assert (first.previous_node, second.previous_node) == (None, "a")
    assert await node_a.release([claimed(old, first.epoch)]) == [False]
    assert await redis.hget("o:{CP}", "node") == "b"
    assert await node_b.release([claimed(new, second.epoch)]) == [True]
    assert await redis.hget("o:{CP}", "node") is None
    assert (await node_a.claim([socket()]))[0].epoch > second.epoch


async def test_a_claim_that_is_repeated_keeps_its_epoch_and_a_floor_is_kept(redis: Redis) -> None:
    node = Ownership(redis, "a")
    one = socket()
    epoch = (await node.claim([one]))[0].epoch
    assert (await node.claim([one]))[0].epoch == epoch
    floor = epoch + 10**9
    assert (await node.claim([Socket("CP", str(uuid4()), floor)]))[0].epoch == floor


async def test_a_lost_record_is_put_back_and_a_newer_one_is_not_overwritten(redis: Redis) -> None:
    node_a, node_b = Ownership(redis, "a"), Ownership(redis, "b")
    old = socket()
    epoch = (await node_a.claim([old]))[0].epoch
    await redis.flushdb()
    assert await node_a.reassert([claimed(old, epoch)]) == [True]
    assert await redis.hget("o:{CP}", "node") == "a"
    await node_b.claim([socket()])
    assert await node_a.reassert([claimed(old, epoch)]) == [False]
    assert await redis.hget("o:{CP}", "node") == "b"


@pytest.mark.parametrize("late", [5, 4])
async def test_only_a_higher_epoch_passes_the_fence(postgres_dsn: str, database: Any, late: int) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")

    async def take(node: str, epoch: int) -> bool:
        return bool(await Fence(pool).take(node, [Post("CP", epoch, str(uuid4()), "1.6", "")]))

    assert await take("a", 5)
    assert not await take("b", late)
    assert await database.fetchval("SELECT node_uid FROM charger_connection") == "a"
    assert await take("b", 6)
    await Fence(pool).disconnect([("CP", 5)])
    assert await database.fetchval("SELECT disconnected_at FROM charger_connection") is None
    assert await Fence(pool).epochs(["CP"]) == {"CP": 6}
    await pool.close()
