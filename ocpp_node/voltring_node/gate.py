"""Who may begin a handshake: the thin edge of `voltring_core.domain.admission`.

Every connection is a `Knock` first: a few bytes that wait for the request. Once the request is there, it waits for
its turn or is answered 503 with Retry-After, which costs neither a task nor a parsed header nor a question to
PostgreSQL. At its turn the connection becomes a `Guest`, which is websockets' from then on.

A place is for work, not for waiting for the other end: it is free as soon as a refusal is written. Every connection
holds a file, so they are counted from their first moment to their last.
"""

import asyncio
import logging
import math
import resource
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from websockets.frames import CloseCode

from voltring_core.domain import admission
from voltring_core.domain.admission import Limits
from voltring_core.metrics import REFUSED
from voltring_node.sockets import END_OF_UPGRADE, Socket

T = TypeVar("T")
logger = logging.getLogger("voltring.gate")
REQUEST_MOST = 8192
"""Bytes of a request up to the blank line; a longer one is refused."""
SLICE = 8
"""Handshakes begun in one turn of the loop: messages of chargers that are connected come in between."""
REQUEST_PATIENCE_S = 15.0
TICK_S = 1.0
RECENT_S = 5
DRAIN_RETRY_S = 5.0
FILES_RESERVE = 128
"""Files of the process that are no chargers': servers, PostgreSQL, Redis, the admin port."""
LATE_MOST = 64
"""Connections beyond the limit that may still ask, so that they hear when to come again; the reserve has them."""
SILENT_MOST = 2000
"""Connections that have not asked yet; beyond it the oldest makes room."""
SILENT_GRACE_S = 2.0
"""In which none has to make room: a fleet that comes at once is there before any of its requests is read."""
FULL_RETRY_S = 10.0
FULL = "full"
OVERSTAYED = "waited too long"
TOO_LONG = "request too long"
ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 16\r\nConnection: close\r\n\r\ntry again later\n"
)
TOO_LONG_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 25\r\nConnection: close\r\n\r\nthe request is too long.\n"
)


@dataclass(frozen=True, slots=True)
class GateStatus:
    """What the node says of its handshakes."""

    accepts_per_s: float
    """Handshakes that ended well, a second, over the last `RECENT_S` seconds."""
    capacity_per_s: float
    """Handshakes a second that this node can do, as it was last seen under load."""
    in_progress: int
    waiting: int
    longest_wait_s: float
    """Of those who wait now."""
    refusing: str | None
    """Why every handshake is refused; None when they are not."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Handshakes asked to come again, since the start, by reason."""
    open: int = 0
    """Connections that hold a file, whatever came of them."""
    limit: float = math.inf
    """So many may be open at once."""


