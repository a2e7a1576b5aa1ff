"""What a connected fleet costs while it charges, and how soon it is answered: all of it on this machine.

    .venv/bin/python tests/bench/steady.py [--chargers 10000] [--nodes 2] [--every 30] [--minutes 10] [--kill]
    .venv/bin/python tests/bench/steady.py --chargers 1000 2000 5000 10000 20000 --nodes 1 2 --minutes 1 --out FILE

Each charger authenticates, boots, is in one session and tells a MeterValues of three values every so many seconds.
Nodes, API, worker, PostgreSQL (fsync on), Valkey and the chargers share the machine, and the CPU of all of them
counts. At the end each acknowledged fact is looked for in PostgreSQL by its id: one that is missing or there twice
makes the run void, as does an answer of the wrong kind, or a lost socket where no node was killed. `--kill`: one node
is killed with -9 half-way and does not come back. `--out` gets a JSON object a line.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from facts import compared
from measure import cpu_seconds, machine
from storm import Child, _at, _found, _node

from voltring_core.testing import Room, free_port
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

PREFIX = "CROWD"
SETTLE_S = 10.0
CROWD = 10_000
"""Chargers of one process: it may not have files for more."""
FILES = 200
"""Of a node, beside its chargers' sockets."""
SHOW_EVERY_S = 30.0
TOKEN = "a-token-for-benchmarks-0123456789"


@dataclass(frozen=True, slots=True)
class Site:
    """What a run is made of."""

    dsn: str
    nodes: Sequence[Room]
    pids: Mapping[str, Sequence[int]]
    crowds: Sequence[Child]
    told: Sequence[Path]
    """A file of each crowd, in which it tells what it knows."""
    bytes_before: int
    """Resident memory of the nodes without a charger."""


@dataclass(frozen=True, slots=True)
class Found:
    """One run. CPU in cores, times in milliseconds."""

    chargers: int
    nodes: int
    every_s: float
    seconds: float
    messages: int
    """Facts that were answered in the measured time."""
    p50_ms: float
    p99_ms: float
    longest_ms: float
    cores: Mapping[str, float]
    kib_each: float
    """Resident memory of the nodes for each charger, its session included."""
    lost_sockets: int
    wrong: Sequence[str]

    @property
    def line(self) -> str:
        """For people."""
        cores = ", ".join(f"{name} {100 * used:.1f}" for name, used in self.cores.items())
        return (
            f"{self.chargers} chargers, {self.nodes} node(s), one message in {self.every_s:g} s each: "
            f"{self.messages / self.seconds:.0f}/s; answered within p50 {self.p50_ms:.1f}, p99 {self.p99_ms:.1f}, "
            f"longest {self.longest_ms:.0f} ms; all of it {100 * sum(self.cores.values()):.1f} % of a core ({cores}); "
            f"{self.kib_each:.1f} KiB for each charger"
        )


async def run(site: Site, options: argparse.Namespace, chargers: int) -> Found:
    """Let them charge, and count."""
    await asyncio.gather(*(crowd.hear() for crowd in site.crowds))
    kib = (_resident(site.nodes) - site.bytes_before) / 1024 / chargers
    await asyncio.sleep(options.every + SETTLE_S)  # by then everybody's session has begun
    began, cpu = time.monotonic(), _cpu(site)
    await _wait(began, 60 * options.minutes, site if options.kill else None)
    ended, after = time.monotonic(), _cpu(site)
    for crowd in site.crowds:
        crowd.say("stop")
    await asyncio.gather(*(crowd.hear() for crowd in site.crowds))
    found = _together([json.loads(file.read_text()) for file in site.told])
    taken = sorted(taken for at, taken in found["answers"] if began <= at < ended)
    async with asyncpg.create_pool(site.dsn, min_size=1, max_size=1) as pool:
        wrong = await compared(pool, found["facts"])
    wrong += [f"{found['unsaid']} facts could not be told"] if found["unsaid"] else []
    if not options.kill:
        wrong += [f"{len(found['outages'])} sockets were lost"] if found["outages"] else []
        wrong += [f"the chargers saw {found['counts']}"] if found["counts"] else []
    return Found(
        chargers=chargers,
        nodes=len(site.nodes),
        every_s=options.every,
        seconds=ended - began,
        messages=len(taken),
        p50_ms=1000 * _at(taken, 0.5),
        p99_ms=1000 * _at(taken, 0.99),
        longest_ms=1000 * taken[-1],
        cores={name: (after[name] - cpu[name]) / (ended - began) for name in cpu},
        kib_each=kib,
        lost_sockets=len(found["outages"]),
        wrong=wrong,
    )


