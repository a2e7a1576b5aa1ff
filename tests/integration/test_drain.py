"""A node lets its chargers go: in order, within a window, without losing or doubling a command."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from drain_fleet import MOVED_WITHIN, TOKEN, Admin, Charger, Fleet, Orders, Router, fleet, make
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.store.database import open_pool
from voltring_core.testing import eventually

SOON = {"propagate_s": 1.0, "quiet_s": 0.4}


@pytest.fixture
def start(start_node: Callable[..., Any]) -> Callable[..., Any]:
    """Nodes that take orders."""

    def started(name: str, **settings: str) -> Any:
        return start_node(name, **{"ADMIN_TOKEN": TOKEN, "LEASE_SECONDS": "3", "LOG_LEVEL": "INFO"} | settings)

    return started


@pytest_asyncio.fixture
async def orders(postgres_dsn: str, redis: Redis) -> AsyncIterator[Orders]:
    pool = await open_pool(postgres_dsn, size=4, name="orders")
    yield Orders(pool, redis)
    await pool.close()


async def watch(admin: Admin, swarm: Fleet, seen: list[dict[str, Any]], away: list[int]) -> None:
    """Look at the status again and again."""
    while True:
        seen.append((await admin.status())["drain"])
        away.append(swarm.away)
        await asyncio.sleep(0.1)


async def give_orders(orders: Orders, swarm: Fleet) -> None:
    """Commands that must not run twice, to everybody in turn."""
    for number in range(100):
        charger = swarm.chargers[number % len(swarm.chargers)]
        await orders.put(charger.id, "UnlockConnector", {"connectorId": number + 1})
        await asyncio.sleep(0.03)


async def drain_once_it_is_known(admin: Admin, swarm: Fleet, node: Any, **body: Any) -> None:
    """The router knows that the node goes before any socket is closed, however slow the machine is."""
    assert (await admin.drain(propagate_s=600, quiet_s=600, **body)).status_code == 200
    await eventually(lambda: asyncio.sleep(0, node.name not in swarm.router.ready))
    assert (await admin.drain(propagate_s=0, **body)).status_code == 200


async def test_three_hundred_chargers_lose_one_node_of_three_and_no_command(
    start: Callable[..., Any], orders: Orders, database: Any
) -> None:
    nodes = [start(f"node-{number}") for number in range(3)]
    victim, admin = nodes[0], Admin(nodes[0])
    async with fleet(nodes, 300) as swarm:
        mine = swarm.at(victim)
        assert len(mine) == 100
        ranks = dict.fromkeys(mine, 0)
        for what, rank, some in (
            ("charging", 2, mine[:20]),
            ("uploading", 3, mine[20:30]),
            ("firmware", 4, mine[30:33]),
        ):
            for one in some:
                await make(database, one.id, what)
                ranks[one] = rank
        mine[50].answers_after = 1.5  # a command is outstanding there when its turn comes
        slow = await orders.put(mine[50].id, "UnlockConnector", {"connectorId": 99_999})
        before = {one: tries_of(one, victim) for one in swarm.chargers}
        ordering = asyncio.create_task(give_orders(orders, swarm))
        await drain_once_it_is_known(admin, swarm, victim, reason="test", rate=100)
        assert not await admin.is_ready()
        seen: list[dict[str, Any]] = []
        away: list[int] = []
        watching = asyncio.create_task(watch(admin, swarm, seen, away))

        async def only_firmware() -> bool:
            drain = (await admin.status())["drain"]
            held = (drain["remaining"], drain["in_firmware"], drain["phase"]) == (3, 3, "Draining")
            return held and drain["note"].startswith("3 chargers are updating their firmware")

        await eventually(only_firmware, MOVED_WITHIN)
        assert {one.id for one in swarm.at(victim)} == {one.id for one in mine[30:33]}
        await database.execute("UPDATE station_records SET state = 'Installed' WHERE kind = 'Firmware'")
        await admin.phase("Drained")
        watching.cancel()
        await ordering
        await swarm.all_connected()
        assert swarm.at(victim) == []

        async def settled() -> bool:
            return set(await orders.states()) == {"ACCEPTED"}

        await eventually(settled, MOVED_WITHIN)
        assert await orders.state(slow) == "ACCEPTED"
        assert len(orders.ids) == 101
        assert all(count == 1 for one in swarm.chargers for count in one.executed.values())
        assert sum(one.executed.total() for one in swarm.chargers) == len(orders.ids)

        assert {code for one in mine for _, node, code in one.closes if node == victim.name} == {1001}
        assert all(tries_of(one, victim) - before[one] <= 1 for one in swarm.chargers)
        assert sum(len(one.closes) for one in swarm.chargers if one not in ranks) == 0
        gone = {one: one.closes[0][0] for one in mine if one is not mine[50]}
        in_order = [ranks[one] for one in sorted(gone, key=gone.__getitem__)]
        for rank in (0, 2, 3):  # but for a few that closed at about the same time
            before_others = in_order[: next(at for at, other in enumerate(in_order) if other > rank)]
            assert before_others.count(rank) >= 0.8 * in_order.count(rank)
        assert mine[50].answered_at < mine[50].closes[0][0]

        assert max(away) <= 60  # of a hundred: the window, and those whose new socket they have not seen themselves yet
        progress = [one for one in seen if one and one["phase"] in ("Draining", "Quiescing", "Drained")]
        assert all(one["limbo"] <= max(30, one["window"]) for one in progress)
        left = [one["remaining"] for one in progress]
        assert left == sorted(left, reverse=True)
        closed = [one["closed"] for one in progress]
        assert closed == sorted(closed)
        assert (await admin.status())["drain"]["closed"] == 100
        await eventually(lambda: returned(admin, 100), MOVED_WITHIN)

        assert (await admin.undrain()).json()["phase"] == "Serving"
        assert await admin.is_ready()
        async with connect(f"{victim.ocpp}/CP-NEW", subprotocols=["ocpp1.6"]):
            pass


def tries_of(charger: Charger, node: Any) -> int:
    return charger.attempts[node.name]


async def returned(admin: Admin, count: int) -> bool:
    return bool((await admin.status())["drain"]["returned"] == count)


async def test_a_charger_without_jitter_that_insists_on_the_node_is_turned_away_once_and_goes_elsewhere(
    start: Callable[..., Any],
) -> None:
    nodes = [start("node-0"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 20, back_off=(0.1, 0.1)) as swarm:
        mine = swarm.at(nodes[0])
        for one in mine:
            one.sticks_to = nodes[0]
        await drain_once_it_is_known(admin, swarm, nodes[0])
        await admin.phase("Drained")
        await swarm.all_connected()
        assert {one.node for one in mine} == {"node-1"}
        assert max(one.attempts["node-0"] for one in mine) == 2
        assert all(one.refused == {503: 1} for one in mine)


async def test_who_comes_while_the_router_learns_is_let_in_and_counted(start: Callable[..., Any]) -> None:
    # Nobody comes back here: who is closed is waited for until it is given up.
    nodes = [start("node-0", LIMBO_SECONDS="2"), start("node-1")]
    admin = Admin(nodes[0])
    async with connect(f"{nodes[0].ocpp}/CP-A", subprotocols=["ocpp1.6"]):
        await admin.drain(propagate_s=60, quiet_s=60)
        await admin.phase("Propagating")
        async with connect(f"{nodes[0].ocpp}/CP-B", subprotocols=["ocpp1.6"]) as late:

            async def counted() -> bool:
                return bool((await admin.status())["drain"]["initial"] == 2)

            await eventually(counted)
            await admin.drain(propagate_s=0)
            await admin.phase("Draining", "Quiescing", "Drained")
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{nodes[0].ocpp}/CP-C", subprotocols=["ocpp1.6"])
            assert refused.value.response.status_code == 503
            assert int(refused.value.response.headers["Retry-After"]) > 0
            async with asyncio.timeout(MOVED_WITHIN):
                await late.wait_closed()
            assert late.close_code == 1001


async def test_at_the_deadline_defer_serves_again_and_force_closes_who_is_left(
    start: Callable[..., Any], database: Any
) -> None:
    nodes = [start("node-0"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 6) as swarm:
        mine = swarm.at(nodes[0])
        await make(database, mine[0].id, "firmware")
        # Long enough for a slow machine to move the five others.
        await admin.drain(deadline_s=15, firmware="Defer", reason="try", **SOON)
        status = await admin.phase("Aborted")
        assert [one.id for one in swarm.at(nodes[0])] == [mine[0].id]
        assert "1 chargers left, 1 of them updating their firmware" in status["drain"]["note"]
        assert (status["phase"], status["ready"]) == ("Serving", True)
        assert await admin.is_ready()
        async with connect(f"{nodes[0].ocpp}/CP-NEW", subprotocols=["ocpp1.6"]):
            pass
        await admin.drain(deadline_s=2, firmware="Force", **SOON)
        await admin.phase("Drained")
        await eventually(lambda: asyncio.sleep(0, mine[0].closes))
        assert mine[0].closes[0][2] == 1001


async def test_without_another_ready_node_a_drain_waits_and_says_so(start: Callable[..., Any]) -> None:
    nodes = [start("node-0")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 3) as swarm:
        await admin.drain(deadline_s=10, **SOON)

        async def told() -> bool:
            return bool((await admin.status())["drain"]["note"] == "no other ready node")

        await eventually(told)
        assert len(swarm.at(nodes[0])) == 3
        await admin.phase("Aborted")
        assert all(not one.closes for one in swarm.chargers)


async def test_a_grant_that_nobody_renews_falls_to_the_floor_and_the_drain_goes_on(start: Callable[..., Any]) -> None:
    nodes = [start("node-0"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 60) as swarm:
        await admin.drain(rate=1, until_s=600, **SOON)
        status = await admin.phase("Draining")
        assert status["drain"]["granted_rate"] == 1
        assert status["drain"]["floor_rate"] == 5
        renewed = (await admin.drain(rate=50, until_s=0.5, floor_rate=4)).json()["drain"]
        assert (renewed["phase"], renewed["granted_rate"], renewed["floor_rate"]) == ("Draining", 50, 4)

        async def floor() -> bool:
            return bool((await admin.status())["drain"]["rate_now"] == 4)

        await eventually(floor)
        await admin.phase("Drained")
        assert swarm.at(nodes[0]) == []


async def test_undrain_in_the_middle_keeps_who_is_still_here_and_commands_reach_them(
    start: Callable[..., Any], orders: Orders, redis: Redis
) -> None:
    nodes = [start("node-0"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 2) as swarm:
        (one,) = swarm.at(nodes[0])
        one.may_answer.clear()
        first = await orders.put(one.id, "UnlockConnector", {"connectorId": 1})

        async def asked() -> bool:
            return bool(one.executed)

        await eventually(asked)
        await admin.drain(**SOON)
        await admin.phase("Quiescing")

        async def route(state: str) -> bool:
            return bool(await redis.hget(f"o:{{{one.id}}}", "st") == state)

        await eventually(lambda: route("draining"))
        second = await orders.put(one.id, "UnlockConnector", {"connectorId": 2})
        assert (await admin.undrain()).status_code == 200
        await eventually(lambda: route("live"))
        one.may_answer.set()

        async def both() -> bool:
            return {await orders.state(first), await orders.state(second)} == {"ACCEPTED"}

        await eventually(both)
        assert not one.closes
        assert await admin.is_ready()
        async with connect(f"{nodes[0].ocpp}/CP-NEW", subprotocols=["ocpp1.6"]):
            pass


async def test_a_command_that_waits_for_its_answer_holds_its_socket_open(
    start: Callable[..., Any], orders: Orders
) -> None:
    nodes = [start("node-0"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 2) as swarm:
        (one,) = swarm.at(nodes[0])
        one.may_answer.clear()
        command = await orders.put(one.id, "UnlockConnector", {"connectorId": 1})
        await eventually(lambda: asyncio.sleep(0, bool(one.executed)))
        await admin.drain(**SOON)
        await admin.phase("Quiescing")
        one.may_answer.set()
        await admin.phase("Drained")
        await eventually(lambda: asyncio.sleep(0, bool(one.closes)))
        assert 0 < one.answered_at < one.closes[0][0]
        assert await orders.state(command) == "ACCEPTED"


async def test_a_charger_that_never_answers_is_closed_when_its_time_is_over(
    start: Callable[..., Any], orders: Orders
) -> None:
    nodes = [start("node-0", QUIESCE_SECONDS="1"), start("node-1")]
    admin = Admin(nodes[0])
    async with fleet(nodes, 2) as swarm:
        (one,) = swarm.at(nodes[0])
        one.answers_after = 60.0
        command = await orders.put(one.id, "UnlockConnector", {"connectorId": 1})
        await eventually(lambda: asyncio.sleep(0, bool(one.executed)))
        await admin.drain(**SOON)
        await admin.phase("Drained")

        async def unknown() -> bool:
            return await orders.state(command) == "UNKNOWN"

        await eventually(unknown)
        assert one.executed.total() == 1


async def test_sigterm_moves_chargers_over_the_time_that_it_gives(start: Callable[..., Any], database: Any) -> None:
    nodes = [start("node-0", STOP_SECONDS="20"), start("node-1")]
    async with fleet(nodes, 60) as swarm:
        mine = swarm.at(nodes[0])
        before = {one: one.attempts["node-0"] for one in mine}
        began = time.monotonic()
        stopping = asyncio.create_task(asyncio.to_thread(nodes[0].room.stop, MOVED_WITHIN))

        async def cordoned() -> bool:
            return "node-0" not in swarm.router.ready

        await eventually(cordoned)
        assert await stopping == 0
        assert time.monotonic() - began < 20 + 50  # what it was given, its last words, and a busy machine
        await swarm.all_connected()
        assert {one.node for one in mine} == {"node-1"}
        gone = sorted(one.closes[0][0] for one in mine)
        assert gone[-1] - gone[0] > 1.0  # not all at once
        assert {code for one in mine for _, _, code in one.closes[:1]} == {1001}
        # Once more where the router was slow to learn.
        assert all(one.attempts["node-0"] <= before[one] + 1 for one in mine)
        left = "SELECT count(*) FROM charger_connection WHERE node_uid LIKE 'node-0.%'"
        assert await database.fetchval(left) == 0


async def test_a_second_sigterm_ends_the_node_at_once(start: Callable[..., Any], database: Any) -> None:
    nodes = [start("node-0", STOP_SECONDS="300"), start("node-1")]
    async with fleet(nodes, 4) as swarm:
        (one, _) = swarm.at(nodes[0])
        await make(database, one.id, "firmware")  # would be waited for
        admin = Admin(nodes[0])
        nodes[0].room.process.send_signal(signal.SIGTERM)
        await admin.phase("Cordoned", "Propagating", "Draining")
        assert (await admin.undrain()).status_code == 409
        assert (await admin.drain()).status_code == 409
        assert await asyncio.to_thread(nodes[0].room.stop, 120) == 0  # of the 300 seconds that it would take
        await swarm.all_connected()
        assert one.closes[0][2] == 1001


async def test_only_the_token_moves_a_node_and_wrong_bodies_get_a_sentence(start: Callable[..., Any]) -> None:
    node, closed = start("node-0"), start("node-1", ADMIN_TOKEN=TOKEN + "-another")
    for token, status in ((None, 401), ("wrong", 401), (TOKEN, 200)):
        assert (await Admin(node, token).undrain()).status_code == status
    assert (await Admin(closed).drain()).status_code == 401
    for body, said in (
        ({"rate": 0}, "rate: input should be greater than 0"),
        ({"window": 1.5}, "window: "),
        ({"firmware": "Maybe"}, "firmware: input should be 'Defer' or 'Force'"),
        ({"speed": 3}, "speed: extra inputs are not permitted"),
    ):
        wrong = await Admin(node).drain(**body)
        assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
        assert said in wrong.json()["detail"]
    assert await Admin(node).is_ready()
    assert TOKEN not in node.room.log.read_text()
    assert "wrong" not in node.room.log.read_text()


def test_the_router_of_these_tests_sends_chargers_only_to_ready_nodes() -> None:
    class Somewhere:
        def __init__(self, name: str) -> None:
            self.name = name

    router = Router([Somewhere("a"), Somewhere("b")])
    router.ready = {"b"}
    assert {router.pick(number).name for number in range(4)} == {"b"}
