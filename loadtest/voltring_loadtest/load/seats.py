"""The chargers of a load test at the edge: their sockets, timed at the frame, and watched."""

import time
from dataclasses import replace

from voltring_core.ocpp.versions import Version
from voltring_loadtest.backoff import BackOff
from voltring_loadtest.charger import Charger, Output
from voltring_loadtest.hardware import CATALOGUE
from voltring_loadtest.link import Link
from voltring_loadtest.load.profiles import Sessions
from voltring_loadtest.load.trial import ENDLESS, ShardPlan
from voltring_loadtest.load.watching import Sheet, Witness
from voltring_loadtest.profile import Profile
from voltring_loadtest.station import ACCEPTED
from voltring_loadtest.swarm import Plan, Seat, Swarm
from voltring_loadtest.target import REFUSALS, Target

SOCKET = "websocket"
TURNED_AWAY = frozenset({REFUSALS[429], REFUSALS[503]})
"""A server that says "not now" protects itself: whoever comes back later is let in."""
ONE_OUTLET = tuple(hardware for hardware in CATALOGUE if hardware.outlets == 1)
LATEST_ARRIVAL, PEAK_ARRIVAL, PEAK_STAY = 0.75, 0.5, 0.2
"""Shares of the measured time: the last car, most cars, how long a car stays."""


class WatchedSeat(Seat):
    """A seat that notes what its charger wrote and read, and when."""

    __slots__ = ("_dialled_at", "_gone_at", "_meant", "_open", "witness")

    swarm: "Crowd"

    def __init__(self, swarm: Swarm, charger: Charger, backoff: BackOff) -> None:
        super().__init__(swarm, charger, backoff)
        assert isinstance(swarm, Crowd)
        self.witness = Witness(charger.station.identity, charger.station.version, swarm.sheet)
        self._open: tuple[str, int] | None = None
        self._dialled_at = 0.0
        self._gone_at: float | None = None
        self._meant = False

    def on_dial(self) -> None:
        self._dialled_at = time.perf_counter()

    def on_open(self, link: Link) -> None:
        self.swarm.sheet.add(SOCKET, "connect", time.perf_counter() - self._dialled_at, 0, None)
        self._open = None
        super().on_open(link)

    def on_text(self, link: Link, text: str) -> None:
        at = time.perf_counter()
        if link is self.link:
            self.witness.read(text, at)
            if self.witness.open_id is None:
                self._open = None
        super().on_text(link, text)
        if self._gone_at is not None and self.station.is_accepted:
            self.swarm.sheet.batch.back.append(round(at - self._gone_at, 4))
            self._gone_at = None

    def on_closed(self, link: Link) -> None:
        if link is self.link:
            self._note_loss(link.reason)
        super().on_closed(link)

    def failed(self, reason: str) -> None:
        self._note_loss(reason)
        super().failed(reason)

    def cut(self) -> None:
        """Drop the socket without a word: the network is gone."""
        if self.link is not None:
            self._meant = True
            self.link.abort()

    def _note_loss(self, reason: str) -> None:
        """The socket is gone, or was not had: by intent, by the server's wish, or for a reason of its own."""
        crowd, was_open = self.swarm, self.station.online
        if was_open and self._gone_at is None:
            self._gone_at = time.perf_counter()
        self.witness.cut()
        self._open = None
        meant, self._meant = self._meant or self._away is not None or crowd.is_ending, False
        if meant:
            return
        if reason in TURNED_AWAY or crowd.may_close:
            crowd.turned_away[reason] = crowd.turned_away.get(reason, 0) + 1
        else:
            crowd.sheet.wrong(SOCKET, "open" if was_open else "connect", reason, self.station.identity, reason)

    def _carry_out(self, output: Output) -> None:
        super()._carry_out(output)
        message = self.station.outbox.open
        now_open = (message.message_id, message.attempts) if message is not None else None
        if now_open == self._open:
            return
        if self._open is not None:
            self.witness.gave_up()
        if message is not None and self.link is not None:
            self.witness.wrote(message.message_id, message.action, time.perf_counter())
        self._open = now_open


class Crowd(Swarm):
    """The chargers of a shard."""

    def __init__(self, plan: ShardPlan, target: Target) -> None:
        self.sheet = Sheet(plan.check_every)
        self.may_close = plan.may_close
        self.turned_away: dict[str, int] = {}
        super().__init__(swarm_plan(plan), target, WatchedSeat)
        if plan.sessions == Sessions.PEAK:
            for seat in self.seats:
                _plan_arrival(seat, plan.seconds)

    def cut(self) -> None:
        """Cut every socket at once."""
        for seat in self.seats:
            assert isinstance(seat, WatchedSeat)
            seat.cut()

    def count(self) -> tuple[int, int, int]:
        """Connected, accepted, with a session. Asked four times a second: `report.figures` would take ten times as
        long."""
        connected = accepted = charging = 0
        for seat in self.seats:
            station = seat.charger.station
            if station.online:
                connected += 1
                accepted += station.registration == ACCEPTED
            for evse in station.evses:
                charging += evse.session is not None
        return connected, accepted, charging


def swarm_plan(plan: ShardPlan) -> Plan:
    """A shard's chargers as the simulator takes them: of one outlet each, so that one charges, or none."""
    return Plan(
        count=plan.count,
        versions=tuple(Version(version) for version in plan.versions),
        profile=behaviour(plan),
        id_prefix=plan.id_prefix,
        per_second=plan.connect_rate,
        backoff_minimum=plan.back_off,
        seed=plan.seed,
        first=plan.first,
        total=plan.total,
        hardware=ONE_OUTLET,
    )


def behaviour(plan: ShardPlan) -> Profile:
    """How the drivers and chargers of a profile behave."""
    common = Profile(
        id_tokens=plan.id_tokens,
        meter_interval=max(1, round(plan.message_every)),
        call_timeout=plan.answer_timeout,
        boots_on_reconnect=1.0,
        retry=min(10.0, plan.answer_timeout),
        boot_retry=min(10.0, plan.answer_timeout),
    )
    every = plan.message_every
    match plan.sessions:
        case Sessions.ALWAYS:
            # Spread, so that the samples of all chargers are not one wave.
            return replace(common, busy=1.0, session_seconds=ENDLESS, first_arrival=(0.0, every), card=(0.2, 1.0))
        case Sessions.PEAK:
            return replace(common, busy=1.0, session_seconds=PEAK_STAY * plan.seconds, card=(0.2, 1.0))
        case _:
            at_once = (0.1, 0.3)
            return replace(common, busy=0.0, session_seconds=ENDLESS, card=at_once, energize=at_once, unplug=at_once)


def _plan_arrival(seat: Seat, seconds: float) -> None:
    """One car for this charger, at its own place in the wave."""
    station = seat.station
    at = station.rng.triangular(0.0, LATEST_ARRIVAL * seconds, PEAK_ARRIVAL * seconds)
    station.profile = _once(station.profile, at)


def _once(profile: Profile, at: float) -> Profile:
    return _OneCar(**{name: getattr(profile, name) for name in Profile.__slots__} | {"first_arrival": (at, at + 1.0)})


class _OneCar(Profile):
    """Nobody comes after the first car."""

    __slots__ = ()

    def pause(self, outlets: int, rng: object) -> float:
        return ENDLESS
