"""Chargers of OCPP 1.6 for benchmarks: a few bytes of WebSocket by hand, so that the load takes little of the machine.

A charger upgrades, boots, answers every CALL of the CSMS by `ANSWERS`, and says a Heartbeat now and then. Text frames
are masked with a key of zeros, which costs the server what any other key does.
"""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

from drive import MASK, frame, whole

ANSWERS = {
    "UnlockConnector": '{"status":"Unlocked"}',
    "GetLocalListVersion": '{"listVersion":0}',
    "RemoteStartTransaction": '{"status":"Accepted"}',
    "TriggerMessage": '{"status":"Accepted"}',
}
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"B1"}]'


class Charger(asyncio.Protocol):
    """One charger; `on_booted` is called when it is accepted, `on_lost` with a sentence when something is wrong."""

    def __init__(
        self,
        identity: str,
        password: str | None,
        on_booted: Callable[["Charger"], None],
        on_lost: Callable[["Charger", str], None],
    ) -> None:
        self.identity = identity
        self.password = password
        self.on_booted = on_booted
        self.on_lost = on_lost
        self.executed = 0
        self.beat_at = 0.0
        self.beaten: list[float] = []
        """Seconds that its heartbeats took to be answered."""
        self.buffer = b""
        self.is_open = False
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        basic = ""
        if self.password is not None:
            told = base64.b64encode(f"{self.identity}:{self.password}".encode()).decode()
            basic = f"Authorization: Basic {told}\r\n"
        transport.write(  # type: ignore[attr-defined]
            f"GET /ocpp/{self.identity} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: ocpp1.6\r\n{basic}\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_lost(self, f"closed: {exc}")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.on_lost(self, f"refused: {head[:200]!r}")
                return
            self.buffer, self.is_open = rest, True
            self.transport.write(frame(BOOT))
        while (size := whole(self.buffer)) is not None:
            start = 2 if self.buffer[1] < 126 else 4
            opcode, body = self.buffer[0], self.buffer[start:size]
            self.buffer = self.buffer[size:]
            if opcode == 0x81:
                self._hear(body)
            elif opcode == 0x89:
                self.transport.write(bytes((0x8A, 0x80 | len(body))) + MASK + body)

    def _hear(self, body: bytes) -> None:
        if body.startswith(b'[3,"boot"'):
            self.on_booted(self)
        elif body.startswith(b'[3,"beat"'):
            self.beaten.append(time.perf_counter() - self.beat_at)
        elif body.startswith(b"[2,"):
            asked = json.loads(body)
            self.executed += 1
            self.transport.write(frame(f'[3,"{asked[1]}",{ANSWERS[asked[2]]}]'))
        else:
            self.on_lost(self, f"heard {body[:200]!r}")

    def beat(self) -> None:
        """Say a Heartbeat."""
        self.beat_at = time.perf_counter()
        self.transport.write(frame('[2,"beat","Heartbeat",{}]'))
