"""A node that alone has lost PostgreSQL and Redis sends its chargers elsewhere; when all have, everybody stays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from cut_proxy import CutProxy, through
from drain_fleet import TOKEN, Admin, fleet

from voltring_core.testing import eventually

PATIENCE = "3"


class Link:
    """A node's way to PostgreSQL and Redis."""

    def __init__(self, postgres: CutProxy, redis: CutProxy) -> None:
        self.postgres = postgres
        self.redis = redis

    def cut(self) -> None:
        """Both are gone for this node."""
        self.postgres.cut()
        self.redis.cut()

    def mend(self) -> None:
        """Both are back."""
        self.postgres.mend()
        self.redis.mend()


@pytest_asyncio.fixture
async def linked(
    start_node: Callable[..., Any], postgres_dsn: str, redis_url: str
) -> AsyncIterator[Callable[..., Any]]:
    """Start nodes that reach their servers by links that can be cut."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(name: str, **settings: str) -> tuple[Any, Link]:
            postgres = await stack.enter_async_context(through(postgres_dsn))
            redis = await stack.enter_async_context(through(redis_url))
            given = {
                "POSTGRES_DSN": postgres.url(postgres_dsn),
                "REDIS_URL": redis.url(redis_url),
                "ISOLATION_SECONDS": PATIENCE,
                "LEASE_SECONDS": "3",
                "QUIESCE_SECONDS": "1",
                "ADMIN_TOKEN": TOKEN,
                "STOP_SECONDS": "0",
            }
            node = await asyncio.to_thread(lambda: start_node(name, **given | settings))
            started.append(node)
            return node, Link(postgres, redis)

        started: list[Any] = []
        yield start
        # The links live in this loop: the nodes end while they are there.
        await asyncio.gather(*(asyncio.to_thread(node.room.stop, 20) for node in started))


async def known(node: Any, others: int) -> None:
    """Wait until the leases of the others were read."""
    admin = Admin(node)

    async def enough() -> bool:
        return bool((await admin.status())["neighbours"] == others)

    await eventually(enough)


async def test_a_node_that_alone_lost_both_servers_moves_its_chargers_and_serves_again_when_they_are_back(
    linked: Callable[..., Any],
) -> None:
    (lost, link), (fine, _) = await linked("node-0"), await linked("node-1")
    await known(lost, 1)
    admin = Admin(lost)
    async with fleet([lost, fine], 12) as swarm:
        mine = swarm.at(lost)
        assert len(mine) == 6
        link.cut()

        async def told() -> bool:
            return (await admin.status())["reasons"] == ["PostgreSQL does not answer"]

        await eventually(told)
        assert not await admin.is_ready()
        await admin.phase("Cordoned", "Propagating", "Draining", "Quiescing", "Drained", seconds=40)

        async def moved() -> bool:
            return len(swarm.at(fine)) == 12

        await eventually(moved, 60)
        status = await admin.status()
        assert status["drain"]["cause"] == "isolation"
        assert status["redis"]["away_since"]
        assert status["postgres"]["away_since"]
        assert {code for one in mine for _, _, code in one.closes} == {1001}
        link.mend()
        await admin.phase("Serving", seconds=40)

        async def back() -> bool:
            return await admin.is_ready()

        await eventually(back, 40)
        assert (await admin.status())["postgres"]["away_since"] is None


async def test_when_every_node_has_lost_both_servers_nothing_is_drained_and_no_socket_closes(
    linked: Callable[..., Any],
) -> None:
    (one, first), (two, second) = await linked("node-0"), await linked("node-1")
    await known(one, 1)
    await known(two, 1)
    async with fleet([one, two], 12) as swarm:
        first.cut()
        second.cut()

        async def long_away() -> bool:
            return all([(await Admin(node).status())["others_asked"] >= 3 for node in (one, two)])

        await eventually(long_away, 40)
        for node in (one, two):
            status = await Admin(node).status()
            assert (status["phase"], status["ready"], status["drain"]) == ("Serving", False, None)
        assert all(not charger.closes for charger in swarm.chargers)
        first.mend()
        second.mend()
        for node in (one, two):
            await eventually(Admin(node).is_ready, 40)
        assert all(not charger.closes for charger in swarm.chargers)


@pytest.mark.parametrize("server", ["postgres", "redis"])
async def test_one_server_alone_is_no_reason_to_leave(linked: Callable[..., Any], server: str) -> None:
    (lost, link), (fine, _) = await linked("node-0"), await linked("node-1")
    await known(lost, 1)
    admin = Admin(lost)
    async with fleet([lost, fine], 4) as swarm:
        getattr(link, server).cut()

        async def away() -> bool:
            return (await admin.status())[server]["away_since"] is not None

        await eventually(away)
        looked = (await admin.status())["others_asked"]
        seconds = float(PATIENCE) * 2
        with contextlib.suppress(TimeoutError):
            await admin.phase("Cordoned", "Propagating", "Draining", "Quiescing", "Drained", seconds=seconds)
        status = await admin.status()
        assert (status["phase"], status["ready"]) == ("Serving", server == "redis")
        assert status["others_asked"] == looked
        assert all(not charger.closes for charger in swarm.chargers)
