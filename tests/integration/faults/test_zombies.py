"""Nodes that freeze and wake up as if nothing had happened; two sockets for one identity; clocks that are wrong."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fault_chargers import BOOT, Charger, crew
from fault_fleet import LEASE_SECONDS, Fault, Servers
from fault_scene import COMMANDS_WITHIN, Scene

from voltring_core.testing import eventually

TAKEN_OVER_WITHIN = 90.0
"""Seconds: PostgreSQL ends what a frozen node left open (10 at most), and chargers that gave up meanwhile (4) have come
again (1): 15 whatever the machine, and a few of work, times five, on a busy one."""
GONE_WITHIN = 60.0
"""Seconds in which a node that goes on has closed what it lost: a step of its loop and of its audit (2), times five."""
HOUR = 3600.0
OLD = timedelta(hours=3)
"""Facts from before all of the clocks: a time that is in a node's future is replaced by the time of receipt (TX-23)."""
MOST_LATE = timedelta(seconds=HOUR / 10)
"""Of an expiry: the sweeper's interval (0.3 s), its wait for a Redis that is away, a busy machine. By a wrong clock it
would be an hour."""
CLONED_SECONDS = 5.0
"""For which two clones are watched once they are held apart: much less than the 30 between two takeovers then."""
PATIENCE = 20.0
"""Seconds that chargers wait for answers where nothing but the fault may make them reconnect."""
THROTTLED = 6
"""Takeovers that are let through before two clones are held apart."""
MOST_TAKEOVERS = THROTTLED + 1
"""And one that was on its way."""


async def test_a_frozen_node_that_wakes_steals_nothing_runs_nothing_and_writes_no_state(standing: Any) -> None:
    zombie = await asyncio.to_thread(standing.fleet.node, "zombie")
    refuge = standing.places[0]
    chargers = crew("frozen", 4, [zombie.place], patience=PATIENCE)
    async with Scene(standing.fleet, chargers) as scene:
        await scene.connected()
        await scene.more_facts()
        zombie.freeze()
        frozen = asyncio.create_task(asyncio.sleep(LEASE_SECONDS + 2.0))
        for charger in chargers:
            charger.answers = False  # so that some are still queued when the zombie wakes, which is rung for them
        await scene.orders()
        old = [charger.abandon(refuge) for charger in chargers]
        for charger, socket in zip(chargers, old, strict=True):  # what the zombie finds when it wakes
            await charger.status(socket, "Faulted")
            await charger.say(socket, "BootNotification", BOOT | {"firmwareVersion": "old"})
            await charger.say(socket, "StartTransaction", charger.lone_start())
        await scene.connected(at=refuge.name)
        for charger in chargers:
            assert charger.socket is not None
            await charger.status(charger.socket, "Available")
        await scene.more_facts(2)
        await frozen
        zombie.thaw()
        await asyncio.wait_for(asyncio.gather(*(socket.wait_closed() for socket in old)), GONE_WITHIN)
        for charger in chargers:
            charger.answers = True
        await scene.more_facts(2)
        verdict = await scene.judged()
        states = await scene.database.fetch("SELECT DISTINCT status FROM connectors WHERE charger_id LIKE 'frozen-%'")
        booted = await scene.database.fetch(
            "SELECT DISTINCT firmware_version FROM chargers WHERE id LIKE 'frozen-%' AND firmware_version IS NOT NULL"
        )
        late = await scene.database.fetchval("SELECT count(*) FROM transactions WHERE id_token = 'LATE'")
    assert [row["status"] for row in states] == ["Available"]
    assert booted == []
    assert late <= 4  # facts are kept whatever the epoch, of those sockets that the zombie read before it let go
    assert [charger.strays for charger in chargers] == [[]] * 4
    assert (verdict.most_executions["N"], verdict.takeovers) == (1, 4)


@pytest.mark.parametrize("at", ["sent.after", "claim.after", "fence.after", "commit.before", "copy.before"])
async def test_a_node_that_freezes_in_the_middle_of_a_step_does_no_harm_when_it_goes_on(standing: Any, at: str) -> None:
    """At `commit.before` and `copy.before` it holds locks on its chargers' fences: they are taken from it after a few
    seconds."""
    matches = {"sent.after": "RemoteStartTransaction", "commit.before": "Transaction", "copy.before": "meter_values"}
    fault = Fault(at, "stop", matches.get(at, ""))
    node = await asyncio.to_thread(lambda: standing.fleet.node("halting", fault=fault))
    refuge = standing.places[0]
    there, coming = crew(f"{at}-there", 2, [node.place]), crew(f"{at}-coming", 2, [node.place, refuge])
    async with Scene(standing.fleet, there) as scene:
        await scene.connected(at="halting")
        await scene.more_facts()
        node.arm()
        for charger in coming:
            scene.start(charger)
        posting = asyncio.create_task(scene.orders_for(there)) if at == "sent.after" else None
        await node.stopped()
        for charger in (*there, *coming):
            if charger.owner == "halting":
                charger.abandon(refuge)
            charger.places[:] = [refuge]
        await scene.connected(TAKEN_OVER_WITHIN, at=refuge.name)
        if posting is not None:
            await posting
        await scene.more_facts(2)
        node.thaw()
        await scene.orders()
        await scene.more_facts(2)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1


