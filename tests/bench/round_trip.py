"""What one message costs the server: the node, with its commit, beside libraries without one, in turns in one run.

    .venv/bin/python tests/bench/round_trip.py [--runs 3] [--seconds 8] [--connections 500] [--actions MeterValues ...]

Starts PostgreSQL (fsync on) and Valkey of its own; each run of the node has a fresh database. After each run the
committed rows are counted: as many as were acknowledged, or the run is void.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from measure import Run, machine, median
from peers import NAMES, Peer, gathered

from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, free_port
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

HERE = Path(__file__).parent
ACTIONS = ("MeterValues", "Heartbeat", "TransactionEvent")
SAMPLES = {"MeterValues": 3, "TransactionEvent": 3, "Heartbeat": 0}
WARM_UP = 2.0
NUMBERS = count(1)


class Void(Exception):
    """A run that does not count."""


def drive(action: str, port: int, pids: dict[str, int], options: argparse.Namespace) -> Run:
    """Load a server that listens on `port`. Raises Void."""
    plan = {
        "action": action,
        "port": port,
        "pids": pids,
        "connections": options.connections,
        "seconds": options.seconds,
        "most": options.most,
        "warm_up": WARM_UP,
    }
    patience = 120 + 2 * options.seconds
    done = subprocess.run(
        [sys.executable, str(HERE / "drive.py"), json.dumps(plan)], capture_output=True, timeout=patience, check=False
    )
    lines = done.stdout.splitlines()
    found = json.loads(lines[-1]) if lines else {"error": done.stderr.decode()[-2000:]}
    if "error" in found:
        raise Void(found["error"])
    return Run(**found)


def run_peer(peer: Peer, action: str, options: argparse.Namespace) -> Run:
    """A library that stores nothing."""
    port = free_port()
    with peer.serve(port) as pid:
        return drive(action, port, {"server": pid}, options)


def run_node(action: str, servers: "Servers", options: argparse.Namespace) -> Run:
    """One node, and what of it is in PostgreSQL afterwards."""
    dsn = asyncio.run(_found(servers.postgres.dsn))
    with _node(dsn, servers, options.set) as (room, port):
        pids = {"server": room.process.pid, "postgres": servers.postgres.pid, "valkey": servers.valkey.pid}
        run = drive(action, port, pids, options)
    committed = asyncio.run(_committed(dsn, action))
    expected = (run.acknowledged, run.acknowledged * SAMPLES[action])
    if committed != expected:
        raise Void(f"acknowledged, and readings in them: {expected}; committed: {committed}")
    asyncio.run(_dropped(servers.postgres.dsn, dsn))
    return run


class Servers:
    """PostgreSQL and Valkey of this run."""

    def __init__(self, postgres: PostgresServer, valkey: ValkeyServer, folder: Path) -> None:
        self.postgres = postgres
        self.valkey = valkey
        self.folder = folder


@contextmanager
def _node(dsn: str, servers: Servers, more: list[str]) -> Iterator[tuple[Room, int]]:
    port = free_port()
    settings = {
        "POSTGRES_DSN": dsn,
        "REDIS_URL": servers.valkey.url,
        "OCPP_HOST": "127.0.0.1",
        "OCPP_PORT": str(port),
        "ADMIN_PORT": str(free_port()),
        "UNKNOWN_CHARGERS": "accept",
    } | dict(one.split("=", 1) for one in more)
    room = Room("node", settings, servers.folder / "node.log")
    try:
        room.wait_ready(f"{room.admin}/readyz")
        yield room, port
    finally:
        room.stop(20)


async def _found(server_dsn: str) -> str:
    """A database of its own, with today's partitions as the worker makes them."""
    name = f"bench_{next(NUMBERS)}"
    await _execute(server_dsn, f"CREATE DATABASE {name}")
    dsn = urlsplit(server_dsn)._replace(path=f"/{name}").geturl()
    await migrate(dsn)
    today = datetime.now(UTC).date()
    for table in ("ocpp_messages", "meter_values"):
        await _execute(dsn, f"SELECT make_day_partition('{table}', '{table}_today', '{today}')")
    return dsn


async def _committed(dsn: str, action: str) -> tuple[int, int]:
    """Messages of the action and readings; of a 2.x session without those of its first message."""
    connection = await asyncpg.connect(dsn)
    try:
        messages = await connection.fetchval(
            "SELECT count(*) FROM ocpp_messages WHERE action = $1 AND direction = 'in' AND reply IS NOT NULL", action
        )
        readings = await connection.fetchval("SELECT count(*) FROM meter_values")
        begun = await connection.fetchval("SELECT count(*) FROM transactions WHERE ocpp_version <> '1.6'")
    finally:
        await connection.close()
    return messages - begun, readings - 3 * begun


async def _dropped(server_dsn: str, dsn: str) -> None:
    await _execute(server_dsn, f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def compare(action: str, servers: Servers, peers: Sequence[Peer], options: argparse.Namespace) -> None:
    """Runs in turns, and their table."""
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers} | {"node": []}
    for _ in range(options.runs):
        for peer in peers:
            runs[peer.name].append(run_peer(peer, action, options))
            print(_line(action, peer.name, runs[peer.name][-1]), flush=True)
        runs["node"].append(run_node(action, servers, options))
        print(_line(action, "node", runs["node"][-1]), flush=True)
    for who, made in runs.items():
        print(_summary(action, who, made))
        _keep(options.out, action, who, made)
    for peer in peers:
        each = zip(runs[peer.name], runs["node"], strict=True)
        ratios = [theirs.each("server") / ours.each("server") for theirs, ours in each]
        print(f"{action:<17} the node is cheaper than {peer.name} by {median(ratios)}")
    print(flush=True)


def _keep(out: Path | None, action: str, who: str, runs: Sequence[Run]) -> None:
    if out is not None:
        each = {name: [run.each(name) for run in runs] for name in runs[0].cpu}
        told = {"action": action, "who": who, "us_each": each, "rate": [run.rate for run in runs]}
        with out.open("a") as file:
            file.write(json.dumps(told) + "\n")


def _line(action: str, who: str, run: Run) -> str:
    parts = " ".join(f"{name} {run.each(name):.1f}" for name in run.cpu)
    return f"  {action:<15} {who}: {run.messages} messages in {run.seconds:.1f} s; us each: {parts}"


def _summary(action: str, who: str, runs: list[Run]) -> str:
    cells: list[Any] = [f"{name} {median([run.each(name) for run in runs])}" for name in runs[0].cpu]
    return f"{action:<17} {who}: us each: {'; '.join(cells)}; {median([run.rate for run in runs])} msg/s"


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured, after a warm-up")
    parser.add_argument("--most", type=int, default=200_000, help="messages in a run")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--actions", nargs="+", choices=ACTIONS, default=list(ACTIONS))
    parser.add_argument(
        "--peers", nargs="*", choices=NAMES, default=list(NAMES), help="beside whom; none: the node alone"
    )
    parser.add_argument("--out", type=Path, help="a file that gets a JSON object a line")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the node")
    return parser.parse_args(words)


def main() -> None:
    """Measure and print."""
    options = options_of()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}")
    print(f"{options.connections} connections, saturated; {options.runs} runs each, in turns\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
        root = Path(folder)
        with start_postgres(root / "postgres") as postgres, start_valkey(root / "valkey") as valkey:
            peers = gathered(options.peers, root)
            for peer in peers:
                print(f"{peer.name}: {peer.says}", flush=True)
            for action in options.actions:
                compare(action, Servers(postgres, valkey, root), peers, options)


if __name__ == "__main__":
    main()
