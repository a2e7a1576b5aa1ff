"""`voltring api`: one replica of the API, until it is told to stop."""

import asyncio
import socket
import uuid
from functools import partial

import asyncpg
import click
from redis.asyncio import Redis

from voltring_api import parts
from voltring_api.app import create_app
from voltring_api.health import Health
from voltring_api.seller import seller_of
from voltring_api.server import serve
from voltring_core import tracing_export
from voltring_core.admin import AdminServer, bind
from voltring_core.cluster.connection import AWAY, open_redis
from voltring_core.ending import end
from voltring_core.logs import configure_logging
from voltring_core.metrics import introduce
from voltring_core.metrics.api import API_LOOP_LAG
from voltring_core.metrics.lag import watch
from voltring_core.runtime import run, spare_the_collector, supervise
from voltring_core.settings import ApiSettings, load
from voltring_core.store.database import open_pool

POOL_SIZE = 20


@click.command()
def api() -> None:
    """Serve the REST API, the live feed and the dashboard."""
    run(main)


async def main(stop: asyncio.Event) -> None:
    """Build the parts, serve until `stop`, and take everything down again."""
    settings = load(ApiSettings)
    configure_logging(settings.log_level.value, "api")
    tracing_export.begin(settings.otlp_endpoint, settings.trace_sample, "api", socket.gethostname())
    listener = bind(settings.api_host, settings.api_port, "VOLTRING_API_PORT")
    pool = await open_pool(settings.postgres_dsn, size=POOL_SIZE, name="api")
    redis = open_redis(settings.redis_url, name="api", cluster=settings.redis_cluster)
    try:
        await _serve(settings, pool, redis, listener, stop)
    finally:
        await _close(pool, redis)


async def _serve(
    settings: ApiSettings, pool: asyncpg.Pool, redis: Redis, listener: socket.socket, stop: asyncio.Event
) -> None:
    built = parts.build(pool, redis, f"api-{uuid.uuid4().hex}", stop, seller_of(settings))
    if settings.bootstrap_token:
        await built.keys.install_bootstrap(settings.bootstrap_token)
    app = create_app(built)
    introduce("api")
    spare_the_collector()
    health = Health(built)
    admin = AdminServer(settings.admin_host, settings.admin_port, health.is_ready, health.status, room="api")
    async with asyncio.TaskGroup() as tasks:
        await admin.start(tasks)
        results = tasks.create_task(supervise("results", built.results.run, stop, AWAY), name="results")
        feed = tasks.create_task(supervise("feed", built.feed.run, stop, AWAY), name="feed")
        audience = tasks.create_task(supervise("audience", built.audience.follow, stop, AWAY), name="audience")
        lag = tasks.create_task(supervise("loop lag", partial(watch, API_LOOP_LAG), stop), name="loop lag")
        await tasks.create_task(serve(app, listener, stop), name="server")
        # They block in a read of Redis; what they would still hear, nobody waits for.
        await end([results, feed, audience, lag])
        await admin.stop()


async def _close(pool: asyncpg.Pool, redis: Redis) -> None:
    try:
        async with asyncio.timeout(0.5):
            await pool.close()
    except TimeoutError:
        pool.terminate()
    await redis.aclose()
