"""The node's parts, built and passed as arguments, and the order in which they start and stop."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from voltring_core.admin import AdminServer
from voltring_core.cluster import leases
from voltring_core.cluster.connection import AWAY, open_redis
from voltring_core.cluster.doorbells import Doorbells, listen
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.leases import NodeLease
from voltring_core.cluster.ownership import Ownership
from voltring_core.ending import end
from voltring_core.ocpp import quirks
from voltring_core.runtime import every, spare_the_collector, supervise
from voltring_core.settings import ForeignSubprotocol, NodeSettings
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.database import is_ready, open_pool
from voltring_core.store.fence import Fence
from voltring_core.store.queue import Queue
from voltring_node.admission import Door
from voltring_node.alarms import Alarms
from voltring_node.commanding import Commander
from voltring_node.liveness import SEEN_SECONDS, LastSeen, ping_the_silent
from voltring_node.owning import Owner
from voltring_node.publishing import Publisher
from voltring_node.recorder import Recorder
from voltring_node.server import ChargerServer
from voltring_node.settling import Settler

logger = logging.getLogger("voltring.node")
POOL_SIZE = 12
REASSERT_SECONDS = 60.0
ANY_AWAY = (*AWAY, *POSTGRES_AWAY)
LAST_WORDS = 2.0
"""Seconds for what was received to be committed when the node stops."""


@dataclass(slots=True)
class Node:
    """One node incarnation, running."""

    settings: NodeSettings
    uid: str
    redis: Redis
    pool: Any
    recorder: Recorder
    publisher: Publisher
    owner: Owner
    commander: Commander
    server: ChargerServer
    doorbells: Doorbells
    alarms: Alarms
    admin_url: str = ""
    draining: bool = False
    redis_away: bool = False

    def status(self) -> dict[str, Any]:
        """What the node says of itself at /status."""
        return {
            "name": self.settings.node_name,
            "uid": self.uid,
            "connections": len(self.owner.connections),
            "waiting_messages": len(self.recorder),
            "draining": self.draining,
            "redis_away": self.redis_away,
        }

    async def is_ready(self) -> bool:
        """Whether new chargers may come: PostgreSQL answers, and the node does not drain."""
        return not self.draining and await is_ready(self.pool)

    async def renew(self) -> str:
        """Keep the lease; after Redis was away, put back what it may have lost."""
        lease = NodeLease(
            self.uid,
            self.settings.node_name,
            len(self.owner.connections),
            self.draining,
            self.admin_url,
            version("voltring"),
        )
        try:
            known = await leases.renew(self.redis, lease, self.settings.lease_seconds)
        except AWAY as error:
            self.redis_away = True
            return f"the lease is not renewed: {error}"
        if known and not self.redis_away:
            return ""
        # Redis was away, or came back with less than it had: an empty one forgets the lease too.
        self.redis_away = False
        count = await self.owner.reassert()
        await self.commander.ring_waiting(self.owner.connections.values())
        return f"Redis knew nothing of this node: {count} owner records were looked at"

    async def reassert(self) -> str:
        """Anti-entropy: routes that Redis lost while it seemed to be there (FLUSHALL, a failover)."""
        try:
            await self.owner.reassert()
        except AWAY as error:
            return f"the owner records are not looked at: {error}"
        return ""

    async def hear(self) -> None:
        """Follow the doorbells."""
        async for rings in listen(self.redis, self.uid):
            for ring in rings:
                connection = self.owner.connections.get(ring.charger_id)
                if ring.kind == "kick":
                    self.server.kicked(ring.charger_id, ring.epoch)
                elif connection is not None:
                    self.commander.ring(connection)


async def build(settings: NodeSettings) -> Node:
    """Put a node together. Raises OSError, SettingsError or SchemaOutdated when it can't start."""
    quirks.shipped()  # a broken profile stops the start, not a handshake
    uid = f"{settings.node_name}.{uuid4().hex[:12]}.{time.time_ns() // 1_000_000}"
    pool = await open_pool(settings.postgres_dsn, size=POOL_SIZE, name=settings.node_name)
    redis = open_redis(settings.redis_url, name=settings.node_name)
    publisher = Publisher(EventBus(redis), redis)
    recorder = Recorder(
        pool,
        publisher,
        window=settings.commit_window_ms / 1000,
        most=settings.commit_max_rows,
        patience=settings.answer_deadline,
    )
    doorbells = Doorbells(redis)
    commander = Commander(Queue(pool), Settler(pool), doorbells, publisher)
    alarms = Alarms(pool, publisher)
    owner = Owner(Fence(pool), Ownership(redis, uid), doorbells, uid, commander.welcome, alarms.swapped)
    door = Door(
        pool,
        settings.unknown_chargers,
        alarms.refused,
        alarms.secret_changed,
        hide_unknown=settings.hide_unknown,
        closes_foreign=settings.foreign_subprotocol is ForeignSubprotocol.CLOSE,
    )
    server = ChargerServer(settings, door, owner, recorder, commander, publisher)
    return Node(settings, uid, redis, pool, recorder, publisher, owner, commander, server, doorbells, alarms)


