"""What tests of every room use: free ports, conditions with deadlines, rooms as processes, chargers by hand."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.store.commands import Commands, NewCommand

T = TypeVar("T")
STEP = 0.02
PATIENCE_S = 60.0
"""Seconds that a condition, an answer or the end of a process is waited for: most come within one, machines that are
shared take ten times as long, and a wait that ends soon costs nothing by its limit."""
START_S = 120.0
"""The same for a process until it is ready: it reads some hundreds of modules first."""
LOWEST_PORT, LANES, LANE = 10_000, 9, 1_000


def _lane() -> Iterator[int]:
    """The ports of this process, again and again from a place of its own.

    Below those that kernels lend to outgoing connections: one of these could take a port before its server does. Test
    processes side by side (pytest-xdist) have a thousand each.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % LANES
    low = LOWEST_PORT + number * LANE
    place = random.randrange(LANE)
    while True:
        place = (place + 1) % LANE
        yield low + place


_ports = _lane()


def free_port() -> int:
    """A TCP port of loopback that nobody uses now."""
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = PATIENCE_S) -> T:
    """The first true value that `look` returns; AssertionError with the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        await asyncio.sleep(STEP)


class Room:
    """One room as a process of its own, as it runs in production."""

    def __init__(self, command: str, settings: Mapping[str, str], log: Path) -> None:
        """`settings` without the prefix VOLTRING_; standard output and error go to `log`."""
        self.log = log
        self.admin = f"http://127.0.0.1:{settings.get('ADMIN_PORT', '0')}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLTRING_")}
        environment |= {f"VOLTRING_{name}": value for name, value in settings.items()}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "voltring_core", command], env=environment, stdout=output, stderr=output
            )

    def wait_ready(self, url: str, seconds: float = START_S) -> None:
        """Return when `url` answers 200; AssertionError with the log when the room ends or time is over."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(url, timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            over = self.process.poll() is not None or time.monotonic() >= deadline
            assert not over, f"not ready: {self.log.read_text()[-2000:]}"
            time.sleep(STEP)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = PATIENCE_S) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class Wire:
    """A charger by hand: raw frames over a WebSocket, for what a well-behaved library would never send."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self._number = 0

    async def send(self, frame: Any) -> None:
        """Send text as it is, anything else as JSON."""
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def receive(self, seconds: float = PATIENCE_S) -> Any:
        """The next frame."""
        async with asyncio.timeout(seconds):
            return json.loads(await self.socket.recv())

    async def call(self, action: str, payload: Any, seconds: float = PATIENCE_S) -> Any:
        """Send a CALL and return the frame that answers it; CALLs of the CSMS in between are not expected."""
        self._number += 1
        await self.send([2, str(self._number), action, payload])
        answer = await self.receive(seconds)
        assert answer[1] == str(self._number), answer
        return answer

    async def boot(self) -> Any:
        """Boot as OCPP 1.6 or 2.x, whichever was chosen."""
        if self.socket.subprotocol == "ocpp1.6":
            return await self.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        station = {"model": "M", "vendorName": "V"}
        return await self.call("BootNotification", {"chargingStation": station, "reason": "PowerUp"})


class Desk:
    """An operator who queues commands for one charger and rings for it."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis, charger_id: str) -> None:
        self.commands = Commands(pool)
        self.pool = pool
        self.bells = Doorbells(redis)
        self.charger_id = charger_id

    async def order(self, action: str, payload: Any = None, **more: Any) -> Any:
        """Queue a command and ring; its id."""
        new = NewCommand(
            id=uuid4(),
            charger_id=self.charger_id,
            action=action,
            payload=payload or {},
            command_class=command_class(action),
            lane=lane(action),
            deadline_s=more.pop("deadline_s", 60),
            created_by="test",
            **more,
        )
        row, _ = await self.commands.queue(new)
        await self.bells.ring(self.charger_id)
        return row["id"]

    async def becomes(self, command_id: Any, state: str, seconds: float = PATIENCE_S) -> Any:
        """The row once it is in `state`."""

        async def look() -> Any:
            row = await self.commands.get(command_id)
            return row if row and row["state"] == state else None

        return await eventually(look, seconds)