class Gate:
    """Lets handshakes begin, keeps them waiting, or asks them to come again."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic, most: float | None = None) -> None:
        """`most` connections may be open at once; None: as many as the process may have files."""
        self._limits = limits
        self._most = _files_most() if most is None else most
        self._open: set[asyncio.BaseProtocol] = set()
        self._inside: dict[Guest, None] = {}  # hold a place; the oldest first
        self.clock = clock
        self._crowd = admission.calm(limits, clock())
        self._silent: dict[Knock, None] = {}  # came, and have not asked yet; the oldest first
        self._waiting: dict[Knock, None] = {}  # have asked; the oldest first
        self._refusing: str | None = None
        self._refused: Counter[str] = Counter()
        self._accepted: deque[float] = deque()
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._ticker: asyncio.TimerHandle | None = None

    @property
    def is_refusing(self) -> bool:
        """Whether every handshake gets 503."""
        return self._refusing is not None

    def refuse(self, reason: str) -> None:
        """Answer every handshake with 503 from now on, those who wait included; those in progress may end."""
        self._refusing = reason
        for knock in list(self._waiting):
            self._drop(knock)
            self._turn_away(knock, DRAIN_RETRY_S, reason)

    def admit(self) -> None:
        """Let handshakes in again."""
        self._refusing = None

    def status(self) -> GateStatus:
        """How it stands now."""
        now = self.clock()
        oldest = next(iter(self._waiting), None)
        return GateStatus(
            accepts_per_s=self._recent(now) / RECENT_S,
            capacity_per_s=admission.capacity(self._crowd, self._limits),
            in_progress=self._crowd.in_progress,
            waiting=self._crowd.waiting,
            longest_wait_s=now - oldest.since if oldest else 0.0,
            refusing=self._refusing,
            refused=dict(self._refused),
            open=len(self._open),
            limit=self._most,
        )

    def knock(self, protocol: Any, server: Any, **options: Any) -> "Knock":
        """websockets' `create_connection`: what stands for a connection until its turn."""
        return Knock(self, protocol, lambda: Guest(self, protocol, server, **options))

    def came(self, knock: "Knock") -> None:
        """A connection is there, and has not asked yet."""
        if len(self._open) > self._most + LATE_MOST:
            self._turn_away(knock, FULL_RETRY_S, FULL)
            return
        if len(self._open) > self._most or len(self._silent) >= SILENT_MOST:
            self._make_room()
        self._silent[knock] = None
        self._tick()

    def opened(self, one: asyncio.BaseProtocol) -> None:
        """A connection holds a file from now on."""
        self._open.add(one)

    def closed(self, one: asyncio.BaseProtocol) -> None:
        """It holds none any more."""
        self._open.discard(one)

    def asked(self, knock: "Knock") -> None:
        """The request of a connection is there."""
        self._silent.pop(knock, None)
        if self._refusing is not None:
            self._turn_away(knock, DRAIN_RETRY_S, self._refusing)
            return
        if len(self._open) > self._most:
            self._turn_away(knock, FULL_RETRY_S, FULL)
            return
        self._crowd, verdict = admission.arrived(self._crowd, self._limits, knock.since)
        if not verdict.may_wait:
            self._turn_away(knock, verdict.retry_s, FULL)
            return
        self._waiting[knock] = None
        if self._timer is None:
            self._pump()

    def asked_too_much(self, knock: "Knock") -> None:
        """The request of a connection is longer than one may be: coming again would not help it."""
        self._silent.pop(knock, None)
        REFUSED.labels(431, TOO_LONG).inc()
        knock.answer(TOO_LONG_ANSWER)

    def gone(self, knock: "Knock") -> None:
        """A connection is closed before its turn: no work is spent on it."""
        self._silent.pop(knock, None)
        if knock in self._waiting:
            self._drop(knock)

    def entered(self, guest: "Guest") -> None:
        """A handshake has begun."""
        self._inside[guest] = None

    def over(self, guest: Socket, *, accepted: bool = False) -> None:
        """A handshake is over: its charger is owned, it is refused, or its connection is gone.

        Harmless when it was over already.
        """
        if not isinstance(guest, Guest):
            return
        if accepted and not guest.is_counted:
            # Also without a place: it is the node that was slow, not the charger.
            guest.is_counted = True
            self._count(guest)
        self._leave_place(guest)

    def _count(self, guest: "Guest") -> None:
        now = self.clock()
        self._crowd = admission.measured(self._crowd, self._limits, now - guest.began_at, now)
        self._accepted.append(now)
        self._recent(now)

    def _leave_place(self, guest: "Guest") -> None:
        if not guest.in_progress:
            return
        guest.in_progress = False
        self._inside.pop(guest, None)
        self._crowd = admission.finished(self._crowd, self._limits, self.clock())
        if self._waiting and self._timer is None:
            # Not at once: many end in the same turn of the loop.
            self._timer = asyncio.get_running_loop().call_soon(self._pump)

    def _make_room(self) -> None:
        """Close the oldest who has not asked, if it had time to."""
        oldest = next(iter(self._silent), None)
        if oldest is not None and self.clock() - oldest.since > SILENT_GRACE_S:
            del self._silent[oldest]
            oldest.hang_up()

    def _pump(self) -> None:
        """Let as many begin as may, a few in a turn of the loop."""
        self._timer = None
        now, loop = self.clock(), asyncio.get_running_loop()
        for _ in range(SLICE):
            self._crowd, pause = admission.began(self._crowd, self._limits, now)
            if pause == math.inf:
                return
            if pause:
                self._timer = loop.call_later(pause, self._pump)
                return
            knock = next(iter(self._waiting))
            del self._waiting[knock]
            knock.enter()
        if self._waiting:
            self._timer = loop.call_soon(self._pump)

    def _drop(self, knock: "Knock") -> None:
        del self._waiting[knock]
        self._crowd = admission.left(self._crowd, self._limits, self.clock())

    def _turn_away(self, knock: "Knock", seconds: float, reason: str) -> None:
        self._refused[reason] += 1
        REFUSED.labels(503, reason).inc()
        knock.answer(ANSWER % admission.retry_after(seconds, knock.charger(), self.clock()))

    def _tick(self) -> None:
        """Look after those who are there, once a second while somebody is."""
        if self._ticker is None and (self._silent or self._waiting):
            self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._look_after)

    def _look_after(self) -> None:
        self._ticker, now = None, self.clock()
        for knock in _until(self._silent, lambda one: now - one.since <= REQUEST_PATIENCE_S):
            del self._silent[knock]
            knock.hang_up()
        for knock in _until(self._waiting, lambda one: not admission.has_overstayed(self._limits, one.since, now)):
            self._drop(knock)
            self._turn_away(knock, admission.RETRY_LEAST_S, OVERSTAYED)
        for guest in _until(self._inside, lambda one: not admission.has_stalled(one.began_at, now)):
            self._leave_place(guest)
        self._tick()

    def _recent(self, now: float) -> int:
        while self._accepted and self._accepted[0] < now - RECENT_S:
            self._accepted.popleft()
        return len(self._accepted)


