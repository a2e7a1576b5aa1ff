"""The stage of the fault tests: rooms as processes that may fail at a named step, on servers that may be killed."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import fault_node

from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, eventually, free_port
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

TOKEN = "an-admin-token-for-tests-0123456789"
LEASE_SECONDS = 3
CALL_TIMEOUT = 2.0
SILENCE_LIMIT = 20.0
START_SECONDS = 180.0
"""Several rooms start at once, and each takes ten seconds of a core that four others want."""
ENDED_WITHIN = 60.0
"""Seconds in which a room comes to the step at which it is to fail: work of milliseconds, after a call's timeout."""
ANTI_ENTROPY_SECONDS = 2.0
NODE = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "PING_INTERVAL": str(SILENCE_LIMIT / 3),
    "SILENCE_LIMIT": str(SILENCE_LIMIT),
    "CALL_TIMEOUT": str(CALL_TIMEOUT),
    "AUDIT_SECONDS": str(ANTI_ENTROPY_SECONDS),
    "OCPP_HOST": "127.0.0.1",
    "UNKNOWN_CHARGERS": "accept",
}
QUICK = {
    "node": {
        "voltring_node.server:BOOT_PATIENCE": 0.3,
        "voltring_node.liveness:SEEN_SECONDS": 1.0,
    },
    "api": {},
    "worker": {"voltring_worker.sweeper:OVERDUE_S": 1.0},
}
"""Constants of the product that are made small, so that a test needs seconds where a day needs minutes."""
WITNESS = """
CREATE TABLE fenced (number bigint GENERATED ALWAYS AS IDENTITY, charger_id text, epoch bigint, is_reopened boolean);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' OR (OLD.epoch, OLD.connection_id) IS DISTINCT FROM (NEW.epoch, NEW.connection_id) THEN
        INSERT INTO fenced (charger_id, epoch, is_reopened) VALUES (NEW.charger_id, NEW.epoch, false);
    ELSIF OLD.disconnected_at IS NOT NULL AND NEW.disconnected_at IS NULL THEN
        INSERT INTO fenced (charger_id, epoch, is_reopened) VALUES (NEW.charger_id, NEW.epoch, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON charger_connection FOR EACH ROW EXECUTE FUNCTION witness();
"""
"""Keeps who passed the fence, in order, and who was written down as gone by mistake, for the verdict."""


@dataclass(frozen=True)
class Fault:
    """Where and how a room fails, once `arm` says so; see fault_node.py."""

    at: str
    do: str = "kill"
    match: str = ""


class Process(Room):
    """A room that may be armed to fail."""

    def __init__(
        self, command: str, settings: dict[str, str], log: Path, fault: Fault | None = None, clock: float = 0.0
    ) -> None:
        self.log = log
        self.armed = log.with_suffix(".armed")
        self.admin = f"http://127.0.0.1:{settings.get('ADMIN_PORT', '0')}"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("VOLTRING_", "FAULT_"))
        }
        environment |= {f"VOLTRING_{name}": value for name, value in settings.items()}
        environment["FAULT_SET"] = ",".join(f"{name}={value}" for name, value in QUICK[command].items())
        if fault is not None:
            environment |= {"FAULT_AT": fault.at, "FAULT_DO": fault.do, "FAULT_MATCH": fault.match}
            environment |= {"FAULT_ARMED": str(self.armed)}
        if clock:
            environment["FAULT_CLOCK"] = str(clock)
        with log.open("ab") as output:
            argv = [sys.executable, fault_node.__file__, command]
            self.process = subprocess.Popen(argv, env=environment, stdout=output, stderr=output)

    def arm(self) -> None:
        """From now on the room fails where it was told to."""
        self.armed.touch()

    async def died(self, seconds: float = ENDED_WITHIN) -> None:
        """Wait until it has killed itself."""
        status = await asyncio.to_thread(self.process.wait, seconds)
        assert status == -signal.SIGKILL, f"ended with {status}: {self.log.read_text()[-2000:]}"

    async def stopped(self, seconds: float = ENDED_WITHIN) -> None:
        """Wait until it has stopped itself (SIGSTOP)."""

        async def has_stopped() -> bool:
            return self._stat[0] == "T"

        await eventually(has_stopped, seconds)

    @property
    def _stat(self) -> list[str]:
        """What the kernel says of it, from its state on."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """SIGKILL, also when it is stopped or has ended."""
        self.thaw()
        self.kill()

    @property
    def resident_bytes(self) -> int:
        """Memory that it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Place:
    """Where a charger connects, and the name of the node that it reaches there."""

    name: str
    ocpp: str


class Node(Process):
    """A node process."""

    name: str
    place: Place


