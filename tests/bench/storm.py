"""A reconnect storm: how long until everybody is authenticated, owned, booted and committed, and who suffers from it.

    .venv/bin/python tests/bench/storm.py [--chargers 2000] [--nodes 2] [--runs 1] [--charging 200] [--set NAME=VALUE]
    .venv/bin/python tests/bench/storm.py --kill [--chargers 3000] [--nodes 3]

Starts PostgreSQL (fsync on) and Valkey of its own, nodes that share one port, a crowd of chargers in one process and
some that charge in another. All sockets of the crowd are cut at once and come back at once; with `--kill` one node is
killed instead, and its chargers come back after their back-off. What is committed is read from PostgreSQL.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import asyncpg
from measure import cpu_seconds, machine
from redis.asyncio import Redis

from voltring_core.cluster import keys
from voltring_core.domain.secrets import digest
from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, free_port
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

HERE = Path(__file__).parent
PASSWORD = "a password of the bench"
LONGEST = 180.0
"""Seconds after which a storm counts as lost."""
LOOK = 0.1
WINDOW = 0.1
NUMBERS = count(1)


class Child:
    """A process of `crowd.py`, or of another such script."""

    def __init__(self, script: str = "crowd.py", **plan: Any) -> None:
        words = [sys.executable, str(HERE / script), json.dumps(plan | {"password": PASSWORD})]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        timer = asyncio.get_running_loop().call_later(LONGEST, self.process.kill)  # which ends its words
        line = await asyncio.get_running_loop().run_in_executor(None, self.process.stdout.readline)
        timer.cancel()
        if not line:
            raise SystemExit(f"VOID: the chargers did not get there within {LONGEST:g} s")
        return dict(json.loads(line))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Site:
    """What a run is made of."""

    dsn: str
    redis_url: str
    nodes: Sequence[Room]
    pids: Mapping[str, Sequence[int]]
    crowd: Child
    charging: Child


async def storm(site: Site, options: argparse.Namespace) -> None:
    """Cut everybody, and print how they come back."""
    pool = await asyncpg.create_pool(site.dsn, min_size=1, max_size=2)
    await asyncio.gather(site.crowd.hear(), site.charging.hear())
    await asyncio.sleep(options.calm)
    newest = await pool.fetchval("SELECT max(epoch) FROM charger_connection")
    boots = await pool.fetchval(BOOTS)
    began, cpu = time.monotonic(), _cpu(site)
    site.crowd.say("cut")
    told = asyncio.create_task(site.crowd.hear())
    owned = await _until(pool, options.chargers, began, OWNED, newest)
    booted = await _until(pool, boots + options.chargers, began, BOOTS)
    found = await told
    used = {name: after - cpu[name] for name, after in _cpu(site).items()}
    statuses = [_status(node) for node in site.nodes]
    await asyncio.sleep(1.0)
    site.charging.say("stop")
    answers = await site.charging.hear()
    await pool.close()
    _print(options, found, began, owned, booted, used)
    _print_answers(answers, began, max(owned, booted))
    print("  doors of the nodes afterwards:", *(json.dumps(status.get("accepting")) for status in statuses))


OWNED = (
    "SELECT count(*) FROM charger_connection WHERE epoch > $1 AND disconnected_at IS NULL AND charger_id LIKE 'CROWD%'"
)
BOOTS = (
    "SELECT count(*) FROM ocpp_messages WHERE action = 'BootNotification' AND direction = 'in' AND reply IS NOT NULL"
)


async def _until(pool: asyncpg.Pool, wanted: int, began: float, statement: str, *given: Any) -> float:
    """Seconds since `began` when the statement counted as many as wanted."""
    while (now := await pool.fetchval(statement, *given)) < wanted:
        if time.monotonic() - began > LONGEST:
            raise SystemExit(f"only {now} of {wanted} after {LONGEST} s")
        await asyncio.sleep(LOOK)
    return time.monotonic() - began


def _print(
    options: argparse.Namespace,
    found: dict[str, Any],
    began: float,
    owned: float,
    booted: float,
    used: Mapping[str, float],
) -> None:
    opened = sorted(at - began for at in found["opened_at"].values())
    back = sorted(at - began for at in found["booted_at"].values())
    print(f"{len(back)} chargers over {options.nodes} nodes, cut and back at once:")
    print(f"  authenticated: half {_at(opened, 0.5):.2f}, 99 % {_at(opened, 0.99):.2f}, all {opened[-1]:.2f} s")
    print(f"  booted:        half {_at(back, 0.5):.2f}, 99 % {_at(back, 0.99):.2f}, all {back[-1]:.2f} s")
    print(f"  committed:     owned {owned:.2f} s, boots {booted:.2f} s")
    told = found["told"]
    waits = f"; Retry-After {min(told):.0f} to {max(told):.0f} s" if told else ""
    print(f"  {found['tries']} tries; not let in: {found['counts'] or 'none'}{waits}")
    curve = Counter(int(at / WINDOW) for at in back)
    print(f"  booted in each {WINDOW * 1000:.0f} ms:", *(curve[step] for step in range(max(curve) + 1)))
    print(f"  {_evenness(back)}")
    cells = ", ".join(f"{name} {1e6 * seconds / len(back):.0f}" for name, seconds in used.items())
    print(f"  us of CPU for each charger, the charging ones included: {cells}")


def _evenness(back: Sequence[float]) -> str:
    """The lowest rate against the median one, between the first twentieth and the last."""
    first, last, step = _at(back, 0.05), _at(back, 0.95), 0.5
    windows = [first + step * n for n in range(int((last - first) / step))]
    if len(windows) < 2:
        return f"too short for a curve: {0.9 * len(back) / (last - first):.0f}/s"
    rates = [sum(at <= one < at + step for one in back) / step for at in windows]
    middle = statistics.median(rates)
    return f"rate in {step} s: median {middle:.0f}/s, lowest {min(rates):.0f}/s ({100 * min(rates) / middle:.0f} %)"


def _print_answers(told: dict[str, Any], began: float, seconds: float) -> None:
    for name, first, last in (("before", 0.0, began), ("during", began, began + seconds)):
        taken = sorted(taken for at, taken in told["answers"] if first <= at + taken and at < last)
        if taken:
            at = ", ".join(f"{share:.0%} {1000 * _at(taken, share):.0f}" for share in (0.5, 0.99))
            print(f"  answers to charging chargers {name}: {at}, longest {1000 * taken[-1]:.0f} ms, of {len(taken)}")
    if told["counts"]:
        print(f"  charging chargers: {told['counts']}")


async def kill(site: Site, options: argparse.Namespace) -> None:
    """Kill one node, and print when every owner record is right again."""
    pool = await asyncpg.create_pool(site.dsn, min_size=1, max_size=2)
    redis = Redis.from_url(site.redis_url, decode_responses=True)
    await asyncio.gather(site.crowd.hear(), site.charging.hear())
    await asyncio.sleep(options.calm)
    dead = _status(site.nodes[0])["uid"]
    theirs = await pool.fetchval("SELECT count(*) FROM charger_connection WHERE node_uid = $1", dead)
    site.crowd.say("wait")
    await asyncio.sleep(0.2)
    began = time.monotonic()
    site.nodes[0].kill()
    while wrong := await _wrong(pool, redis, dead, options.chargers):
        if time.monotonic() - began > LONGEST:
            raise SystemExit(f"{len(wrong)} owner records are wrong after {LONGEST} s: {wrong[:5]}")
        await asyncio.sleep(LOOK)
    right = time.monotonic() - began
    found = await site.crowd.hear()
    back = {one: at - began for one, at in found["booted_at"].items()}
    beyond = sorted(at - found["waited"].get(one, 0.0) for one, at in back.items())
    print(f"one node of {options.nodes} killed, {theirs} of {options.chargers + options.charging} chargers on it:")
    print(f"  every owner record, fence and route, right after {right:.2f} s; back-offs of {options.back_off} s")
    print(f"  booted {len(back)}: all {max(back.values()):.2f} s; beyond their own back-off {beyond[-1]:.2f} s at most")
    print(f"  {found['tries']} tries; not let in: {found['counts'] or 'none'}")
    await redis.aclose()
    await pool.close()


async def _wrong(pool: asyncpg.Pool, redis: Redis, dead: str, chargers: int) -> list[str]:
    """The chargers of the crowd whose fence or route does not name a living node, or not the same."""
    rows = await pool.fetch(
        "SELECT charger_id, node_uid, epoch, disconnected_at FROM charger_connection WHERE charger_id LIKE 'CROWD%'"
    )
    async with redis.pipeline(transaction=False) as pipeline:
        for row in rows:
            pipeline.hmget(keys.owner(row["charger_id"]), "node", "ep")
        routes = await pipeline.execute()
    wrong = [
        row["charger_id"]
        for row, (node, epoch) in zip(rows, routes, strict=True)
        if row["node_uid"] in (dead, None)
        or row["disconnected_at"] is not None
        or (node, epoch) != (row["node_uid"], str(row["epoch"]))
    ]
    return wrong + ["missing"] * (chargers - len(rows))


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def _cpu(site: Site) -> dict[str, float]:
    return {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in site.pids.items()}


def _status(node: Room) -> dict[str, Any]:
    with urlopen(f"{node.admin}/status", timeout=5) as answer:  # noqa: S310 - loopback
        return dict(json.loads(answer.read()))


@contextmanager
def built(postgres: PostgresServer, valkey: ValkeyServer, root: Path, options: argparse.Namespace) -> Iterator[Site]:
    """A database with its chargers, the nodes, the loads."""
    dsn = asyncio.run(_found(postgres.dsn, options))
    redis_url = f"{valkey.url.rpartition('/')[0]}/{next(NUMBERS) % 16}"
    port = free_port()
    with ExitStack() as ends:
        nodes = []
        for number in range(options.nodes):
            nodes.append(_node(number, port, dsn, redis_url, root, options.set))
            ends.callback(nodes[-1].stop, 20)
        for node in nodes:
            node.wait_ready(f"{node.admin}/readyz")
        crowd = Child(kind="crowd", prefix="CROWD", chargers=options.chargers, port=port, back_off=options.back_off)
        ends.callback(crowd.end)
        charging = Child(kind="charging", prefix="CHARGING", chargers=options.charging, port=port)
        ends.callback(charging.end)
        pids = {
            "nodes": [node.process.pid for node in nodes],
            "postgres": [postgres.pid],
            "valkey": [valkey.pid],
            "crowd": [crowd.process.pid],
            "charging": [charging.process.pid],
        }
        yield Site(dsn, redis_url, nodes, pids, crowd, charging)


def _node(number: int, port: int, dsn: str, redis_url: str, root: Path, more: Sequence[str]) -> Room:
    settings = {
        "POSTGRES_DSN": dsn,
        "REDIS_URL": redis_url,
        "NODE_NAME": f"node-{number}",
        "OCPP_HOST": "127.0.0.1",
        "OCPP_PORT": str(port),
        "OCPP_REUSE_PORT": "true",
        "ADMIN_PORT": str(free_port()),
        "STATUS_PATIENCE": "3600",  # its questions are no part of the storm
    }
    return Room("node", settings | dict(one.split("=", 1) for one in more), root / f"node-{number}.log")


async def _found(server_dsn: str, options: argparse.Namespace, *, is_parted: bool = True) -> str:
    """A database of its own, and every charger registered with the same password.

    `is_parted`: with today's partitions, where no worker makes them.
    """
    name = f"storm_{next(NUMBERS)}"
    await _execute(server_dsn, f"CREATE DATABASE {name}")
    dsn = urlsplit(server_dsn)._replace(path=f"/{name}").geturl()
    await migrate(dsn)
    today = datetime.now(UTC).date()
    for table in ("ocpp_messages", "meter_values") if is_parted else ():
        await _execute(dsn, f"SELECT make_day_partition('{table}', '{table}_today', '{today}')")
    for prefix, many in (("CROWD", options.chargers), ("CHARGING", options.charging)):
        await _execute(
            dsn,
            "INSERT INTO chargers (id, secret_hash) SELECT $1 || '-' || lpad(n::text, 5, '0'), $2 "
            "FROM generate_series(0, $3::int - 1) AS n",
            prefix,
            digest(PASSWORD),
            many,
        )
    return dsn


async def _execute(dsn: str, statement: str, *given: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *given)
    finally:
        await connection.close()


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chargers", type=int)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--charging", type=int, default=200, help="chargers that say MeterValues every second")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--calm", type=float, default=3.0, help="seconds before the storm")
    parser.add_argument("--kill", action="store_true", help="kill one node in place of cutting everybody")
    parser.add_argument("--back-off", type=float, nargs=2, default=[1.0, 2.0], help="seconds, after a lost connection")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the nodes")
    parser.add_argument("--keep-logs", action="store_true", help="print the ends of the nodes' logs")
    options = parser.parse_args(words)
    options.chargers = options.chargers or (3000 if options.kill else 2000)
    options.nodes = options.nodes or (3 if options.kill else 2)
    return options


def main() -> None:
    """Measure and print."""
    options = options_of()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}", flush=True)
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
            root = Path(folder)
            with start_postgres(root / "postgres") as postgres, start_valkey(root / "valkey") as valkey:
                with built(postgres, valkey, root, options) as site:
                    asyncio.run((kill if options.kill else storm)(site, options))
                if options.keep_logs:
                    for log in root.glob("node-*.log"):
                        print(f"{log.name}: {log.read_text()[-3000:]}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
