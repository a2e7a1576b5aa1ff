"""How long the dashboard's queries take over 10 million readings and a million sessions.

    .venv/bin/python tests/bench/queries.py [--scale 1] [--calls 60] [--only sessions,fleet]

Starts PostgreSQL (fsync on, as `voltring up` has it) and Valkey of its own in a temporary folder, which needs 10 GB at
scale 1; fills a database (`queries.sql`), then asks the API as a process, over HTTP, one request after the other, each
for another charger, session or place in a list. Cold: PostgreSQL is started anew before each kind, its files out of
the operating system's cache. Every answer must be a 200 with something in it, or the run is void. `--scale 0.02` is
for a quick look.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from measure import machine
from queries_asked import Asked, Made, kinds
from queries_data import Size, fill

from voltring_core.cluster.connection import open_redis
from voltring_core.cluster.leases import NodeLease, renew
from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, free_port
from voltring_local.servers import PostgresServer, start_postgres, start_valkey

TOKEN = "a-token-for-benchmarks-0123456789"
NODE = NodeLease("bench~1", "node-0", 20_000, False, "http://127.0.0.1:1", "0")
GOAL_MS = 100.0
PATIENCE_S = 30.0


class Void(Exception):
    """A run that does not count."""


class Client:
    """Asks the API over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def wait(self) -> None:
        """Return when the API has found its database again. Raises Void."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(Void):
                self.ask("/v1/me")
                return
            time.sleep(0.1)
        raise Void("the API does not find its database again")

    def ask(self, path: str) -> tuple[float, bytes]:
        """Seconds, and the answer. Raises Void when it is not 200."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = self._connection.getresponse()
        said = answer.read()
        took = time.perf_counter() - began
        if answer.status != http.HTTPStatus.OK:
            raise Void(f"{path}: {answer.status} {said[:300]!r}")
        return took, said


def measured(client: Client, asked: Asked, calls: int) -> list[float]:
    """Milliseconds of each call. Raises Void."""
    taken, filled = [], 0
    for number in range(calls):
        if number:
            time.sleep(asked.pace_s)
        seconds, said = client.ask(asked.address())
        taken.append(1000 * seconds)
        filled += json.loads(said).get("items", True) not in ([], None)
        for part in json.loads(said).get("late", ()):
            print(f"{asked.name}: {part} took too long and was left out", file=sys.stderr, flush=True)
    if not filled and not asked.may_be_empty:
        raise Void(f"{asked.name}: nothing was ever found")
    return taken


class Database:
    """A PostgreSQL that can be made to forget."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "postgres"
        self.postgres: PostgresServer = start_postgres(self.folder)

    def forget(self) -> None:
        """Start it anew, without what the operating system has kept of its files."""
        asyncio.run(_checkpoint(self.postgres.dsn))
        self.postgres.stop()
        for file in self.folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                descriptor = os.open(file, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
        self.postgres = start_postgres(self.folder)


@contextmanager
def database(root: Path, size: Size) -> Iterator[Database]:
    """PostgreSQL with the data."""
    running = Database(root)
    try:
        print("Making the data:", flush=True)
        asyncio.run(migrate(running.postgres.dsn))
        asyncio.run(fill(running.postgres.dsn, size))
        yield running
    finally:
        running.postgres.stop()


async def _checkpoint(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CHECKPOINT", timeout=600)
    await connection.close()


async def _node_lives(redis_url: str) -> None:
    redis = open_redis(redis_url, name="bench")
    await renew(redis, NODE, 24 * 3600)
    await redis.aclose()


@contextmanager
def api(dsn: str, redis_url: str, root: Path) -> Iterator[Client]:
    """The API as a process."""
    port = free_port()
    settings = {"POSTGRES_DSN": dsn, "REDIS_URL": redis_url, "API_PORT": str(port), "BOOTSTRAP_TOKEN": TOKEN}
    settings |= {"ADMIN_PORT": str(free_port())}
    room = Room("api", settings, root / "api.log")
    try:
        room.wait_ready(f"{room.admin}/readyz", PATIENCE_S)
        yield Client(port)
    finally:
        room.stop()


def quantile(values: list[float], share: float) -> float:
    """The smallest that so many do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def line(asked: Asked, cold: list[float], warm: list[float]) -> str:
    """A row of the table."""
    cells = [f"{cold[0]:.0f}", *(f"{quantile(taken, share):.1f}" for taken in (cold, warm) for share in (0.5, 0.99))]
    slow = " *" if quantile(warm, 0.99) > GOAL_MS else ""
    return f"| {asked.name}{slow} | {' | '.join(cells)} |"


def compare(options: argparse.Namespace, made: Made, client: Client, running: Database) -> None:
    """Ask for everything that the API has, cold and warm, and print the table."""
    print("| asked for | cold, first | cold p50 | cold p99 | warm p50 | warm p99 |")
    print("|---|---|---|---|---|---|", flush=True)
    served = json.loads(client.ask("/openapi.json")[1])["paths"]
    for asked in kinds(made):
        if "get" not in served.get(asked.route, {}):
            print(f"| {asked.name}: not served | | | | | |")
        elif any(word in asked.name for word in options.only.split(",")):
            if not options.warm_only:
                running.forget()
                client.wait()
            cold = measured(client, asked, options.calls)
            print(line(asked, cold, measured(client, asked, options.calls)), flush=True)


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scale", type=float, default=1.0, help="of 20,000 chargers and a million sessions")
    parser.add_argument("--calls", type=int, default=60, help="of each kind, cold and warm")
    parser.add_argument("--only", default="", help="kinds whose names have one of these words, by commas")
    parser.add_argument("--warm-only", action="store_true", help="never start PostgreSQL anew")
    parser.add_argument("--keep", action="store_true", help="wait at the end until Enter is pressed, to look around")
    return parser.parse_args(words)


def main() -> None:
    """Measure and print."""
    options = options_of()
    size = Size().scaled(options.scale) if options.scale != 1 else Size()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}")
    print(
        f"{size.chargers:,} chargers, {size.sessions:,} sessions, {size.sessions * size.readings:,} readings\n",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
        root = Path(folder)
        with start_valkey(root / "valkey") as valkey, database(root, size) as running:
            asyncio.run(_node_lives(valkey.url))
            with api(running.postgres.dsn, valkey.url, root) as client:
                compare(options, Made(size, seed=1), client, running)
                if options.keep:
                    with contextlib.suppress(EOFError):
                        input(f"{running.postgres.dsn}\n")


if __name__ == "__main__":
    main()
