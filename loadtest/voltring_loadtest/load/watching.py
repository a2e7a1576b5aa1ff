"""What one charger wrote and read, judged: no I/O, no clock; `at` is in seconds of one steady clock.

    wrote           a CALL left
    read            a text came: the answer to it, a command, or something that should not be
    gave_up         no answer came in time
    cut             the socket is gone, and whatever was open with it

Everything goes to a `Batch`: a sample for each answer, and one for each thing that is wrong.
"""

from typing import Any

import orjson

from voltring_core.ocpp import schemas
from voltring_core.ocpp.frames import MessageType
from voltring_core.ocpp.versions import Version
from voltring_loadtest.load.batches import Batch

ACCEPTED = "Accepted"
NOT_OCPP = "a text that is no OCPP frame"
STRANGE_ID = "an answer to an id that was never sent"
NO_ANSWER = "no answer in time"
TWICE = "the same command twice"
BAD_COMMAND = "a command that breaks its schema"
EXAMPLES = 3
LONGEST = 300


class Sheet:
    """Where the chargers of a shard write: the batch that comes next."""

    def __init__(self, check_every: int = 1) -> None:
        self.batch = Batch()
        self.check_every = check_every
        self._checked = 0
        self._shown: dict[str, int] = {}

    def take(self) -> Batch:
        """What was written so far; a new batch begins."""
        full, self.batch = self.batch, Batch()
        return full

    def add(self, kind: str, name: str, took: float, size: int, wrong: str | None) -> None:
        """`took` in seconds."""
        self.batch.samples.append((kind, name, round(1000 * took, 3), size, wrong))

    def wrong(self, kind: str, name: str, wrong: str, who: str, what: str) -> None:
        """A failure that has no answer to be measured by."""
        self.add(kind, name, 0.0, 0, wrong)
        self.show(wrong, who, what)

    def show(self, wrong: str, who: str, what: str) -> None:
        """Keep an example, of the first few."""
        seen = self._shown[wrong] = self._shown.get(wrong, 0) + 1
        if seen <= EXAMPLES:
            self.batch.examples.append((wrong, who, what[:LONGEST]))

    def is_to_be_checked(self) -> bool:
        """Whether this answer's turn has come."""
        self._checked += 1
        return self._checked % self.check_every == 0


class Witness:
    """One charger's socket, as seen by somebody who knows OCPP."""

    __slots__ = ("_action", "_at", "_id", "_late", "_served", "_sheet", "identity", "kind", "version")

    def __init__(self, identity: str, version: Version, sheet: Sheet) -> None:
        self.identity = identity
        self.version = version
        self.kind = version.subprotocol
        self._sheet = sheet
        self._id: str | None = None
        self._action = ""
        self._at = 0.0
        self._late: set[str] | None = None
        self._served: set[str] | None = None

    @property
    def open_id(self) -> str | None:
        """The message id that an answer is expected to."""
        return self._id

    def wrote(self, message_id: str, action: str, at: float) -> None:
        """A CALL left."""
        self._id, self._action, self._at = message_id, action, at
        if self._late:
            self._late.discard(message_id)

    def gave_up(self) -> None:
        """No answer came in time; one that comes later is no new failure."""
        if self._id is None:
            return
        self._sheet.wrong(self.kind, self._action, NO_ANSWER, self.identity, self._id)
        self._late = (self._late or set()) | {self._id}
        self._id = None

    def cut(self) -> None:
        """The socket is gone."""
        self._id = self._late = None

    def read(self, text: str, at: float) -> None:
        """A text came."""
        frame = _frame(text)
        if frame is None:
            self._sheet.wrong(self.kind, "frame", NOT_OCPP, self.identity, text)
        elif frame[0] == MessageType.CALL:
            self._command(frame, text)
        elif frame[0] in (MessageType.CALLRESULT, MessageType.CALLERROR):
            self._answer(frame, text, at)
        elif frame[0] != MessageType.SEND:
            self._sheet.wrong(self.kind, "frame", f"a frame of type {frame[0]}", self.identity, text)

    def _answer(self, frame: list[Any], text: str, at: float) -> None:
        message_id = frame[1]
        if message_id != self._id:
            if not (self._late and message_id in self._late):
                self._sheet.wrong(self.kind, "frame", STRANGE_ID, self.identity, text)
            return
        took, self._id = at - self._at, None
        is_error = frame[0] == MessageType.CALLERROR
        wrong = f"CALLERROR {_word(frame[2])}" if is_error else self._fault(frame[2])
        self._sheet.add(self.kind, self._action, took, len(text), wrong)
        if wrong is not None:
            self._sheet.show(f"{self._action}: {wrong}", self.identity, text)

    def _fault(self, payload: Any) -> str | None:
        """What is wrong in the payload of a CALLRESULT."""
        if not isinstance(payload, dict):
            return "an answer whose payload is no object"
        must_be_checked = self._action == "BootNotification" or self._sheet.is_to_be_checked()
        if must_be_checked and not schemas.is_valid(self.version, self._action, payload, "response"):
            return "an answer that breaks its schema"
        if self._action == "BootNotification" and payload.get("status") != ACCEPTED:
            return f"answered {_word(payload.get('status'))}"
        info = payload.get("idTokenInfo" if self.version.is_2x else "idTagInfo")
        if isinstance(info, dict) and info.get("status") != ACCEPTED:
            return f"the card was answered {_word(info.get('status'))}"
        return None

    def _command(self, frame: list[Any], text: str) -> None:
        message_id, action = frame[1], _word(frame[2]) if len(frame) > 2 else ""
        served = self._served = self._served if self._served is not None else set()
        if message_id in served:
            self._sheet.wrong(self.kind, action, TWICE, self.identity, text)
        served.add(message_id)
        payload = frame[3] if len(frame) > 3 else None
        if not isinstance(payload, dict) or not schemas.is_valid(self.version, action, payload):
            self._sheet.wrong(self.kind, action, BAD_COMMAND, self.identity, text)
        self._sheet.batch.executed.append((self.identity, action))


def _frame(text: str) -> list[Any] | None:
    """A message of OCPP, as far as it can be told apart at all."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    is_frame = isinstance(found, list) and len(found) >= 3 and isinstance(found[0], int) and isinstance(found[1], str)
    return found if is_frame else None


def _word(value: Any) -> str:
    """A word of the protocol, bounded: it becomes a name in statistics."""
    return value[:50] if isinstance(value, str) else type(value).__name__
