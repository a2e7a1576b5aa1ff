"""Of every room: what PostgreSQL and Redis take, and how often they fail.

The label `room` is added where they are told (`room.py`): one process is one room.
"""

from voltring_core.metrics.naming import OTHER, Kind, counter, gauge, histogram

ROOMS = ("node", "api", "worker")
STATEMENTS = Kind("the file of SQL that the statement is in, or begin, commit, rollback, copy, other")
REDIS = (
    *("expire", "get", "hget", "owner_claim", "owner_look", "owner_reassert", "owner_release", "owner_state", "ping"),
    *("ring", "set", "smembers", "time", "xadd", "xinfo", "xrange", "xrevrange", "zadd", "zrangebyscore", OTHER),
)
"""What is asked of Redis: scripts by their names, `ring` for entries of doorbells, all else by its own word."""
FAULTS_OF_SERVERS = ("away", "busy", "refused")

BUILD = gauge(
    "voltring_build_info",
    "1; its labels say who tells: the node's name (of other rooms the room's), and the version.",
    "Join it by instance to have the node's name and version.",
    {"name": Kind("one a process"), "version": Kind("one a process")},
)
POSTGRES_SECONDS = histogram(
    "voltring_postgres_seconds",
    "Time of one statement, by the file that it is in.",
    "What is slow; `commit` is the disk.",
    {"operation": STATEMENTS},
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
POSTGRES_ERRORS = counter(
    "voltring_postgres_errors_total",
    "Statements that failed: away (also out of time), busy (a deadlock, a serialization), refused (by a rule of the"
    " table, or a fault of ours).",
    "away: the server or the network; refused: some are part of the protocol.",
    {"kind": FAULTS_OF_SERVERS},
)
POOL_SECONDS = histogram(
    "voltring_postgres_pool_wait_seconds",
    "Time to get a connection out of the pool.",
    "Above a millisecond the pool is too small, or its statements too slow.",
)
POOL_CONNECTIONS = gauge(
    "voltring_postgres_pool_connections",
    "Connections to PostgreSQL: in use, idle, and how many there may be (most).",
    "In use at most for long: who waits is in voltring_postgres_pool_wait_seconds.",
    {"state": ("in use", "idle", "most")},
)
REDIS_SECONDS = histogram(
    "voltring_redis_seconds",
    "Time of one thing asked of Redis, by what it is; reads that wait for something are not in it.",
    "Above some milliseconds Redis or its network is slow.",
    {"operation": REDIS},
    buckets=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
REDIS_ERRORS = counter(
    "voltring_redis_errors_total",
    "Things asked of Redis that failed.",
    "Redis is away or restarts; the rooms go on without it.",
    {"operation": REDIS},
)
SHARED = (
    BUILD,
    POSTGRES_SECONDS,
    POSTGRES_ERRORS,
    POOL_SECONDS,
    POOL_CONNECTIONS,
    REDIS_SECONDS,
    REDIS_ERRORS,
)
"""Told by every room that has servers, with the label `room`."""
