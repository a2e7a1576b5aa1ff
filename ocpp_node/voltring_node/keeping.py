"""What goes over a charger's socket, as the message log keeps it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.frames import MessageId, MessageType
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Message

LATE = "late"


class Speaker(Protocol):
    """The socket whose messages are kept."""

    @property
    def id(self) -> str:
        """The charger's identity."""

    @property
    def epoch(self) -> int:
        """Under which the socket owns its charger."""

    @property
    def version(self) -> Version:
        """What the socket speaks."""


def message(
    of: Speaker,
    text: str,
    now: datetime,
    kind: MessageType | None,
    message_id: MessageId | None = None,
    action: str | None = None,
    flags: tuple[str, ...] = (),
    direction: str = "in",
) -> Message:
    """One frame; `direction` is seen from here."""
    return Message(of.id, of.epoch, of.version, now, direction, text, kind, message_id, action, flags=flags)


def own_call(of: Speaker, frame: str, message_id: str, action: str, flags: tuple[str, ...]) -> Message:
    """A CALL of ours, as it is written now."""
    return message(of, frame, datetime.now(UTC), MessageType.CALL, message_id, action, flags, "out")


def answer(of: Speaker, event: Answered, text: str, now: datetime, latency_ms: float | None) -> Message:
    """What the charger answered, and after how long if it was in time."""
    kind = MessageType.CALLERROR if event.code else MessageType.CALLRESULT
    flags = (LATE,) if event.late else ()
    kept = message(of, text, now, kind, event.call.message_id, event.call.action, flags)
    return replace(kept, error_code=event.code or None, latency_ms=None if event.late else latency_ms)
