"""How long a remote command takes: REST API -> node -> charger -> REST API, SENT committed before the frame.

    .venv/bin/python tests/bench/commands.py [--connections 600] [--commands 1000] [--rate 0] [--nodes 1] [--runs 3]

`--rate 0` sends the next command when the last one is answered; another rate sends so many a second, answered or not.
Starts PostgreSQL (fsync on) and Valkey of its own, nodes, API and worker as in production. Every command must be
answered 200 and ACCEPTED and be executed once by its charger, or the run is void.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measure import machine
from round_trip import HERE, Servers, Void, _dropped, _found

from voltring_core.testing import Room, free_port
from voltring_local.servers import start_postgres, start_valkey

TOKEN = "a-token-for-benchmarks-0123456789"


def run(servers: Servers, options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One run on a fresh database. Raises Void."""
    dsn = asyncio.run(_found(servers.postgres.dsn))
    shared = {"POSTGRES_DSN": dsn, "REDIS_URL": servers.valkey.url}
    api_port, ports = free_port(), [free_port() for _ in range(options.nodes)]
    with ExitStack() as stack:
        rooms = {"api": _api(servers, shared, api_port), "worker": _room("worker", servers, shared, {})}
        for number, port in enumerate(ports):
            rooms[f"node-{number}"] = _node(servers, shared, number, port, options.set)
        for room in rooms.values():
            stack.callback(room.stop, 20)
        for name, room in rooms.items():
            if name != "worker":
                room.wait_ready(f"{room.admin}/readyz")
        pids = {name: room.process.pid for name, room in rooms.items()}
        pids |= {"postgres": servers.postgres.pid, "valkey": servers.valkey.pid}
        found = _drive(options, seed, pids, ports, api_port)
    asyncio.run(_dropped(servers.postgres.dsn, dsn))
    expected = options.commands + options.warm_up
    if found["failed"] or found["executed"] != expected:
        raise Void(f"{found['executed']} of {expected} commands were executed; {found['failed']}")
    return found


def _room(command: str, servers: Servers, shared: dict[str, str], more: dict[str, str]) -> Room:
    return Room(command, shared | {"ADMIN_PORT": str(free_port())} | more, servers.folder / f"{command}.log")


def _api(servers: Servers, shared: dict[str, str], port: int) -> Room:
    return _room("api", servers, shared, {"API_PORT": str(port), "BOOTSTRAP_TOKEN": TOKEN})


def _node(servers: Servers, shared: dict[str, str], number: int, port: int, more: Sequence[str]) -> Room:
    settings = {
        "NODE_NAME": f"node-{number}",
        "OCPP_HOST": "127.0.0.1",
        "OCPP_PORT": str(port),
        "UNKNOWN_CHARGERS": "accept",
    } | dict(one.split("=", 1) for one in more)
    return _room("node", servers, shared, settings)


def _drive(
    options: argparse.Namespace, seed: int, pids: dict[str, int], ports: list[int], api_port: int
) -> dict[str, Any]:
    plan = {
        "action": options.action,
        "payload": json.loads(options.payload),
        "connections": options.connections,
        "commands": options.commands,
        "warm_up": options.warm_up,
        "rate": options.rate,
        "heartbeat_s": options.heartbeat,
        "pids": pids,
        "ports": ports,
        "api_port": api_port,
        "token": TOKEN,
        "seed": seed,
    }
    patience = 180 + options.connections / 100 + options.commands / (options.rate or 20)
    done = subprocess.run(
        [sys.executable, str(HERE / "order.py"), json.dumps(plan)], capture_output=True, timeout=patience, check=False
    )
    lines = done.stdout.splitlines()
    if not lines:
        raise Void(done.stderr.decode()[-2000:])
    return dict(json.loads(lines[-1]))


def _quantile(values: Sequence[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _line(found: dict[str, Any]) -> str:
    took, beats = found["seconds"], found["beats"] or [0.0]
    cpu = " ".join(f"{name} {1000 * used / len(took):.2f}" for name, used in found["cpu"].items())
    return (
        f"  p50 {_quantile(took, 0.5):.2f} p90 {_quantile(took, 0.9):.2f} p99 {_quantile(took, 0.99):.2f} "
        f"max {1000 * max(took):.1f} ms; {len(took) / found['elapsed']:.0f}/s; "
        f"heartbeats p99 {_quantile(beats, 0.99):.1f} ms; {found['bytes_each'] / 1024:.1f} KiB for each charger; "
        f"ms of CPU for each: {cpu}"
    )


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=600)
    parser.add_argument("--commands", type=int, default=1000)
    parser.add_argument("--warm-up", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.0, help="commands a second; 0: one by one")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--heartbeat", type=float, default=60.0, help="seconds between a charger's heartbeats")
    parser.add_argument("--action", default="UnlockConnector")
    parser.add_argument("--payload", default='{"connectorId": 1}')
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the nodes")
    return parser.parse_args(words)


def main() -> None:
    """Measure and print."""
    options = options_of()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    pace = f"{options.rate:.0f}/s" if options.rate else "one by one"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}")
    where = f"{options.connections} connected to {options.nodes} node(s)"
    print(f"{where}, {options.commands} commands, {pace}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
        root = Path(folder)
        with start_postgres(root / "postgres") as postgres, start_valkey(root / "valkey") as valkey:
            runs = []
            for number in range(options.runs):
                runs.append(run(Servers(postgres, valkey, root), options, number))
                print(_line(runs[-1]), flush=True)
    for share in (0.5, 0.99):
        values = [_quantile(found["seconds"], share) for found in runs]
        print(f"p{100 * share:.0f}: {statistics.median(values):.2f} ms [{min(values):.2f}-{max(values):.2f}]")


if __name__ == "__main__":
    main()
