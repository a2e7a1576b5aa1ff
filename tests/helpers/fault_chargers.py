"""Simulated chargers that keep account: every command that reaches one, every fact that is acknowledged to it.

A charger sends sessions (OCPP 1.6: StartTransaction, MeterValues ..., StopTransaction) one message at a time, keeps
each until it is acknowledged, repeats it under a new message id after a broken socket, and comes back with back-off,
to the next place of its list when one does not take it.
"""

import asyncio
import contextlib
import json
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fault_fleet import Place
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

AWAY = (OSError, TimeoutError, WebSocketException)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def identity(action: str, payload: Any) -> str:
    """What tells one command from another at the charger: each test gives each command a payload of its own."""
    return f"{action} {json.dumps(payload, sort_keys=True)}"


@dataclass
class Fact:
    """A transaction message, kept until it is acknowledged."""

    action: str
    payload: dict[str, Any]
    session: dict[str, Any]
    """What all messages of one session share: its id, once the start is acknowledged."""
    at: str
    answer: dict[str, Any] | None = None

    def ready(self) -> dict[str, Any]:
        """The payload, with the session's id where the action has one."""
        own = self.action != "StartTransaction"
        return self.payload | ({"transactionId": self.session["id"]} if own else {})


@dataclass
class Charger:
    """One charger; `run` until cancelled."""

    id: str
    places: list[Place]
    boots: bool = True
    """Whether it boots on every socket, or on its first one only."""
    charges: bool = True
    answers: bool = True
    """Whether it answers commands."""
    pace: float = 0.03
    age: timedelta = timedelta(minutes=5)
    """How long ago its first fact is."""
    patience: float = 4.0
    """Seconds that it waits for an answer before it takes the socket for dead."""
    executed: Counter[str] = field(default_factory=Counter)
    outbox: deque[Fact] = field(default_factory=deque)
    acknowledged: list[Fact] = field(default_factory=list)
    losses: int = 0
    """Sockets that ended, other than by its own doing."""
    closes: Counter[int] = field(default_factory=Counter)
    owner: str | None = None
    """The node of its open socket, once that was heard."""
    socket: ClientConnection | None = None
    abandoned: dict[ClientConnection, asyncio.Task[None]] = field(default_factory=dict)
    """Sockets that it left open; what still reaches them counts."""
    strays: list[str] = field(default_factory=list)
    """Commands that came by a socket that it had left."""
    _booted: bool = False
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _leaving: asyncio.Event = field(default_factory=asyncio.Event)
    _ticks: int = 0
    _meter: int = 0

    def __post_init__(self) -> None:
        self._since = datetime.now(UTC) - self.age

    async def run(self) -> None:
        """Connect, talk, come back, for ever."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._connected(self.places[0]) as socket:
                    self.socket = socket
                    await self._talk(socket, self.places[0])
                pause = FIRST_PAUSE
            except AWAY:
                self.places.append(self.places.pop(0))
            finally:
                self.socket = self.owner = None
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE)

    @contextlib.asynccontextmanager
    async def _connected(self, place: Place) -> AsyncIterator[ClientConnection]:
        """A socket, closed at the end unless it was abandoned."""
        socket = await connect(
            f"{place.ocpp}/{self.id}",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            ping_interval=None,
            compression=None,
            open_timeout=self.patience,
            close_timeout=0.2,
            proxy=None,
        )
        try:
            yield socket
        finally:
            if socket not in self.abandoned:
                await socket.close()

    async def _talk(self, socket: ClientConnection, place: Place) -> None:
        self._waiting, self._leaving = {}, asyncio.Event()
        works = (self._read(socket), self._say(socket, place), self._leaving.wait())
        tasks = [asyncio.create_task(work, name=f"{self.id} at {place.name}") for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if socket.close_code is not None and not self._leaving.is_set():
                self.losses += 1
                self.closes[socket.close_code] += 1

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            if frame[0] == 2:
                self.executed[identity(frame[2], frame[3])] += 1
                if self.answers:
                    await socket.send(json.dumps([3, frame[1], self._obey(frame[2], frame[3])]))
            elif (waiting := self._waiting.get(frame[1])) is not None and not waiting.done():
                waiting.set_result(frame)

    def _obey(self, action: str, payload: Any) -> dict[str, Any]:
        if action == "RemoteStartTransaction":
            self.outbox.extend(self._session(2, payload["idTag"], 0))
        return {
            "UnlockConnector": {"status": "Unlocked"},
            "GetConfiguration": {"configurationKey": [], "unknownKey": payload.get("key", [])},
        }.get(action, {"status": "Accepted"})

    async def _say(self, socket: ClientConnection, place: Place) -> None:
        if self.boots or not self._booted:
            await self.call(socket, "BootNotification", BOOT)
            self._booted = True
        else:
            await self.call(socket, "Heartbeat", {})
        self.owner = place.name
        while True:
            if not self.outbox and self.charges:
                self.outbox.extend(self._session(1, "DRIVER", 2))
            if not self.outbox:
                await asyncio.sleep(self.pace)
                continue
            fact = self.outbox[0]
            fact.answer = await self.call(socket, fact.action, fact.ready())
            if fact.action == "StartTransaction":
                fact.session["id"] = fact.answer["transactionId"]
            self.acknowledged.append(self.outbox.popleft())
            await asyncio.sleep(self.pace)

    async def call(self, socket: ClientConnection, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a CALL and return its answer; TimeoutError when none came, ConnectionError for a CALLERROR."""
        message_id = str(uuid4())
        self._waiting[message_id] = future = asyncio.get_running_loop().create_future()
        try:
            await socket.send(json.dumps([2, message_id, action, payload]))
            async with asyncio.timeout(self.patience):
                frame = await future
        finally:
            del self._waiting[message_id]
        if frame[0] != 3:
            raise ConnectionError(f"{action} of {self.id} was answered {frame}")
        return dict(frame[2])

    def _session(self, connector: int, tag: str, readings: int) -> list[Fact]:
        session: dict[str, Any] = {}
        start = {"connectorId": connector, "idTag": tag, "meterStart": self._meter}
        facts = [self._fact("StartTransaction", start, session)]
        for _ in range(readings):
            self._meter += 1
            facts.append(self._fact("MeterValues", {"connectorId": connector}, session))
        self._meter += 1
        return [*facts, self._fact("StopTransaction", {"meterStop": self._meter}, session)]

    def _fact(self, action: str, payload: dict[str, Any], session: dict[str, Any]) -> Fact:
        self._ticks += 1
        at = (
            (self._since + timedelta(milliseconds=self._ticks))
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        if action == "MeterValues":
            payload |= {"meterValue": [{"timestamp": at, "sampledValue": [{"value": str(self._meter)}]}]}
        else:
            payload |= {"timestamp": at}
        return Fact(action, payload, session, at)

    async def status(self, socket: ClientConnection, status: str) -> None:
        """Tell the state of connector 1 on a socket of its own choice, without waiting for the answer."""
        await self.say(socket, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": status})

    async def say(self, socket: ClientConnection, action: str, payload: dict[str, Any]) -> None:
        """Send a CALL that nobody waits for."""
        await socket.send(json.dumps([2, str(uuid4()), action, payload]))

    def lone_start(self) -> dict[str, Any]:
        """The payload of a StartTransaction that no session of this charger's own follows."""
        return self._session(3, "LATE", 0)[0].payload

    async def leave(self, *places: Place) -> None:
        """Close the socket and go to `places`."""
        socket = self.socket
        assert socket is not None
        self.places[:] = places
        self._leaving.set()
        await socket.close()

    def abandon(self, *places: Place) -> ClientConnection:
        """Forget the open socket without a word and go to `places`; it stays open, and answers nothing but pings."""
        socket = self.socket
        assert socket is not None
        self.abandoned[socket] = asyncio.create_task(self._only_count(socket), name=f"{self.id}, abandoned")
        self.places[:] = places
        self._leaving.set()
        return socket

    async def _only_count(self, socket: ClientConnection) -> None:
        await self._leaving.wait()
        await asyncio.sleep(0)  # until then the reader of before has the socket
        with contextlib.suppress(*AWAY):
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    self.executed[identity(frame[2], frame[3])] += 1
                    self.strays.append(frame[2])

    async def end(self) -> None:
        """Close what was abandoned."""
        for socket, task in self.abandoned.items():
            task.cancel()
            socket.transport.abort()
        await asyncio.gather(*self.abandoned.values(), return_exceptions=True)


def crew(prefix: str, count: int, places: Sequence[Place], **how: Any) -> list[Charger]:
    """Some chargers; every second one boots on its first socket only."""
    return [Charger(f"{prefix}-{n}", list(places), boots=n % 2 == 0, **how) for n in range(count)]
