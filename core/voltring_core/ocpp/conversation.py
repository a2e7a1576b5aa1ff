"""One charger's OCPP-J exchange, without I/O: frames in, events out (TR-11, TR-13, TR-15, TR-19, TR-22, TR-24).

The caller gives each received text to `receive` and acts on the event:

    Called     the charger asks: give the answer's frame by `answer` or `refuse`
    Sent       the charger tells (type 6, 2.1): never answered
    Answered   the charger answered a CALL of ours, perhaps late; `refuse_result` says that the answer is faulty
    Refused    the charger says that an answer of ours was faulty (type 5, 2.1): never answered
    Stray      nothing to do but to log it, and to send `reply` when there is one

Own CALLs are one at a time: `call` may be used while `outstanding` is None. Both directions are independent: an
own CALL may be open while the charger's are answered, and the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voltring_core.domain.values import value
from voltring_core.ocpp.codes import Code, meant
from voltring_core.ocpp.frames import (
    Frame,
    Malformed,
    MessageId,
    MessageType,
    Payload,
    encode_call,
    encode_error,
    encode_result,
    encode_result_error,
    parse,
    read_call,
)
from voltring_core.ocpp.signed import SUFFIX, unwrap
from voltring_core.ocpp.versions import Version

SIGNED = "signed"
"""The flag of a message that came as `<action>-Signed`; its payload here is the inner one (TR-13)."""
UNWRAPPED = "unwrapped"
"""The flag of a message whose payload stood in a list."""
DEEP = "deep"
"""The flag of a message that lost what was nested too deep; its frame is kept whole."""
ANSWERS = ("[3", "[4")
LATE_KEPT = 16  # timed-out CALLs of ours whose answer is still recognised


@value
class Called:
    """A CALL of the charger."""

    message_id: MessageId
    action: str
    payload: Payload
    flags: tuple[str, ...] = ()


@value
class Sent:
    """An unconfirmed message of the charger (type 6)."""

    message_id: MessageId
    action: str
    payload: Payload
    flags: tuple[str, ...] = ()


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

    @property
    def meaning(self) -> Code | None:
        """What `code` stands for, however it is spelt; None for a CALLRESULT, and for a word of the charger's own."""
        return meant(self.code)


@dataclass(frozen=True, slots=True)
class Refused:
    """The charger could not read the answer of ours that has this id (CALLRESULTERROR)."""

    message_id: MessageId
    code: str
    description: str
    details: Payload

    # For who takes it for one more frame that leads nowhere.
    malformed = False
    reply = None
    answer = None

    @property
    def reason(self) -> str:
        """As a sentence, for the log."""
        return f"our answer {str(self.message_id)[:40]} was refused: {self.code} {self.description[:200]}".strip()


@dataclass(frozen=True, slots=True)
class Stray:
    """A frame that leads nowhere; `malformed` counts against the charger (TR-17)."""

    reason: str
    malformed: bool
    reply: str | None = None
    answer: Answered | None = None
    """What it says, where it answers a CALL that this socket knows nothing of; the CALL has its id and no action."""


Event = Called | Sent | Answered | Refused | Stray


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
        if (called := read_call(text)) is not None:
            return Called(*called)
        frame = parse(text, self.version)
        if isinstance(frame, Malformed):
            return self._botched(frame, text) or self._stray(frame)
        if frame.type in (MessageType.CALL, MessageType.SEND):
            return self._asked(frame)
        if frame.type is MessageType.CALLRESULTERROR:
            return Refused(frame.message_id, frame.code, frame.description, frame.payload)
        return self._match(frame)

    def call(self, message_id: str, action: str, payload: Mapping[str, Any], deadline: float) -> str:
        """Open a CALL of ours and return its frame. `message_id` is a UUID, unique for ever (TR-15)."""
        if self.outstanding is not None:
            raise RuntimeError("a CALL of ours is open already (TR-22)")
        frame = encode_call(message_id, action, payload)  # first: what can't be encoded is not open
        self.outstanding = OwnCall(message_id, action, deadline)
        return frame

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

    def refuse_result(self, message_id: MessageId, code: Code, description: str) -> str | None:
        """The frame that tells the charger that its CALLRESULT is faulty; None where there is no such frame."""
        return encode_result_error(message_id, code, description) if self.version is Version.V21 else None

    def _asked(self, frame: Frame) -> Called | Sent | Stray:
        """A CALL or a SEND, a signed one unwrapped."""
        kind = Called if frame.type is MessageType.CALL else Sent
        action = frame.action or ""
        flags = ((DEEP,) if frame.is_cut else ()) + ((UNWRAPPED,) if frame.is_unwrapped else ())
        if not action.endswith(SUFFIX):
            return kind(frame.message_id, action, frame.payload, flags)
        try:
            return kind(frame.message_id, action.removesuffix(SUFFIX), unwrap(frame.payload), (SIGNED, *flags))
        except ValueError as error:
            code = Code.FORMAT if kind is Called else None
            return self._stray(Malformed(str(error), frame.message_id, code))

    def _match(self, frame: Frame) -> Answered | Stray:
        """By id alone: some chargers give an id back as another JSON type, or answer when nobody waits any more."""
        call, message_id, late = self.outstanding, str(frame.message_id), False
        if call is not None and call.message_id == message_id:
            self.outstanding = None
        else:
            call = self._late.pop(message_id, None) if self._late else None
            late = True
        if call is None:
            unknown = Answered(OwnCall(message_id, "", 0.0), frame.payload, frame.code, frame.description, late=True)
            return Stray(f"an answer to no CALL of ours: {message_id[:40]}", malformed=False, answer=unknown)
        return Answered(call, frame.payload, frame.code, frame.description, late)

    def _botched(self, frame: Malformed, text: str) -> Answered | None:
        """An answer that can't be read and yet names the CALL that it answers: nothing better will come."""
        call = self.outstanding
        if call is None or not text.lstrip().startswith(ANSWERS) or call.message_id not in text:
            return None
        self.outstanding = None
        return Answered(call, {}, Code.FORMAT.value, f"the charger's answer can't be read: {frame.reason}")

    def _stray(self, frame: Malformed) -> Stray:
        reply = None
        if frame.code is not None and frame.message_id is not None:
            reply = encode_error(frame.message_id, frame.code, frame.reason, self.version)
        return Stray(frame.reason, frame.is_fault, reply)
