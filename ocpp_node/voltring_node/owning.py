"""Owning chargers: the newest authenticated socket wins, here and across nodes (TR-30, docs/ownership.md).

A claim takes an epoch from Redis and passes the fence in PostgreSQL; whoever held the charger is told to let go. A
late close of an old socket changes nothing: release and disconnect compare the epoch. When Redis is away the epoch
comes from the clock, above what the fence knows, and the fence alone decides.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from voltring_core.cluster.ownership import Claim, Socket
from voltring_core.domain.ownership import Fenced, Route, epoch_after, is_overtaken, reclaiming
from voltring_core.metrics import CLAIM_SECONDS, CLAIMED, KICKS, TAKEOVERS
from voltring_core.saying import Saying
from voltring_core.store.batched import Batched
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.fence import Fence, Post, Reclaim
from voltring_node.connection import Connection
from voltring_node.proving import is_fresh
from voltring_node.routing import Routes

logger = logging.getLogger("voltring.owning")
TRIES = 3
DEPARTURE_PAUSE = 0.5
DEPARTURES = 500
"""Written down at once: a router that restarts cuts thousands, and other messages come in between."""


class Outcome(StrEnum):
    """What came of a claim."""

    OWNS = "owns"
    OVERTAKEN = "overtaken"
    """A newer socket claimed meanwhile."""
    REFUSED = "refused"
    """The fence let it through in none of its tries."""
    UNPROVEN = "unproven"
    """The last sign of life of its charger is too old for a claim."""


@dataclass(frozen=True, slots=True)
class Bid:
    """One socket that wants to own its charger."""

    connection: Connection
    address: str
    alive_at: float
    """The last sign of life from its other end, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A live socket of this node, and what was seen of its charger when its route or its row was not its own."""

    connection: Connection
    route: Route | None
    fenced: Fenced


class Owner:
    """The chargers of one node."""

    def __init__(
        self,
        fence: Fence,
        routes: Routes,
        node_uid: str,
        on_owned: Callable[[Sequence[Connection]], Awaitable[None]],
        on_swapped: Callable[[Connection, int], None],
    ) -> None:
        """`on_owned` is called with those that own now, before they are read; `on_swapped` with one that took over from
        an open socket, and how often that happened to its charger of late."""
        self.connections: dict[str, Connection] = {}
        """The connection of each charger that is owned here."""
        self.on_superseded: Callable[[Connection], None] = lambda connection: None
        """Called with the connection of a charger that a newer one of this node owns now."""
        self._fence = fence
        self._routes = routes
        self._uid = node_uid
        self._on_owned = on_owned
        self._on_swapped = on_swapped
        self._bids = Batched[Bid, Outcome]("claim chargers", self._claim_many)
        self._first_epochs: dict[str, int] = {}  # of connections that took their charger back
        self._gone: dict[str, dict[Socket, None]] = {}  # departures to be written down, by charger
        self._left = asyncio.Event()
        self._writing = asyncio.Lock()
        self._away = Saying(logger)

    async def own(self, connection: Connection, address: str, alive_at: float) -> Outcome:
        """Make this socket the charger's only one, if its other end was there lately (`alive_at`, monotonic).

        Raises what PostgreSQL raises when it is away: without the fence nobody owns.
        """
        began, outcome = time.monotonic(), "failed"
        try:
            found = await self._bids.ask(Bid(connection, address, alive_at))
            outcome = found.value
        finally:
            CLAIMED.labels(outcome).inc()
            CLAIM_SECONDS.observe(time.monotonic() - began)
        return found

    @property
    def departing(self) -> int:
        """Chargers whose departure is still to be written down."""
        return len(self._gone)

    def leave(self, connection: Connection) -> None:
        """The socket is closed: the charger is offline, unless a newer socket owns it."""
        if self.connections.get(connection.id) is connection:
            del self.connections[connection.id]
        self._first_epochs.pop(connection.connection_id, None)
        if connection.epoch:
            self._depart([_socket(connection, connection.epoch)])

    async def _claim_many(self, bids: Sequence[Bid]) -> list[Outcome]:
        # Two sockets of one charger in one batch: the later one wins.
        newest = {bid.connection.id: bid for bid in bids}
        ended = Counter(bid.connection.id for bid in bids if newest[bid.connection.id] is not bid)
        await self.write_departures(newest)  # who left is not taken over from
        ended.update(charger_id for charger_id in newest if charger_id in self.connections)
        outcomes = await self._settle(list(newest.values()), ended)
        return [outcomes[bid.connection.id] if newest[bid.connection.id] is bid else Outcome.OVERTAKEN for bid in bids]

    async def _settle(self, bids: list[Bid], ended: Mapping[str, int]) -> dict[str, Outcome]:
        outcomes = {bid.connection.id: Outcome.REFUSED for bid in bids}
        floors: dict[str, int] = {}
        previous: dict[str, str | None] = {}
        for _ in range(TRIES):
            # Looked at before every try: this process may have stood still since the last one.
            outcomes |= {bid.connection.id: Outcome.UNPROVEN for bid in bids if not is_fresh(bid.alive_at)}
            bids = [bid for bid in bids if outcomes[bid.connection.id] is Outcome.REFUSED]
            if not bids:
                break
            claims = self._from_the_first(previous, await self._epochs(bids, floors))
            swaps = await self._take(bids, claims, ended)
            outcomes |= dict.fromkeys(swaps, Outcome.OWNS)
            await self._welcome([bid.connection for bid in bids if bid.connection.id in swaps], claims, swaps)
            bids = [bid for bid in bids if bid.connection.id not in swaps]
            if bids:
                overtaken, floors = await self._refused(bids, claims)
                outcomes |= dict.fromkeys(overtaken, Outcome.OVERTAKEN)
        return outcomes

    async def _epochs(self, bids: list[Bid], floors: dict[str, int]) -> dict[str, Claim]:
        sockets = [_socket(bid.connection, floors.get(bid.connection.id, 0)) for bid in bids]
        claims = await self._routes.claim(sockets)
        if claims is None:
            known = await self._fence.owners([socket.charger_id for socket in sockets])
            now_us = time.time_ns() // 1000
            before = [known[socket.charger_id].epoch if socket.charger_id in known else 0 for socket in sockets]
            claims = [Claim(epoch_after(epoch, now_us, 0), None) for epoch in before]
        return {socket.charger_id: claim for socket, claim in zip(sockets, claims, strict=True)}

    def _from_the_first(self, previous: dict[str, str | None], claims: dict[str, Claim]) -> dict[str, Claim]:
        """With who had the charger before the first try: a later one finds its own claim."""
        for charger_id, claim in claims.items():
            if charger_id not in previous or claim.previous_node != self._uid:
                previous[charger_id] = claim.previous_node or previous.get(charger_id)
        return {charger_id: Claim(claim.epoch, previous[charger_id]) for charger_id, claim in claims.items()}

    async def _take(self, bids: list[Bid], claims: dict[str, Claim], ended: Mapping[str, int]) -> dict[str, int]:
        """Those that passed the fence, and how often their charger was taken over of late."""
        posts = [_post(one.connection, one.address, claims[one.connection.id].epoch, ended) for one in bids]
        try:
            return await self._fence.take(self._uid, posts)
        except POSTGRES_AWAY:
            # It may have been written all the same: then it must not look open for ever.
            self._depart([_socket(bid.connection, claims[bid.connection.id].epoch) for bid in bids])
            raise

    async def _welcome(self, won: list[Connection], claims: dict[str, Claim], swaps: Mapping[str, int]) -> None:
        """They own: note it, tell who had their chargers, and let them begin."""
        for connection in won:
            connection.epoch = claims[connection.id].epoch
            older = self.connections.get(connection.id)
            self.connections[connection.id] = connection
            if older is not None and older is not connection:
                self.on_superseded(older)
            if swaps[connection.id]:
                self._on_swapped(connection, swaps[connection.id])
        await self._routes.go_live([_socket(one, one.epoch) for one in won])
        had = [(node, one.id, one.epoch) for one in won if (node := claims[one.id].previous_node) is not None]
        TAKEOVERS.inc(len(had))
        elsewhere = [one for one in had if one[0] != self._uid]
        KICKS.labels("sent").inc(len(elsewhere))
        await self._routes.kick(elsewhere)
        await self._on_owned(won)

    async def _refused(self, bids: list[Bid], claims: dict[str, Claim]) -> tuple[list[str], dict[str, int]]:
        """Which of them a newer socket has overtaken, and the least epochs of those that may claim again."""
        fenced = await self._fence.owners([bid.connection.id for bid in bids])
        seen = await self._routes.look([_socket(bid.connection, claims[bid.connection.id].epoch) for bid in bids])
        overtaken, floors = [], {}
        for bid, route in zip(bids, seen or [None] * len(bids), strict=True):
            charger_id = bid.connection.id
            known, epoch = fenced.get(charger_id), claims[charger_id].epoch
            if is_overtaken(route, known, bid.connection.connection_id, epoch):
                overtaken.append(charger_id)
            # Else Redis had lost a higher epoch: above the one that PostgreSQL knows.
            floors[charger_id] = known.epoch + 1 if known else 0
        return overtaken, floors

    async def reclaim(self, lost: Sequence[Lost]) -> list[Connection]:
        """Take chargers of live sockets back; those that own again. Raises what PostgreSQL raises when it is away."""
        pairs = [(one.connection, self._reclaim_of(one)) for one in lost]
        own = await self._fence.reclaim(self._uid, [reclaim for _, reclaim in pairs])
        won = [(connection, reclaim) for connection, reclaim in pairs if connection.id in own]
        for connection, reclaim in won:
            self._again(connection, reclaim)
        await self._routes.reassert([_socket(connection, connection.epoch) for connection, _ in won])
        return [connection for connection, _ in won]

    def _reclaim_of(self, one: Lost) -> Reclaim:
        connection = one.connection
        first = self._first_epochs.get(connection.connection_id, connection.epoch)
        epoch = reclaiming(connection.epoch, one.route, one.fenced)
        return Reclaim(_post(connection, connection.address, epoch, {}), one.fenced.epoch, first)

    def _again(self, connection: Connection, reclaim: Reclaim) -> None:
        connection.epoch = reclaim.post.epoch
        if self.connections.get(connection.id) is connection:
            self._first_epochs[connection.connection_id] = reclaim.first_epoch
        else:  # closed meanwhile, and written down so under the epoch before
            self._depart([_socket(connection, connection.epoch)])

    async def put_right(self, alive: Sequence[Connection]) -> None:
        """Note that these are open, whatever was noted. Raises what PostgreSQL raises when it is away."""
        await self._fence.reopen([(one.id, one.epoch) for one in alive])
        # Who closed meanwhile may have been written down before.
        self._depart([_socket(one, one.epoch) for one in alive if self.connections.get(one.id) is not one])

    def _depart(self, sockets: Sequence[Socket]) -> None:
        for one in sockets:
            self._gone.setdefault(one.charger_id, {})[one] = None
            self._left.set()

    async def follow_departures(self) -> None:
        """Write down who left, however often it takes; to be supervised."""
        while True:
            await self._left.wait()
            self._left.clear()
            try:
                await self.write_departures()
                self._away.over("departures are written down again")
            except POSTGRES_AWAY as error:
                self._away.met("%d departures wait for PostgreSQL: %s", len(self._gone), error or type(error).__name__)
                self._left.set()
                await asyncio.sleep(DEPARTURE_PAUSE)

    async def write_departures(self, of: Iterable[str] | None = None) -> None:
        """Release and disconnect those who are still to be written down, all of them or those `of` these chargers."""
        chargers = [one for one in (self._gone if of is None else of) if one in self._gone]
        for start in range(0, len(chargers), DEPARTURES):
            async with self._writing:
                gone = [one for charger in chargers[start : start + DEPARTURES] for one in self._gone.get(charger, ())]
                if gone:
                    await self._routes.release(gone)
                    await self._fence.disconnect([(one.charger_id, one.epoch) for one in gone])
                    self._departed(gone)

    def _departed(self, gone: Iterable[Socket]) -> None:
        for one in gone:
            left = self._gone.get(one.charger_id, {})
            left.pop(one, None)
            if not left:
                self._gone.pop(one.charger_id, None)


def _socket(connection: Connection, epoch: int) -> Socket:
    return Socket(connection.id, connection.connection_id, epoch)


def _post(connection: Connection, address: str, epoch: int, ended: Mapping[str, int]) -> Post:
    return Post(
        connection.id,
        epoch,
        connection.connection_id,
        connection.version.value,
        address,
        connection.online_limit_s,
        ended.get(connection.id, 0),
    )
