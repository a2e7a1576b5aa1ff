"""The worker's chores and when they are done."""

import asyncio
import contextlib
import logging
from functools import partial

from voltring_core.admin import AdminServer
from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.leases import live_nodes
from voltring_core.ending import end
from voltring_core.metrics import introduce
from voltring_core.metrics.lag import watch
from voltring_core.metrics.worker import WORKER_LOOP_LAG
from voltring_core.runtime import every, spare_the_collector, supervise
from voltring_core.settings import WorkerSettings
from voltring_core.store.database import is_ready, open_pool
from voltring_worker.billing_concurrent import ConcurrentStarts
from voltring_worker.billing_display import CostDisplays
from voltring_worker.counting import Counting
from voltring_worker.deauthorising import Deauthorising
from voltring_worker.measuring import Cycle, measured
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
COUNT_EVERY_S = 15.0
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
    counting = Counting(pool, lambda: live_nodes(redis))
    concurrent = ConcurrentStarts(pool, settings.concurrent_sessions)
    deauthorising = Deauthorising(pool, Doorbells(redis), stops=settings.stop_blocked_sessions)

    async def partitions() -> str:
        return await keep_up(pool, settings.partitions_ahead, settings.retention_days)

    plan: tuple[tuple[str, float, Cycle], ...] = (
        ("sweeper", settings.sweep_interval, sweeper.cycle),
        ("reconciler", RECONCILE_EVERY_S, reconciler.cycle),
        ("partitions", PARTITIONS_EVERY_S, partitions),
        ("reports", REPORTS_EVERY_S, reports.cycle),
        ("deauthorising", DEAUTHORISING_EVERY_S, deauthorising.cycle),
        ("concurrent starts", CONCURRENT_EVERY_S, concurrent.cycle),
        ("reservations", RESERVATIONS_EVERY_S, lambda: expire(pool)),
        ("watchdogs", settings.watch_interval, watchdogs.cycle),
        ("cost displays", DISPLAYS_EVERY_S, displays.cycle),
        ("old reports", PRUNE_EVERY_S, reports.prune),
        ("counting", COUNT_EVERY_S, counting.cycle),
    )
    # Without today's partition nothing could be recorded: this comes before readiness.
    logger.info(await partitions() or "the partitions are up to date")
    told = {"room": "worker"}
    admin = AdminServer(settings.admin_host, settings.admin_port, lambda: is_ready(pool), lambda: told, room="worker")
    introduce("worker")
    spare_the_collector()
    async with asyncio.TaskGroup() as group:
        await admin.start(group)
        # Partitions are tried again at once: an hour is too long for them.
        jobs = {job: measured(job, cycle, is_patient=job != "partitions") for job, _, cycle in plan}
        works = [(job, partial(every, seconds, jobs[job], stop)) for job, seconds, _ in plan]
        works.append(("loop lag", partial(watch, WORKER_LOOP_LAG)))
        chores = [group.create_task(supervise(name, work, stop), name=name) for name, work in works]
        await stop.wait()
        await end(chores)
        await admin.stop()
    with contextlib.suppress(TimeoutError):  # a PostgreSQL that hangs would put the end off for ever
        async with asyncio.timeout(LAST_WORDS):
            await pool.close()
    await redis.aclose()
