"""A scripted CSMS with a fake clock; every frame of the charger is held against the official schemas."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_loadtest.charger import Charger, Output
from voltring_loadtest.hardware import CATALOGUE, Hardware
from voltring_loadtest.profile import Profile
from voltring_loadtest.times import stamp

START = 1_790_000_000.0
Payload = dict[str, Any]


class Stage:
    """One charger, one CSMS, one clock."""

    def __init__(self, version: Version, hardware: Hardware, profile: Profile, seed: int) -> None:
        self.version = version
        self.now = START
        self.charger = Charger("SIM-0001", version, hardware, profile, random.Random(seed))
        self.station = self.charger.station
        self.wake_at = float("inf")
        self.is_open = False
        self.is_mute = False
        self.away: float | None = None
        self.heard: list[tuple[float, str, Payload]] = []
        self.ids: list[str] = []
        self.script: dict[str, Callable[[Payload], Payload | tuple[str, str] | None]] = {}
        self.asked: dict[str, str] = {}
        self.answers: dict[str, Any] = {}
        self.errors: list[list[Any]] = []
        self.last_transaction = 100

    def open(self) -> None:
        self.is_open, self.away = True, None
        self._take(self.charger.connected(self.now))

    def cut(self) -> None:
        self.is_open = False
        self._take(self.charger.disconnected(self.now))

    def run(self, seconds: float, reconnect: bool = True) -> None:
        """Let the time pass, waking the charger when it asked to be."""
        end = self.now + seconds
        for _ in range(100_000):
            if self.away is not None and reconnect:
                self._come_back()
            if self.wake_at > end:
                self.now = end
                return
            self.now = max(self.now, self.wake_at)
            self._take(self.charger.wake(self.now))
        raise AssertionError("the charger never sleeps")

    def until(self, is_true: Callable[[], Any], seconds: float = 3600.0) -> Any:
        """Run until something is so."""
        end = self.now + seconds
        while not is_true():
            assert self.now < end, f"did not happen within {seconds} s; heard {self.actions()[-10:]}"
            self.run(min(0.5, end - self.now))
        return is_true()

    def call(self, action: str, payload: Payload | None = None) -> Payload:
        """Ask the charger; its answer's payload."""
        assert not violations(self.version, action, payload or {}), violations(self.version, action, payload or {})
        return self.raw(action, payload or {})

    def raw(self, action: str, payload: Any) -> Any:
        """Ask without checking the question: the answer's payload, or the CALLERROR's code."""
        message_id = f"csms-{len(self.asked)}"
        self.asked[message_id] = action
        self.receive(json.dumps([2, message_id, action, payload]))
        return self.answers[message_id]

    def receive(self, text: str) -> None:
        self._take(self.charger.received(text, self.now))

    def actions(self) -> list[str]:
        return [action for _, action, _ in self.heard]

    def of(self, action: str) -> list[Payload]:
        """The payloads of one action, in order."""
        return [payload for _, heard, payload in self.heard if heard == action]

    def events(self, kind: str = "") -> list[Payload]:
        return [event for event in self.of("TransactionEvent") if kind in ("", event["eventType"])]

    def statuses(self, number: int = 1) -> list[str]:
        if self.version is Version.V16:
            return [said["status"] for said in self.of("StatusNotification") if said["connectorId"] == number]
        return [said["connectorStatus"] for said in self.of("StatusNotification") if said["evseId"] == number]

    def transaction_id(self, number: int = 1) -> Any:
        session = self.station.evses[number - 1].session
        assert session is not None
        return session.number if self.version is Version.V16 else session.transaction_id

    def charging(self, number: int = 1) -> bool:
        session = self.station.evses[number - 1].session
        return session is not None and session.energized_at is not None

    def idle(self, number: int = 1) -> bool:
        return self.station.evses[number - 1].phase == "idle"

    def remote_start(self, number: int = 1, token: str = "DEMO") -> Payload:  # noqa: S107
        if self.version is Version.V16:
            return self.call("RemoteStartTransaction", {"idTag": token, "connectorId": number})
        asked = {"idToken": {"idToken": token, "type": "ISO14443"}, "evseId": number, "remoteStartId": 7}
        return self.call("RequestStartTransaction", asked)

    def remote_stop(self, number: int = 1) -> Payload:
        action = "RemoteStopTransaction" if self.version is Version.V16 else "RequestStopTransaction"
        return self.call(action, {"transactionId": self.transaction_id(number)})

    def _come_back(self) -> None:
        away, self.away = self.away, None
        self.cut()
        end = self.now + (away or 0.0)
        while self.wake_at <= end:
            self.now = max(self.now, self.wake_at)
            self._take(self.charger.wake(self.now))
        self.now = end
        self.open()

    def _take(self, output: Output) -> None:
        self.wake_at = output.wake_at
        if output.hang_up is not None:
            self.away = output.hang_up
        for text in output.frames:
            assert self.is_open, f"wrote {text} into a closed socket"
            self._frame(json.loads(text))

    def _frame(self, frame: list[Any]) -> None:
        if frame[0] == 2:
            self._called(*frame[1:])
        elif frame[0] == 3:
            wrong = violations(self.version, self.asked[frame[1]], frame[2], "response")
            assert not wrong, (self.asked[frame[1]], frame[2], wrong)
            self.answers[frame[1]] = frame[2]
        else:
            assert len(frame) == 5
            self.errors.append(frame)
            self.answers[frame[1]] = frame[2]

    def _called(self, message_id: str, action: str, payload: Payload) -> None:
        wrong = violations(self.version, action, payload)
        assert not wrong, (action, payload, wrong)
        self.heard.append((self.now, action, payload))
        self.ids.append(message_id)
        if self.is_mute:
            return
        answer = self.script[action](payload) if action in self.script else self._answer(action, payload)
        if isinstance(answer, tuple):
            self.receive(json.dumps([4, message_id, *answer, {}]))
        elif answer is not None:
            assert not violations(self.version, action, answer, "response"), (action, answer)
            self.receive(json.dumps([3, message_id, answer]))

    def _answer(self, action: str, payload: Payload) -> Payload:
        if action == "BootNotification":
            return {"status": "Accepted", "currentTime": stamp(self.now), "interval": 300}
        if action == "Heartbeat":
            return {"currentTime": stamp(self.now)}
        if action == "Authorize":
            return self._token("Accepted")
        if action == "StartTransaction":
            self.last_transaction += 1
            return {"transactionId": self.last_transaction, "idTagInfo": {"status": "Accepted"}}
        if action == "TransactionEvent" and "idToken" in payload:
            return self._token("Accepted")
        return {}

    def _token(self, status: str) -> Payload:
        return {"idTagInfo" if self.version is Version.V16 else "idTokenInfo": {"status": status}}


AC, DC = CATALOGUE[0], CATALOGUE[4]


@pytest.fixture(params=list(Version), ids=str)
def version(request: pytest.FixtureRequest) -> Version:
    found: Version = request.param
    return found


@pytest.fixture
def stage(version: Version) -> Stage:
    """A connected charger with two outlets at which no car comes by itself."""
    found = make(version, busy=0.0)
    found.open()
    return found


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    return make


def make(version: Version, hardware: Hardware = DC, seed: int = 1, **profile: Any) -> Stage:
    return Stage(version, hardware, Profile(**profile), seed)
