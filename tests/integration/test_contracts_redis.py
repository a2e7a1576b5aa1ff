"""What the simulation's Redis promises, a real one keeps: the same tests on both, and the same steps side by side."""

import asyncio
import time
from random import Random

import pytest
from sim_real import double_of_redis

from voltring_core.cluster import keys
from voltring_core.cluster.backlog import Heard
from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.doorbells import NOBODY, Doorbells, Ring, listen, waiting
from voltring_core.cluster.leases import NodeLease, give_up, live_nodes, renew
from voltring_core.cluster.ownership import Claim, Ownership, Socket
from voltring_core.domain.ownership import Route, RouteState

CHARGERS = ("CP-1", "CP-2", "CP-3")
NODES = ("node-a", "node-b")
STEPS = 250


@pytest.fixture(params=["double", "valkey"])
async def redis(request):
    if request.param == "double":
        yield double_of_redis()
        return
    client = open_redis(request.getfixturevalue("redis_url"), name="contracts")
    yield client
    await client.aclose()


@pytest.fixture
def nodes(redis):
    return {uid: Ownership(redis, uid) for uid in NODES}


async def test_a_first_claim_is_not_below_the_time_and_kicks_nobody(nodes):
    before = time.time_ns() // 1000
    (claim,) = await nodes["node-a"].claim([Socket("CP-1", "one")])
    assert claim.epoch >= before - 1_000_000
    assert claim.previous_node is None


async def test_a_newer_claim_is_above_the_older_one_and_names_its_node(nodes):
    (old,) = await nodes["node-a"].claim([Socket("CP-1", "one")])
    (new,) = await nodes["node-b"].claim([Socket("CP-1", "two")])
    assert new.epoch > old.epoch
    assert new.previous_node == "node-a"


async def test_the_same_claim_again_changes_nothing_unless_it_asks_for_more(nodes):
    (first,) = await nodes["node-a"].claim([Socket("CP-1", "one")])
    assert await nodes["node-a"].claim([Socket("CP-1", "one")]) == [Claim(first.epoch, None)]
    (more,) = await nodes["node-a"].claim([Socket("CP-1", "one", first.epoch + 5)])
    assert more.epoch >= first.epoch + 5


async def test_a_late_release_of_an_old_socket_changes_nothing(nodes):
    (old,) = await nodes["node-a"].claim([Socket("CP-1", "one")])
    (new,) = await nodes["node-b"].claim([Socket("CP-1", "two")])
    assert await nodes["node-a"].release([Socket("CP-1", "one", old.epoch)]) == [False]
    assert await nodes["node-b"].look([Socket("CP-1", "two", new.epoch)]) == [
        Route("two", new.epoch, RouteState.CLAIMED, "node-b")
    ]


async def test_a_released_charger_leaves_its_epoch_and_kicks_nobody(nodes):
    (old,) = await nodes["node-a"].claim([Socket("CP-1", "one", 2**52)])
    assert await nodes["node-a"].release([Socket("CP-1", "one", old.epoch)]) == [True]
    assert await nodes["node-a"].move([Socket("CP-1", "one", old.epoch)], RouteState.LIVE) == [False]
    assert await nodes["node-b"].claim([Socket("CP-1", "two")]) == [Claim(old.epoch + 1, None)]


async def test_a_doorbell_reaches_the_owner_and_nobody_where_there_is_none(redis, nodes):
    bells = Doorbells(redis)
    assert await bells.ring("CP-1") is False
    await nodes["node-a"].claim([Socket("CP-1", "one")])
    assert await bells.ring("CP-1") is True
    await bells.kick("node-a", "CP-1", 7)
    await bells.kick_all([("node-a", "CP-2", 8), ("node-b", "CP-3", 9)])
    await bells.dismiss("CP-1")
    heard = []
    async with asyncio.timeout(5):
        async for rings in listen(redis, "node-a"):
            heard += rings
            if len(heard) == 4:
                break
    assert heard == [
        Ring("command", "CP-1"),
        Ring("kick", "CP-1", 7),
        Ring("kick", "CP-2", 8),
        Ring("kick", "CP-1", NOBODY),
    ]


async def test_who_listens_is_woken_by_what_comes_later(redis, nodes):
    await nodes["node-a"].claim([Socket("CP-1", "one")])
    listening = listen(redis, "node-a")
    woken = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    await Doorbells(redis).ring("CP-1")
    async with asyncio.timeout(5):
        assert await woken == [Ring("command", "CP-1")]
    await listening.aclose()


async def test_doorbells_wait_until_they_are_read(redis, nodes):
    bells, heard = Doorbells(redis), Heard()
    assert await waiting(redis, "node-a", heard) == 0, "nobody has rung yet"
    for number in range(3):
        await bells.kick("node-a", "CP-1", number)
    assert await waiting(redis, "node-a", heard) == 3
    listening = listen(redis, "node-a", heard)
    async with asyncio.timeout(5):
        assert len(await anext(listening)) == 3
    assert await waiting(redis, "node-a", heard) == 0
    await bells.kick("node-a", "CP-1", 7)
    assert await waiting(redis, "node-a", heard) == 1
    await listening.aclose()
    await redis.delete(keys.doorbells("node-a"))
    assert await waiting(redis, "node-a", heard) == 0
    await bells.kick("node-a", "CP-1", 8)
    assert await waiting(redis, "node-a", heard) == 1


async def test_a_lease_is_new_once_and_known_until_it_is_given_up(redis):
    lease = NodeLease("node-a", "a", 3, False, "http://nowhere", "1")
    assert await renew(redis, lease, 5) is False
    assert await renew(redis, lease, 5) is True
    assert await live_nodes(redis) == {"node-a": lease}
    await give_up(redis, "node-a")
    assert await live_nodes(redis) == {}


async def _step(dice, number, nodes, held):
    """One step of somebody; the same dice do the same."""
    charger, uid = dice.choice(CHARGERS), dice.choice(NODES)
    what = dice.choice(("claim", "claim", "claim again", "release", "reassert", "move", "look"))
    connection, epoch = dice.choice(held) if held else ("none", 2**52)
    if what == "claim":
        connection = f"socket {number}"
        # Above the time, so that both give the same epochs.
        (claim,) = await nodes[uid].claim([Socket(charger, connection, 2**52 + dice.randrange(4 * STEPS))])
        held.append((connection, claim.epoch))
        return claim
    mine = Socket(charger, connection, epoch + dice.choice((0, 0, 0, 1)))
    if what == "claim again":
        return await nodes[uid].claim([Socket(charger, connection, epoch)])
    if what == "move":
        return await nodes[uid].move([mine], dice.choice(list(RouteState)[:3]))
    return await getattr(nodes[uid], what)([mine])


@pytest.mark.parametrize("seed", range(3))
async def test_the_double_does_what_valkey_does(redis_url, seed):
    real, double = open_redis(redis_url, name="contracts"), double_of_redis()
    sides = [({uid: Ownership(one, uid) for uid in NODES}, Random(seed), []) for one in (real, double)]
    try:
        for number in range(STEPS):
            answers = [await _step(dice, number, nodes, held) for nodes, dice, held in sides]
            assert answers[0] == answers[1], f"step {number}"
    finally:
        await real.aclose()