def _together(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the crowds know, as if they were one."""
    counts = sum((Counter(one["counts"]) for one in found), Counter())
    lists = {name: [row for one in found for row in one[name]] for name in ("answers", "facts", "outages")}
    return lists | {"counts": counts, "unsaid": sum(one["unsaid"] for one in found)}


async def _wait(began: float, seconds: float, killed: Site | None) -> None:
    """Until the time is over; half-way a node of `killed` is."""
    shown = began
    while (now := time.monotonic()) < began + seconds:
        if killed is not None and now >= began + seconds / 2:
            killed.nodes[0].kill()
            print("  killed one node", flush=True)
            killed = None
        if now >= shown + SHOW_EVERY_S:
            print(f"  {now - began:.0f} of {seconds:.0f} s", flush=True)
            shown = now
        await asyncio.sleep(0.2)


def _cpu(site: Site) -> dict[str, float]:
    return {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in site.pids.items()}


def _resident(nodes: Sequence[Room]) -> int:
    return sum(psutil.Process(node.process.pid).memory_info().rss for node in nodes)


@contextmanager
def built(
    servers: tuple[PostgresServer, ValkeyServer],
    root: Path,
    options: argparse.Namespace,
    chargers: int,
    nodes: int,
) -> Iterator[Site]:
    """A database with its chargers, all rooms, and the load."""
    postgres, valkey = servers
    dsn = asyncio.run(_found(postgres.dsn, argparse.Namespace(chargers=chargers, charging=0), is_parted=False))
    port = free_port()
    shared = {"POSTGRES_DSN": dsn, "REDIS_URL": valkey.url}
    with ExitStack() as ends:
        rooms = [_node(number, port, dsn, valkey.url, root, options.set) for number in range(nodes)]
        api = {"API_PORT": str(free_port()), "ADMIN_PORT": str(free_port()), "BOOTSTRAP_TOKEN": TOKEN}
        rooms.append(Room("api", shared | api, root / "api.log"))
        rooms.append(Room("worker", shared | {"ADMIN_PORT": str(free_port())}, root / "worker.log"))
        for room in rooms:
            ends.callback(room.stop, 60)
        for room in rooms:
            room.wait_ready(f"{room.admin}/readyz")
        before = _resident(rooms[:nodes])
        crowds, told = [], []
        for first in range(0, chargers, CROWD):
            some = min(CROWD, chargers - first)
            told.append(root / f"told-{first}.json")
            plan = {"prefix": PREFIX, "first": first, "chargers": some, "charging": some, "told": str(told[-1])}
            crowds.append(Child(kind="", port=port, reads_every_s=options.every, **plan, script="upgrade_crowd.py"))
            ends.callback(crowds[-1].end)
        pids = {"nodes": [one.process.pid for one in rooms[:nodes]]}
        pids |= {"api": [rooms[-2].process.pid], "worker": [rooms[-1].process.pid]}
        pids |= {"postgres": [postgres.pid], "valkey": [valkey.pid], "chargers": [one.process.pid for one in crowds]}
        yield Site(dsn, rooms[:nodes], pids, crowds, told, before)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--chargers", type=int, nargs="+", default=[10_000])
    asked.add_argument("--nodes", type=int, nargs="+", default=[2])
    asked.add_argument("--every", type=float, default=30.0, help="seconds between a charger's messages")
    asked.add_argument("--minutes", type=float, default=10.0, help="measured, after all have begun")
    asked.add_argument("--kill", action="store_true", help="kill -9 of a node half-way")
    asked.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the nodes")
    asked.add_argument("--out", type=Path, help="a file that gets a JSON object a line")
    options = asked.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}", flush=True)
    is_void = False
    for nodes, chargers in product(options.nodes, options.chargers):
        if chargers / nodes + FILES > most:
            print(f"{chargers} chargers, {nodes} node(s): left out, a process may open {most} files (ulimit -Hn)")
            continue
        with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
            root = Path(folder)
            with (
                start_postgres(root / "postgres") as postgres,
                start_valkey(root / "valkey") as valkey,
                built((postgres, valkey), root, options, chargers, nodes) as site,
            ):
                found = asyncio.run(run(site, options, chargers))
        print(found.line, flush=True)
        for sentence in found.wrong:
            print(f"VOID: {sentence}", flush=True)
        is_void = is_void or bool(found.wrong)
        if options.out is not None:
            with options.out.open("a") as out:
                out.write(json.dumps(asdict(found)) + "\n")
    sys.exit(is_void)


if __name__ == "__main__":
    main()
