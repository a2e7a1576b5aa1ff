"""Waking each other over Redis streams.

The API rings for a charger: the owner's stream gets an entry and the node looks into PostgreSQL for what is queued.
The node rings for a command: the API replica that may be waiting looks at the row again. A lost or doubled ring
costs time only: the row is the truth, and waiting sides look by themselves now and then.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from voltring_core import tracing
from voltring_core.cluster import keys
from voltring_core.cluster.backlog import Heard, Written, unread
from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.streams import Streams
from voltring_core.saying import Saying

logger = logging.getLogger("voltring.doorbells")
KEPT = 10_000
BLOCK_MS = 2_000
NOBODY = 2**62
"""An epoch above every real one."""
LONGEST_NEWS = 4_000
"""Characters; who is told nothing reads the row."""
FORGOTTEN_S = 3_600  # the stream of a reader that is gone for good goes after an hour
Kind = Literal["command", "kick"]


@dataclass(frozen=True, slots=True)
class Ring:
    """What a node is woken for: commands of a charger, or a newer owner (`epoch`) elsewhere."""

    kind: Kind
    charger_id: str
    epoch: int = 0
    trace: str | None = None
    """The `traceparent` of who rings, where that is traced."""


class Doorbells:
    """The ringing side."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._streams = Streams(redis)
        self._away = Saying(logger)
        self._limited: dict[str, float] = {}  # streams that were given an end lately, and when (monotonic)

    async def ring(self, charger_id: str, owner: str | None = None) -> bool:
        """Wake the owner of a charger; False when there is none to be found.

        `owner`: the node that the fence in PostgreSQL names, where that was just read; else the route is asked.
        """
        try:
            uid: Any = owner or await self._redis.hget(keys.owner(charger_id), "node")
            if uid is None:
                return False
            with tracing.span("ring for the charger", {"ocpp.charger.id": charger_id}, tracing.Kind.PRODUCER):
                await self._send(uid, Ring("command", charger_id, trace=tracing.traceparent()))
        except AWAY as error:
            said = "the doorbell of %s is not rung: %s"
            self._away.met(said, charger_id, error or type(error).__name__, extra={"charger": charger_id})
            return False
        self._away.over("doorbells are rung again")
        return True

    async def kick(self, node_uid: str, charger_id: str, epoch: int) -> None:
        """Tell a node that `epoch` owns the charger now. Raises what Redis raises."""
        await self._send(node_uid, Ring("kick", charger_id, epoch))

    async def kick_all(self, lost: Sequence[tuple[str, str, int]]) -> None:
        """As `kick`, for many (node, charger, epoch). Raises what Redis raises.

        The node may be dead: nobody else would ever remove its stream.
        """
        async with self._redis.pipeline(transaction=False) as pipeline:
            for uid, charger_id, epoch in lost:
                entry = {"kind": "kick", "charger": charger_id, "epoch": epoch}
                pipeline.xadd(keys.doorbells(uid), entry, maxlen=KEPT, approximate=True)  # type: ignore[arg-type]
            for uid in {one[0] for one in lost}:
                pipeline.expire(keys.doorbells(uid), FORGOTTEN_S)
            await pipeline.execute()

    async def dismiss(self, charger_id: str) -> None:
        """Have the socket of a charger closed, whoever owns it: it was deleted, or its secret is no longer good."""
        try:
            uid: Any = await self._redis.hget(keys.owner(charger_id), "node")
            if uid is not None:
                await self.kick(uid, charger_id, NOBODY)
        except AWAY as error:
            said = "the socket of %s is not closed: %s"
            logger.warning(said, charger_id, error, extra={"charger": charger_id})

    async def answer(self, api_uid: str, command_id: UUID, news: str | None = None) -> None:
        """Tell an API replica that a command has changed, and to what if that is committed and short: a JSON object of
        its row's columns. Raises what Redis raises."""
        entry: dict[str, str | int] = {"id": str(command_id)}
        if news is not None and len(news) <= LONGEST_NEWS:
            entry["news"] = news
        with tracing.span("tell the API", {"voltring.command.id": str(command_id)}, tracing.Kind.PRODUCER):
            if (trace := tracing.traceparent()) is not None:
                entry["trace"] = trace
            await self._streams.add(keys.results(api_uid), entry, kept=KEPT)

    async def _send(self, uid: str, ring: Ring) -> None:
        entry: dict[str, str | int] = {"kind": ring.kind, "charger": ring.charger_id, "epoch": ring.epoch}
        if ring.trace is not None:
            entry["trace"] = ring.trace
        stream, now = keys.doorbells(uid), time.monotonic()
        await self._streams.add(stream, entry, kept=KEPT)
        if self._limited.get(stream, -FORGOTTEN_S) < now - FORGOTTEN_S / 2:
            # The node may be dead: nobody else would ever remove its stream.
            await self._redis.expire(stream, FORGOTTEN_S)
            self._limited = {one: at for one, at in self._limited.items() if at > now - FORGOTTEN_S} | {stream: now}