class Guest(Socket):
    """A connection at its turn: it shakes hands now, and tells the gate should it be lost or refused on the way."""

    is_counted = False
    """Whether it counts among those who got in."""

    def __init__(self, gate: Gate, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._gate = gate
        self.in_progress = True
        """Whether it holds one of the places."""
        self.began_at = gate.clock()
        self.came_at = self.began_at
        """When the connection was there, before it waited for its turn."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.opened(self)
        self._gate.entered(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._gate.closed(self)
        self._gate.over(self)

    def send_data(self) -> None:
        """As websockets has it; one that is refused and does not close its end holds nobody else up."""
        super().send_data()
        if self.in_progress and self.protocol.eof_sent:
            self._gate.over(self)

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """As websockets has it; a charger that takes its time to say goodbye holds nobody else up."""
        self._gate.over(self)
        await super().close(code, reason)


class Knock(asyncio.Protocol):
    """A connection before its turn."""

    __slots__ = ("_came_at", "_data", "_gate", "_make", "_transport", "protocol", "since")

    def __init__(self, gate: Gate, protocol: Any, make: Callable[[], Guest]) -> None:
        self._gate = gate
        self._make: Callable[[], Guest] | None = make
        self._data = b""
        self._transport: Any = None
        self.protocol = protocol
        """websockets' own, by which it tells that the connection is the one it made the protocol for."""
        self.since = self._came_at = 0.0
        """When the connection came; once it has asked, when it asked."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.since = self._came_at = self._gate.clock()
        self._gate.opened(self)
        self._gate.came(self)

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        end = self._data.find(END_OF_UPGRADE)
        if (end if end >= 0 else len(self._data)) > REQUEST_MOST:
            self._gate.asked_too_much(self)
        elif end >= 0:
            self._transport.pause_reading()
            self.since = self._gate.clock()
            self._gate.asked(self)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._make = None
        self._gate.closed(self)
        self._gate.gone(self)

    def charger(self) -> str:
        """What it asked for, to tell chargers apart."""
        return self._data[:100].partition(b"\r")[0].decode("latin-1")

    def enter(self) -> None:
        """Shake hands: the connection is the guest's from now on."""
        assert self._make is not None
        guest, self._make, transport, data = self._make(), None, self._transport, self._data
        self._transport, self._data = None, b""
        guest.asked_at, guest.came_at = self.since, self._came_at
        self._gate.closed(self)  # the guest is the one that is open now
        transport.set_protocol(guest)
        guest.connection_made(transport)
        transport.resume_reading()
        guest.data_received(data)

    def answer(self, response: bytes) -> None:
        """Say it and close."""
        self._transport.write(response)
        self._transport.close()

    def hang_up(self) -> None:
        """Close without a word."""
        self._transport.abort()


def _files_most() -> float:
    """How many files chargers may hold; infinity where the process has no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else max(soft - FILES_RESERVE, soft // 2)


def _until(ordered: Mapping[T, None], is_young: Callable[[T], bool]) -> list[T]:
    """Those before the first young one."""
    found = []
    for one in ordered:
        if is_young(one):
            break
        found.append(one)
    return found
