"""What tests of every room use: free ports, conditions with deadlines, rooms as processes, chargers by hand."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
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


def free_port() -> int:
    """A TCP port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = 10.0) -> T:
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

    def wait_ready(self, url: str, seconds: float = 20.0) -> None:
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

    def stop(self, seconds: float = 10.0) -> int:
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

    async def receive(self, seconds: float = 5.0) -> Any:
        """The next frame."""
        async with asyncio.timeout(seconds):
            return json.loads(await self.socket.recv())

    async def call(self, action: str, payload: Any, seconds: float = 10.0) -> Any:
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

    async def becomes(self, command_id: Any, state: str, seconds: float = 10) -> Any:
        """The row once it is in `state`."""

        async def look() -> Any:
            row = await self.commands.get(command_id)
            return row if row and row["state"] == state else None

        return await eventually(look, seconds)
