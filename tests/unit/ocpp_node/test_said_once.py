"""While a server is away a node goes on trying, and says so once and not at every try."""

import asyncio
import logging

from voltring_core.cluster.ownership import Socket
from voltring_core.testing import eventually
from voltring_node import outcomes, owning
from voltring_node.outcomes import patiently
from voltring_node.owning import Owner

TRIES = 5


class Fence:
    """PostgreSQL's fence, away for some tries."""

    def __init__(self) -> None:
        self.tries = 0

    async def disconnect(self, gone):
        self.tries += 1
        if self.tries <= TRIES:
            raise ConnectionRefusedError(111, "Connection refused")


class Routes:
    async def release(self, sockets):
        return None


async def nothing(*_):
    return None


async def test_departures_that_wait_for_postgres_are_said_once_and_when_it_is_over(monkeypatch, caplog):
    monkeypatch.setattr(owning, "DEPARTURE_PAUSE", 0)
    caplog.set_level(logging.INFO, "voltring.owning")
    fence = Fence()
    owner = Owner(fence, Routes(), "node", nothing, nothing)
    owner._depart([Socket("CP-1", "socket", 7)])
    following = asyncio.create_task(owner.follow_departures())

    async def is_over() -> bool:
        return fence.tries > TRIES and len(caplog.messages) >= 2

    await eventually(is_over)
    following.cancel()
    waits, over = caplog.messages
    assert waits == "1 departures wait for PostgreSQL: [Errno 111] Connection refused"
    assert over.startswith("departures are written down again (after ")


async def test_the_outcomes_of_many_commands_that_wait_for_postgres_are_said_once(monkeypatch, caplog):
    class Pause:
        async def sleep(self, seconds):
            await asyncio.sleep(0)

    monkeypatch.setattr(outcomes, "asyncio", Pause())
    caplog.set_level(logging.INFO, "voltring.outcomes")
    tries = 0

    async def write():
        nonlocal tries
        tries += 1
        if tries <= TRIES:
            raise ConnectionRefusedError(111, "Connection refused")
        return "written"

    found = await asyncio.gather(*(patiently(f"command {number}", write) for number in range(3)))
    assert found == ["written"] * 3
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]
    assert caplog.messages[0] == "the outcome of command 0 waits for PostgreSQL: [Errno 111] Connection refused"
