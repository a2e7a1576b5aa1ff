"""The simulation's doubles on the real clock and a running loop: for the contract tests, beside the real servers."""

import asyncio
import time
from datetime import UTC, datetime
from random import Random

import sim_postgres
import sim_redis
from sim_loop import Place
from sim_story import Story
from sim_weather import Server, Weather


def _server(errors, patience_s):
    loop = asyncio.get_running_loop()
    return Server(Place("servers"), loop, Random(0), Story(loop), Weather(), errors, patience_s)


def double_of_redis():
    """An empty Redis in memory, and its client."""
    data = sim_redis.Data(lambda: time.time_ns() // 1000)
    return sim_redis.SimRedis(_server(sim_redis.ERRORS, sim_redis.PATIENCE_S), data)


def double_of_postgres():
    """An empty PostgreSQL in memory, and a pool of it."""
    tables = sim_postgres.Tables(lambda: datetime.now(UTC))
    return sim_postgres.SimPool(_server(sim_postgres.ERRORS, sim_postgres.PATIENCE_S), tables)
