"""The live feed: what happened, published after it was committed.

One Redis stream, read once by each API replica and fanned out to its listeners. Events are for eyes, not for
bookkeeping: when Redis is away they are not kept, and a listener that falls behind is told so and let go.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from redis.asyncio import Redis

from voltring_core.cluster import keys
from voltring_core.cluster.connection import AWAY
from voltring_core.saying import Saying

logger = logging.getLogger("voltring.events")
KEPT = 20_000
BLOCK_MS = 2_000
QUEUE = 1_000
RESUME = 2_000
Event = dict[str, Any]
"""`type`, `charger_id`, `at` (RFC 3339), and what belongs to the type."""


class EventBus:
    """The publishing side."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._away = Saying(logger)

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish events in order; if Redis is away they are dropped, with a line in the log."""
        if not events:
            return
        try:
            body = orjson.dumps(list(events))
            await self._redis.xadd(keys.EVENTS, {"e": body}, maxlen=KEPT, approximate=True)
        except AWAY as error:
            self._away.met("%d events are not shown: %s", len(events), error or type(error).__name__)
        else:
            self._away.over("events are shown again")


class Lagged(Exception):
    """This listener did not keep up and has missed events."""


class Feed:
    """The listening side of one API replica: one reader, many listeners."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._last = ""  # what was handed on last: a reader that starts again goes on from there
        self._listeners: set[asyncio.Queue[tuple[str, Event] | None]] = set()

    async def run(self) -> None:
        """Read the stream for ever and hand on; to be supervised."""
        # The id is fixed once: `$` in every read would lose what comes between two of them.
        newest: Any = await self._redis.xrevrange(keys.EVENTS, count=1)
        last = self._last or (newest[0][0] if newest else "0-0")
        while True:
            found: Any = await self._redis.xread({keys.EVENTS: last}, count=200, block=BLOCK_MS)
            for _, entries in found or ():
                for entry_id, fields in entries:
                    last = self._last = entry_id
                    self._hand_on(_number(entry_id, fields))

    async def subscribe(self, last_event_id: str | None = None) -> AsyncIterator[tuple[str, Event]]:
        """Events from now on, or from after `last_event_id` as far as they are kept. Raises Lagged."""
        queue: asyncio.Queue[tuple[str, Event] | None] = asyncio.Queue(QUEUE)
        self._listeners.add(queue)
        try:
            seen = ""
            for item in await self._missed(last_event_id):
                seen = item[0]
                yield item
            while (got := await queue.get()) is not None:
                if not seen or _order(got[0]) > _order(seen):
                    yield got
            raise Lagged
        finally:
            self._listeners.discard(queue)

    async def _missed(self, last_event_id: str | None) -> list[tuple[str, Event]]:
        if last_event_id is None:
            return []
        entry_id, part = _order(last_event_id)
        start = f"{entry_id[0]}-{entry_id[1]}"
        try:
            entries: Any = await self._redis.xrange(keys.EVENTS, min=start, count=RESUME)
        except AWAY:
            return []
        found = [item for entry in entries for item in _number(*entry)]
        return [item for item in found if _order(item[0]) > (entry_id, part)]

    def _hand_on(self, items: list[tuple[str, Event]]) -> None:
        for queue in list(self._listeners):
            if queue.qsize() + len(items) >= QUEUE:
                self._listeners.discard(queue)
                _end(queue)
                continue
            for item in items:
                queue.put_nowait(item)


def _end(queue: asyncio.Queue[tuple[str, Event] | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


def _number(entry_id: str, fields: dict[str, str]) -> list[tuple[str, Event]]:
    """The events of one entry with ids of their own: `<entry>.<place>`."""
    return [(f"{entry_id}.{place}", event) for place, event in enumerate(orjson.loads(fields["e"]))]


def _order(event_id: str) -> tuple[tuple[int, int], int]:
    """An event id as something to compare; one that nobody gave out comes before all."""
    try:
        entry, _, place = event_id.partition(".")
        milliseconds, _, number = entry.partition("-")
        return (int(milliseconds), int(number or 0)), int(place or 0)
    except ValueError:
        return (0, 0), 0
