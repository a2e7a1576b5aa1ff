"""The load: many chargers in one process, each with one CALL open at a time, as fast as the server answers.

A charger here is a few bytes of WebSocket by hand, so that the load takes little of the machine. Every message is
another one (id, time, register), every answer is checked to be the CALLRESULT of its CALL. Text frames are masked
with a key of zeros, which costs the server what any other key does.

Started by `round_trip.py` with one JSON object as its argument; prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import uvloop
from measure import cpu_seconds

CONNECT_RATE = 200.0
SETTLE = 20.0
PROTOCOL = {"MeterValues": "ocpp1.6", "Heartbeat": "ocpp1.6", "TransactionEvent": "ocpp2.0.1"}
MASK = bytes(4)


def frame(text: str) -> bytes:
    """A text frame of a client."""
    data = text.encode()
    size = len(data)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + MASK + data


def whole(data: bytes) -> int | None:
    """The length of the first frame of a server in `data`; None while it is not whole."""
    if len(data) < 2:
        return None
    size = data[1] + 2 if data[1] < 126 else int.from_bytes(data[2:4], "big") + 4
    return size if len(data) >= size else None


def now() -> str:
    """RFC 3339 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sampled(register: int, unit: str) -> str:
    """Three sampled values; `unit` is a function of the version's spelling."""
    energy, power, soc = (unit.replace("?", one) for one in ("Wh", "W", "Percent"))
    quote = '"' if "unitOfMeasure" not in unit else ""
    return (
        f'[{{"value":{quote}{register}{quote},"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register",{energy}}},'
        f'{{"value":{quote}11040.5{quote},"context":"Sample.Periodic","measurand":"Power.Active.Import",{power}}},'
        f'{{"value":{quote}57{quote},"context":"Sample.Periodic","measurand":"SoC",{soc}}}]'
    )


