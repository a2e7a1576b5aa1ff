"""Redis forgets, dies, stays away, or fails over to a replica that knows less: it routes, and decides nothing."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from cut_proxy import CutProxy, through
from fault_chargers import crew
from fault_fleet import Fleet, Servers
from fault_scene import Scene
from redis.asyncio import Redis

from voltring_core.domain.commands import command_class
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import PATIENCE_S, eventually
from voltring_worker.sweeper import Sweeper

AWAY_SECONDS = 4.0


class Hanging:
    """A Redis that takes what it is asked and says nothing."""

    async def _never(self, *_: Any) -> Any:
        await asyncio.Event().wait()

    living = ring = answer = _never


async def test_a_redis_that_hangs_puts_off_no_expiry(dsn: str) -> None:
    pool, hanging = await open_pool(dsn, size=2, name="test"), Hanging()
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    await pool.execute(
        "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version, connected_at,"
        " last_seen_at) VALUES ('CP', 1, gen_random_uuid(), 'node-0.x', '1.6', now(), now())"
    )
    for deadline_s in (0.01, 600):
        kind = command_class("ClearCache")
        await Commands(pool).queue(NewCommand(uuid4(), "CP", "ClearCache", {}, kind, 1, deadline_s, "me", reply_to="x"))
    await pool.execute("UPDATE commands SET created_at = now() - interval '1 hour'")
    async with asyncio.timeout(PATIENCE_S):  # for ever, if it waited for Redis
        said = await Sweeper(pool, hanging, 30.0, hanging.living).cycle()  # type: ignore[arg-type]
    assert said == "1 late commands settled, 0 of 1 lost doorbells rung again"
    states = await pool.fetch("SELECT state FROM commands ORDER BY deadline_at")
    assert [row["state"] for row in states] == ["EXPIRED", "QUEUED"]
    await pool.close()


async def flushed(servers: Servers) -> None:
    """FLUSHALL, while everything goes on."""
    async with Redis.from_url(servers.valkey.url) as client:
        await client.flushall()


async def emptied(servers: Servers) -> None:
    """kill -9, and a start without its file."""
    servers.valkey.kill()
    await servers.restart_valkey(empty=True)


async def killed(servers: Servers) -> None:
    """kill -9, and a start with what was written."""
    servers.valkey.kill()
    await servers.restart_valkey()


@pytest.mark.parametrize("happens", [flushed, emptied, killed], ids=lambda happens: happens.__name__)
async def test_what_redis_forgets_costs_no_socket_and_every_command_ends(
    standing: Any, servers: Servers, happens: Callable[[Servers], Any]
) -> None:
    places, name = standing.places, happens.__name__
    chargers = [*crew(f"{name}-left", 3, places), *crew(f"{name}-right", 3, places[::-1])]
    silent = crew(f"{name}-silent", 2, places, answers=False)
    offline = crew(f"{name}-offline", 2, places)
    async with Scene(standing.fleet, [*chargers, *silent, *offline]) as scene:
        await scene.connected()
        await scene.stop(*offline)
        posting = asyncio.create_task(scene.orders())
        await eventually(lambda: scene.database.fetchval("SELECT count(*) > 0 FROM commands WHERE sent_at IS NOT NULL"))
        await happens(servers)
        await posting
        await scene.orders()
        for charger in silent:
            charger.answers = True
        for charger in offline:
            scene.start(charger)
        await scene.connected()
        await scene.more_facts(3)
        verdict = await scene.judged()
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)
    assert sum(verdict.commands.values()) == 100


async def test_while_redis_is_away_sockets_and_charging_go_on_and_what_waits_is_delivered_after(
    standing: Any, servers: Servers
) -> None:
    places = standing.places
    chargers = [*crew("left", 3, places), *crew("right", 3, places[::-1])]
    moving = crew("moving", 2, places)
    async with Scene(standing.fleet, [*chargers, *moving]) as scene:
        await scene.connected()
        servers.valkey.kill()
        away = asyncio.create_task(asyncio.sleep(AWAY_SECONDS))
        await scene.orders()
        await moving[0].leave(places[1], places[0])
        await moving[1].leave(places[1], places[0])
        await scene.connected()
        await scene.more_facts(3)
        await away
        await servers.restart_valkey()
        await scene.more_facts()
        verdict = await scene.judged()
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)
    assert verdict.commands["ACCEPTED"] == 40  # nothing was given up


class Switch(CutProxy):
    """What a virtual address or a sentinel does: it leads to another server from a moment on."""

    def turn(self, url: str) -> None:
        """Drop what is open; the next ones get there."""
        self.cut()
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 0)
        self.mend()


async def test_a_promoted_replica_that_lacks_the_last_claims_makes_no_second_owner_and_learns_the_routes(
    servers: Servers, fleets: Callable[..., Fleet]
) -> None:
    replica = servers.another_valkey()
    primary = urlsplit(servers.valkey.url)
    password = str(primary.password)
    own = Redis.from_url(replica.url, decode_responses=True)
    await own.config_set("masterauth", password)
    await own.replicaof("127.0.0.1", str(primary.port))
    await eventually(lambda: _is_in_step(own))
    await own.config_set("requirepass", password)
    promoted_url = primary._replace(path="/0", netloc=f":{password}@127.0.0.1:{urlsplit(replica.url).port}").geturl()
    async with Switch("127.0.0.1", primary.port or 0) as switch:
        fleet = fleets(redis_url=switch.url(servers.valkey.url))
        places = [node.place for node in await asyncio.to_thread(fleet.whole, "node-0", "node-1")]
        chargers = [*crew("left", 4, places), *crew("right", 4, places[::-1])]
        async with Scene(fleet, chargers, redis_url=promoted_url) as scene:
            await scene.connected()
            await own.replicaof("NO", "ONE")  # from here on it lacks what the primary takes in
            for charger in chargers[:4]:
                await charger.leave(places[1], places[0])
            await scene.connected(at="node-1")
            await scene.orders()
            switch.turn(promoted_url)
            for charger in chargers[4:6]:
                await charger.leave(places[0], places[1])
            await scene.orders()
            await scene.more_facts(3)
            verdict = await scene.judged()
    await own.aclose()
    replica.stop()
    assert verdict.most_executions["N"] == 1
    assert verdict.takeovers >= 6


async def _is_in_step(redis: Redis) -> bool:
    return bool((await redis.info("replication"))["master_link_status"] == "up")


async def test_one_node_without_redis_keeps_its_sockets_and_its_backlog_is_delivered_after(
    servers: Servers, standing: Any
) -> None:
    async with through(servers.valkey.url) as link:
        node = partial(standing.fleet.node, "cut-off", REDIS_URL=link.url(servers.valkey.url))
        places = [(await asyncio.to_thread(node)).place, *standing.places]
        chargers = [*crew("cut", 4, places), *crew("peer", 2, places[::-1])]
        async with Scene(standing.fleet, chargers) as scene:
            await scene.connected()
            link.hang()
            away = asyncio.create_task(asyncio.sleep(2 * AWAY_SECONDS))
            await scene.orders()
            await scene.more_facts(3)
            await away
            link.mend()
            verdict = await scene.judged()
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)
    assert verdict.commands["ACCEPTED"] == 30
