"""Many chargers in one process: no task for a charger, no timer of its own, connections opened in turn.

`Swarm.run` dials until `stop` is set. Each `Seat` joins a pure `Charger` to its present `Link` and to the
`Wheel` that wakes it.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf

from voltring_core.ocpp.versions import Version
from voltring_loadtest.backoff import BackOff
from voltring_loadtest.charger import Charger, Output
from voltring_loadtest.hardware import CATALOGUE, Hardware
from voltring_loadtest.link import Link
from voltring_loadtest.profile import Profile
from voltring_loadtest.report import Refusals
from voltring_loadtest.station import ACCEPTED, Station
from voltring_loadtest.target import Target
from voltring_loadtest.wheel import SLOT, Wheel

DIALLING = 100  # connection attempts at a time
HANDSHAKE = 20.0  # seconds for an attempt, from the first packet to the open WebSocket
LAST_WORDS = 0.8  # seconds for the messages that end the sessions
LAST_CLOSES = 0.3  # seconds for the closing handshakes
NEVER = inf


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play."""

    count: int
    versions: tuple[Version, ...]
    """Given out in turn."""
    profile: Profile
    id_prefix: str = "SIM-"
    per_second: float = 100.0
    """Connections begun in a second, at the start."""
    backoff_minimum: float = 1.0
    seed: int | None = None
    first: int = 1
    """The number of the first charger, where these are a part of a larger crowd of `total`."""
    total: int = 0
    """0: these are all."""
    hardware: tuple[Hardware, ...] = CATALOGUE
    """Given out in turn."""

    def identity(self, number: int) -> str:
        """Counted from 1, with at least four digits."""
        return f"{self.id_prefix}{number:0{max(4, len(str(max(self.total, self.count))))}}"


def cast(plan: Plan) -> Iterable[Charger]:
    """Make the chargers of a plan. With a seed the same ones come out each time."""
    rng = random.Random(plan.seed)  # noqa: S311 - play, not secrets
    for number in range(plan.first, plan.first + plan.count):
        version = plan.versions[(number - 1) % len(plan.versions)]
        # Shifted once per round: every version gets every kind of hardware.
        round_number = (number - 1) // len(plan.versions)
        hardware = plan.hardware[(number - 1 + round_number) % len(plan.hardware)]
        yield Charger(plan.identity(number), version, hardware, plan.profile, rng)


class Seat:
    """One charger at the edge: carries its outputs out."""

    __slots__ = ("_away", "_slot", "backoff", "charger", "link", "swarm")

    def __init__(self, swarm: "Swarm", charger: Charger, backoff: BackOff) -> None:
        self.swarm = swarm
        self.charger = charger
        self.backoff = backoff
        self.link: Link | None = None
        self._slot: float = NEVER
        self._away: float | None = None

    @property
    def station(self) -> Station:
        return self.charger.station

    def on_dial(self) -> None:
        """A connection is begun; for those who take the time."""

    def on_open(self, link: Link) -> None:
        self._away = None
        self._carry_out(self.charger.connected(time.time()))

    def on_text(self, link: Link, text: str) -> None:
        if link is self.link:
            self._carry_out(self.charger.received(text, time.time()))
            if self.station.registration == ACCEPTED:
                self.backoff.reset()

    def on_closed(self, link: Link) -> None:
        if link is not self.link:
            return
        self.link = None
        meant = self._away is not None
        if not meant:
            self.swarm.refusals.add(link.reason)
        if self.station.online:
            self._carry_out(self.charger.disconnected(time.time()))
        wait = self._away if self._away is not None else self.backoff.next(self.station.rng)
        self._away = None
        self.swarm.dial(self, max(wait, link.retry_after))

    def failed(self, reason: str) -> None:
        """The connection could not even be begun."""
        self.link = None
        self.swarm.refusals.add(reason)
        self.swarm.dial(self, self.backoff.next(self.station.rng))

    def say_goodbye(self) -> None:
        """End the sessions; the link is closed when their last messages are answered."""
        self._carry_out(self.charger.power_down(time.time()))

    def close(self) -> None:
        """Begin the closing handshake."""
        if self.link is not None:
            self.link.close()

    def _wake(self, slot: int) -> None:
        """The wheel turned; the call is stale when another slot was asked for since."""
        if slot == self._slot:
            self._slot = NEVER
            self._carry_out(self.charger.wake(time.time()))

    def _carry_out(self, output: Output) -> None:
        link = self.link
        if link is not None:
            for frame in output.frames:
                link.send(frame)
            if output.hang_up is not None and self._away is None:
                self._away = output.hang_up
                link.close()
        self._arm(output.wake_at)

    def _arm(self, wake_at: float) -> None:
        """Keep a slot that comes early enough: an idle wake-up costs less than a new slot for every message."""
        if wake_at < self._slot * SLOT and not self.swarm.is_ending:
            self._slot = self.swarm.wheel.at(wake_at, self._wake)


