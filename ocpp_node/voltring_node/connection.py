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
from voltring_core.metrics import CALL_ERRORS, FAULTS
from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Answered, Called, Conversation, Refused, Sent, Stray
from voltring_core.ocpp.frames import MessageType
from voltring_core.ocpp.quirks import resolve
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time
from voltring_node import keeping
from voltring_node.counting import MESSAGE, count
from voltring_node.deciding import FAULT, Asked, Decided
from voltring_node.facts import BootFact, Message, Refusal
from voltring_node.journal import MALFORMED, STRAY
from voltring_node.recorder import Recorder
from voltring_node.sockets import DEAF, TOO_MANY_FAULTS, Socket
from voltring_node.terms import Faults, Terms
from voltring_node.understanding import Answerable, Understood, understand

logger = logging.getLogger("voltring.connection")
COMMANDED = frozenset({Registration.ACCEPTED, Registration.PENDING})
RESULT_REFUSED = "result_refused"


class Connection:
    """A charger's socket, from the handshake to its end."""

    __slots__ = (
        "_asked_at",
        "_consulting",
        "_emptied",
        "_faults",
        "_inbox",
        "_is_ready",
        "_on_answer",
        "_on_ready",
        "_on_stray",
        "_on_unbooted",
        "_recorder",
        "_terms",
        "_was_asked",
        "charger",
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
        self._on_stray = on_stray
        self._on_ready = on_ready
        self._on_unbooted = on_unbooted
        self._inbox: deque[tuple[Called | Sent, str, datetime]] = deque()
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

    @property
    def ping_interval(self) -> float:
        """Seconds of silence before a ping."""
        return self._terms.ping_interval_of(self.charger)

    @property
    def silence_limit(self) -> float:
        """Seconds of silence before the socket is given up: never before three pings."""
        return self._terms.silence_limit_of(self.charger)

    @property
    def call_timeout(self) -> float:
        """Seconds that it has to answer a CALL."""
        return self._terms.call_timeout_of(self.charger)

    @property
    def online_limit_s(self) -> float:
        """Seconds of silence after which it counts as offline (TR-29)."""
        return self._terms.online_limit_of(self.charger)

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
        try:
            self._sort(text, datetime.now(UTC))
        except Exception:
            # A fault of ours in one frame must not end the connection: the charger's next one goes on.
            FAULTS.labels(MESSAGE).inc()
            logger.exception("%s: a frame is not handled", self.id)

    def _sort(self, text: str, now: datetime) -> None:
        event = self.conversation.receive(text)
        if isinstance(event, (Called, Sent)):
            self._queue(event, text, now)
        elif isinstance(event, Answered):
            self._keep_answer(event, text, now)
            self._on_answer(self, event)
        elif isinstance(event, Refused):
            logger.warning("%s: %s", self.id, event.reason)
            kind, flags = MessageType.CALLRESULTERROR, (RESULT_REFUSED,)
            refused = keeping.message(self, text, now, kind, event.message_id, flags=flags)
            self._keep(replace(refused, error_code=event.code))
        else:
            self._stray(event, text, now)

    def _queue(self, event: Called | Sent, text: str, now: datetime) -> None:
        """Handle it, after what came before; the socket is not read while too much of this charger waits."""
        count(self.version, event.action)
        self._inbox.append((event, text, now))
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
        logger.info("%s: %s", self.id, event.reason)
        if event.reply is not None:
            self.socket.send_now(event.reply)
        if event.malformed and self._faults.one_more():
            self.socket.give_up(*TOO_MANY_FAULTS)

    def _work(self) -> None:
        """Handle CALLs and SENDs in order, until the inbox is empty or its first one waits for its commit."""
        while self._inbox and self._handled(*self._inbox[0]):
            self._done()

    def _done(self) -> None:
        """The first one of the inbox is answered, or never will be."""
        self._inbox.popleft()
        if len(self._inbox) < self._terms.inbox_limit:
            self.socket.hold(False)
        if not self._inbox and self._emptied is not None:
            self._emptied.set_result(None)
            self._emptied = None

    def _handled(self, event: Called | Sent, text: str, now: datetime) -> bool:
        """Handle one; False when it waits for its commit."""
        try:
            found = understand(self.version, self.registration, event, self.expected, self.quirks, now)
            if isinstance(found, Answerable):
                waits = self._answer_at_once(event, text, now, found)
            elif isinstance(found.said, Beat):
                waits = self._beat(event, text, now, found)
            else:
                waits = self._record(event, text, now, found)
            if not waits:
                self._look_ready()
        except Exception:
            self._failed(event, text, now)
            return True
        return not waits

    def _beat(self, event: Called | Sent, text: str, now: datetime, found: Understood) -> bool:
        reply = self.conversation.answer(event.message_id, {"currentTime": write_time(now)})
        message = keeping.message(self, text, now, MessageType.CALL, event.message_id, event.action, found.flags)
        return self._answer_now(message, reply)

    def _answer_now(self, message: Message, reply: str) -> bool:
        """Answer what acknowledges nothing; True when too much waits to be kept, so that this has to wait too."""
        asked = Asked(message, answered=reply, only_kept=True)
        if self._recorder.is_behind:
            self._recorder.submit(asked, self._committed)
            return True
        self.socket.send_now(reply)
        self._recorder.keep(asked)
        return False

    def _look_ready(self) -> None:
        if self._is_ready or self.registration not in COMMANDED:
            return
        self._is_ready = True
        try:
            self._on_ready(self)
        except Exception:  # the charger has its answer: a fault beside it must not bring it a second one
            logger.exception("%s: its commands are not looked for", self.id)

    def _failed(self, event: Called | Sent, text: str, now: datetime) -> None:
        """A fault of ours: the charger is told and may repeat; what is of a session it keeps, without an answer."""
        FAULTS.labels(MESSAGE).inc()
        logger.exception("%s: %s failed", self.id, event.action)
        kind = MessageType.SEND if isinstance(event, Sent) else MessageType.CALL
        message = keeping.message(self, text, now, kind, event.message_id, event.action, (FAULT,))
        is_told = isinstance(event, Called) and event.action not in TRANSACTION_ACTIONS
        reply = self.conversation.refuse(event.message_id, Code.INTERNAL, "internal error") if is_told else None
        self._keep(message, reply)
        if reply is not None:
            self.socket.send_now(reply)

    def _answer_at_once(self, event: Called | Sent, text: str, now: datetime, found: Answerable) -> bool:
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
            return True
        return False

    def _record(self, event: Called | Sent, text: str, now: datetime, found: Understood) -> bool:
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
        return True

    async def _consult(self, message: Message, advice: Awaitable[object]) -> None:
        """Ask somebody before the message is decided; the charger's next messages wait."""
        try:
            message = replace(message, advice=await advice)
        except Exception:  # nothing is committed yet: the charger is told, and what waits behind it goes on
            self._failed(*self._inbox[0])
            self._done()
            self._work()
        else:
            self._recorder.submit(Asked(message, self._terms.intervals), self._committed)

    def _committed(self, decided: Decided | None) -> None:
        """Answer the first one of the inbox after its commit, and go on with the next one."""
        try:
            # Not committed is not acknowledged: the charger keeps it.
            if decided is not None and decided.reply is not None:
                for fact in decided.facts:
                    if isinstance(fact, BootFact):
                        self._booted(fact)
                self.socket.send_now(decided.reply)
        except Exception:  # before the answer was written: the charger is told, and what waits behind it goes on
            self._failed(*self._inbox[0])
        self._look_ready()
        self._done()
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
            logger.info("%s: an answer to no CALL of ours: %s", self.id, event.call.message_id[:40])
        else:
            self._keep_answer(replace(event, call=replace(event.call, action=action)), text, now)

    def _keep(self, message: Message, reply: str | None = None) -> None:
        self._recorder.keep(Asked(message, answered=reply, only_kept=True))

    async def write(self, frame: str) -> bool:
        """Write a frame; False when the socket is gone."""
        return await self.socket.say(frame)
