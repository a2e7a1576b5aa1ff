"""Claims of one node on real servers, with something in between each two steps of them."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.ownership import Claim, Ownership, Socket
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post
from voltring_node.owning import Outcome, Owner
from voltring_node.proving import FRESH_S
from voltring_node.routing import Routes

Between = Callable[[], Awaitable[Any]]


class Charger:
    """A connection, as far as owning looks at it."""

    def __init__(self, charger_id: str = "CP") -> None:
        self.id = charger_id
        self.connection_id = str(uuid4())
        self.version = Version.V16
        self.address = ""
        self.online_limit_s = 600.0
        self.epoch = 0


class SlowFence(Fence):
    """Something happens between the claim and the fence."""

    between: Between | None = None

    async def take(self, node_uid: str, posts: Any) -> dict[str, int]:
        """As Fence has it, after what comes in between, once."""
        between, self.between = self.between, None
        if between is not None:
            await between()
        return await super().take(node_uid, posts)


class Scene:
    """A node under test, and another one that does what it is told."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self.redis = redis
        self.fence = SlowFence(pool)
        self.swaps: list[int] = []
        self.welcomed: list[Any] = []
        routes = Routes(Ownership(redis, "here"), Doorbells(redis))
        self.owner = Owner(self.fence, routes, "here", self._welcome, lambda _, swaps: self.swaps.append(swaps))
        self.superseded: list[Any] = []
        self.owner.on_superseded = self.superseded.append

    async def _welcome(self, won: Any) -> None:
        self.welcomed += won

    async def own(self, charger: Charger, alive_at: float | None = None) -> Outcome:
        now = time.monotonic()
        return await self.owner.own(charger, "", now if alive_at is None else alive_at)  # type: ignore[arg-type]

    async def elsewhere(self, *, least: int = 0) -> Claim:
        """Another node's socket claims the charger and passes the fence."""
        connection_id = str(uuid4())
        (claim,) = await Ownership(self.redis, "elsewhere").claim([Socket("CP", connection_id, least)])
        assert "CP" in await Fence(self.fence._pool).take(
            "elsewhere", [Post("CP", claim.epoch, connection_id, "1.6", "")]
        )
        return claim

    async def owner_is(self, epoch: int) -> bool:
        return (await self.fence.owners(["CP"]))["CP"].epoch == epoch

    async def kicks(self, node: str) -> list[dict[str, str]]:
        return [entry for _, entry in await self.redis.xrange(f"s:{node}")]


@pytest.fixture
async def scene(postgres_dsn: str, redis: Redis) -> AsyncIterator[Scene]:
    pool = await open_pool(postgres_dsn, size=3, name="test")
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    yield Scene(pool, redis)
    await pool.close()


async def test_the_node_that_had_the_charger_is_told_who_owns_it_now(scene: Scene) -> None:
    await scene.elsewhere()
    charger = Charger()
    assert await scene.own(charger) is Outcome.OWNS
    assert await scene.kicks("elsewhere") == [{"kind": "kick", "charger": "CP", "epoch": str(charger.epoch)}]
    assert 0 < await scene.redis.ttl("s:elsewhere") <= 3600, "nobody else removes a dead node's stream"
    assert scene.swaps == [1]


async def test_it_is_told_too_when_the_fence_refused_the_first_try(scene: Scene) -> None:
    claim = await scene.elsewhere()
    await scene.fence._pool.execute("UPDATE charger_connection SET epoch = $1", 2**52)
    charger = Charger()
    assert await scene.own(charger) is Outcome.OWNS
    assert charger.epoch == 2**52 + 1 > claim.epoch
    assert [one["kind"] for one in await scene.kicks("elsewhere")] == ["kick"]


async def test_a_claim_that_a_newer_one_overtakes_before_the_fence_is_not_made_again(scene: Scene) -> None:
    newer: list[Claim] = []

    async def comes() -> None:
        newer.append(await scene.elsewhere())

    scene.fence.between = comes
    charger = Charger()
    assert await scene.own(charger) is Outcome.OVERTAKEN
    assert await scene.owner_is(newer[0].epoch)
    assert scene.owner.connections == {}
    assert charger.epoch == 0


async def test_a_claim_is_not_made_again_after_the_process_stood_still(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def redis_forgets_and_time_passes() -> None:
        claim = await scene.elsewhere()
        await scene.redis.flushdb()
        later = time.monotonic() + FRESH_S + 1
        monkeypatch.setattr("voltring_node.proving.time.monotonic", lambda: later)
        assert await scene.owner_is(claim.epoch)

    scene.fence.between = redis_forgets_and_time_passes
    assert await scene.own(Charger()) is Outcome.UNPROVEN
    assert scene.owner.connections == {}


async def test_who_was_not_heard_for_long_claims_nothing(scene: Scene) -> None:
    claim = await scene.elsewhere()
    assert await scene.own(Charger(), time.monotonic() - FRESH_S - 1) is Outcome.UNPROVEN
    assert await scene.redis.hget("o:{CP}", "ep") == str(claim.epoch)
    assert await scene.owner_is(claim.epoch)


async def test_on_one_node_the_older_socket_is_superseded_once_the_newer_one_owns(scene: Scene) -> None:
    older, newer = Charger(), Charger()
    assert await scene.own(older) is Outcome.OWNS

    async def not_yet() -> None:
        assert scene.owner.connections == {"CP": older}
        assert scene.superseded == []

    scene.fence.between = not_yet
    assert await scene.own(newer) is Outcome.OWNS
    assert scene.owner.connections == {"CP": newer}
    assert scene.superseded == [older]
    scene.owner.leave(older)  # type: ignore[arg-type]
    await scene.owner.write_departures()
    assert (await scene.fence.owners(["CP"]))["CP"].is_open
    assert scene.swaps == [1]


async def test_a_charger_that_left_and_comes_back_at_once_took_over_from_nobody(scene: Scene) -> None:
    for _ in range(4):
        charger = Charger()
        assert await scene.own(charger) is Outcome.OWNS
        scene.owner.leave(charger)  # type: ignore[arg-type]
    assert scene.swaps == []


async def test_a_fence_that_was_taken_without_an_answer_does_not_look_open_for_ever(scene: Scene) -> None:
    charger = Charger()
    take = Fence.take

    async def lost(self: Fence, node_uid: str, posts: Any) -> dict[str, int]:
        await take(self, node_uid, posts)
        raise ConnectionResetError

    scene.fence.take = lost.__get__(scene.fence)  # type: ignore[method-assign]
    with pytest.raises(ConnectionResetError):
        await scene.own(charger)
    assert (await scene.fence.owners(["CP"]))["CP"].is_open
    await scene.owner.write_departures()
    assert not (await scene.fence.owners(["CP"]))["CP"].is_open
    assert await scene.redis.hget("o:{CP}", "st") == "offline"