class Swarm:
    """The chargers of a plan against one CSMS."""

    def __init__(self, plan: Plan, target: Target, seat: type[Seat] = Seat) -> None:
        self.plan = plan
        self.target = target
        self.refusals = Refusals()
        self.wheel = Wheel()
        self.is_ending = False
        self.seats = [seat(self, charger, BackOff(plan.backoff_minimum)) for charger in cast(plan)]
        self._calls: list[tuple[float, int, Seat]] = []
        self._order = 0
        self._news = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()

    @property
    def stations(self) -> Iterable[Station]:
        return (seat.station for seat in self.seats)

    def dial(self, seat: Seat, delay: float) -> None:
        """Connect this charger after `delay` seconds."""
        self._order += 1
        heappush(self._calls, (asyncio.get_running_loop().time() + delay, self._order, seat))
        self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Play until `stop`, then end every session and connection within two seconds."""
        for index, seat in enumerate(self.seats):
            self.dial(seat, index / self.plan.per_second)
        async with asyncio.TaskGroup() as group:
            dialler = group.create_task(self._dial_in_turn(group), name="dialler")
            await stop.wait()
            self.is_ending = True
            for task in (dialler, *self._connecting):
                task.cancel()
            await self._say_goodbye()

    async def _dial_in_turn(self, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            while self._calls and self._calls[0][0] <= loop.time() and len(self._connecting) < DIALLING:
                seat = heappop(self._calls)[2]
                task = group.create_task(self._connect(seat), name=f"connect {seat.station.identity}")
                self._connecting.add(task)
                task.add_done_callback(self._connected)
            may_dial = self._calls and len(self._connecting) < DIALLING
            pause = self._calls[0][0] - loop.time() if may_dial else None
            try:
                await asyncio.wait_for(self._news.wait(), None if pause is None else max(pause, 0.0))
            except TimeoutError:
                continue

    async def _connect(self, seat: Seat) -> None:
        loop, target, station = asyncio.get_running_loop(), self.target, seat.station
        uri = target.base
        link = Link(seat, target, station.identity, station.version.subprotocol, station.password)
        seat.link = link
        seat.on_dial()
        try:
            async with asyncio.timeout(HANDSHAKE):
                await loop.create_connection(lambda: link, uri.host, uri.port, ssl=target.tls)
            if not self.is_ending:
                loop.call_later(HANDSHAKE, _give_up, link)
        except OSError as error:
            seat.failed(_sentence(error, f"{uri.host}:{uri.port}"))

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        self._news.set()

    async def _say_goodbye(self) -> None:
        """Stop messages, then closing handshakes, then whatever is still open is dropped."""
        loop = asyncio.get_running_loop()
        last_word, last_close = loop.time() + LAST_WORDS, loop.time() + LAST_WORDS + LAST_CLOSES
        await self._each_until(last_word, Seat.say_goodbye)
        await _until(last_word, lambda: not any(_has_to_talk(seat) for seat in self.seats))
        await self._each_until(last_close, Seat.close)
        await _until(last_close, lambda: not any(seat.link for seat in self.seats))
        for seat in self.seats:
            if seat.link is not None:
                seat.link.abort()

    async def _each_until(self, deadline: float, act: Callable[[Seat], None]) -> None:
        """Act on one seat after the other until the deadline, and let the answers in between."""
        loop = asyncio.get_running_loop()
        for index, seat in enumerate(self.seats):
            act(seat)
            if index % 50 == 49:
                await asyncio.sleep(0)
            if loop.time() > deadline:
                return


async def _until(deadline: float, is_true: Callable[[], bool]) -> None:
    """Wait until it is true, at most to `deadline` of the loop's clock."""
    loop = asyncio.get_running_loop()
    while not is_true() and loop.time() < deadline:  # noqa: ASYNC110 - it asks thousands of chargers
        await asyncio.sleep(0.02)


def _has_to_talk(seat: Seat) -> bool:
    return seat.link is not None and seat.link.is_open and not seat.charger.is_quiet


def _give_up(link: Link) -> None:
    """Abort a handshake that never ended; an open link is left alone."""
    if not link.is_open:
        link.abort()


def _sentence(error: OSError, where: str) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {where}"
    if isinstance(error, TimeoutError):
        return f"{where} does not answer"
    return f"{where} can't be reached: {error.strerror or error}"
