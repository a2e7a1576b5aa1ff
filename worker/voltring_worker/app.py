"""The worker's chores and when they are done."""

import asyncio
import contextlib
import logging
from typing import Any

from voltring_core.admin import AdminServer
from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.leases import live_nodes
from voltring_core.ending import end
from voltring_core.runtime import every, spare_the_collector, supervise
from voltring_core.settings import WorkerSettings
from voltring_core.store.database import AWAY, is_ready, open_pool
from voltring_worker.billing_concurrent import ConcurrentStarts
from voltring_worker.billing_display import CostDisplays
from voltring_worker.deauthorising import Deauthorising
from voltring_worker.partitions import keep_up
from voltring_worker.reconciler import Reconciler
from voltring_worker.reports import Reports
from voltring_worker.reservations import expire
from voltring_worker.sweeper import Sweeper
from voltring_worker.watchdogs import Watchdogs, limits_of

logger = logging.getLogger("voltring.worker")
PARTITIONS_EVERY_S = PRUNE_EVERY_S = 3600.0
RESERVATIONS_EVERY_S = 30.0
DEAUTHORISING_EVERY_S = 5.0
CONCURRENT_EVERY_S = 15.0
REPORTS_EVERY_S = 10.0
RECONCILE_EVERY_S = 2.0
DISPLAYS_EVERY_S = 5.0
LAST_WORDS = 2.0


async def run(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Run the worker until `stop`."""
    pool = await open_pool(settings.postgres_dsn, size=4, name="worker")
    redis = open_redis(settings.redis_url, name="worker", cluster=settings.redis_cluster)
    sweeper = Sweeper(pool, Doorbells(redis), settings.call_timeout, lambda: live_nodes(redis))
    reports = Reports(pool, settings.retention_days)
    reconciler = Reconciler(pool, retention_days=settings.retention_days)
    watchdogs = Watchdogs(pool, Doorbells(redis), EventBus(redis), limits_of(settings), lambda: live_nodes(redis))
    displays = CostDisplays(pool, Doorbells(redis))
    concurrent = ConcurrentStarts(pool, settings.concurrent_sessions)
    deauthorising = Deauthorising(pool, Doorbells(redis), stops=settings.stop_blocked_sessions)

    async def partitions() -> str:
        return await keep_up(pool, settings.partitions_ahead, settings.retention_days)

    # Without today's partition nothing could be recorded: this comes before readiness.
    logger.info(await partitions() or "the partitions are up to date")
    told = {"room": "worker"}
    admin = AdminServer(settings.admin_host, settings.admin_port, lambda: is_ready(pool), lambda: told, room="worker")
    spare_the_collector()
    async with asyncio.TaskGroup() as group:
        await admin.start(group)
        chores = [
            group.create_task(supervise(name, work, stop), name=name)
            for name, work in (
                ("sweeper", lambda: every(settings.sweep_interval, _patient(sweeper.cycle), stop)),
                ("reconciler", lambda: every(RECONCILE_EVERY_S, _patient(reconciler.cycle), stop)),
                ("partitions", lambda: every(PARTITIONS_EVERY_S, partitions, stop)),
                ("reports", lambda: every(REPORTS_EVERY_S, _patient(reports.cycle), stop)),
                ("deauthorising", lambda: every(DEAUTHORISING_EVERY_S, _patient(deauthorising.cycle), stop)),
                ("concurrent starts", lambda: every(CONCURRENT_EVERY_S, _patient(concurrent.cycle), stop)),
                ("reservations", lambda: every(RESERVATIONS_EVERY_S, _patient(lambda: expire(pool)), stop)),
                ("watchdogs", lambda: every(settings.watch_interval, _patient(watchdogs.cycle), stop)),
                ("cost displays", lambda: every(DISPLAYS_EVERY_S, _patient(displays.cycle), stop)),
                ("old reports", lambda: every(PRUNE_EVERY_S, _patient(reports.prune), stop)),
            )
        ]
        await stop.wait()
        await end(chores)
        await admin.stop()
    with contextlib.suppress(TimeoutError):  # a PostgreSQL that hangs would put the end off for ever
        async with asyncio.timeout(LAST_WORDS):
            await pool.close()
    await redis.aclose()


def _patient(cycle: Any) -> Any:
    """The same cycle, which says in one sentence when PostgreSQL is away."""

    async def patient() -> str:
        try:
            return str(await cycle())
        except AWAY as error:
            return f"PostgreSQL is away: {error}"

    return patient