async def run(settings: NodeSettings, stop: asyncio.Event) -> None:
    """Run a node until `stop`, then say goodbye in order."""
    node = await build(settings)
    admin = AdminServer(settings.admin_host, settings.admin_port, node.is_ready, node.status)
    async with asyncio.TaskGroup() as group:
        flushed = asyncio.Event()
        node.admin_url = await admin.start(group)
        recording = group.create_task(node.recorder.run(flushed), name="recorder")
        helpers = [
            group.create_task(supervise(name, work, stop, ANY_AWAY), name=name) for name, work in _work(node, stop)
        ]
        server = await node.server.listen()
        spare_the_collector()
        logger.info("node %s accepts chargers", node.uid, extra={"pid": os.getpid()})
        await stop.wait()
        node.draining = True
        server.close(close_connections=False)
        await node.server.close_all()
        await _within(LAST_WORDS, server.wait_closed(), "conversations")
        await _last_words(node)
        flushed.set()  # the recorder writes what waits, or gives it up: it was not acknowledged
        await recording
        await end(helpers)
        await admin.stop()
    await _within(LAST_WORDS, node.pool.close(), "PostgreSQL's connections")
    await node.redis.aclose()


def _work(node: Node, stop: asyncio.Event) -> list[tuple[str, Any]]:
    """All that runs beside the conversations, by name."""
    settings, owner = node.settings, node.owner
    connections = owner.connections.values
    seen = LastSeen(Fence(node.pool), connections)
    return [
        ("lease", lambda: every(settings.lease_seconds / 3, node.renew, stop)),
        ("doorbells", node.hear),
        ("departures", owner.follow_departures),
        ("anti-entropy", lambda: every(REASSERT_SECONDS, node.reassert, stop)),
        ("publisher", node.publisher.run),
        ("watchers", node.publisher.follow_watchers),
        ("alarms", node.alarms.run),
        ("pings", lambda: ping_the_silent(connections, settings.ping_interval)),
        ("last seen", lambda: every(SEEN_SECONDS, seen.cycle, stop)),
    ]


async def _within(seconds: float, closing: Awaitable[Any], what: str) -> None:
    """Wait for an end that a server which is away may put off for ever."""
    try:
        async with asyncio.timeout(seconds):
            await closing
    except TimeoutError:
        logger.warning("%s did not end in %s s and are left", what, seconds)


async def _last_words(node: Node) -> None:
    """Write down who left and give the lease up, if the servers still listen."""
    try:
        async with asyncio.timeout(LAST_WORDS):
            await node.owner.write_departures()
            await leases.give_up(node.redis, node.uid)
    except ANY_AWAY as error:
        logger.warning("the node leaves without a word: %s", error)
