"""What the API is built of, and how a route asks for its part.

`app.py` makes one `Parts` and hangs it on the application; a handler names what it needs as an argument, e.g.
`pool: Pool`.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from fastapi import Depends, Request
from redis.asyncio import Redis

from voltring_api.counting import Counter
from voltring_api.dispatch import Dispatch
from voltring_api.keys import Keys, Principal
from voltring_api.presence import Presence
from voltring_api.seller import Seller
from voltring_api.streaming import Streams
from voltring_core.cluster.doorbells import Doorbells, Results
from voltring_core.cluster.events import EventBus, Feed
from voltring_core.cluster.watching import Audience
from voltring_core.store.commands import Commands


@dataclass(frozen=True)
class Parts:
    """Everything a route may ask for."""

    pool: asyncpg.Pool
    redis: Redis
    keys: Keys
    presence: Presence
    commands: Commands
    dispatch: Dispatch
    doorbells: Doorbells
    results: Results
    feed: Feed
    audience: Audience
    counter: Counter
    streams: Streams
    stopping: asyncio.Event
    seller: Seller | None = None


def build(
    pool: asyncpg.Pool, redis: Redis, api_uid: str, stopping: asyncio.Event, seller: Seller | None = None
) -> Parts:
    """All parts of one API replica; `stopping` ends its streams and waits when it is set, `seller` is who its invoices
    name."""
    commands = Commands(pool)
    results = Results(redis, api_uid)
    doorbells = Doorbells(redis)
    audience = Audience(redis)
    dispatch = Dispatch(pool, commands, doorbells, results, EventBus(redis), audience, api_uid, stopping)
    presence = Presence(redis)
    return Parts(
        pool=pool,
        redis=redis,
        keys=Keys(pool),
        presence=presence,
        commands=commands,
        dispatch=dispatch,
        doorbells=doorbells,
        results=results,
        feed=Feed(redis),
        audience=audience,
        counter=Counter(pool, presence),
        streams=Streams(),
        stopping=stopping,
        seller=seller,
    )


# Coroutines, because FastAPI sends plain functions to a thread.
async def of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


async def _pool(request: Request) -> asyncpg.Pool:
    return (await of(request)).pool


async def _who(request: Request) -> Principal:
    who = request.scope["principal"]
    assert isinstance(who, Principal)
    return who


AllParts = Annotated[Parts, Depends(of)]
Pool = Annotated[asyncpg.Pool, Depends(_pool)]
Who = Annotated[Principal, Depends(_who)]
