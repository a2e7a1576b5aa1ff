"""One charger's OCPP-J exchange, without I/O: frames in, events out (TR-11, TR-15, TR-19, TR-22, TR-24).

The caller gives each received text to `receive` and acts on the event:

    Called     the charger asks: give the answer's frame by `answer` or `refuse`
    Sent       the charger tells (type 6, 2.1): never answered
    Answered   the charger answered a CALL of ours, perhaps late
    Stray      nothing to do but to log it, and to send `reply` when there is one

Own CALLs are one at a time: `call` may be used while `outstanding` is None. Both directions are independent: an
own CALL may be open while the charger's are answered, and the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import (
    Frame,
    Malformed,
    MessageId,
    MessageType,
    Payload,
    encode_call,
    encode_error,
    encode_result,
    parse,
)
from voltring_core.ocpp.versions import Version

LATE_KEPT = 16  # timed-out CALLs of ours whose answer is still recognised


@dataclass(frozen=True, slots=True)
class Called:
    """A CALL of the charger."""

    message_id: MessageId
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Sent:
    """An unconfirmed message of the charger (type 6)."""

    message_id: MessageId
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A CALL of ours that was written."""

    message_id: str
    action: str
    deadline: float
    """On the caller's monotonic clock."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The charger's answer to `call`; `code` is set when it is a CALLERROR."""

    call: OwnCall
    payload: Payload
    code: str = ""
    description: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Stray:
    """A frame that leads nowhere."""

    reason: str
    malformed: bool
    reply: str | None = None


Event = Called | Sent | Answered | Stray


class Conversation:
    """The state of one socket's exchange."""

    __slots__ = ("_late", "outstanding", "version")

    def __init__(self, version: Version) -> None:
        self.version = version
        self.outstanding: OwnCall | None = None
        """The CALL of ours that waits for its answer."""
        self._late: dict[str, OwnCall] | None = None  # made when first needed: most chargers are never late

    def receive(self, text: str) -> Event:
        """Read one text frame."""
        frame = parse(text, self.version)
        if isinstance(frame, Malformed):
            return self._stray(frame)
        if frame.type is MessageType.CALL:
            return Called(frame.message_id, frame.action or "", frame.payload)
        if frame.type is MessageType.SEND:
            return Sent(frame.message_id, frame.action or "", frame.payload)
        if frame.type is MessageType.CALLRESULTERROR:
            return Stray(f"our answer was refused: {frame.code} {frame.description}".strip(), malformed=False)
        return self._match(frame)

    def call(self, message_id: str, action: str, payload: Mapping[str, Any], deadline: float) -> str:
        """Open a CALL of ours and return its frame. `message_id` is a UUID, unique for ever (TR-15)."""
        if self.outstanding is not None:
            raise RuntimeError("a CALL of ours is open already (TR-22)")
        self.outstanding = OwnCall(message_id, action, deadline)
        return encode_call(message_id, action, payload)

    def expire(self, now: float) -> OwnCall | None:
        """Give the open CALL up if its deadline is over; its late answer is still recognised (TR-24)."""
        call = self.outstanding
        if call is None or now < call.deadline:
            return None
        self.outstanding = None
        late = self._late = self._late or {}
        late[call.message_id] = call
        if len(late) > LATE_KEPT:
            del late[next(iter(late))]
        return call

    def answer(self, message_id: MessageId, payload: Mapping[str, Any]) -> str:
        """The frame that answers a CALL."""
        return encode_result(message_id, payload)

    def refuse(
        self, message_id: MessageId, code: Code, description: str, details: Mapping[str, Any] | None = None
    ) -> str:
        """The frame that refuses a CALL."""
        return encode_error(message_id, code, description, self.version, details)

    def _match(self, frame: Frame) -> Answered | Stray:
        call = self.outstanding
        late = False
        if call is not None and call.message_id == frame.message_id:
            self.outstanding = None
        else:
            call = self._late.pop(str(frame.message_id), None) if self._late else None
            late = True
        if call is None:
            return Stray(f"an answer to no CALL of ours: {str(frame.message_id)[:40]}", malformed=False)
        return Answered(call, frame.payload, frame.code, frame.description, late)

    def _stray(self, frame: Malformed) -> Stray:
        reply = None
        if frame.code is not None and frame.message_id is not None:
            reply = encode_error(frame.message_id, frame.code, frame.reason, self.version)
        return Stray(frame.reason, malformed=True, reply=reply)
