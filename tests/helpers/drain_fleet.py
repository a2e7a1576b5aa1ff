"""Chargers that come back, a router that follows /readyz, and an operator at the admin port: what a drain needs."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class, lane
from voltring_core.store.commands import Commands, NewCommand

TOKEN = "an-admin-token-of-a-node-under-test"
ANSWERS = {"UnlockConnector": {"status": "Unlocked"}}
BOOT = [2, "boot", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}]
POLL_S = 0.1
MOVED_WITHIN = 180.0
"""Seconds for a fleet to be where it is to be, or a drain in a phase: those of these tests last ten on a quiet machine,
and a limit costs nothing where the condition comes soon."""


class Router:
    """Sends each charger to its node, or the next one, among those whose /readyz says 200; sockets stay as they are."""

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = list(nodes)
        self.ready: set[str] = {node.name for node in nodes}

    async def follow(self) -> None:
        """Ask again and again."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            while True:
                for node in self.nodes:
                    try:
                        code = (await client.get(f"{node.room.admin}/readyz")).status_code
                    except httpx.HTTPError:
                        code = 503
                    (self.ready.add if code == 200 else self.ready.discard)(node.name)
                await asyncio.sleep(POLL_S)

    def pick(self, number: int) -> Any:
        """The node of a charger."""
        size = len(self.nodes)
        order = [self.nodes[(number + step) % size] for step in range(size)]
        return next((node for node in order if node.name in self.ready), order[0])


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(eq=False)
class Charger:
    """One charger; `run` until cancelled."""

    number: int
    router: Router
    back_off: tuple[float, float] = (0.2, 0.6)
    answers_after: float = 0.0
    may_answer: asyncio.Event = field(default_factory=_set)
    """Until it is set, no command is answered."""
    sticks_to: Any = None
    """The node that it tries first whatever the router says, until that refuses it."""
    socket: ClientConnection | None = None
    node: str = ""
    attempts: Counter[str] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)
    closes: list[tuple[float, str, int | None]] = field(default_factory=list)
    """When, by which node, with what code."""
    refused: Counter[int] = field(default_factory=Counter)
    answered_at: float = 0.0

    @property
    def id(self) -> str:
        """Its identity."""
        return f"CP-{self.number}"

    async def run(self) -> None:
        """Connect, answer, come back."""
        booted = False
        while True:
            node = self.sticks_to or self.router.pick(self.number)
            self.attempts[node.name] += 1
            try:
                async with connect(
                    f"{node.ocpp}/{self.id}",
                    subprotocols=["ocpp1.6"],
                    compression=None,
                    ping_interval=None,
                    open_timeout=MOVED_WITHIN,
                    proxy=None,
                ) as socket:
                    if not booted:
                        await socket.send(json.dumps(BOOT))
                        await socket.recv()
                        booted = True
                    self.socket, self.node = socket, node.name
                    await self._answer(socket)
            except InvalidStatus as error:
                self.refused[error.response.status_code] += 1
                self.sticks_to = None
            except (OSError, ConnectionClosed, TimeoutError):
                pass
            finally:
                if self.socket is not None:
                    self.closes.append((time.monotonic(), self.node, self.socket.close_code))
                self.socket = None
            await asyncio.sleep(random.uniform(*self.back_off))

    async def _answer(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            if frame[0] == 2:
                self.executed[json.dumps(frame[2:])] += 1
                await asyncio.sleep(self.answers_after)
                await self.may_answer.wait()
                self.answered_at = time.monotonic()
                await socket.send(json.dumps([3, frame[1], ANSWERS.get(frame[2], {"status": "Accepted"})]))


@dataclass
class Fleet:
    """Chargers that run."""

    router: Router
    chargers: list[Charger]

    def at(self, node: Any) -> list[Charger]:
        """Those that are connected to a node."""
        return [one for one in self.chargers if one.socket is not None and one.node == node.name]

    @property
    def away(self) -> int:
        """How many are connected nowhere."""
        return sum(one.socket is None for one in self.chargers)

    async def all_connected(self, seconds: float = MOVED_WITHIN) -> None:
        """Wait for the last one."""
        async with asyncio.timeout(seconds):
            while self.away:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def fleet(nodes: Sequence[Any], size: int, **more: Any) -> AsyncIterator[Fleet]:
    """So many chargers, spread over the nodes, all connected."""
    router = Router(nodes)
    made = Fleet(router, [Charger(number, router, **more) for number in range(size)])
    tasks = [asyncio.create_task(router.follow()), *(asyncio.create_task(one.run()) for one in made.chargers)]
    try:
        await made.all_connected()
        yield made
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Admin:
    """The operator at a node's admin port."""

    def __init__(self, node: Any, token: str | None = TOKEN) -> None:
        self._url = node.room.admin
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        async with httpx.AsyncClient(headers=self._headers, timeout=60, trust_env=False) as client:
            return await client.request(method, self._url + path, **more)

    async def drain(self, **body: Any) -> httpx.Response:
        """POST /drain."""
        return await self.ask("POST", "/drain", json=body)

    async def undrain(self) -> httpx.Response:
        """POST /undrain."""
        return await self.ask("POST", "/undrain")

    async def status(self) -> dict[str, Any]:
        """GET /status."""
        found: dict[str, Any] = (await self.ask("GET", "/status")).json()
        return found

    async def is_ready(self) -> bool:
        """GET /readyz."""
        return (await self.ask("GET", "/readyz")).status_code == 200

    async def phase(self, *wanted: str, seconds: float = MOVED_WITHIN) -> dict[str, Any]:
        """The status once the drain is in one of these phases."""
        async with asyncio.timeout(seconds):
            while ((status := await self.status())["drain"] or status)["phase"] not in wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return status


class Orders:
    """An operator who queues commands for any charger and rings."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self.pool = pool
        self.bells = Doorbells(redis)
        self.ids: list[Any] = []

    async def put(self, charger_id: str, action: str, payload: Any, deadline_s: float = 120) -> Any:
        """Queue one."""
        new = NewCommand(
            uuid4(), charger_id, action, payload, command_class(action), lane(action), deadline_s, created_by="test"
        )
        await Commands(self.pool).queue(new)
        await self.bells.ring(charger_id)
        self.ids.append(new.id)
        return new.id

    async def states(self) -> Counter[str]:
        """How many are where."""
        rows = await self.pool.fetch("SELECT state FROM commands WHERE id = ANY($1::uuid[])", self.ids)
        return Counter(row["state"] for row in rows)

    async def state(self, command_id: Any) -> str:
        """Where one is."""
        return str(await self.pool.fetchval("SELECT state FROM commands WHERE id = $1", command_id))


async def make(database: asyncpg.Connection, charger_id: str, what: str) -> None:
    """Let something go on at a charger: `charging`, `uploading`, `firmware`, as its messages would have left it."""
    if what == "charging":
        await database.execute(
            "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at) "
            "VALUES ($1, $2, '1.6', $2, 'Active', now())",
            uuid4(),
            charger_id,
        )
        return
    kind, state = {"uploading": ("Diagnostics", "Uploading"), "firmware": ("Firmware", "Downloading")}[what]
    await database.execute(
        "INSERT INTO station_records (charger_id, kind, key, state, content, source, at) "
        "VALUES ($1, $2, '', $3, '{}', 'test', now())",
        charger_id,
        kind,
        state,
    )
