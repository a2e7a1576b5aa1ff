"""The node's parts, built and passed as arguments, and the order in which they start and stop."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from voltring_core.admin import AdminServer
from voltring_core.cluster import leases
from voltring_core.cluster.connection import AWAY, open_redis
from voltring_core.cluster.doorbells import Doorbells, listen
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.ownership import Ownership
from voltring_core.cluster.watching import Audience
from voltring_core.ending import end
from voltring_core.metrics import introduce
from voltring_core.ocpp import quirks, schemas
from voltring_core.runtime import every, spare_the_collector, supervise
from voltring_core.saying import Saying
from voltring_core.settings import ForeignSubprotocol, NodeSettings
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence
from voltring_core.store.queue import Queue
from voltring_node.admission import Door
from voltring_node.aftermath import Aftermath
from voltring_node.alarms import Alarms
from voltring_node.asking import StatusAsker
from voltring_node.auditing import Auditor
from voltring_node.commanding import Commander
from voltring_node.costs import NEW_EVERY_S, Costs
from voltring_node.gauges import show_queues, show_standing
from voltring_node.liveness import SEEN_SECONDS, LastSeen, ping_the_silent
from voltring_node.owning import Owner
from voltring_node.publishing import Publisher
from voltring_node.recorder import Recorder
from voltring_node.routing import Routes
from voltring_node.server import ChargerServer
from voltring_node.settling import Settler
from voltring_node.standing import Standing

logger = logging.getLogger("voltring.node")
POOL_SIZE = 12
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
    asker: StatusAsker
    auditor: Auditor
    standing: Standing
    costs: Costs
    redis_away: bool = False
    lease_waits: Saying = field(default_factory=lambda: Saying(logger))

    async def keep_lease(self) -> None:
        """Renew the lease when it is time, and when there is news; to be supervised."""
        while True:
            if sentence := await self.renew():
                logger.info(sentence)
            await self.standing.wait_for_news(self.settings.lease_seconds / 3)

    async def renew(self) -> str:
        """Keep the lease; after Redis was away, put back what it may have lost."""
        try:
            known = await leases.renew(self.redis, self.standing.lease(), self.settings.lease_seconds)
        except AWAY as error:
            self.redis_away = True
            self.lease_waits.met("the lease is not renewed: %s", error or type(error).__name__)
            return ""
        self.lease_waits.over("the lease is renewed again")
        if known and not self.redis_away:
            return ""
        # Redis was away, or came back with less than it had: an empty one forgets the lease too.
        self.redis_away = False
        self.auditor.hurry()
        await self.commander.ring_waiting(self.owner.connections.values())
        return "Redis knew nothing of this node: all owner records are looked at"

    def stood_still(self, seconds: float) -> None:
        """The process was stopped: its chargers may be connected elsewhere."""
        logger.warning("the node stood still for %.1f s", seconds)
        if seconds > self.settings.lease_seconds:
            self.auditor.hurry()

    async def hear(self) -> None:
        """Follow the doorbells."""
        async for rings in listen(self.redis, self.uid, self.standing.heard):
            for ring in rings:
                connection = self.owner.connections.get(ring.charger_id)
                if ring.kind == "kick":
                    self.server.kicked(ring.charger_id, ring.epoch)
                elif connection is not None:
                    self.commander.ring(connection)


async def build(settings: NodeSettings) -> Node:
    """Put a node together. Raises OSError, SettingsError or SchemaOutdated when it can't start."""
    quirks.shipped()  # a broken profile stops the start, not a handshake
    schemas.read_all()
    uid = f"{settings.node_name}.{uuid4().hex[:12]}.{time.time_ns() // 1_000_000}"
    pool = await open_pool(settings.postgres_dsn, size=POOL_SIZE, name=settings.node_name, by_key=True)
    redis = open_redis(settings.redis_url, name=settings.node_name, cluster=settings.redis_cluster)
    publisher = Publisher(EventBus(redis), Audience(redis))
    doorbells = Doorbells(redis)
    commander = Commander(Queue(pool), Settler(pool), doorbells, publisher)
    alarms = Alarms(pool, publisher)
    fence, routes = Fence(pool), Routes(Ownership(redis, uid), doorbells)
    owner = Owner(fence, routes, uid, commander.welcome, alarms.swapped)
    asker = StatusAsker(Queue(pool), owner.connections, commander.ring, settings.status_patience)
    recorder = Recorder(
        pool,
        publisher,
        window=settings.commit_window_ms / 1000,
        most=settings.commit_max_rows,
        patience=settings.answer_deadline,
        spacing=settings.commit_spacing_ms / 1000,
        on_commit=Aftermath(doorbells, asker, alarms.booted).committed,
        concurrency=settings.concurrent_sessions,
    )
    door = Door(
        pool,
        settings.unknown_chargers,
        alarms.refused,
        alarms.secret_changed,
        hide_unknown=settings.hide_unknown,
        closes_foreign=settings.foreign_subprotocol is ForeignSubprotocol.CLOSE,
        trusted=settings.trusted_proxies,
    )
    costs = Costs(pool, lambda: [one.id for one in owner.connections.values() if one.version.is_2x])
    server = ChargerServer(settings, door, owner, recorder, commander, publisher, costs)
    standing = Standing(settings, uid, pool, redis, owner.connections, commander, recorder, server.gate)
    auditor = Auditor(fence, routes, owner, server.let_go, settings.audit_seconds)
    routes.on_missed = auditor.hurry
    show_queues(recorder, server.gate, commander, publisher, owner, alarms)
    show_standing(standing)
    return Node(
        settings,
        uid,
        redis,
        pool,
        recorder,
        publisher,
        owner,
        commander,
        server,
        doorbells,
        alarms,
        asker,
        auditor,
        standing,
        costs,
    )


