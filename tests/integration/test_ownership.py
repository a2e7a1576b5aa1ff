"""Owner records on a real Valkey, the fence on a real PostgreSQL: the newest wins, and an old one changes nothing."""

from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.domain.ownership import RouteState
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post


def socket(epoch: int = 0) -> Socket:
    return Socket("CP", str(uuid4()), epoch)


def claimed(one: Socket, epoch: int) -> Socket:
    return Socket(one.charger_id, one.connection_id, epoch)


def tombstone(one: Socket, epoch: int, at: Any) -> dict[str, str]:
    return {"cid": one.connection_id, "ep": str(epoch), "st": "offline", "at": at}


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
    assert await redis.hgetall("o:{CP}") == tombstone(new, second.epoch, await redis.hget("o:{CP}", "at"))
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


@pytest.mark.parametrize("forget", ["script_flush", "flushall"])
async def test_a_server_that_forgot_the_scripts_runs_them_all_the_same(redis: Redis, forget: str) -> None:
    node = Ownership(redis, "a")
    sockets = [Socket(f"CP-{number}", str(uuid4())) for number in range(50)]
    await node.claim(sockets[:10])
    await getattr(redis, forget)()
    claims = await node.claim(sockets)
    assert len(claims) == 50
    owned = [Socket(one.charger_id, one.connection_id, claim.epoch) for one, claim in zip(sockets, claims, strict=True)]
    await redis.script_flush()
    assert await node.move(owned, RouteState.LIVE) == [True] * 50
    await redis.script_flush()
    assert [route.node for route in await node.look(owned) if route] == ["a"] * 50
    await redis.script_flush()
    assert await node.reassert(owned) == [True] * 50
    await redis.script_flush()
    assert await node.release(owned) == [True] * 50


async def test_a_look_keeps_the_own_record_for_longer_and_leaves_others_alone(redis: Redis) -> None:
    node = Ownership(redis, "a")
    one = socket()
    (claim,) = await node.claim([one])
    await redis.expire("o:{CP}", 100)
    await node.look([socket(claim.epoch), claimed(one, claim.epoch - 1)])
    assert await redis.ttl("o:{CP}") <= 100
    await node.look([claimed(one, claim.epoch)])
    assert await redis.ttl("o:{CP}") > 86_000
    await node.release([claimed(one, claim.epoch)])
    await node.look([claimed(one, claim.epoch)])
    assert await redis.ttl("o:{CP}") > 29 * 86_400


async def test_a_charger_that_was_deleted_since_its_handshake_is_not_owned_and_keeps_nobody_else_from_it(
    postgres_dsn: str, database: Any
) -> None:
    pool = await open_pool(postgres_dsn, size=1, name="test")
    await database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    posts = [Post(name, 5, str(uuid4()), "1.6", "") for name in ("CP", "deleted")]
    assert await Fence(pool).take("a", posts) == {"CP": 0}
    await pool.close()


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
    assert (await Fence(pool).owners(["CP"]))["CP"].epoch == 6
    await pool.close()
