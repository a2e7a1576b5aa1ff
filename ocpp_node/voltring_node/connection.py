"""One charger's connection: reads its frames, handles its CALLs in order, answers after the commit.

Reading never waits for a handler: answers to our own CALLs are matched at once, and the charger's CALLs queue in the
inbox, of which the first one is at work. All of it happens in calls from the socket and from the recorder, so that a
message costs no task and no wake-up. When the inbox is full the socket is not read.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from websockets.protocol import State

from voltring_core.domain.chargers import Charger
from voltring_core.domain.messages import Beat, Registration
from voltring_core.metrics import CALL_ERRORS, FAULTS, HANDLING_SECONDS
from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Answered, Called, Conversation, Refused, Sent, Stray
from voltring_core.ocpp.frames import MessageType
from voltring_core.ocpp.quirks import resolve
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time
from voltring_node import keeping
from voltring_node.counting import MESSAGE, messages_of
from voltring_node.deciding import FAULT, Asked, Decided
from voltring_node.facts import BootFact, Message, Refusal
from voltring_node.journal import MALFORMED, STRAY
from voltring_node.patience import Patience
from voltring_node.recorder import Recorder
from voltring_node.sockets import DEAF, TOO_MANY_FAULTS, Socket
from voltring_node.terms import Faults, Terms
from voltring_node.understanding import Answerable, Understood, understand

logger = logging.getLogger("voltring.connection")
COMMANDED = frozenset({Registration.ACCEPTED, Registration.PENDING})
RESULT_REFUSED = "result_refused"
WAITS = ""
"""In place of an answer: it is not decided yet."""
Waiting = tuple[Called | Sent, str, datetime, float]
"""What the charger says, its frame, when it came; the same on the monotonic clock."""


class Connection(Patience):
    """A charger's socket, from the handshake to its end."""

    __slots__ = (
        "_asked_at",
        "_consulting",
        "_emptied",
        "_faults",
        "_inbox",
        "_is_ready",
        "_messages",
        "_on_answer",
        "_on_ready",
        "_on_stray",
        "_on_unbooted",
        "_recorder",
        "_was_asked",
        "connection_id",
        "conversation",
        "deaf_for",
        "epoch",
        "expected",
        "is_leaving",
        "quirks",
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
        on_stray: Callable[["Connection", Answered, Callable[[str | None], None]], None],
        on_ready: Callable[["Connection"], None],
        on_unbooted: Callable[["Connection"], None],
    ) -> None:
        """`on_answer` gets what the charger answers; `on_stray` what it answers to no CALL of this socket, and what
        keeps that, as the answer to an action or (None) to nothing; `on_ready` is called when it may be commanded,
        `on_unbooted` when it speaks although it never booted."""
        super().__init__(charger, terms)
        self.socket = socket
        self.version = version
        self.connection_id = connection_id
        self.epoch = 0
        self.registration = charger.registration
        self.conversation = Conversation(version)
        self._recorder = recorder
        self._on_answer = on_answer
        self._on_stray = on_stray
        self._on_ready = on_ready
        self._on_unbooted = on_unbooted
        self._inbox: deque[Waiting] = deque()
        self._messages = messages_of(version)
        self._consulting: asyncio.Task[None] | None = None
        self._emptied: asyncio.Future[None] | None = None  # made when somebody waits for it
        self._faults = Faults()
        self._asked_at = 0.0
        self.quirks = resolve(charger.vendor, charger.model, charger.firmware_version, charger.rules)
        """What is known of its vendor's deviations."""
        self.expected: set[str] = set()
        """Actions that it was asked for, and may say although it is not accepted yet."""
        self.deaf_for = 0
        """CALLs of ours without an answer, in a row."""
        self.is_leaving = False
        """It is asked to go elsewhere: no further command is taken for it, what is outstanding goes on."""
        self._was_asked = False
        self._is_ready = False  # it has booted, or gone on without: from now on it may be commanded

    @property
    def id(self) -> str:
        """The charger's identity."""
        return self.charger.id

    @property
    def is_open(self) -> bool:
        """Whether frames can still go."""
        return self.socket.state is State.OPEN

    @property
    def is_busy(self) -> bool:
        """Whether a CALL of ours waits for its answer, or one of the charger's waits for ours."""
        return self.conversation.outstanding is not None or bool(self._inbox)

    @property
    def may_be_commanded(self) -> bool:
        """Whether commands that its state allows may go: it is owned, not rejected, past its boot if it needs that."""
        if not self.epoch or self.is_leaving or self.registration is Registration.REJECTED:
            return False
        return self._is_ready or not self.quirks.commands_after_boot

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self.socket.origin.address

    async def read(self) -> None:
        """Take what the charger says until its socket ends; nothing else ends this."""
        self.socket.listen(self._receive)
        await self.socket.wait_closed()

    async def idle(self) -> None:
        """Wait until no CALL of the charger is being answered."""
        while self._inbox:
            self._emptied = self._emptied or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._emptied)

    async def was_not_answered(self) -> None:
        """A CALL of ours stayed without an answer; some chargers hear again after they have reconnected."""
        self.deaf_for += 1
        if self.deaf_for == self.quirks.reconnect_when_deaf:
            await self.socket.close(*DEAF)

    async def settle(self) -> None:
        """After the socket's end: what was received is still handled and recorded."""
        await self.idle()

    def _receive(self, text: str) -> None:
        """Called by the socket with every text, in order."""
        began = time.monotonic()
        try:
            self._sort(text, datetime.now(UTC))
        except Exception:
            # A fault of ours in one frame must not end the connection: the charger's next one goes on.
            FAULTS.labels(MESSAGE).inc()
            logger.exception("%s: a frame is not handled", self.id, extra={"charger": self.id})
        HANDLING_SECONDS.observe(time.monotonic() - began)

    def _sort(self, text: str, now: datetime) -> None:
        event = self.conversation.receive(text)
        if isinstance(event, (Called, Sent)):
            self._queue(event, text, now)
        elif isinstance(event, Answered):
            self._keep_answer(event, text, now)
            self._on_answer(self, event)
        elif isinstance(event, Refused):
            logger.warning("%s: %s", self.id, event.reason, extra={"charger": self.id})
            kind, flags = MessageType.CALLRESULTERROR, (RESULT_REFUSED,)
            refused = keeping.message(self, text, now, kind, event.message_id, flags=flags)
            self._keep(replace(refused, error_code=event.code))
        else:
            self._stray(event, text, now)

    def _queue(self, event: Called | Sent, text: str, now: datetime) -> None:
        """Handle it, after what came before; the socket is not read while too much of this charger waits."""
        self._inbox.append((event, text, now, self.socket.heard_at))
        if len(self._inbox) == 1:
            self._work()
        elif len(self._inbox) >= self._terms.inbox_limit:
            self.socket.hold(True)

    def _stray(self, event: Stray, text: str, now: datetime) -> None:
        if event.answer is not None:
            self._on_stray(self, event.answer, partial(self._keep_found, event.answer, text, now))
            return
        flags = (MALFORMED if event.malformed else STRAY,)
        self._keep(keeping.message(self, text, now, None, flags=flags), event.reply)
        logger.info("%s: %s", self.id, event.reason, extra={"charger": self.id})
        if event.reply is not None:
            self.socket.send_now(event.reply)
        if event.malformed and self._faults.one_more():
            self.socket.give_up(*TOO_MANY_FAULTS)

    def _work(self) -> None:
        """Handle CALLs and SENDs in order, until the inbox is empty or its first one waits for its commit."""
        while self._inbox and (reply := self._handled(*self._inbox[0][:3])) is not WAITS:
            self._done(reply)

    def _done(self, reply: str | None) -> None:
        """The first one of the inbox is answered, or (None) never will be."""
        event, _, _, came_at = self._inbox.popleft()
        self._messages.count(event, reply, came_at)
        if len(self._inbox) < self._terms.inbox_limit:
            self.socket.hold(False)
        if not self._inbox and self._emptied is not None:
            self._emptied.set_result(None)
            self._emptied = None

    def _handled(self, event: Called | Sent, text: str, now: datetime) -> str | None:
        """Handle one; what it was answered with (None: nothing), WAITS while it waits for its commit."""
        try:
            found = understand(self.version, self.registration, event, self.expected, self.quirks, now)
            if isinstance(found, Answerable):
                reply = self._answer_at_once(event, text, now, found)
            elif isinstance(found.said, Beat):
                reply = self._beat(event, text, now, found)
            else:
                reply = self._record(event, text, now, found)
            if reply is not WAITS:
                self._look_ready()
        except Exception:
            return self._failed(event, text, now)
        return reply

    def _beat(self, event: Called | Sent, text: str, now: datetime, found: Understood) -> str | None:
        reply = self.conversation.answer(event.message_id, {"currentTime": write_time(now)})
        message = keeping.message(self, text, now, MessageType.CALL, event.message_id, event.action, found.flags)
        return self._answer_now(message, reply)

    def _answer_now(self, message: Message, reply: str) -> str | None:
        """Answer what acknowledges nothing; WAITS when too much waits to be kept, so that this has to wait too."""
        asked = Asked(message, answered=reply, only_kept=True)
        if self._recorder.is_behind:
            self._recorder.submit(asked, self._committed)
            return WAITS
        self.socket.send_now(reply)
        self._recorder.keep(asked)
        return reply

    def _look_ready(self) -> None:
        if self._is_ready or self.registration not in COMMANDED:
            return
        self._is_ready = True
        try:
            self._on_ready(self)
        except Exception:  # the charger has its answer: a fault beside it must not bring it a second one
            logger.exception("%s: its commands are not looked for", self.id, extra={"charger": self.id})

    def _failed(self, event: Called | Sent, text: str, now: datetime) -> str | None:
        """A fault of ours: the charger is told and may repeat; what is of a session it keeps, without an answer."""
        FAULTS.labels(MESSAGE).inc()
        logger.exception("%s: %s failed", self.id, event.action, extra={"charger": self.id})
        kind = MessageType.SEND if isinstance(event, Sent) else MessageType.CALL
        message = keeping.message(self, text, now, kind, event.message_id, event.action, (FAULT,))
        is_told = isinstance(event, Called) and event.action not in TRANSACTION_ACTIONS
        reply = self.conversation.refuse(event.message_id, Code.INTERNAL, "internal error") if is_told else None
        self._keep(message, reply)
        if reply is not None:
            self.socket.send_now(reply)
        return reply

    def _answer_at_once(self, event: Called | Sent, text: str, now: datetime, found: Answerable) -> str | None:
        kind = MessageType.SEND if isinstance(event, Sent) else MessageType.CALL
        message = keeping.message(self, text, now, kind, event.message_id, event.action, found.flags)
        if isinstance(event, Sent):  # nobody waits for an answer
            self._keep(message)
        elif isinstance(found.answer, Refusal):
            CALL_ERRORS.labels(found.answer.code.value).inc()
            reply = self.conversation.refuse(event.message_id, found.answer.code, found.answer.description)
            if self.registration is Registration.NONE and found.answer.code is Code.SECURITY:
                self._ask_for_boot()
            # What is acknowledged is committed first; a refusal may go at once.
            return self._answer_now(message, reply)
        else:
            reply = self.conversation.answer(event.message_id, found.answer)
            self._recorder.submit(Asked(message, answered=reply, only_kept=True), self._committed)
            return WAITS
        return None

    def _record(self, event: Called | Sent, text: str, now: datetime, found: Understood) -> str | None:
        message = Message(
            self.id,
            self.epoch,
            self.version,
            now,
            "in",
            text,
            MessageType.SEND if isinstance(event, Sent) else MessageType.CALL,
            event.message_id,
            event.action,
            found.payload,
            found.said,
            found.natural_key,
            found.flags,
        )
        advice = self._terms.advice_on(message)
        if advice is None:
            self._recorder.submit(Asked(message, self._terms.intervals), self._committed)
        else:
            self._consulting = asyncio.create_task(self._consult(message, advice), name=f"consult for {self.id}")
        return WAITS

    async def _consult(self, message: Message, advice: Awaitable[object]) -> None:
        """Ask somebody before the message is decided; the charger's next messages wait."""
        try:
            message = replace(message, advice=await advice)
        except Exception:  # nothing is committed yet: the charger is told, and what waits behind it goes on
            self._done(self._failed(*self._inbox[0][:3]))
            self._work()
        else:
            self._recorder.submit(Asked(message, self._terms.intervals), self._committed)

    def _committed(self, decided: Decided | None) -> None:
        """Answer the first one of the inbox after its commit, and go on with the next one."""
        reply = None
        try:
            # Not committed is not acknowledged: the charger keeps it.
            if decided is not None and (reply := decided.reply) is not None:
                for fact in decided.facts:
                    if isinstance(fact, BootFact):
                        self._booted(fact)
                self.socket.send_now(reply)
        except Exception:  # before the answer was written: the charger is told, and what waits behind it goes on
            reply = self._failed(*self._inbox[0][:3])
        self._look_ready()
        self._done(reply)
        self._work()

    def _ask_for_boot(self) -> None:
        """It speaks before it ever booted: it is told to, once a socket (the table after TR-32)."""
        if not self._was_asked:
            self._was_asked = True
            self._on_unbooted(self)

    def _booted(self, fact: BootFact) -> None:
        # What its state did not allow may go now.
        self._is_ready = self._is_ready and self.registration is fact.registration
        self.registration = fact.registration
        self.expected.clear()
        boot = fact.boot
        self.quirks = resolve(boot.vendor, boot.model, boot.firmware_version, self.charger.rules)

    def keep_own(self, frame: str, message_id: str, action: str, flags: tuple[str, ...]) -> None:
        """Keep a CALL of ours, as it is written."""
        self._asked_at = time.monotonic()
        self._keep(keeping.own_call(self, frame, message_id, action, flags))

    def _keep_answer(self, event: Answered, text: str, now: datetime) -> None:
        self._keep(keeping.answer(self, event, text, now, (time.monotonic() - self._asked_at) * 1000))

    def _keep_found(self, event: Answered, text: str, now: datetime, action: str | None) -> None:
        if action is None:
            self._keep(keeping.message(self, text, now, None, flags=(STRAY,)))
            logger.info(
                "%s: an answer to no CALL of ours: %s", self.id, event.call.message_id[:40], extra={"charger": self.id}
            )
        else:
            self._keep_answer(replace(event, call=replace(event.call, action=action)), text, now)

    def _keep(self, message: Message, reply: str | None = None) -> None:
        self._recorder.keep(Asked(message, answered=reply, only_kept=True))

    async def write(self, frame: str) -> bool:
        """Write a frame; False when the socket is gone."""
        return await self.socket.say(frame)
