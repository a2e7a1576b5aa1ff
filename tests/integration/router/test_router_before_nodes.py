"""A real router before real nodes: where chargers are, and who moves when nodes come, drain, die and move."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from drain_fleet import TOKEN, Admin, Charger, Fleet, fleet, make
from router_street import Pod, Router, places

from voltring_core.domain.placement import home
from voltring_core.testing import eventually

SIZE = 200
LONG = 240.0
PAUSE_S = 0.2
"""Between two looks at everybody."""
SOON = {"propagate_s": 5.0, "quiet_s": 1.0}


async def at_home(database: Any, swarm: Fleet, up: Iterable[int]) -> dict[str, int]:
    """Wait until everybody is connected where the router has them while these are up; where that is."""
    nodes = frozenset(up)
    wanted = {one.id: home(one.id, nodes) for one in swarm.chargers}

    async def look() -> Any:
        await asyncio.sleep(PAUSE_S)
        found = await places(database, wanted)
        return None if swarm.away or found != wanted else found

    return dict(await eventually(look, LONG))


async def misplaced(pods: Iterable[Pod], wanted: list[int | None]) -> None:
    """Wait until the nodes say so."""

    async def look() -> bool:
        await asyncio.sleep(PAUSE_S)
        return [(await Admin(pod).status())["misplaced"] for pod in pods] == wanted

    await eventually(look, LONG)


async def recalled(pod: Pod, **body: Any) -> dict[str, Any]:
    """Send home whom the router would have elsewhere; the recall when it is over."""
    answer = await Admin(pod).ask("POST", "/recall", json={"steady_s": 3} | body)
    assert answer.status_code == 200, answer.text

    async def look() -> Any:
        await asyncio.sleep(PAUSE_S)
        found = (await Admin(pod).status())["recall"]
        return None if found["phase"] == "Recalling" else found

    return dict(await eventually(look, LONG))


def closes(chargers: Iterable[Charger]) -> int:
    return sum(len(one.closes) for one in chargers)


async def test_chargers_are_at_home_behind_two_replicas_a_node_drains_by_404_and_one_is_killed(
    start_router: Callable[..., Router], start_pod: Callable[..., Pod], database: Any
) -> None:
    pods = [start_pod(number) for number in range(3)]
    routers = [start_router("router-0"), start_router("router-1")]
    for router in routers:
        await router.sees(up=range(3))
    async with fleet(routers, SIZE) as swarm:
        where = await at_home(database, swarm, range(3))
        assert all(list(where.values()).count(node) >= SIZE / 5 for node in range(3))
        await misplaced(pods, [0, 0, 0])

        # 404: who is there stays, who comes goes elsewhere.
        admin = Admin(pods[1])
        assert (await admin.drain(propagate_s=600, quiet_s=600)).status_code == 200
        for router in routers:
            await router.sees(up=[0, 2], draining=[1])
        newcomers = Fleet(swarm.router, [Charger(1000 + number, swarm.router) for number in range(30)])
        tasks = [asyncio.create_task(one.run()) for one in newcomers.chargers]
        await newcomers.all_connected(LONG)
        await at_home(database, newcomers, [0, 2])
        assert await places(database, where) == where
        assert closes(swarm.chargers) == 0
        assert (await admin.undrain()).status_code == 200
        for router in routers:
            await router.sees(up=range(3))
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        # kill -9: its chargers are at home elsewhere, nobody else has moved.
        pods[2].kill()
        left = {one.id: home(one.id, frozenset({0, 1})) for one in swarm.chargers}
        for router in routers:
            await router.sees(up=[0, 1])
        await swarm.all_connected(LONG)
        for pod in pods[:2]:  # who came before the routers knew may be at the wrong one of the two
            assert (await recalled(pod))["phase"] == "Done"
        await at_home(database, swarm, [0, 1])
        assert all(bool(one.closes) == (where[one.id] == 2) for one in swarm.chargers)
        assert all(left[one.id] == where[one.id] for one in swarm.chargers if where[one.id] != 2)


async def test_a_fourth_node_and_its_end_a_new_address_and_recalls_bring_everybody_back_where_they_were(
    start_router: Callable[..., Router], start_pod: Callable[..., Pod], database: Any
) -> None:
    pods = [start_pod(number) for number in range(3)]
    router = start_router()
    await router.sees(up=range(3))
    async with fleet([router], SIZE) as swarm:
        first = await at_home(database, swarm, range(3))

        # A fourth node: nobody moves before they are recalled, and then those alone who belong to it.
        fourth = start_pod(3)
        await router.sees(up=range(4))
        wanted = {one: home(one, frozenset(range(4))) for one in first}
        moving = [sum(first[one] == node != wanted[one] for one in first) for node in range(3)]
        assert min(moving) > 0
        await misplaced([*pods, fourth], [*moving, 0])
        assert closes(swarm.chargers) == 0
        for pod, count in zip(pods, moving, strict=True):
            recall = await recalled(pod)
            assert (recall["phase"], recall["closed"], recall["came_back"]) == ("Done", count, 0)
        assert await at_home(database, swarm, range(4)) == wanted
        assert all(len(one.closes) == (wanted[one.id] == 3) for one in swarm.chargers)
        await misplaced([*pods, fourth], [0, 0, 0, 0])

        # It goes again: everybody is where they were.
        assert (await Admin(fourth).drain(**SOON)).status_code == 200
        await Admin(fourth).phase("Drained", seconds=LONG)
        assert await at_home(database, swarm, range(3)) == first
        fourth.stop(60)
        await router.sees(up=range(3))

        # A node is replaced by one at another address: its chargers alone go, and come back.
        before = closes(swarm.chargers)
        theirs = [one for one in swarm.chargers if first[one.id] == 1]
        assert (await Admin(pods[1]).drain(**SOON)).status_code == 200
        await Admin(pods[1]).phase("Drained", seconds=LONG)
        await swarm.all_connected(LONG)
        pods[1].stop(60)
        replaced = start_pod(1)
        assert replaced.address != pods[1].address
        await router.sees(up=range(3))
        for pod in (pods[0], pods[2]):
            assert (await recalled(pod))["phase"] == "Done"
        assert await at_home(database, swarm, range(3)) == first
        assert closes(swarm.chargers) - before == 2 * len(theirs)


async def test_who_charges_is_misplaced_and_stays_and_a_recall_that_is_ended_closes_nobody(
    start_router: Callable[..., Router], start_pod: Callable[..., Pod], database: Any
) -> None:
    pods = [start_pod(number) for number in range(2)]
    router = start_router()
    await router.sees(up=range(2))
    async with fleet([router], 40) as swarm:
        first = await at_home(database, swarm, range(2))
        start_pod(2)
        await router.sees(up=range(3))
        leaving = [one for one in first if first[one] == 0 and home(one, frozenset(range(3))) == 2]
        assert len(leaving) >= 2
        await make(database, leaving[0], "charging")
        await misplaced(pods[:1], [len(leaving)])
        # 0.01 a second: the first one would be closed after 100 s.
        admin = Admin(pods[0])
        started = await admin.ask("POST", "/recall", json={"rate": 0.01, "steady_s": 0, "reason": "slowly"})
        assert (started.status_code, started.json()["recall"]["phase"]) == (200, "Recalling")
        ended = await recalled(pods[0], deadline_s=0)
        assert (ended["phase"], ended["closed"], ended["reason"]) == ("Stopped", 0, "slowly")
        done = await recalled(pods[0])
        assert (done["phase"], done["closed"]) == ("Done", len(leaving) - 1)
        assert done["note"] == "1 stay while something goes on there"
        assert (await places(database, leaving[:1])) == {leaving[0]: 0}
        await misplaced(pods[:1], [1])
        drained = await admin.drain(propagate_s=600, quiet_s=600)
        assert drained.status_code == 200
        assert (await admin.ask("POST", "/recall")).status_code == 409


async def test_a_node_without_an_ordinal_or_slots_knows_of_nobody_misplaced_and_takes_no_recall(
    start_node: Callable[..., Any],
) -> None:
    for name, more in (("node-0", {}), ("node", {"MAX_NODES": "3"})):
        admin = Admin(start_node(name, ADMIN_TOKEN=TOKEN, **more))
        assert (await admin.status())["misplaced"] is None
        refused = await admin.ask("POST", "/recall")
        assert refused.status_code == 409
        assert "VOLTRING_MAX_NODES" in refused.json()["detail"]
