"""The load of `upgrade.py` and `steady.py`: chargers that keep account of what happens to them.

They know their sockets, what was acknowledged, what they obeyed. A charger boots once, and says Heartbeat on each later
socket. Some are in one session from the beginning to the end, take a reading every so often whether they are connected
or not, and keep each until it is acknowledged. Told to go they wait for their own back-off, refused with 503 for
Retry-After.

Started with one JSON object as its argument; says `{"ready": true}` when all are connected; told `stop` on standard
input it ends its sessions, writes all that it knows to the file `told`, and says `{"done": true}`.
"""

import asyncio
import json
import sys
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from crowd import BOOT, RANDOM, Charger, Load, _line
from drive import frame, sampled

READS_EVERY_S, BEATS_EVERY_S = 10.0, 60.0
PATIENCE_S = 60.0
"""Without the answer for so long a charger takes the socket for dead."""
LAST_WORDS_S = 60.0


class Keeper(Charger):
    """One charger with its account."""

    load: "Keepers"

    def __init__(self, load: "Keepers", identity: str, *, charges: bool) -> None:
        super().__init__(load, identity)
        self.charges = charges
        self.was_booted = False
        self.outbox: deque[tuple[str, str, int]] = deque()
        """(action, its time, the meter then), the oldest first: what is told again is told in the same words."""
        self.waits_for = ""
        """The id of the CALL that is open."""
        self.call_timer: Any = None
        self.register = 0
        self.code = 0

    def greet(self) -> None:
        self.waits_for, self.code = "", 0
        if self.was_booted:
            self.call("Heartbeat", "{}")
        else:
            self.sent, self.waits_for = 1, "1"
            self.transport.write(frame(BOOT))

    def call(self, action: str, payload: str) -> None:
        self.say(action, payload)
        self.waits_for = str(self.sent)
        self.call_timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._no_answer, self.sent)

    def _no_answer(self, number: int) -> None:
        if self.waits_for == str(number) and self.transport is not None:
            self.load.count("no answer")
            self.transport.abort()

    def take(self, action: str) -> None:
        """A fact of this moment, to be told."""
        self.register += 7
        self.outbox.append((action, self.load.moment(), self.register))
        self.go_on()

    def go_on(self) -> None:
        """Tell the oldest fact, if nothing else is being told."""
        if not (self.outbox and self.is_booted and not self.waits_for):
            return
        action, at, register = self.outbox[0]
        if action == "StartTransaction":
            self.call(action, f'{{"connectorId":1,"idTag":"BENCH","meterStart":0,"timestamp":"{at}"}}')
        elif action == "MeterValues":
            values = sampled(register, '"unit":"?"')
            words = f'[{{"timestamp":"{at}","sampledValue":{values}}}]'
            self.call(action, f'{{"connectorId":1,"transactionId":{self.transaction},"meterValue":{words}}}')
        else:
            ended = f'"meterStop":{register},"timestamp":"{at}"'
            self.call(action, f'{{"transactionId":{self.transaction},{ended}}}')

    def answered(self, body: bytes) -> None:
        """The answer to the CALL that is open."""
        frame_ = json.loads(body)
        if frame_[1] != self.waits_for:
            self.load.count("stray answer")
            return
        self.waits_for = ""
        if self.call_timer is not None:
            self.call_timer.cancel()
        if frame_[0] != 3:
            self.load.count(f"answered {frame_[2]}")
            self.transport.abort()
        elif not self.is_booted:
            self.is_booted = self.was_booted = True
            self.patience.cancel()
            self.load.booted(self)
        elif self.outbox:
            action, at, _ = self.outbox.popleft()
            self.load.answers.append((self.sent_at, time.monotonic() - self.sent_at))
            if action == "StartTransaction":
                self.transaction = frame_[2]["transactionId"]
            self.load.facts.append((self.identity, action, at, str(self.transaction)))
        self.go_on()

    def asked(self, body: bytes) -> None:
        """Obey, and keep account of it."""
        _, number, action, payload = json.loads(body)
        self.load.obeyed.append((self.identity, action, json.dumps(payload, sort_keys=True)))
        status = "Unlocked" if action == "UnlockConnector" else "Accepted"
        self.transport.write(frame(f'[3,"{number}",{{"status":"{status}"}}]'))

    def told_to_go(self, body: bytes) -> None:
        self.code = int.from_bytes(body[:2], "big")
        self.transport.write(bytes((0x88, 0x80 | len(body))) + bytes(4) + body)
        self.transport.close()


