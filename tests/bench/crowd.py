"""The load of `storm.py`: chargers of one process, either a crowd that is cut off and comes back, or some that charge.

A charger here is a few bytes of WebSocket by hand, as in `drive.py`. It authenticates by HTTP Basic. Refused with 503
it comes again after Retry-After, up to a fifth later; a connection that fails is tried again after one to two seconds.

Started with one JSON object as its argument; is told `cut` or `stop` on standard input; prints a JSON object a line.
Times are of the monotonic clock, which all processes of one machine share.
"""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import uvloop
from drive import MASK, frame, now, sampled, whole

PATIENCE = 20.0
"""Seconds after which a charger gives a handshake up (EVerest and others: 20 to 30 s)."""
BACK_OFF = (1.0, 2.0)
PERIOD = 1.0
RANDOM = Random(1)
FIRST_RATE = 300.0
BOOT = '[2,"1","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"B1"}]'


class Charger(asyncio.Protocol):
    """One charger: upgrades and boots; what it is told then goes to `load.heard`."""

    def __init__(self, load: "Load", identity: str) -> None:
        self.load = load
        self.identity = identity
        self.transport: Any = None
        self.is_open = False
        self.is_booted = False
        self.buffer = b""
        self.patience: Any = None
        self.again: float | None = None
        self.transaction = 0
        self.sent = 1
        self.sent_at = 0.0

    def knock(self) -> None:
        """Connect."""
        self.load.tries += 1
        self.is_open, self.is_booted, self.buffer, self.again = False, False, b"", None
        loop = asyncio.get_running_loop()
        self.patience = loop.call_later(PATIENCE, self._give_up)
        task = loop.create_task(loop.create_connection(lambda: self, "127.0.0.1", self.load.port))
        task.add_done_callback(self._connected)

    def _connected(self, task: Any) -> None:
        if task.exception() is not None:
            self.load.count("connection refused")
            self.connection_lost(None)

    def _give_up(self) -> None:
        self.load.count("gave up")
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        told = base64.b64encode(f"{self.identity}:{self.load.password}".encode()).decode()
        transport.write(  # type: ignore[attr-defined]
            f"GET /ocpp/{self.identity} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: ocpp1.6\r\nAuthorization: Basic {told}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.patience is not None:
            self.patience.cancel()
        self.load.lost(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.buffer = rest
            self._answered(head)
        while self.is_open and (size := whole(self.buffer)) is not None:
            start = 2 if self.buffer[1] < 126 else 4
            opcode, body = self.buffer[0], self.buffer[start:size]
            self.buffer = self.buffer[size:]
            if opcode == 0x81 and body.startswith(b"[2,"):
                self.asked(body)
            elif opcode == 0x81:
                self.load.heard(self, body)
            elif opcode == 0x88:
                self.told_to_go(body)
            elif opcode == 0x89:
                self.transport.write(bytes((0x8A, 0x80 | len(body))) + MASK + body)

    def _answered(self, head: bytes) -> None:
        status = head[9:12].decode()
        if status == "101":
            self.is_open = True
            self.load.opened(self)
            self.greet()
            return
        self.load.count(status)
        if b"Retry-After: " in head:
            told = float(head.partition(b"Retry-After: ")[2].partition(b"\r")[0])
            self.load.told.append(told)
            self.again = told * RANDOM.uniform(1.0, 1.2)

    def asked(self, body: bytes) -> None:
        """The CSMS wants something: nothing is known of it here."""
        self.transport.write(frame(f'[4,"{json.loads(body)[1]}","NotImplemented","",{{}}]'))

    def told_to_go(self, body: bytes) -> None:
        """The other side closes: the TCP connection ends with it."""

    def greet(self) -> None:
        """The first words on an open socket."""
        self.transport.write(frame(BOOT))

    def say(self, action: str, payload: str) -> None:
        """Send a CALL."""
        self.sent += 1
        self.sent_at = time.monotonic()
        if self.transport is not None:
            self.transport.write(frame(f'[2,"{self.sent}","{action}",{payload}]'))


class Load:
    """The chargers of this process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.port: int = plan["port"]
        self.password: str = plan["password"]
        self.back_off = tuple(plan.get("back_off", BACK_OFF))
        self.chargers = [Charger(self, f"{plan['prefix']}-{number:05}") for number in range(plan["chargers"])]
        self.tries = 0
        self.told: list[float] = []
        self.over = False
        self._counts: Counter[str] = Counter()
        self._missing: set[Charger] = set()
        self._all = asyncio.Event()

    def count(self, what: str) -> None:
        self._counts[what] += 1

    def opened(self, charger: Charger) -> None:
        """The upgrade is done."""

    def heard(self, charger: Charger, body: bytes) -> None:
        """Another text; the first is the answer to Boot."""
        if not charger.is_booted and body.startswith(b'[3,"1",') and b'"Accepted"' in body:
            charger.is_booted = True
            charger.patience.cancel()
            self.booted(charger)

    def booted(self, charger: Charger) -> None:
        self._missing.discard(charger)
        if not self._missing:
            self._all.set()

    def lost(self, charger: Charger) -> None:
        """Come again, unless it is over."""
        if self.over:
            return
        self._missing.add(charger)
        pause = charger.again or RANDOM.uniform(*self.back_off)
        self.waits(charger, pause)
        asyncio.get_running_loop().call_later(pause, charger.knock)

    def waits(self, charger: Charger, pause: float) -> None:
        """A charger is back no earlier than in `pause` seconds."""

    async def connect(self) -> None:
        """Everybody, one after the other."""
        self._missing = set(self.chargers)
        for charger in self.chargers:
            charger.knock()
            await asyncio.sleep(1 / FIRST_RATE)
        await self._all.wait()


class Crowd(Load):
    """Is cut off, or loses some of its sockets, and comes back."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__(plan)
        self.opened_at: dict[str, float] = {}
        self.booted_at: dict[str, float] = {}
        self.wait_s: Counter[str] = Counter()

    def opened(self, charger: Charger) -> None:
        self.opened_at[charger.identity] = time.monotonic()

    def booted(self, charger: Charger) -> None:
        self.booted_at[charger.identity] = time.monotonic()
        super().booted(charger)

    def waits(self, charger: Charger, pause: float) -> None:
        self.wait_s[charger.identity] += pause  # type: ignore[assignment]

    async def run(self) -> None:
        """Be cut when told, and tell when all are back."""
        await self.connect()
        print(json.dumps({"ready": True}), flush=True)
        word = (await _line()).strip()
        self.opened_at, self.booted_at, self.tries, self.told = {}, {}, 0, []
        self._counts.clear()
        self.wait_s.clear()
        self._all.clear()
        began = time.monotonic()
        if word == "cut":
            await self._cut()
        await self._all.wait()
        found = {
            "began": began,
            "opened_at": self.opened_at,
            "booted_at": self.booted_at,
            "waited": self.wait_s,
            "tries": self.tries,
            "counts": self._counts,
            "told": self.told,
        }
        print(json.dumps(found), flush=True)
        await _line()
        self.over = True

    async def _cut(self) -> None:
        """All at once, and back at once."""
        self._missing = set(self.chargers)
        wait, self.back_off = self.back_off, (0.0, 0.0)
        for charger in self.chargers:
            charger.transport.abort()
        await asyncio.sleep(0.05)
        self.back_off = wait


class Charging(Load):
    """Are in a session each, and say MeterValues every second; how long the answers took is told at the end."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__(plan)
        self.answers: list[tuple[float, float]] = []

    def heard(self, charger: Charger, body: bytes) -> None:
        if not charger.is_booted:
            super().heard(charger, body)
        elif not charger.transaction:
            charger.transaction = json.loads(body)[2]["transactionId"]
            asyncio.get_running_loop().call_later(RANDOM.uniform(0, PERIOD), self._speak, charger)
            self._missing.discard(charger)
            if not self._missing:
                self._all.set()
        else:
            assert body.startswith(b'[3,"%d",' % charger.sent), body
            taken = time.monotonic() - charger.sent_at
            self.answers.append((charger.sent_at, taken))
            asyncio.get_running_loop().call_later(max(0.0, PERIOD - taken), self._speak, charger)

    def booted(self, charger: Charger) -> None:
        words = f'{{"connectorId":1,"idTag":"BENCH","meterStart":0,"timestamp":"{now()}"}}'
        charger.say("StartTransaction", words)

    def lost(self, charger: Charger) -> None:
        if charger.transaction:
            self.count("lost while charging")
            return
        super().lost(charger)

    def _speak(self, charger: Charger) -> None:
        values = sampled(charger.sent, '"unit":"?"')
        words = f'[{{"timestamp":"{now()}","sampledValue":{values}}}]'
        charger.say("MeterValues", f'{{"connectorId":1,"transactionId":{charger.transaction},"meterValue":{words}}}')

    async def run(self) -> None:
        """Charge until told to stop."""
        await self.connect()
        print(json.dumps({"ready": True}), flush=True)
        await _line()
        # Who still waits for its answer has waited as long as this at least.
        late = [(one.sent_at, time.monotonic() - one.sent_at) for one in self.chargers if one.transaction]
        self.over = True
        waiting = [one for one in late if one[1] > PERIOD]
        print(json.dumps({"answers": self.answers + waiting, "counts": self._counts}), flush=True)


async def _line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {"crowd": Crowd, "charging": Charging}

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    uvloop.run(KINDS[told["kind"]](told).run())
