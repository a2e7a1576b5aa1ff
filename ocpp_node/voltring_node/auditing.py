"""Anti-entropy: a node goes through its own sockets and puts right what was lost (docs/ownership.md).

Redis forgets, a kick is lost, a node dies between its claim and the fence, or stands still for a minute: no message
tells of it. So every socket is held against the fence and its route, paced, all of them once a minute; and all at once
after Redis or PostgreSQL was away, after this process stood still, and those whose writes the fence refused.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from voltring_core.cluster.ownership import Socket
from voltring_core.domain.ownership import Fenced, Remedy, Route, RouteState, audit, is_closed_by_mistake
from voltring_core.metrics import REMEDIES
from voltring_core.store.fence import Fence
from voltring_node.connection import Connection
from voltring_node.owning import Lost, Owner
from voltring_node.proving import is_there
from voltring_node.routing import Routes

logger = logging.getLogger("voltring.auditing")
RATE = 200
"""Sockets a second: a round of ten thousand takes most of a minute and costs the servers next to nothing."""
CHUNK = 50
REDIS_PAUSE_S = 1.0
"""Between two looks while Redis is away."""
Seen = tuple[Connection, int]
"""A connection, and the epoch under which it was looked at."""


class Auditor:
    """Looks after the owners of one node."""

    def __init__(
        self,
        fence: Fence,
        routes: Routes,
        owner: Owner,
        let_go: Callable[[Connection, Fenced | None], None],
        period: float,
    ) -> None:
        """`let_go` closes a socket whose charger has a newer one, or was deleted (None); `period`: seconds between the
        beginnings of two rounds."""
        self._fence = fence
        self._routes = routes
        self._owner = owner
        self._let_go = let_go
        self._period = period
        self._due: dict[Connection, None] = {}
        self._called = asyncio.Event()

    def hurry(self) -> None:
        """Look at all of them, from now on."""
        self._due |= dict.fromkeys(self._owner.connections.values())
        self._called.set()

    def suspect(self, charger_ids: Iterable[str]) -> None:
        """The fence refused what these wrote: look at them first."""
        first = {one: None for charger_id in charger_ids if (one := self._owner.connections.get(charger_id))}
        self._due = first | self._due
        self._called.set()

    async def run(self) -> None:
        """Audit for ever; to be supervised. Raises what PostgreSQL raises when it is away; who was due stays due."""
        loop = asyncio.get_running_loop()
        next_round = loop.time() + self._period
        while True:
            while self._due:
                pause = await self.look(list(islice(self._due, CHUNK)))
                await asyncio.sleep(pause)
            if not await self._is_called(next_round - loop.time()):
                self.hurry()
                next_round = loop.time() + self._period

    async def _is_called(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._called.wait()
        except TimeoutError:
            return False
        self._called.clear()
        return True

    async def look(self, chunk: Sequence[Connection]) -> float:
        """Look at these and put right what is wrong; the seconds until the next ones. Who is not seen whole stays due.

        Raises what PostgreSQL raises when it is away.
        """
        seen = [(one, one.epoch) for one in chunk if one.epoch and self._owner.connections.get(one.id) is one]
        fenced = await self._fence.owners([one.id for one, _ in seen])
        found = await self._routes.look([_socket(one, epoch) for one, epoch in seen])
        for one in chunk:
            self._due.pop(one, None)
        if found is None:  # Redis is away: the fence alone is looked at, and the routes once it is back
            self._due |= dict.fromkeys(one for one, _ in seen)
        routes = found or [_as_it_should_be(one, epoch) for one, epoch in seen]
        await self._put_right(seen, routes, fenced)
        return len(chunk) / RATE if found is not None or not seen else REDIS_PAUSE_S

    async def _put_right(self, seen: Sequence[Seen], routes: Sequence[Route | None], fenced: dict[str, Fenced]) -> None:
        todo: dict[Remedy, list[tuple[Connection, Route | None]]] = {remedy: [] for remedy in Remedy}
        for (one, epoch), route in zip(seen, routes, strict=True):
            # Whether it is heard is asked of those alone for whom it matters.
            todo[audit(one.connection_id, epoch, route, fenced.get(one.id), is_heard=True)].append((one, route))
        for remedy in set(Remedy) - {Remedy.NOTHING}:
            REMEDIES.labels(remedy.value).inc(len(todo[remedy]))
        for one, _ in todo[Remedy.LET_GO]:
            logger.info("%s is owned by a newer socket: this one is let go", one.id, extra={"charger": one.id})
            self._let_go(one, fenced.get(one.id))
        await self._routes.reassert([_socket(one, one.epoch) for one, _ in todo[Remedy.REASSERT]])
        await self._reclaim([Lost(one, route, fenced[one.id]) for one, route in todo[Remedy.RECLAIM]])
        closed = [one for one, epoch in seen if is_closed_by_mistake(one.connection_id, epoch, fenced.get(one.id))]
        if closed := [one for one in closed if one.is_open]:
            await self._owner.put_right(closed)

    async def _reclaim(self, lost: Sequence[Lost]) -> None:
        """Take back what stuck claimants took from sockets that live."""
        heard = await asyncio.gather(*(is_there(one.connection.socket) for one in lost))
        if alive := [one for one, is_heard in zip(lost, heard, strict=True) if is_heard]:
            for connection in await self._owner.reclaim(alive):
                logger.info(
                    "%s is taken back under epoch %d", connection.id, connection.epoch, extra={"charger": connection.id}
                )


def _socket(connection: Connection, epoch: int) -> Socket:
    return Socket(connection.id, connection.connection_id, epoch)


def _as_it_should_be(connection: Connection, epoch: int) -> Route:
    return Route(connection.connection_id, epoch, RouteState.LIVE, "this node")