class Keepers(Load):
    """All of them, and what they know."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__(plan)
        first = plan.get("first", 0)  # others play those before
        own = [f"{plan['prefix']}-{number:05}" for number in range(first, first + plan["chargers"])]
        self.chargers = [
            Keeper(self, one, charges=number < plan["charging"])
            for number, one in enumerate(own)  # type: ignore[misc]
        ]
        self.file = Path(plan["told"])
        self.facts: list[tuple[str, str, str, str]] = []
        """(charger, action, its time, transaction), acknowledged."""
        self.obeyed: list[tuple[str, str, str]] = []
        """(charger, action, payload)."""
        self.outages: list[tuple[str, float, float, float, int, int]] = []
        """(charger, lost at, back at, its own back-off, code, tries)."""
        self.reads_every_s: float = plan.get("reads_every_s", READS_EVERY_S)
        self.answers: list[tuple[float, float]] = []
        """(said at, seconds until it was answered) of each fact, on the monotonic clock."""
        self._away: dict[str, list[Any]] = {}
        self._moments = datetime.now(UTC)

    def moment(self) -> str:
        """The time, no two alike: by it a fact is found again."""
        self._moments = max(self._moments + timedelta(milliseconds=1), datetime.now(UTC))
        return self._moments.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def heard(self, charger: Any, body: bytes) -> None:
        charger.answered(body)

    def booted(self, charger: Any) -> None:
        super().booted(charger)
        if (away := self._away.pop(charger.identity, None)) is not None:
            lost_at, back_off, code, tries = away
            self.outages.append((charger.identity, lost_at, time.monotonic(), back_off, code, tries))

    def lost(self, charger: Any) -> None:
        if not self.over and charger.was_booted and charger.identity not in self._away:
            self._away[charger.identity] = [time.monotonic(), None, charger.code, 0]
        if charger.call_timer is not None:
            charger.call_timer.cancel()
        charger.waits_for, charger.is_booted = "", False
        super().lost(charger)

    def waits(self, charger: Any, pause: float) -> None:
        away = self._away.get(charger.identity)
        if away is not None:
            away[1] = pause if away[1] is None else away[1]  # what 503 adds is not its own
            away[3] += 1

    async def run(self) -> None:
        """Connect, live, tell."""
        await self.connect()
        loop = asyncio.get_running_loop()
        living = [loop.create_task(self._live(one)) for one in self.chargers]
        print(json.dumps({"ready": True}), flush=True)
        await _line()
        for task in living:
            task.cancel()
        charging = [one for one in self.chargers if one.charges]
        for one in charging:
            one.take("StopTransaction")
        until = time.monotonic() + LAST_WORDS_S
        while any(one.outbox for one in charging) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        self.over = True
        told = {"facts": self.facts, "obeyed": self.obeyed, "outages": self.outages, "counts": self._counts}
        told |= {"answers": self.answers, "unsaid": sum(len(one.outbox) for one in charging), "away": list(self._away)}
        self.file.write_text(json.dumps(told))
        print(json.dumps({"done": True}), flush=True)
        await _line()

    async def _live(self, one: Any) -> None:
        every = self.reads_every_s if one.charges else BEATS_EVERY_S
        await asyncio.sleep(RANDOM.uniform(0, every))
        if one.charges:
            one.take("StartTransaction")
        while True:
            await asyncio.sleep(every)
            if one.charges:
                one.take("MeterValues")
            elif one.is_booted and not one.waits_for:
                one.call("Heartbeat", "{}")


if __name__ == "__main__":
    uvloop.run(Keepers(json.loads(sys.argv[1])).run())
