"""How a socket is let go, by a drain or a recall: no command is taken for it any more, its route says `draining`,
outstanding calls in both directions end, it is closed with 1001."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.domain.draining import Limbo
from voltring_core.domain.ownership import RouteState
from voltring_core.metrics import CLOSED
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.sockets import GOING_AWAY

logger = logging.getLogger("voltring.draining")
GLANCE_S = 0.05
PATIENCE_S = 5.0


class Parting:
    """Sockets that are asked to go."""

    def __init__(
        self, ownership: Ownership, connections: Mapping[str, Connection], commander: Commander, quiesce_s: float
    ) -> None:
        """`quiesce_s`: the time that outstanding calls of a socket get."""
        self._ownership = ownership
        self._connections = connections
        self._commander = commander
        self._quiesce_s = quiesce_s
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._moving: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many of them are open still."""
        return sum(1 for one in self._leaving if one.is_open)

    def staying(self) -> list[Connection]:
        """Those who are not asked to go."""
        return [one for one in self._connections.values() if one.is_open and one not in self._leaving]

    def let_go(self, chosen: Sequence[Connection], limbo: Limbo, why: str) -> None:
        """Ask these to go; who is closed waits in `limbo`, and is counted under `why`."""
        for one in chosen:
            one.is_leaving = True
            task = asyncio.create_task(self._close(one, limbo, why), name=f"{why} {one.id}")
            self._leaving[one] = task
            task.add_done_callback(partial(self._left, one))
        self._route(chosen, RouteState.DRAINING)

    def keep(self) -> None:
        """Commands are taken again for those who are still here."""
        for one, task in list(self._leaving.items()):
            if one.is_open:  # the goodbye of the others is on its way and ends
                task.cancel()
        here = [one for one in self._connections.values() if one.is_leaving and one.is_open]
        for one in here:
            one.is_leaving = False
            self._commander.ready(one)
        self._route(here, RouteState.LIVE)

    def _left(self, connection: Connection, _: asyncio.Task[None]) -> None:
        self._leaving.pop(connection, None)

    async def _close(self, connection: Connection, limbo: Limbo, why: str) -> None:
        """Close a socket once its outstanding calls are answered, or have had their time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._quiesce_s):
                while connection.is_open and self._is_busy(connection):  # noqa: ASYNC110 - few, and not for long
                    await asyncio.sleep(GLANCE_S)
        if connection.is_open:
            limbo.add(connection.id, connection.epoch, time.monotonic())
            CLOSED.labels(why).inc()
            await connection.socket.close(*GOING_AWAY)

    def _is_busy(self, connection: Connection) -> bool:
        return connection.is_busy or self._commander.is_dispatching(connection)

    def _route(self, connections: Iterable[Connection], state: RouteState) -> None:
        sockets = [Socket(one.id, one.connection_id, one.epoch) for one in connections if one.epoch]
        if sockets:
            task = asyncio.create_task(self._move(sockets, state), name=f"routes {state.value}")
            self._moving.add(task)
            task.add_done_callback(self._moving.discard)

    async def _move(self, sockets: Sequence[Socket], state: RouteState) -> None:
        try:
            await self._ownership.move(sockets, state)
        except REDIS_AWAY as error:
            logger.info("%d routes do not say %s: %s", len(sockets), state.value, error)


async def keep_looking(what: str, *looks: tuple[Callable[[], Any], float]) -> None:
    """Look at several things, each every so many seconds; one that hangs holds up no other."""
    async with asyncio.TaskGroup() as group:
        for look, pause in looks:
            group.create_task(_again(what, look, pause), name=f"{what}: {look.__name__}")


async def _again(what: str, look: Callable[[], Any], pause: float) -> None:
    """Look again and again, whatever is away."""
    saying = Saying(logger)
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await look()
            saying.over("the %s looks at its chargers again", what)
        except POSTGRES_AWAY as error:
            saying.met("the %s can't look at its chargers: %s", what, error or type(error).__name__)
        except Exception:  # without a look nothing is closed; the next one may do
            logger.exception("the %s can't look at its chargers", what)
        await asyncio.sleep(pause)
