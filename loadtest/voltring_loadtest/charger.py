"""A simulated charger: one charging station of OCPP 1.6, 2.0.1 or 2.1, without I/O and without a clock.

The caller owns the socket and the time. It tells what happened, with `now` in Unix seconds:

    connected, disconnected     the WebSocket with the version's subprotocol came or went
    received                    a text frame came
    wake                        the wake-up time of the last output is reached
    power_down                  the simulation ends: sessions are stopped, nothing new begins

Each returns an `Output`: write its frames in order, call `wake` at `wake_at` (also while disconnected), and when
`hang_up` is set, close the WebSocket and stay away for that many seconds.
"""

import random
from dataclasses import dataclass
from math import inf

from voltring_core.errors import OcppError
from voltring_core.ocpp import frames, schemas
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import Frame, Malformed, MessageType
from voltring_core.ocpp.versions import Version
from voltring_loadtest import answers, sessions, timers
from voltring_loadtest.evse import Phase, Stop
from voltring_loadtest.hardware import Hardware
from voltring_loadtest.outbox import Message, Payload
from voltring_loadtest.profile import Profile
from voltring_loadtest.station import ACCEPTED, PENDING, REJECTED, Dialect, Station
from voltring_loadtest.v2x_answers import HANDLERS_21, HANDLERS_201
from voltring_loadtest.v2x_messages import V21, V201
from voltring_loadtest.v16_answers import HANDLERS as HANDLERS_16
from voltring_loadtest.v16_answers import Handler
from voltring_loadtest.v16_messages import V16

DIALECTS: dict[Version, Dialect] = {Version.V16: V16(), Version.V201: V201, Version.V21: V21}
HANDLERS: dict[Version, dict[str, Handler]] = {
    Version.V16: HANDLERS_16,
    Version.V201: HANDLERS_201,
    Version.V21: HANDLERS_21,
}


@dataclass(frozen=True, slots=True)
class Output:
    """What the caller has to do."""

    frames: tuple[str, ...]
    wake_at: float
    """Unix seconds; inf when only an event can wake it."""
    hang_up: float | None = None
    """Close, and stay away for this many seconds."""


