"""One charger's connection: reads its frames, handles its CALLs in order, answers after the commit.

The reader never waits for a handler: answers to our own CALLs are matched at once, and the charger's CALLs queue in
the inbox, which a worker empties in order. When the inbox is full the socket is not read.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from websockets.exceptions import ConnectionClosed

from voltring_core.domain.chargers import Charger, Intervals
from voltring_core.domain.messages import Beat, Registration
from voltring_core.metrics import CALL_ERRORS, MESSAGES
from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Answered, Called, Conversation, Sent, Stray
from voltring_core.ocpp.frames import MessageType
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time
from voltring_node.deciding import FAULT, Asked
from voltring_node.facts import BootFact, Message, Refusal
from voltring_node.recorder import Recorder
from voltring_node.sockets import NOT_TEXT, TOO_MANY_FAULTS, Socket
from voltring_node.understanding import Answerable, Understood, understand

logger = logging.getLogger("voltring.connection")
MALFORMED = "malformed"
FAULTS_TOLERATED, FAULTS_SECONDS = 20, 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the node's settings say to every connection."""

    intervals: Intervals
    inbox_limit: int


class Connection:
    """A charger's socket, from the handshake to its end."""

    __slots__ = (
        "_faults",
        "_inbox",
        "_is_ready",
        "_on_answer",
        "_on_ready",
        "_recorder",
        "_room",
        "_terms",
        "_worker",
        "charger",
        "connection_id",
        "conversation",
        "epoch",
        "registration",
        "socket",
        "version",
    )

    def __init__(
        self,
        socket: Socket,
        charger: Charger,
        version: Version,
        connection_id: str,
        recorder: Recorder,
        terms: Terms,
        on_answer: Callable[["Connection", Answered], None],
        on_ready: Callable[["Connection"], None],
    ) -> None:
        """`on_answer` gets what the charger answers; `on_ready` is called when it may be commanded."""
        self.socket = socket
        self.charger = charger
        self.version = version
        self.connection_id = connection_id
        self.epoch = 0
        self.registration = charger.registration
        self.conversation = Conversation(version)
        self._recorder = recorder
        self._terms = terms
        self._on_answer = on_answer
        self._on_ready = on_ready
        self._inbox: deque[tuple[Called, str, datetime]] = deque()
        self._room: asyncio.Event | None = None  # made when the inbox is full for the first time
        self._worker: asyncio.Task[None] | None = None
        self._faults: deque[float] | None = None
        self._is_ready = False  # it has booted, or gone on without: from now on it may be commanded

    @property
    def id(self) -> str:
        """The charger's identity."""
        return self.charger.id

    async def read(self) -> None:
        """Read frames until the socket ends; nothing else ends this loop."""
        try:
            async for data in self.socket:
                if not isinstance(data, str):
                    await self.socket.close(*NOT_TEXT)
                    return
                await self._receive(data, datetime.now(UTC))
        except ConnectionClosed:
            return

    async def settle(self) -> None:
        """After the socket's end: what was received is still handled and recorded."""
        if self._worker is not None:
            await self._worker

    async def _receive(self, text: str, now: datetime) -> None:
        event = self.conversation.receive(text)
        if isinstance(event, Called):
            MESSAGES.labels(self.version.value, _label(event.action, self.version)).inc()
            self._inbox.append((event, text, now))
            if self._worker is None:
                self._worker = asyncio.create_task(self._work(), name=f"inbox {self.id}")
            await self._make_room()
        elif isinstance(event, Answered):
            self._keep(
                text,
                now,
                MessageType.CALLERROR if event.code else MessageType.CALLRESULT,
                message_id=event.call.message_id,
                action=event.call.action,
            )
            self._on_answer(self, event)
        elif isinstance(event, Sent):
            self._keep(text, now, MessageType.SEND, message_id=event.message_id, action=event.action)
        else:
            await self._stray(event, text, now)

    async def _make_room(self) -> None:
        if len(self._inbox) < self._terms.inbox_limit:
            return
        self._room = self._room or asyncio.Event()
        self._room.clear()
        await self._room.wait()

    async def _stray(self, event: Stray, text: str, now: datetime) -> None:
        self._keep(text, now, None, flags=(MALFORMED,) if event.malformed else ("stray",), reply=event.reply)
        logger.info("%s: %s", self.id, event.reason)
        if event.reply is not None:
            await self.write(event.reply)
        if event.malformed and self._too_many_faults():
            await self.socket.close(*TOO_MANY_FAULTS)

    def _too_many_faults(self) -> bool:
        """Only a flood of malformed frames ends a connection (TR-17)."""
        faults = self._faults = self._faults or deque(maxlen=FAULTS_TOLERATED)
        now = time.monotonic()
        faults.append(now)
        return len(faults) == FAULTS_TOLERATED and now - faults[0] < FAULTS_SECONDS

    async def _work(self) -> None:
        """Handle CALLs in order until the inbox is empty."""
        try:
            while self._inbox:
                called, text, now = self._inbox[0]
                try:
                    await self._handle(called, text, now)
                except Exception:
                    # A fault of ours: the charger is told and may repeat; its next message goes on.
                    logger.exception("%s: %s failed", self.id, called.action)
                    reply = self.conversation.refuse(called.message_id, Code.INTERNAL, "internal error")
                    self._keep(text, now, MessageType.CALL, called.message_id, called.action, (FAULT,), reply)
                    await self.write(reply)
                self._inbox.popleft()
                if self._room is not None:
                    self._room.set()
        finally:
            self._worker = None

    async def _handle(self, called: Called, text: str, now: datetime) -> None:
        found = understand(self.version, self.registration, called)
        if isinstance(found, Answerable):
            await self._answer_at_once(called, text, now, found)
        elif isinstance(found.said, Beat):
            reply = self.conversation.answer(called.message_id, {"currentTime": write_time(now)})
            await self.write(reply)
            self._keep(text, now, MessageType.CALL, called.message_id, called.action, found.flags, reply)
        else:
            await self._record(called, text, now, found)
        if not self._is_ready and self.registration is Registration.ACCEPTED:
            self._is_ready = True
            self._on_ready(self)

    async def _answer_at_once(self, called: Called, text: str, now: datetime, found: Answerable) -> None:
        if isinstance(found.answer, Refusal):
            CALL_ERRORS.labels(found.answer.code.value).inc()
            reply = self.conversation.refuse(called.message_id, found.answer.code, found.answer.description)
        else:
            reply = self.conversation.answer(called.message_id, found.answer)
        message = self._message(text, now, MessageType.CALL, called.message_id, called.action, found.flags)
        asked = Asked(message, answered=reply, only_kept=True)
        # What is acknowledged is committed first; a refusal may go at once.
        if isinstance(found.answer, Refusal):
            self._recorder.keep(asked)
            await self.write(reply)
        elif await self._recorder.record(asked) is not None:
            await self.write(reply)

    async def _record(self, called: Called, text: str, now: datetime, found: Understood) -> None:
        message = Message(
            self.id,
            self.epoch,
            self.version,
            now,
            "in",
            text,
            MessageType.CALL,
            called.message_id,
            called.action,
            found.payload,
            found.said,
            found.natural_key,
            found.flags,
        )
        decided = await self._recorder.record(Asked(message, self._terms.intervals))
        if decided is None or decided.reply is None:
            return  # not committed, so not acknowledged: the charger keeps it
        for fact in decided.facts:
            if isinstance(fact, BootFact):
                self.registration = fact.registration
        await self.write(decided.reply)

    def keep_own(self, frame: str, message_id: str, action: str) -> None:
        """Keep a CALL of ours."""
        message = self._message(frame, datetime.now(UTC), MessageType.CALL, message_id, action, (), "out")
        self._recorder.keep(Asked(message, only_kept=True))

    def _keep(
        self,
        text: str,
        now: datetime,
        kind: MessageType | None,
        message_id: str | int | float | None = None,
        action: str | None = None,
        flags: tuple[str, ...] = (),
        reply: str | None = None,
    ) -> None:
        message = self._message(text, now, kind, message_id, action, flags)
        self._recorder.keep(Asked(message, answered=reply, only_kept=True))

    def _message(
        self,
        text: str,
        now: datetime,
        kind: MessageType | None,
        message_id: str | int | float | None,
        action: str | None,
        flags: tuple[str, ...],
        direction: str = "in",
    ) -> Message:
        return Message(self.id, self.epoch, self.version, now, direction, text, kind, message_id, action, flags=flags)

    async def write(self, frame: str) -> bool:
        """Write a frame; False when the socket is gone."""
        try:
            await self.socket.send(frame)
        except ConnectionClosed:
            return False
        return True


def _label(action: str, version: Version) -> str:
    """The action as a metric's label: only known ones, so that their number is bounded."""
    return action if action in FROM_CHARGER[version] else "unknown"
