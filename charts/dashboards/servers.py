"""PostgreSQL and Redis as the rooms see them: are they there, how long do they take, who waits for a connection."""

from expressions import gauge, quantile, rate
from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row

SECONDS, WAIT, POOL = (
    "voltring_postgres_seconds",
    "voltring_postgres_pool_wait_seconds",
    "voltring_postgres_pool_connections",
)
AWAY = "voltring_node_server_away_seconds"
AWAY_NOW = tuple(
    Panel(
        f"Nodes without {name}",
        f"Nodes that do not reach it, by their own word; from one on {alert} rings.",
        "short",
        (Query(f'count({AWAY}{{{HERE}, server="{server}"}} > 0) or vector(0)', "nodes"),),
        QUARTER,
        is_number=True,
        red=1,
    )
    for name, server, alert in (
        ("PostgreSQL", "postgres", "VoltringPostgresAway"),
        ("Redis", "redis", "VoltringRedisAway"),
    )
)
NOW = Row(
    "Now",
    (
        *AWAY_NOW,
        Panel(
            "COMMIT, p99",
            "Of all rooms: the disk of PostgreSQL.",
            "s",
            (Query(quantile(0.99, SECONDS, "", 'operation="commit"'), "p99"),),
            QUARTER,
            is_number=True,
            red=0.1,
        ),
        Panel(
            "Statements",
            "Of all rooms, in a second.",
            "ops",
            (Query(rate(f"{SECONDS}_count"), "statements"),),
            QUARTER,
            is_number=True,
        ),
    ),
)
POSTGRES = Row(
    "PostgreSQL",
    (
        Panel(
            "Statements by file, p99",
            "The ten slowest, by the file of SQL that they are in.",
            "s",
            (Query(f"topk(10, {quantile(0.99, SECONDS, 'room, operation')})", "{{room}}: {{operation}}"),),
        ),
        Panel(
            "Time spent by file",
            "Connections that are busy with each: what PostgreSQL is used for, the ten largest.",
            "short",
            (Query(f"topk(10, {rate(f'{SECONDS}_sum', 'room, operation')})", "{{room}}: {{operation}}"),),
            is_stacked=True,
        ),
        Panel(
            "Errors of PostgreSQL",
            "`away`: the server or the network; `busy`: a deadlock or a serialization; `refused`: a rule of the table.",
            "cps",
            (Query(rate("voltring_postgres_errors_total", "room, kind") + " > 0", "{{room}}: {{kind}}"),),
            THIRD,
        ),
        Panel(
            "Waiting for a connection, p99",
            "A pool that is too small, or statements that are too slow; VoltringPoolExhausted rings by the p90.",
            "s",
            (Query(quantile(0.99, WAIT, "room"), "{{room}}"),),
            THIRD,
            red=0.25,
        ),
        Panel(
            "Connections",
            "In use, and how many there may be; by room.",
            "short",
            (
                Query(gauge(POOL, "room", 'state="in use"'), "{{room}}: in use"),
                Query(gauge(POOL, "room", 'state="most"'), "{{room}}: most"),
            ),
            THIRD,
        ),
    ),
)
REDIS = Row(
    "Redis",
    (
        Panel(
            "Time by what is asked, p99",
            "The ten slowest; above some milliseconds Redis or its network is slow.",
            "s",
            (Query(f"topk(10, {quantile(0.99, 'voltring_redis_seconds', 'operation')})", "{{operation}}"),),
            THIRD,
        ),
        Panel(
            "What is asked",
            "In a second, by what it is.",
            "ops",
            (Query(rate("voltring_redis_seconds_count", "operation"), "{{operation}}"),),
            THIRD,
            is_stacked=True,
        ),
        Panel(
            "Errors of Redis",
            "What failed; the rooms go on without Redis.",
            "cps",
            (Query(rate("voltring_redis_errors_total", "room, operation") + " > 0", "{{room}}: {{operation}}"),),
            THIRD,
        ),
        Panel(
            "Away for",
            "How long each node has not reached a server; 0 while it does.",
            "s",
            (Query(f"max by (pod, server) ({AWAY}{{{HERE}}})", "{{pod}}: {{server}}"),),
        ),
    ),
)
BOARD = Dashboard(
    "voltring-servers",
    "Voltring / Database and Redis",
    "Are PostgreSQL and Redis there, how long do they take, who waits for a connection.",
    (NOW, POSTGRES, REDIS),
)
