"""The router before a fleet: who moves, and how long everybody takes, when nodes come, drain, die, and a router ends.

    .venv/bin/python tests/bench/router.py [--chargers 2000] [--back-off 2 6]

Starts PostgreSQL and Valkey of its own, two HAProxy by the chart's form, three nodes and then a fourth, all of it on
loopback, and chargers that come back after a back-off. Needs HAProxy (apt-get install haproxy). Prints a line a step.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
from drain_fleet import TOKEN, Admin, Charger, Fleet
from router_names import Names
from router_street import Pod, Router, places, wait_listening

from voltring_core.domain.placement import home
from voltring_core.store.migrate import migrate
from voltring_core.testing import eventually, free_port
from voltring_local.servers import start_postgres, start_valkey

SLOTS = 4
LONGEST_S = 900.0


class Stage:
    """Everything that runs."""

    def __init__(self, ends: ExitStack, directory: Path) -> None:
        self.directory = directory
        self.dsn = ends.enter_context(start_postgres(directory / "postgres")).dsn
        self.redis_url = ends.enter_context(start_valkey(directory / "valkey")).url
        self.names = ends.enter_context(Names())
        self.ports = SimpleNamespace(ocpp=free_port(), admin=free_port())
        self._ends = ends
        self.database: Any = None

    def pod(self, ordinal: int) -> Pod:
        """One more node."""
        settings = {"POSTGRES_DSN": self.dsn, "REDIS_URL": self.redis_url, "UNKNOWN_CHARGERS": "accept"}
        settings |= {"ADMIN_TOKEN": TOKEN, "MAX_NODES": str(SLOTS)}
        pod = Pod(ordinal, settings, self.directory, self.names, self.ports)
        self._ends.callback(pod.process.kill)
        pod.wait_ready(f"{pod.admin}/readyz", 60)
        return pod

    def router(self, name: str) -> Router:
        """One more replica."""
        more = {"ocppPort": self.ports.ocpp, "adminPort": self.ports.admin, "maxNodes": SLOTS, "maxConnections": 6000}
        router = Router(self.directory, self.names, name=name, **more)
        self._ends.callback(router.kill)
        wait_listening(router.port)
        return router


@contextmanager
def timed(what: str, told: list[str]) -> Iterator[None]:
    """Print how long it took, and what is appended to `told`."""
    began = time.monotonic()
    yield
    print(f"{what:<44} {time.monotonic() - began:7.1f} s   {'; '.join(told)}", flush=True)
    told.clear()


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for a true value."""

    async def calmly() -> Any:
        await asyncio.sleep(0.2)
        return await look()

    return await eventually(calmly, LONGEST_S)


async def settled(stage: Stage, swarm: Fleet) -> dict[str, int]:
    """Where everybody is, once everybody is somewhere."""

    async def look() -> Any:
        found = await places(stage.database, (one.id for one in swarm.chargers))
        return None if swarm.away or len(found) < len(swarm.chargers) else found

    return dict(await until(look))


def compared(where: dict[str, int], before: dict[str, int], up: Iterable[int]) -> str:
    """Who moved, and who is not at home."""
    nodes = frozenset(up)
    moved = Counter((before[one], where[one]) for one in where if before.get(one, where[one]) != where[one])
    away = sum(where[one] != home(one, nodes) for one in where)
    spread = "/".join(str(count) for _, count in sorted(Counter(where.values()).items()))
    ways = ", ".join(f"{count} from {a} to {b}" for (a, b), count in sorted(moved.items()))
    return f"{spread}; moved: {ways or 'nobody'}; not at home: {away}"


async def over(pod: Pod, what: str, phases: tuple[str, ...]) -> dict[str, Any]:
    """The drain or the recall of a node when it has come to its end."""

    async def look() -> Any:
        found = (await Admin(pod).status())[what]
        return found if found["phase"] in phases else None

    return dict(await until(look))


async def recall(pods: Iterable[Pod]) -> str:
    """Send home whom the router would have elsewhere, one node after the other."""
    closed = 0
    for pod in pods:
        (await Admin(pod).ask("POST", "/recall", json={"rate": 100})).raise_for_status()
        closed += (await over(pod, "recall", ("Done", "Stopped")))["closed"]
    return f"{closed} closed"


async def play(stage: Stage, size: int, back_off: tuple[float, float]) -> None:
    """All steps."""
    await migrate(stage.dsn)
    stage.database = await asyncpg.connect(stage.dsn)
    pods = [stage.pod(number) for number in range(3)]
    routers = [stage.router("router-0"), stage.router("router-1")]
    for router in routers:
        await router.sees(up=range(3))
    street = SimpleNamespace(pick=lambda number: routers[number % 2])
    swarm = Fleet(street, [Charger(number, street, back_off) for number in range(size)])
    tasks = [asyncio.create_task(one.run()) for one in swarm.chargers]
    told: list[str] = []
    with timed(f"{size} chargers connect, 3 nodes, 2 routers", told):
        first = await settled(stage, swarm)
        told.append(compared(first, {}, range(3)))
    with timed("all are cut and come back", told):
        for one in swarm.chargers:
            if one.socket is not None:
                one.socket.transport.abort()
        where = await settled(stage, swarm)
        told.append(compared(where, first, range(3)))
    fourth = stage.pod(3)
    for router in routers:
        await router.sees(up=range(4))
    with timed("a fourth node, and recalls", told):
        told.append(await recall(pods))
        where = await settled(stage, swarm)
        told.append(compared(where, first, range(4)))
    with timed("it drains, and everybody is where they were", told):
        await Admin(fourth).drain()
        drain = await over(fourth, "drain", ("Drained", "Aborted"))
        told.append(f"{drain['closed']} closed, {drain['returned']} returned")
        told.append(compared(await settled(stage, swarm), first, range(3)))
    fourth.stop(60)
    with timed("kill -9 of node 1", told):
        pods[1].kill()
        where = await settled(stage, swarm)
        told.append(compared(where, first, (0, 2)))
    pods[1] = stage.pod(1)
    for router in routers:
        await router.sees(up=range(3))
    with timed("it is replaced at another address, recalls", told):
        told.append(await recall([pods[0], pods[2]]))
        told.append(compared(await settled(stage, swarm), first, range(3)))
    with timed("router 0 ends, all go by router 1", told):
        counts = [len(one.closes) for one in swarm.chargers]
        routers[0].stop_softly()
        street.pick = lambda number: routers[1]
        await asyncio.to_thread(routers[0].process.wait, LONGEST_S)
        where = await settled(stage, swarm)
        per_second = Counter(
            int(one.closes[-1][0])
            for one, before in zip(swarm.chargers, counts, strict=True)
            if len(one.closes) > before
        )
        told.append(f"at most {max(per_second.values(), default=0)} closed in a second")
        told.append(compared(where, first, range(3)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await stage.database.close()


def main() -> None:
    """Read the arguments, run."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--chargers", type=int, default=2000)
    asked.add_argument("--back-off", type=float, nargs=2, default=(2.0, 6.0))
    given = asked.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as ends:
        asyncio.run(play(Stage(ends, Path(directory)), given.chargers, tuple(given.back_off)))


if __name__ == "__main__":
    main()
