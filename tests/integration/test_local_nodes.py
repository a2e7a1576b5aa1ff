"""What the launcher does in Redis for a node that was killed."""

import pytest

from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.leases import NodeLease, live_nodes, renew
from voltring_local.errors import StartFailed
from voltring_local.nodes import forget, reach
from voltring_local.ports import free_port


async def _lease(redis_url: str, *names: str) -> None:
    redis = open_redis(redis_url, name="test")
    for name in names:
        await renew(redis, NodeLease(f"{name}.a1.7", name, 3, False, "http://127.0.0.1:1", "0"), 15)
    await redis.aclose()


async def _names(redis_url: str) -> set[str]:
    redis = open_redis(redis_url, name="test")
    leases = await live_nodes(redis)
    await redis.aclose()
    return {lease.name for lease in leases.values()}


async def test_the_lease_of_a_dead_node_ends_and_those_of_others_stay(redis_url: str) -> None:
    await _lease(redis_url, "node-1", "node-10", "node-2")
    await forget(redis_url, "node-1")
    assert await _names(redis_url) == {"node-10", "node-2"}


async def test_after_a_killed_run_no_node_lives(redis_url: str) -> None:
    await _lease(redis_url, "node-0", "node-1")
    await forget(redis_url)
    assert await _names(redis_url) == set()


async def test_a_redis_that_is_away_holds_nobody_up() -> None:
    await forget(f"redis://127.0.0.1:{free_port()}/0", "node-1")


async def test_a_redis_that_does_not_answer_is_said_so_before_the_start() -> None:
    with pytest.raises(StartFailed, match="VOLTRING_REDIS_URL"):
        await reach(f"redis://127.0.0.1:{free_port()}/0")
