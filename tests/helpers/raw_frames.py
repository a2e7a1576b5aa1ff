"""A charger that writes its own bytes."""

import asyncio
import json
from base64 import b64encode
from itertools import count
from typing import Any
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FIN, RSV1, MASKED = 0x80, 0x40, 0x80
MASK = b"\x01\x02\x03\x04"
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


class Raw:
    """A charger that writes its own bytes: what no WebSocket library would let it send."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = str(parts.hostname), parts.port, parts.path
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self.headers = ""
        self._numbers = count(1)

    async def knock(self, target: str, *lines: str) -> int:
        """Ask for `target` with these header lines; the answer's status."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        request = [
            f"GET {target} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {b64encode(b'sixteen bytes ..').decode()}",
            *lines,
        ]
        self.writer.write("\r\n".join([*request, "", ""]).encode())
        self.headers = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        return int(self.headers.split()[1])

    async def enter(self, charger_id: str, *lines: str) -> int:
        """Knock by an id, with OCPP 1.6 unless other lines are given."""
        return await self.knock(f"{self.path}/{charger_id}", *(lines or ("Sec-WebSocket-Protocol: ocpp1.6",)))

    def write(self, data: bytes, opcode: int = TEXT, bits: int = 0) -> None:
        """One frame, masked as a client's have to be."""
        assert len(data) < 1 << 16
        size = bytes([MASKED | len(data)]) if len(data) < 126 else bytes([MASKED | 126, *len(data).to_bytes(2)])
        masked = bytes(sign ^ MASK[place % 4] for place, sign in enumerate(data))
        self.writer.write(bytes([FIN | bits | opcode]) + size + MASK + masked)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame's opcode and content."""
        async with asyncio.timeout(10):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
            return first & 0xF, await self.reader.readexactly(size)

    async def heard(self) -> Any:
        """The next text frame, as JSON; pings are passed over and never answered."""
        while True:
            opcode, data = await self.frame()
            if opcode == TEXT:
                return json.loads(data)
            assert opcode != CLOSE, data

    async def call(self, action: str, payload: Any, message_id: str | None = None) -> Any:
        """Send a CALL; the answer's payload, or the code of its error."""
        message_id = message_id or f"raw-{next(self._numbers)}"
        self.write(json.dumps([2, message_id, action, payload]).encode())
        answer = await self.heard()
        assert answer[1] == message_id, answer
        return answer[2]

    async def boot(self) -> Any:
        """Boot as OCPP 1.6."""
        return await self.call("BootNotification", BOOT)
