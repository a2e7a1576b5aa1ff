"""Owning chargers: the newest authenticated socket wins, here and across nodes (TR-30).

A claim takes an epoch from Redis and passes the fence in PostgreSQL; whoever held the charger is told to let go. A
late close of an old socket changes nothing: release and disconnect compare the epoch. When Redis is away the epoch
comes from the clock and the fence alone decides; the route is put back when Redis returns.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.ownership import Claim, Ownership, Socket
from voltring_core.metrics import TAKEOVERS
from voltring_core.store.batched import Batched
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.fence import Fence, Post
from voltring_node.connection import Connection

logger = logging.getLogger("voltring.owning")
TRIES = 3
REASSERT_CHUNK = 200
REASSERT_PAUSE = 1.0
DEPARTURE_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Bid:
    """One socket that wants to own its charger."""

    connection: Connection
    address: str
    took_over: bool = False
    """Whether an open socket of its charger was closed for it."""


class Owner:
    """The chargers of one node."""

    def __init__(
        self,
        fence: Fence,
        ownership: Ownership,
        doorbells: Doorbells,
        node_uid: str,
        on_owned: Callable[[Sequence[Connection]], Awaitable[None]],
        on_swapped: Callable[[Connection, int], None],
    ) -> None:
        """`on_owned` is called with those that own now, before they are read; `on_swapped` with one that took over from
        an open socket, and how often that happened to its charger within a minute."""
        self.connections: dict[str, Connection] = {}
        """The connection of each charger that is owned here."""
        self._fence = fence
        self._ownership = ownership
        self._doorbells = doorbells
        self._uid = node_uid
        self._on_owned = on_owned
        self._on_swapped = on_swapped
        self._bids = Batched[Bid, bool]("claim chargers", self._claim_many)
        self._gone: list[Connection] = []
        self._left = asyncio.Event()

    async def own(self, connection: Connection, address: str, *, took_over: bool = False) -> bool:
        """Make this socket the charger's only one; False when a newer one came in the meantime.

        `took_over`: an open socket of the charger is being closed for it.

        Raises what PostgreSQL raises when it is away: without the fence nobody owns.
        """
        return await self._bids.ask(Bid(connection, address, took_over))

    def leave(self, connection: Connection) -> None:
        """The socket is closed: the charger is offline, unless a newer socket owns it."""
        if self.connections.get(connection.id) is connection:
            del self.connections[connection.id]
        if connection.epoch:
            self._gone.append(connection)
            self._left.set()

    async def _claim_many(self, bids: Sequence[Bid]) -> list[bool]:
        # Two sockets of one charger in one batch: the later one wins.
        closed = Counter(bid.connection.id for bid in bids if bid.took_over)
        newest = {bid.connection.id: bid for bid in bids}
        claims = await self._fenced(list(newest.values()), closed)
        won = [newest[charger_id].connection for charger_id in claims]
        for connection in won:
            connection.epoch = claims[connection.id].epoch
        await self._kick(claims)
        await self._on_owned(won)
        return [newest[bid.connection.id] is bid and bid.connection.id in claims for bid in bids]

    async def _fenced(self, bids: list[Bid], closed: Mapping[str, int]) -> dict[str, Claim]:
        """The claims that passed the fence, by charger."""
        passed: dict[str, Claim] = {}
        floors: dict[str, int] = {}
        for _ in range(TRIES):
            claims = await self._epochs(bids, floors)
            own = await self._fence.take(self._uid, [_post(bid, claims, closed) for bid in bids])
            passed |= {charger_id: claims[charger_id] for charger_id in own}
            for bid in bids:
                if swaps := own.get(bid.connection.id):
                    self._on_swapped(bid.connection, swaps)
            bids = [bid for bid in bids if bid.connection.id not in own]
            if not bids:
                break
            # Redis had lost a higher epoch: claim again from above the one that PostgreSQL knows.
            known = await self._fence.epochs([bid.connection.id for bid in bids])
            floors = {charger_id: epoch + 1 for charger_id, epoch in known.items()}
        return passed

    async def _epochs(self, bids: list[Bid], floors: dict[str, int]) -> dict[str, Claim]:
        sockets = [_socket(bid.connection, floors.get(bid.connection.id, 0)) for bid in bids]
        try:
            claims = await self._ownership.claim(sockets)
        except REDIS_AWAY as error:
            logger.warning("%d chargers are claimed without Redis: %s", len(sockets), error)
            now = time.time_ns() // 1000
            claims = [Claim(max(socket.epoch, now), None) for socket in sockets]
        return {socket.charger_id: claim for socket, claim in zip(sockets, claims, strict=True)}

    async def _kick(self, claims: dict[str, Claim]) -> None:
        """Tell other nodes that they have lost a charger."""
        for charger_id, claim in claims.items():
            if claim.previous_node is None:
                continue
            TAKEOVERS.inc()
            if claim.previous_node == self._uid:
                continue
            try:
                await self._doorbells.kick(claim.previous_node, charger_id, claim.epoch)
            except REDIS_AWAY as error:
                logger.warning("%s is not told of %s: %s", claim.previous_node, charger_id, error)

    async def follow_departures(self) -> None:
        """Write down who left, however often it takes; to be supervised."""
        while True:
            await self._left.wait()
            self._left.clear()
            gone, self._gone = self._gone, []
            try:
                await self.write_departures(gone)
            except POSTGRES_AWAY as error:
                logger.warning("%d departures wait for PostgreSQL: %s", len(gone), error)
                self._gone += gone
                self._left.set()
                await asyncio.sleep(DEPARTURE_PAUSE)

    async def write_departures(self, gone: Sequence[Connection] | None = None) -> None:
        """Release and disconnect; without an argument, everybody who is still to be written down."""
        if gone is None:
            gone, self._gone = self._gone, []
        if not gone:
            return
        try:
            await self._ownership.release([_socket(one, one.epoch) for one in gone])
        except REDIS_AWAY as error:
            # The record points to a node that will say nothing: a doorbell is lost, and the sweeper helps.
            logger.warning("%d owner records are not released: %s", len(gone), error)
        await self._fence.disconnect([(one.id, one.epoch) for one in gone])

    async def reassert(self) -> int:
        """Put the route of every charger back that Redis has lost; how many there are. Paced."""
        connections = list(self.connections.values())
        for start in range(0, len(connections), REASSERT_CHUNK):
            if start:
                await asyncio.sleep(REASSERT_PAUSE)
            chunk = [one for one in connections[start : start + REASSERT_CHUNK] if one.epoch]
            await self._ownership.reassert([_socket(one, one.epoch) for one in chunk])
        return len(connections)


def _socket(connection: Connection, epoch: int) -> Socket:
    return Socket(connection.id, connection.connection_id, epoch)


def _post(bid: Bid, claims: dict[str, Claim], closed: Mapping[str, int]) -> Post:
    connection = bid.connection
    return Post(
        connection.id,
        claims[connection.id].epoch,
        connection.connection_id,
        connection.version.value,
        bid.address,
        connection.online_limit_s,
        closed.get(connection.id, 0),
    )
