"""The load of `commands.py`: connected chargers that obey, and operators who send commands over REST and wait.

Started with one JSON object as its argument; prints one JSON object: seconds of each command's round trip, measured
from when it was due, so that a slow answer does not hide behind the next request.
"""

import asyncio
import json
import random
import sys
import time
from collections import deque
from itertools import count
from typing import Any

import httptools
import psutil
import uvloop
from lean import Charger
from measure import cpu_seconds

CONNECT_RATE = 400.0
SETTLE = 30.0


class Client(asyncio.Protocol):
    """One keep-alive HTTP connection; one request at a time."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.body = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        assert self.answer is not None
        self.answer.set_result((self.parser.get_status_code(), self.body))

    async def post(self, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes]:
        """Send and wait for the response."""
        self.parser, self.body = httptools.HttpResponseParser(self), b""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(
            (
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nPrefer: wait=10\r\n"
                f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
        return await self.answer


class Orders:
    """The chargers and what is ordered of them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.chargers: dict[str, Charger] = {}
        self.idle: deque[Client] = deque()
        self.failed: list[str] = []
        self.seconds: list[float] = []
        self._random = random.Random(plan["seed"])
        self._numbers = count(1)
        self._body = json.dumps({"action": plan["action"], "payload": plan["payload"]}).encode()

    def _lost(self, charger: Charger, why: str) -> None:
        self.failed.append(f"{charger.identity}: {why}")

    async def connect(self) -> None:
        """All chargers, booted."""
        loop, plan = asyncio.get_running_loop(), self.plan
        booted: set[str] = set()
        for number in range(plan["connections"]):
            identity = f"BENCH-{number:05}"
            made = Charger(identity, None, lambda one: booted.add(one.identity), self._lost)
            self.chargers[identity] = made
            await loop.create_connection(
                lambda made=made: made, "127.0.0.1", plan["ports"][number % len(plan["ports"])]
            )
            await asyncio.sleep(1 / CONNECT_RATE)
        async with asyncio.timeout(SETTLE):
            while len(booted) < plan["connections"] and not self.failed:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def beat(self) -> None:
        """Each charger says a heartbeat once in `heartbeat_s` seconds."""
        pause = self.plan["heartbeat_s"] / len(self.chargers)
        while True:
            for charger in list(self.chargers.values()):
                charger.beat()
                await asyncio.sleep(pause)

    async def order(self, due: float) -> None:
        """One command to a charger at random; its time counts from when it was due."""
        loop = asyncio.get_running_loop()
        if not self.idle:
            self.idle.append((await loop.create_connection(Client, "127.0.0.1", self.plan["api_port"]))[1])
        client = self.idle.pop()
        identity = self._random.choice(list(self.chargers))
        key = f"{self.plan['seed']}-{next(self._numbers)}"
        status, body = await client.post(f"/v1/chargers/{identity}/commands", self.plan["token"], key, self._body)
        took = time.perf_counter() - due
        self.idle.append(client)
        if status != 200 or json.loads(body)["state"] != "ACCEPTED":
            self.failed.append(f"{status}: {body[:300]!r}")
        self.seconds.append(took)

    async def one_by_one(self, commands: int) -> None:
        """The next one when the last one is answered."""
        for _ in range(commands):
            await self.order(time.perf_counter())

    async def at_a_rate(self, commands: int, rate: float) -> None:
        """One each 1/rate seconds, answered or not."""
        began = time.perf_counter()
        tasks = []
        for number in range(commands):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self.order(due)))
        await asyncio.gather(*tasks)

    async def run(self) -> None:
        """Connect, warm up, measure."""
        plan = self.plan
        bare = self._resident()
        await self.connect()
        grown = self._resident() - bare
        beating = asyncio.create_task(self.beat())
        await self.one_by_one(plan["warm_up"])
        self.seconds.clear()
        before, began = self._cpu(), time.perf_counter()
        if plan["rate"]:
            await self.at_a_rate(plan["commands"], plan["rate"])
        else:
            await self.one_by_one(plan["commands"])
        elapsed, after = time.perf_counter() - began, self._cpu()
        beating.cancel()
        beats = [one for charger in self.chargers.values() for one in charger.beaten]
        executed = sum(charger.executed for charger in self.chargers.values())
        used = {name: after[name] - before[name] for name in before}
        found = {
            "seconds": self.seconds,
            "beats": beats,
            "executed": executed,
            "failed": self.failed[:5],
            "elapsed": elapsed,
            "cpu": used,
            "bytes_each": grown / plan["connections"],
        }
        print(json.dumps(found), flush=True)

    def _resident(self) -> int:
        """Bytes that the nodes hold."""
        nodes = [pid for name, pid in self.plan["pids"].items() if name.startswith("node")]
        return sum(int(psutil.Process(pid).memory_info().rss) for pid in nodes)

    def _cpu(self) -> dict[str, float]:
        used = {name: cpu_seconds(pid) for name, pid in self.plan["pids"].items()}
        return used | {"driver": time.process_time()}


if __name__ == "__main__":
    uvloop.run(Orders(json.loads(sys.argv[1])).run())