class Servers:
    """A PostgreSQL and a Valkey that a test may kill, for all tests of the run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        # A server ends with the thread that started it.
        self._starter = ThreadPoolExecutor(1, "starter of servers")
        self.postgres = self._start_postgres()
        self.valkey = self._start_valkey()
        self._count = 0
        self._redis_databases = 0

    def database(self) -> str:
        """A migrated database of the test's own."""
        self._count += 1
        return asyncio.run(_made(self.postgres.dsn, f"faults_{self._count}"))

    def another_redis_url(self) -> str:
        """The same Valkey, and one of its other databases."""
        self._redis_databases = self._redis_databases % 15 + 1
        return f"{self.valkey.url.rpartition('/')[0]}/{self._redis_databases}"

    async def restart_postgres(self) -> None:
        """After a kill: the same data, the same address."""
        self.postgres = await asyncio.to_thread(self._start_postgres)

    async def restart_valkey(self, *, empty: bool = False) -> None:
        """After a kill: the same address, with or without what it had written."""
        if empty:
            shutil.rmtree(self.directory / "valkey" / "appendonlydir")
        self.valkey = await asyncio.to_thread(self._start_valkey)

    def another_valkey(self) -> ValkeyServer:
        """A second one, to be stopped by the test."""
        return self._starter.submit(start_valkey, self.directory / "another").result()

    def repair(self) -> None:
        """Have both running again, whatever a test left behind."""
        for server in (self.postgres, self.valkey):
            if server.process.poll() is None:
                signal_tree(server.pid, signal.SIGCONT)
        if self.postgres.process.poll() is not None:
            self.postgres = self._start_postgres()
        if self.valkey.process.poll() is not None:
            self.valkey = self._start_valkey()

    def stop(self) -> None:
        """End both."""
        self.repair()
        self.postgres.stop()
        self.valkey.stop()
        self._starter.shutdown()

    def _start_postgres(self) -> PostgresServer:
        return self._starter.submit(start_postgres, self.directory, fsync=False).result()

    def _start_valkey(self) -> ValkeyServer:
        return self._starter.submit(start_valkey, self.directory).result()


class Fleet:
    """Rooms on one database; every room that is started here ends with it."""

    def __init__(self, directory: Path, dsn: str, redis_url: str) -> None:
        self.directory = directory
        self.dsn = dsn
        self.redis_url = redis_url
        self.api_url = ""
        self._rooms: list[Process] = []
        self._numbers = count()

    def node(self, name: str, *, fault: Fault | None = None, clock: float = 0.0, **settings: str) -> Node:
        """Start a node and return when it is ready; settings by name without the prefix."""
        port = free_port()
        given = NODE | {"NODE_NAME": name, "OCPP_PORT": str(port)} | settings
        room = Node("node", self._given(given), self._log(name), fault, clock)
        room.name = name
        room.place = Place(name, f"ws://{given['OCPP_HOST']}:{port}/ocpp")
        return self._begun(room, f"{room.admin}/readyz")

    def api(self, *, fault: Fault | None = None, **settings: str) -> Process:
        """Start a replica of the API; operators use the last one that was started."""
        port = free_port()
        given = {"API_PORT": str(port), "BOOTSTRAP_TOKEN": TOKEN} | settings
        self.api_url = f"http://127.0.0.1:{port}"
        room = Process("api", self._given(given), self._log("api"), fault)
        return self._begun(room, f"{room.admin}/readyz")

    def worker(self, *, fault: Fault | None = None, **settings: str) -> Process:
        """Start a worker that sweeps often."""
        given = {"SWEEP_INTERVAL": "0.3", "CALL_TIMEOUT": str(CALL_TIMEOUT)} | settings
        room = Process("worker", self._given(given), self._log("worker"), fault)
        return self._begun(room, f"{room.admin}/readyz")

    def whole(self, *names: str, worker: bool = True) -> list[Node]:
        """Start nodes of these names, the API and a worker, all at once; the nodes."""
        with ThreadPoolExecutor(len(names) + 2) as starters:
            nodes = [starters.submit(self.node, name) for name in names]
            others = [starters.submit(room) for room in (self.api, self.worker)[: 1 + worker]]
            for other in others:
                other.result()
            return [node.result() for node in nodes]

    def stop(self) -> None:
        """Kill all of it."""
        for room in self._rooms:
            room.end()

    def _given(self, settings: dict[str, str]) -> dict[str, str]:
        servers = {"POSTGRES_DSN": self.dsn, "REDIS_URL": self.redis_url, "ADMIN_PORT": str(free_port())}
        return servers | settings

    def _log(self, name: str) -> Path:
        return self.directory / f"{next(self._numbers)}-{name}.log"

    def _begun(self, room: Any, url: str) -> Any:
        self._rooms.append(room)
        room.wait_ready(url, START_SECONDS)
        return room


def signal_tree(pid: int, number: int) -> None:
    """Signal a process and its children: a PostgreSQL is as many as it has connections."""
    os.kill(pid, number)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                signal_tree(int(stat.parent.name), number)


async def _made(dsn: str, name: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    own = urlsplit(dsn)._replace(path=f"/{name}").geturl()
    await migrate(own)
    connection = await asyncpg.connect(own)
    try:
        await connection.execute(WITNESS)
    finally:
        await connection.close()
    return own