async def run(settings: NodeSettings, stop: asyncio.Event) -> None:
    """Run a node until `stop`, then say goodbye in order."""
    node = await build(settings)
    standing, over = node.standing, asyncio.Event()
    admin = AdminServer(
        settings.admin_host,
        settings.admin_port,
        standing.is_ready,
        standing.status,
        standing.acts(),
        settings.admin_token,
        room="node",
    )
    async with asyncio.TaskGroup() as group:
        flushed = asyncio.Event()
        own_url = await admin.start(group)
        standing.admin_url = settings.admin_url or own_url
        recording = group.create_task(node.recorder.run(flushed), name="recorder")
        helpers = [
            group.create_task(supervise(name, work, over, ANY_AWAY), name=name) for name, work in _work(node, over)
        ]
        server = await node.server.listen()
        introduce(settings.node_name)
        spare_the_collector()
        logger.info("node %s accepts chargers", node.uid, extra={"pid": os.getpid()})
        await stop.wait()
        await standing.end(_second_signal())
        over.set()
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
    seen = LastSeen(Fence(node.pool), connections, node.auditor.suspect, node.auditor.hurry)
    return [
        ("lease", node.keep_lease),
        *node.standing.work(),
        ("doorbells", node.hear),
        ("departures", owner.follow_departures),
        ("anti-entropy", node.auditor.run),
        ("stalls", lambda: node.server.stalls.watch(node.stood_still)),
        ("publisher", node.publisher.run),
        ("watchers", node.publisher.audience.follow),
        ("alarms", node.alarms.run),
        ("pings", lambda: ping_the_silent(connections, settings.ping_interval)),
        ("cost displays", lambda: every(NEW_EVERY_S, node.costs.cycle, stop)),
        ("last seen", lambda: every(SEEN_SECONDS, seen.cycle, stop)),
        ("asking", lambda: every(min(5.0, settings.status_patience / 4), node.asker.cycle, stop)),
    ]


def _second_signal() -> asyncio.Event:
    """Set when the process is asked to end once more: then it does not wait for anybody."""
    hurry, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hurry.set)
    return hurry


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
