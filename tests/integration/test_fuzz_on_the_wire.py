"""The negative proof on a real node: whatever chargers of all versions send, every CALL gets exactly one answer.

VOLTRING_FUZZ_WIRE_FRAMES says how many frames (50,000), VOLTRING_FUZZ_SEED which ones (1). What fails names both.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable
from typing import Any

from fuzz_frames import MOSTLY_WHOLE, Frames
from fuzz_oracle import Asked, ask_of, is_same, read, wrong_with
from websockets.asyncio.client import connect

from voltring_core.ocpp.conversation import Conversation, Stray
from voltring_core.ocpp.versions import Version
from voltring_core.testing import Wire

FRAMES = int(os.environ.get("VOLTRING_FUZZ_WIRE_FRAMES", "50000"))
SEED = int(os.environ.get("VOLTRING_FUZZ_SEED", "1"))
SOCKETS_EACH = 16
BATCH = 40
FAULTS_BEFORE_A_NEW_SOCKET = 12
DEEPEST = 500  # brackets; deeper ones are beyond the oracle, and have a test of their own
GROWTH_KB = 16 * 1024
"""What the process may grow by after the first quarter: pools, caches and the allocator, not one row per frame."""


class Fuzzer:
    """One charger that sends the frames of one seed, in batches; after each batch every answer is accounted for."""

    def __init__(self, url: str, version: Version, seed: int) -> None:
        self._url = url
        self._version = version
        self._seed = seed
        self._frames = Frames(version, seed, MOSTLY_WHOLE)
        self.sent = self.answered = self.sockets = 0

    async def run(self, count: int) -> None:
        """Send `count` frames, on as many sockets as it takes."""
        until = self.sent + count
        while self.sent < until:
            async with connect(self._url, subprotocols=[self._version.subprotocol]) as socket:  # type: ignore[list-item]
                self.sockets += 1
                wire = Wire(socket)
                await wire.boot()
                faults = 0
                while faults < FAULTS_BEFORE_A_NEW_SOCKET and self.sent < until:
                    faults += await self._batch(wire, min(BATCH, until - self.sent))

    async def _batch(self, wire: Wire, count: int) -> int:
        """Send some frames and a mark, take all answers up to the mark's; how many frames were malformed."""
        texts = _distinct([self._frames.next() for _ in range(count)])
        mark = f"mark {self._seed} {self.sent}"
        await asyncio.gather(
            self._write(wire, [*texts, f'[2,"{mark}","Heartbeat",{{}}]']),
            self._account(wire, mark, [asked for text in texts if (asked := ask_of(text))]),
        )
        self.sent += count
        talk = Conversation(self._version)
        events = [talk.receive(text) for text in texts]
        return sum(isinstance(event, Stray) and event.malformed for event in events)

    async def _write(self, wire: Wire, texts: list[str]) -> None:
        for text in texts:
            await wire.socket.send(text)

    async def _account(self, wire: Wire, mark: str, due: list[Asked]) -> None:
        while True:
            async with asyncio.timeout(60):
                reply = await wire.socket.recv()
            array = read(reply)
            if array[0] == "2":  # a command of the node's own
                await wire.socket.send(f'[4,"{array[1]}","NotSupported","",{{}}]')
            elif array[1] == mark:
                assert not due, self._blame(f"no answer to {[one.message_id[:60] for one in due]}")
                return
            else:
                self._answer(reply, array, due)

    def _answer(self, reply: str, array: list[Any], due: list[Asked]) -> None:
        self.answered += 1
        # What is no CALL is answered too in 2.x, under -1 or, for an unknown type, under the frame's id.
        if array[2] == "MessageTypeNotSupported" or is_same("-1", array[1]):
            wrong = wrong_with(reply, None, self._version)
            assert wrong is None, self._blame(f"{wrong}, in {reply[:300]}")
            return
        asked = next((one for one in due if is_same(one.message_id, array[1])), None)
        assert asked is not None, self._blame(f"an answer too many: {reply[:300]}")
        wrong = wrong_with(reply, asked, self._version)
        assert wrong is None, self._blame(f"{wrong}, in {reply[:300]}")
        due.remove(asked)

    def _blame(self, why: str) -> str:
        return f"{why} (OCPP {self._version}, seed {self._seed}, about frame {self.sent})"


def _distinct(texts: list[str]) -> list[str]:
    """Without what the oracle can't tell apart: frames that are too deep, and CALLs under one id at the same time."""
    kept: list[str] = []
    ids: set[tuple[type, str]] = set()
    for text in texts:
        asked = ask_of(text)
        key = None if asked is None else (type(asked.message_id), asked.message_id)
        if text.count("[") < DEEPEST and text.count("{") < DEEPEST and key not in ids:
            kept.append(text)
            ids |= {key} if key else set()
    return kept


def rss_kb(pid: int) -> int:
    """The resident memory of a process."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True).stdout)


async def test_whatever_chargers_send_every_call_gets_one_answer_and_the_node_stays_as_it_was(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    fuzzers = [
        Fuzzer(f"{node.ocpp}/{version.subprotocol}-{number}", version, SEED * 1000 + number)
        for version in Version
        for number in range(SOCKETS_EACH)
    ]
    each = -(-FRAMES // len(fuzzers))
    await asyncio.gather(*(one.run(each // 4) for one in fuzzers))
    before = rss_kb(node.room.process.pid)
    await asyncio.gather(*(one.run(each - each // 4) for one in fuzzers))
    grown = rss_kb(node.room.process.pid) - before

    assert sum(one.sent for one in fuzzers) >= FRAMES
    assert grown < GROWTH_KB, f"{grown} kB more than {before} kB after {FRAMES} frames"
    assert node.room.process.poll() is None
    log = node.room.log.read_text()
    bad = [line for line in log.splitlines() if "ERROR" in line or "Traceback" in line or "never retrieved" in line]
    assert bad == []
    async with connect(f"{node.ocpp}/healthy", subprotocols=["ocpp1.6"]) as socket:  # type: ignore[list-item]
        wire = Wire(socket)
        await wire.boot()
        assert (await wire.call("Heartbeat", {}))[0] == 3
    answered, sockets = sum(one.answered for one in fuzzers), sum(one.sockets for one in fuzzers)
    print(f"{FRAMES} frames, {answered} answers, {sockets} sockets; {before} kB, {grown} kB more at the end")
