"""Which of this node's chargers the router would send elsewhere now, by the names of the nodes that are ready.

Worked out beside the conversations: the ring in a thread, chargers some at a time, those that were known before not at
all while the same nodes are ready.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from voltring_core.domain.placement import Place, Ring, place, ring
from voltring_node.connection import Connection
from voltring_node.neighbours import Neighbours

BELIEVED_S = 12.0
"""How old may be what the leases said, read every five seconds."""
CHUNK = 200
"""Chargers at a time: about a millisecond."""


class Misplacing:
    """The misplaced chargers of one node; `cycle` is to be called again and again."""

    def __init__(
        self,
        name: str,
        slots: int | None,
        connections: Mapping[str, Connection],
        neighbours: Neighbours,
        is_ready: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`slots`: nodes that the router has places for; None: there is no such router. `is_ready`: whether it sends
        chargers here."""
        self._name = name
        self._slots = slots
        self._connections = connections
        self._neighbours = neighbours
        self._is_ready = is_ready
        self._clock = clock
        self._working = asyncio.Lock()
        self._place: Place | None = None
        self._homes: dict[str, int] = {}
        self.same_since: float | None = None
        """Since when the same nodes have been ready; None when it is not known which are."""
        self.ids: frozenset[str] | None = None
        """The chargers that belong elsewhere, as of the last cycle; None: not worked out."""
        self.counted: tuple[int, ...] | None = None
        """The ordinals of the nodes that were taken to be ready for that."""

    @property
    def is_possible(self) -> bool:
        """Whether it can be worked out at all: there is a router, and the node's name has an ordinal."""
        return self._slots is not None and place(self._name, (), self._slots) is not None

    @property
    def count(self) -> int | None:
        """How many of those are here still; None: not worked out."""
        return None if self.ids is None else sum(1 for one in self.ids if one in self._connections)

    async def cycle(self) -> str:
        """Work it out anew; whoever calls while it is worked out waits."""
        async with self._working:
            await self._work()
        return ""

    async def _work(self) -> None:
        now = self._place_now()
        if now is None or not now.up:
            self._place, self._homes, self.same_since, self.ids, self.counted = None, {}, None, None, None
            return
        whole = await asyncio.to_thread(ring, now.up)  # made once, and kept while the same nodes are ready
        if now != self._place:
            self._place, self._homes, self.same_since = now, {}, self._clock()
        await self._find_homes(whole)
        self.ids = frozenset(charger_id for charger_id, home in self._homes.items() if home != now.here)
        self.counted = tuple(sorted(now.up))

    def _place_now(self) -> Place | None:
        """Where the node stands; None when that is not known, or makes no sense here."""
        peers = self._neighbours.peers_within(BELIEVED_S)
        if self._slots is None or peers is None:
            return None
        ready = [peer.name for peer in peers if peer.is_ready] + [self._name] * self._is_ready()
        return place(self._name, ready, self._slots)

    async def _find_homes(self, whole: Ring) -> None:
        known, homes = self._homes, {}
        for number, charger_id in enumerate(list(self._connections)):
            homes[charger_id] = known[charger_id] if charger_id in known else whole.home(charger_id)
            if number % CHUNK == CHUNK - 1:
                await asyncio.sleep(0)
        self._homes = homes
