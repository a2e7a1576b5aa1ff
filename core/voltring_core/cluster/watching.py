"""What somebody looks at: only that goes over the live feed.

Two sorted sets by the second until which they count: chargers whose messages are watched, and chargers whose events
are listened to (`EVERYTHING` for those of all). The API renews both; the nodes read them. Who begins to look says so
in a stream, so that who publishes knows within milliseconds.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.events import Event, EventBus
from voltring_core.ocpp.wire import write_time

WATCHED, LISTENED, LOOKS = "watched", "listened", "looks"
EVERYTHING = "*"
HEARD = "feed.heard"
SECONDS = 15
"""How long one `watch` lasts; to be renewed at a third of it."""
FOLLOW_S = 1.0
"""How long who publishes goes without looking, whatever the stream says."""
LINGER_S = 45
"""How long events go on after the last `listen`: a client that lost its connection resumes where it was."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is looked at now."""

    messages: frozenset[str] = frozenset()
    """Chargers whose messages are published."""
    events: frozenset[str] = frozenset()
    """Chargers whose events are published, or `EVERYTHING`."""

    def hears(self, charger_id: str) -> bool:
        """Whether somebody listens to a charger's events."""
        return EVERYTHING in self.events or charger_id in self.events


def heard(before: Looks, after: Looks, now: datetime) -> list[Event]:
    """What those are told who are looked at from now on; `charger_id` is None for all chargers."""
    new = sorted((after.events - before.events) | (after.messages - before.messages))
    at = write_time(now)
    return [{"type": HEARD, "charger_id": None if one == EVERYTHING else one, "at": at} for one in new]


async def listen(redis: Redis, charger_id: str | None) -> None:
    """Have the events of a charger, or of all, published for the next seconds."""
    await _renew(redis, LISTENED, charger_id or EVERYTHING, LINGER_S)


async def watch(redis: Redis, charger_id: str) -> None:
    """Have the charger's messages published for the next seconds."""
    await _renew(redis, WATCHED, charger_id, SECONDS)


async def _renew(redis: Redis, key: str, member: str, lasts: int) -> None:
    seconds, _ = await redis.time()
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.zremrangebyscore(key, "-inf", seconds)
        pipeline.zadd(key, {member: seconds + lasts})
        _, is_new = await pipeline.execute()
    if is_new:
        await redis.xadd(LOOKS, {"at": member}, maxlen=1)


async def watched(redis: Redis) -> frozenset[str]:
    """The chargers whose messages are watched now."""
    return (await looks(redis)).messages


async def looks(redis: Redis) -> Looks:
    """What is looked at now."""
    seconds, _ = await redis.time()
    messages: Any = await redis.zrangebyscore(WATCHED, seconds, "+inf")
    events: Any = await redis.zrangebyscore(LISTENED, seconds, "+inf")
    return Looks(frozenset(messages), frozenset(events))


async def new_look(redis: Redis, since: str, seconds: float) -> str:
    """Return when somebody has begun to look since the entry `since`, and after some seconds at the latest.

    The result is the `since` of the next time.
    """
    found: Any = await redis.xread({LOOKS: since}, block=round(seconds * 1000))
    return str(found[0][1][-1][0]) if found else since


class Audience:
    """What somebody looks at, as who publishes knows it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._bus = EventBus(redis)
        self.looks = Looks()

    async def follow(self) -> None:
        """Keep up for ever; to be supervised.

        Whom this publisher begins to tell hears `feed.heard`: what was committed before was told to nobody, and can
        be read by now.
        """
        since = "0-0"
        while True:
            try:
                before, self.looks = self.looks, await looks(self._redis)
                await self._bus.publish(heard(before, self.looks, datetime.now(UTC)))
                since = await new_look(self._redis, since, FOLLOW_S)
            except AWAY:
                await asyncio.sleep(FOLLOW_S)