class Charger(asyncio.Protocol):
    """One charger: upgrade, boot, start a session, then say the same kind of thing again and again."""

    def __init__(self, load: "Load", number: int) -> None:
        self.load = load
        self.identity = f"BENCH-{number:05}"
        self.sent = 0
        self.transaction: Any = f"tx-{self.identity}"
        self.buffer = b""
        self.then: Callable[[bytes], None] = self._upgraded
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(  # type: ignore[attr-defined]
            f"GET /ocpp/{self.identity} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {PROTOCOL[self.load.action]}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.lost(f"{self.identity} was closed: {exc}")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.then == self._upgraded:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if end:
                self.buffer = rest
                self._upgraded(head)
            return
        while (size := whole(self.buffer)) is not None:
            start = 2 if self.buffer[1] < 126 else 4
            opcode, body = self.buffer[0], self.buffer[start:size]
            self.buffer = self.buffer[size:]
            if opcode == 0x81:
                self.then(body)
            elif opcode == 0x89:
                self.transport.write(bytes((0x8A, 0x80 | len(body))) + MASK + body)

    def call(self, action: str, payload: str) -> None:
        self.sent += 1
        self.transport.write(frame(f'[2,"{self.sent}","{action}",{payload}]'))

    def _answer(self, body: bytes) -> bytes:
        if not body.startswith(b'[3,"%d",' % self.sent):
            self.load.lost(f"{self.identity} got {body[:200]!r} for {self.sent}")
        return body

    def _upgraded(self, head: bytes) -> None:
        if b" 101 " not in head:
            self.load.lost(f"{self.identity} was refused: {head[:200]!r}")
            return
        self.then = self._booted
        if PROTOCOL[self.load.action] == "ocpp1.6":
            self.call("BootNotification", '{"chargePointVendor":"Bench","chargePointModel":"B1"}')
        else:
            station = '{"reason":"PowerUp","chargingStation":{"vendorName":"Bench","model":"B1"}}'
            self.call("BootNotification", station)

    def _booted(self, body: bytes) -> None:
        assert json.loads(self._answer(body))[2]["status"] == "Accepted", body
        self.then = self._started
        if self.load.action == "MeterValues":
            words = f'{{"connectorId":1,"idTag":"BENCH","meterStart":0,"timestamp":"{now()}"}}'
            self.call("StartTransaction", words)
        elif self.load.action == "TransactionEvent":
            self.call("TransactionEvent", self._event("Started", "CablePluggedIn"))
        else:
            self._ready()

    def _started(self, body: bytes) -> None:
        found = json.loads(self._answer(body))[2]
        self.transaction = found.get("transactionId", self.transaction)
        self._ready()

    def _ready(self) -> None:
        self.then = self._acknowledged
        self.load.is_ready(self)

    def _event(self, kind: str, trigger: str) -> str:
        return (
            f'{{"eventType":"{kind}","timestamp":"{now()}","triggerReason":"{trigger}","seqNo":{self.sent},'
            f'"transactionInfo":{{"transactionId":"{self.transaction}"}},"evse":{{"id":1,"connectorId":1}},'
            f'"meterValue":[{{"timestamp":"{now()}","sampledValue":'
            + sampled(self.sent, '"unitOfMeasure":{"unit":"?"}')
            + "}]}"
        )

    def speak(self) -> None:
        """Say the next thing."""
        if self.load.action == "MeterValues":
            values = sampled(self.sent, '"unit":"?"')
            words = f'[{{"timestamp":"{now()}","sampledValue":{values}}}]'
            self.call("MeterValues", f'{{"connectorId":1,"transactionId":{self.transaction},"meterValue":{words}}}')
        elif self.load.action == "Heartbeat":
            self.call("Heartbeat", "{}")
        else:
            self.call("TransactionEvent", self._event("Updated", "MeterValuePeriodic"))

    def _acknowledged(self, body: bytes) -> None:
        self._answer(body)
        self.load.acknowledged += 1
        if self.load.goes_on:
            self.speak()
        else:
            self.load.is_done()


class Load:
    """All chargers, and the window that is measured."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.action: str = plan["action"]
        self.acknowledged = 0
        self.goes_on = True
        self.over = False
        self._waiting: int = plan["connections"]
        self._all = asyncio.Event()
        self._ready: list[Charger] = []

    def lost(self, why: str) -> None:
        """Something that a good server does not do: the run is void."""
        if not self.over:
            self.over = True
            print(json.dumps({"error": why}), flush=True)
            asyncio.get_running_loop().stop()

    def is_ready(self, charger: Charger) -> None:
        self._ready.append(charger)
        self.is_done()

    def is_done(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._all.set()

    async def run(self) -> None:
        """Connect, warm up, measure, and wait until everything said is answered."""
        plan, loop = self.plan, asyncio.get_running_loop()
        for number in range(plan["connections"]):
            await loop.create_connection(lambda number=number: Charger(self, number), "127.0.0.1", plan["port"])
            await asyncio.sleep(1 / CONNECT_RATE)
        async with asyncio.timeout(SETTLE):
            await self._all.wait()
        self._all.clear()
        self._waiting = plan["connections"]
        for charger in self._ready:
            charger.speak()
        await asyncio.sleep(plan["warm_up"])
        began, cpu, count = time.perf_counter(), self._cpu(), self.acknowledged
        while time.perf_counter() - began < plan["seconds"] and self.acknowledged - count < plan["most"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        seconds, count = time.perf_counter() - began, self.acknowledged - count
        after = self._cpu()
        self.goes_on = False
        async with asyncio.timeout(SETTLE):
            await self._all.wait()
        self.over = True
        used = {name: after[name] - cpu[name] for name in cpu}
        found = {"messages": count, "seconds": seconds, "acknowledged": self.acknowledged, "cpu": used}
        print(json.dumps(found), flush=True)

    def _cpu(self) -> dict[str, float]:
        used = {name: cpu_seconds(pid) for name, pid in self.plan["pids"].items()}
        return used | {"driver": time.process_time()}


if __name__ == "__main__":
    uvloop.run(Load(json.loads(sys.argv[1])).run())