async def listen(redis: Redis, node_uid: str, heard: Heard | None = None) -> AsyncIterator[list[Ring]]:
    """The rings for one node, as they come; `heard` is told how far. Raises what Redis raises when it is away."""
    async for entries in _read(redis, keys.doorbells(node_uid), heard or Heard()):
        yield [_ring(entry) for entry in entries]


def _ring(entry: dict[str, str]) -> Ring:
    trace = entry.get("trace")
    if trace is not None:
        tracing.mark("hear the doorbell", trace, {"ocpp.charger.id": entry["charger"]})
    return Ring(entry["kind"], entry["charger"], int(entry["epoch"]), trace)  # type: ignore[arg-type]


async def waiting(redis: Redis, node_uid: str, heard: Heard) -> int:
    """How many rings the node has not read yet. Raises what Redis raises when it is away."""
    try:
        found = await redis.xinfo_stream(keys.doorbells(node_uid))
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return unread(heard, None)
    written = Written(found["last-generated-id"], int(found["entries-added"]), int(found["length"]))
    return unread(heard, written)


async def _read(redis: Redis, stream: str, heard: Heard) -> AsyncIterator[list[dict[str, str]]]:
    streams = Streams(redis)
    heard.begin()  # the stream is the incarnation's own: nothing in it may be missed
    while True:
        entries = await streams.read(stream, heard.last, most=500, block_ms=BLOCK_MS)
        if entries:
            heard.note(entries[-1][0], len(entries))
            yield [entry for _, entry in entries]
        else:
            await redis.expire(stream, FORGOTTEN_S)
        await asyncio.sleep(0)  # who was woken goes first: asking for more takes as long as what they do


class Waiting:
    """Somebody who waits for the change of a command."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self._news: str | None = None

    def tell(self, news: str | None) -> None:
        """The command has changed; `news` as in `Doorbells.answer`."""
        self._news = news
        self.told.set()

    async def change(self, seconds: float) -> dict[str, Any] | None:
        """The columns that have changed, as JSON has them, or None: the row is to be read.

        After `seconds` in any case; what changes while the row is read is heard the next time.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.told.wait()
        self.told.clear()
        news, self._news = self._news, None
        return None if news is None else dict(orjson.loads(news))


class Results:
    """The waiting side of one API replica."""

    def __init__(self, redis: Redis, api_uid: str) -> None:
        self._redis = redis
        self._uid = api_uid
        self._waiting: dict[UUID, set[Waiting]] = defaultdict(set)

    async def run(self) -> None:
        """Read result doorbells for ever; to be supervised."""
        async for entries in _read(self._redis, keys.results(self._uid), Heard()):
            for entry in entries:
                heard = self._waiting.get(UUID(entry["id"]), ())
                if heard and "trace" in entry:
                    tracing.mark("hear the outcome", entry["trace"], {"voltring.command.id": entry["id"]})
                for one in heard:
                    one.tell(entry.get("news"))

    @contextlib.contextmanager
    def listening(self, command_id: UUID) -> Iterator[Waiting]:
        """Hears of every change of the command.

        A ring may be lost: who waits looks by itself as well, once a second or so.
        """
        waiting = Waiting()
        self._waiting[command_id].add(waiting)
        try:
            yield waiting
        finally:
            self._waiting[command_id].discard(waiting)
            if not self._waiting[command_id]:
                del self._waiting[command_id]
