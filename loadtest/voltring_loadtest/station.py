"""The state of one simulated charging station, and the few primitives that its behaviour is written with."""

import random
import uuid
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from voltring_core.ocpp.versions import Version
from voltring_loadtest.evse import Evse, Phase, Session, Stop
from voltring_loadtest.hardware import Hardware
from voltring_loadtest.jobs import Job
from voltring_loadtest.meter import Meter, Reading
from voltring_loadtest.outbox import Message, Outbox, Payload
from voltring_loadtest.profile import Profile, Span
from voltring_loadtest.smart import Limit

ACCEPTED = "Accepted"
PENDING = "Pending"
REJECTED = "Rejected"


class Dialect(Protocol):
    """What differs between the versions: how the station's doings are put into messages.

    Every method that speaks queues its messages by `Station.say`.
    """

    @property
    def version(self) -> Version: ...
    def boot(self, station: "Station", early: bool) -> None: ...
    def station_status(self, station: "Station", now: float) -> None: ...
    def status_of(self, evse: Evse) -> str: ...
    def status(self, station: "Station", evse: Evse, now: float) -> None: ...
    def authorize(self, station: "Station", evse: Evse) -> None: ...
    def token_status(self, answer: Payload) -> str | None: ...
    def started(self, station: "Station", evse: Evse, now: float) -> None: ...
    def updated(self, station: "Station", evse: Evse, trigger: str, reading: Reading, now: float) -> None: ...
    def ended(self, station: "Station", evse: Evse, stop: Stop, reading: Reading, now: float) -> None: ...
    def sampled(self, station: "Station", evse: Evse, reading: Reading, context: str) -> None: ...
    def job_status(self, station: "Station", job: Job) -> None: ...
    def reservation_over(self, station: "Station", reservation_id: int, why: str) -> None: ...
    def complete(self, message: Message) -> Payload: ...


@dataclass(slots=True)
class LocalList:
    """The local authorization list: token to status."""

    version: int
    entries: dict[str, str]


Key = tuple[str, int]
"""A timer: what for, and at which outlet (0: the station)."""


class Station:
    """Everything that a simulated charger remembers."""

    __slots__ = (
        "away",
        "boot_reason",
        "boots_each_time",
        "closing",
        "dialect",
        "early",
        "energy_wh",
        "ever_accepted",
        "evses",
        "firmware",
        "firmware_version",
        "hardware",
        "heartbeat_interval",
        "identity",
        "known_tokens",
        "limits",
        "local_list",
        "meter_interval",
        "online",
        "operative",
        "outbox",
        "password",
        "profile",
        "registration",
        "reset_when_idle",
        "rng",
        "settings",
        "timers",
        "upload",
    )

    def __init__(
        self, identity: str, dialect: Dialect, hardware: Hardware, profile: Profile, rng: random.Random
    ) -> None:
        self.identity = identity
        self.dialect = dialect
        self.hardware = hardware
        self.profile = profile
        self.rng = rng
        self.outbox = Outbox()
        self.timers: dict[Key, float] = {}
        self.evses = [
            Evse(number, Meter(float(rng.randrange(10_000, 40_000_000)))) for number in range(1, hardware.outlets + 1)
        ]
        self.online = False
        self.registration = ""
        """What the CSMS last answered to a BootNotification that still counts."""
        self.ever_accepted = False
        self.early = False
        """While a CALL is served before acceptance: what it asks for may be sent (B02.FR.02)."""
        self.boot_reason = "PowerUp"
        self.boots_each_time = rng.random() < profile.boots_on_reconnect
        self.heartbeat_interval = 300.0
        self.meter_interval = profile.meter_interval
        self.firmware_version = hardware.firmware
        self.operative = True
        self.closing = False
        """The power was cut: no new sessions."""
        self.away: float | None = None
        """Set when the charger wants to hang up: for how many seconds."""
        self.reset_when_idle = False
        self.energy_wh = 0.0
        """Delivered by all outlets since the simulation began."""
        self.password: bytes | None = None
        # Most chargers never need the following: they are made when first used.
        self.settings: dict[str, str] | None = None
        self.known_tokens: set[str] | None = None
        self.local_list: LocalList | None = None
        self.limits: list[Limit] = []
        self.upload: Job | None = None
        self.firmware: Job | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the CSMS hears more than BootNotifications."""
        return self.online and self.registration == ACCEPTED

    @property
    def version(self) -> Version:
        return self.dialect.version

    def say(
        self,
        action: str,
        payload: Payload,
        *,
        then: str = "",
        evse: int = 0,
        kept: bool = False,
        early: bool = False,
        session: Session | None = None,
        droppable: bool = False,
    ) -> None:
        """Queue a CALL; what is neither kept nor early is dropped while nobody would hear it."""
        early = early or self.early
        if kept or self.is_accepted or (early and self.online):
            message = Message(action, payload, then, evse, kept, early, session, droppable)
            self.outbox.put(message, self.profile.queue_limit)

    def set(self, kind: str, evse: int, due: float) -> None:
        """Set a timer, in place of the one that was there."""
        self.timers[kind, evse] = due

    def clear(self, kind: str, evse: int = 0) -> None:
        self.timers.pop((kind, evse), None)

    def clear_outlet(self, evse: int) -> None:
        """Forget the timers of an outlet."""
        for key in [key for key in self.timers if key[1] == evse and key[0] != "reserved"]:
            del self.timers[key]

    def draw(self, span: Span) -> float:
        """A duration in seconds."""
        return self.rng.uniform(*span)

    def new_id(self, now: float) -> str:
        """A UUID that begins with the time, so that a second run with the same seed repeats none (TR-15)."""
        bits = (int(now * 1000) & 0xFFFF_FFFF_FFFF) << 80 | self.rng.getrandbits(80)
        return str(uuid.UUID(int=bits & ~(0xF000 << 64 | 0xC000 << 48) | 0x7000 << 64 | 0x8000 << 48))

    def evse(self, number: Any) -> Evse | None:
        """The outlet of this number, None when there is none."""
        is_there = isinstance(number, int) and 1 <= number <= len(self.evses)
        return self.evses[number - 1] if is_there else None

    def sessions(self) -> list[Evse]:
        """The outlets with a transaction."""
        return [evse for evse in self.evses if evse.session is not None]

    def is_idle(self) -> bool:
        """Whether no outlet is in use."""
        return all(evse.phase in (Phase.IDLE, Phase.FINISHING) for evse in self.evses)

    def remember(self, token: str) -> None:
        """Put a token into the authorization cache."""
        if self.known_tokens is None:
            self.known_tokens = set()
        self.known_tokens.add(token)

    def next_timer(self) -> float:
        return min(self.timers.values(), default=inf)