async def test_two_chargers_of_one_identity_are_held_apart_and_an_alarm_is_raised(standing: Any) -> None:
    here = Charger("CLONED", [standing.places[0]], patience=PATIENCE)
    there = Charger("CLONED", [standing.places[1]], patience=PATIENCE)
    async with Scene(standing.fleet, [here]) as scene:
        await scene.connected()
        other = asyncio.create_task(there.run(), name="the other one")
        await eventually(lambda: takeovers_of_the_clone(scene, THROTTLED), TAKEN_OVER_WITHIN)
        await asyncio.sleep(CLONED_SECONDS)
        takeovers = await takeovers_of_the_clone(scene)
        alarms = await eventually(
            lambda: scene.database.fetchval(
                "SELECT count(*) FROM station_events WHERE charger_id = 'CLONED' AND kind = 'DuplicateIdentity'"
            )
        )
        print(f"FIGURE {takeovers} takeovers, {alarms} alarms")
        assert takeovers <= MOST_TAKEOVERS
        assert alarms in (1, 2)  # each node raises its own, once a minute
        assert (here.owner is None) != (there.owner is None)  # one of them has the charger, and keeps it
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


async def takeovers_of_the_clone(scene: Scene, least: int = 0) -> int:
    """So many so far; 0 while they are fewer than `least`."""
    counted: int = await scene.database.fetchval("SELECT count(*) - 1 FROM fenced WHERE charger_id = 'CLONED'")
    return counted if counted >= least else 0


async def test_clocks_an_hour_apart_break_nothing(standing: Any, servers: Servers) -> None:
    nodes = await asyncio.gather(
        asyncio.to_thread(lambda: standing.fleet.node("ahead", clock=HOUR)),
        asyncio.to_thread(lambda: standing.fleet.node("behind", clock=-HOUR)),
    )
    ahead, behind, right = (*(node.place for node in nodes), standing.places[0])
    chargers = [
        *crew("ahead", 2, [ahead], age=OLD),
        *crew("behind", 2, [behind], age=OLD),
        *crew("right", 2, [right], age=OLD),
    ]
    moves = {"ahead": (behind, right), "behind": (ahead, right), "right": (ahead, behind)}
    off = Charger("clock-off", [ahead], age=OLD)
    async with Scene(standing.fleet, [*chargers, off]) as scene:
        await scene.connected()
        await scene.left(off)
        short = await scene.operator.order(off.id, "UnlockConnector", {"connectorId": 7}, deadline_s=1)
        await scene.orders()
        for stage in range(2):  # the second time without Redis: epochs are of the clock then
            if stage:
                servers.valkey.kill()
            for charger in chargers:
                await charger.leave(moves[charger.id.partition("-")[0]][stage])
            await scene.connected()
            await scene.more_facts(2)
            await scene.orders()
        for charger in chargers:  # and back, with what the wrong clocks left behind
            await charger.leave(right if charger.owner != "node-0" else ahead)
        await servers.restart_valkey()
        await expired_in_time(scene, short.id)
        scene.start(off)
        await scene.connected()
        await scene.more_facts(2)
        verdict = await scene.judged()
    assert (verdict.most_executions["N"], verdict.commands["EXPIRED"]) == (1, 1)
    assert verdict.takeovers >= 18


async def expired_in_time(scene: Scene, command_id: str) -> None:
    """By the time of PostgreSQL, whatever the nodes' clocks say."""
    statement = "SELECT state, finished_at - deadline_at AS late FROM commands WHERE id = $1"

    async def is_over() -> Any:
        row = await scene.database.fetchrow(statement, command_id)
        return row if row["state"] not in ("QUEUED", "SENT") else None

    row = await eventually(is_over, COMMANDS_WITHIN)
    assert (row["state"], timedelta() <= row["late"] < MOST_LATE) == ("EXPIRED", True), row