class Charger:
    """One charging station; `station` is its state, to look at."""

    __slots__ = ("_written", "station")

    def __init__(
        self, identity: str, version: Version, hardware: Hardware, profile: Profile, rng: random.Random
    ) -> None:
        self.station = Station(identity, DIALECTS[version], hardware, profile, rng)
        self._written: list[str] = []

    def connected(self, now: float) -> Output:
        """The WebSocket is open: boot, or carry on where the last connection ended."""
        station = self.station
        station.online = True
        if station.registration != ACCEPTED or station.boots_each_time:
            timers.boot(station)
        else:
            self._carry_on(now)
        return self._output(now)

    def disconnected(self, now: float) -> Output:
        """The WebSocket is gone: sessions go on, their messages are kept."""
        station = self.station
        station.online = False
        station.away = None
        station.outbox.cut()
        for timer in ("heartbeat", "boot", "reset"):
            station.clear(timer)
        return self._output(now)

    def received(self, text: str, now: float) -> Output:
        """A text frame came."""
        frame = frames.parse(text, self.station.version)
        if isinstance(frame, Malformed):
            self._refuse_malformed(frame)
        elif frame.type is MessageType.CALL:
            self._answer(frame, now)
        elif frame.type is MessageType.CALLRESULT:
            self._settle(frame, now)
        elif frame.type is MessageType.CALLERROR:
            self._refused(frame, now)
        return self._output(now)

    def wake(self, now: float) -> Output:
        """Time has passed: do everything that is due."""
        station = self.station
        lost = station.outbox.expire(now, self._retry_delay)
        if lost is not None:
            self._unanswered(lost, now)
        timers.run_due(station, now)
        return self._output(now)

    def power_down(self, now: float) -> Output:
        """End every session; the frames that say so are the last."""
        station = self.station
        station.closing = True
        for evse in station.sessions():
            sessions.stop(station, evse, Stop.POWER_LOSS, now)
        station.timers.clear()
        return self._output(now)

    @property
    def is_quiet(self) -> bool:
        """Whether no transaction message waits to be sent or answered."""
        return not self.station.outbox.has_kept()

    def _output(self, now: float) -> Output:
        station = self.station
        if station.reset_when_idle and station.is_idle():
            station.reset_when_idle = False
            station.set("reset", 0, now + answers.FLUSH)
        if station.online and station.away is None:
            self._send_next(now)
        written, self._written = tuple(self._written), []
        is_talking = station.online and station.away is None
        due = station.outbox.due(station.is_accepted) if is_talking else inf
        wake_at = min(station.next_timer(), due)
        return Output(written, wake_at, station.away)

    def _send_next(self, now: float) -> None:
        station = self.station
        message = station.outbox.take(now, station.profile.call_timeout, station.is_accepted)
        if message is not None:
            message.message_id = message.message_id or station.new_id(now)
            payload = station.dialect.complete(message)
            self._written.append(frames.encode_call(message.message_id, message.action, payload))

    def _answer(self, frame: Frame, now: float) -> None:
        """Serve a CALL of the CSMS; the answer is written before anything that follows from it."""
        station, action = self.station, frame.action or ""
        try:
            if station.registration == REJECTED:
                raise OcppError(Code.SECURITY, "this charger was rejected and serves nobody")
            handler = HANDLERS[station.version].get(action)
            if handler is None:
                raise OcppError(Code.NOT_IMPLEMENTED, f"{action[:50]} is not known here")
            wrong = next(iter(schemas.violations(station.version, action, frame.payload)), None)
            if wrong is not None:
                raise OcppError(wrong.code, f"{wrong.field}: {wrong.message}"[:255])
            station.early = station.registration == PENDING or not station.ever_accepted
            answer = handler(station, frame.payload, now)
            self._written.append(frames.encode_result(frame.message_id, answer))
        except OcppError as error:
            code = Code(error.code)
            self._written.append(frames.encode_error(frame.message_id, code, error.message, station.version))
        finally:
            station.early = False

    def _refuse_malformed(self, frame: Malformed) -> None:
        if frame.code is not None and frame.message_id is not None:
            version = self.station.version
            self._written.append(frames.encode_error(frame.message_id, frame.code, frame.reason, version))

    def _settle(self, frame: Frame, now: float) -> None:
        message = self.station.outbox.settle(frame.message_id)
        if message is None:
            return
        if message.then == "boot":
            self._booted(frame.payload, now)
        elif message.then:
            self._token_answered(message, frame.payload, now)

    def _booted(self, answer: Payload, now: float) -> None:
        """BootNotification was answered (B01-B03): `interval` is the heartbeat's, or the time to the next try."""
        station = self.station
        interval = answer.get("interval")
        known = float(interval) if isinstance(interval, int | float) and interval > 0 else None
        station.registration = str(answer.get("status"))
        if station.registration == ACCEPTED:
            station.heartbeat_interval = known or station.heartbeat_interval
            station.boot_reason = "PowerUp"
            station.clear("boot")
            for evse in station.evses:
                evse.told = ""
            station.dialect.station_status(station, now)
            self._carry_on(now)
        else:
            station.set("boot", 0, now + (known or station.profile.boot_retry))

    def _carry_on(self, now: float) -> None:
        station = self.station
        if not station.ever_accepted:
            station.ever_accepted = True
            sessions.open_up(station, now)
        for evse in station.evses:
            sessions.announce(station, evse, now)
        station.set("heartbeat", 0, now + station.heartbeat_interval)

    def _token_answered(self, message: Message, answer: Payload, now: float) -> None:
        """Authorize, or a message that starts or carries a transaction, was answered."""
        station = self.station
        status = station.dialect.token_status(answer)
        evse = station.evse(message.evse)
        assert evse is not None
        if message.then == "authorize":
            sessions.card_answered(station, evse, status, now)
            return
        session = message.session
        assert session is not None
        if message.then == "started" and station.version is Version.V16:
            number = answer.get("transactionId")
            session.number = number if isinstance(number, int) else -1
        if status not in (None, ACCEPTED) and evse.session is session:
            sessions.stop(station, evse, Stop.DEAUTHORIZED, now)

    def _refused(self, frame: Frame, now: float) -> None:
        """A CALLERROR came. `SecurityError` means that the CSMS forgot us: boot again."""
        station = self.station
        message = station.outbox.refuse(frame.message_id, now, self._retry_delay)
        if message is None:
            return
        if frame.code == Code.SECURITY and message.then != "boot" and station.registration == ACCEPTED:
            station.registration = ""
            station.set("boot", 0, now)
        self._fell_through(message, now)

    def _unanswered(self, message: Message, now: float) -> None:
        """A CALL had no answer in time. After several in a row the connection is taken for dead."""
        station = self.station
        if station.outbox.misses >= station.profile.patience:
            station.away = 0.0
        self._fell_through(message, now)

    def _fell_through(self, message: Message, now: float) -> None:
        if message.then == "boot":
            self.station.set("boot", 0, now + self.station.profile.boot_retry)
        elif message.then == "authorize":
            evse = self.station.evse(message.evse)
            if evse is not None and evse.phase is Phase.PLUGGED:
                sessions.leave(self.station, evse, now)

    def _retry_delay(self, attempts: int) -> float | None:
        profile = self.station.profile
        return None if attempts >= profile.attempts else min(profile.retry * attempts, profile.longest_retry)
