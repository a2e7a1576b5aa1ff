"""Sending what operators want: one command at a time for each charger, at most once where it matters.

A doorbell (or a fresh connection) starts the dispatch of a charger: take the next row (QUEUED -> SENT, committed),
write the frame, wait for the answer, write it down, ring the API replica that may be waiting; until nothing is
queued. Nothing here is kept in memory that PostgreSQL does not know. Between SENT and the frame nothing is written, so
what fails there (the socket, PostgreSQL, a fault of ours) gives the command back; after it, it is never given back.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from voltring_core import tracing
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import State, may_send
from voltring_core.domain.messages import Registration
from voltring_core.errors import NotFound, TooMany
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.quirks import Adapted, Refused
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.saying import Saying
from voltring_core.store.batched import Batched
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.queue import Queue, Sendable
from voltring_node import spans
from voltring_node.asking import trigger
from voltring_node.calling import exchange, open_call
from voltring_node.connection import Connection
from voltring_node.late import Keep, LateAnswers
from voltring_node.outcomes import Outcomes, patiently
from voltring_node.passwords import Pending, password_hash
from voltring_node.publishing import Publisher
from voltring_node.settling import Sent, Settler
from voltring_node.timing import EXCHANGED, TAKEN, TOLD, Stopwatch, count_wait

logger = logging.getLogger("voltring.commanding")
GONE_S = 2.0
"""Seconds that the end of a socket waits for the outcome of what was SENT; it is written later all the same."""
BOOT_TRIGGER = {"requestedMessage": "BootNotification"}


@dataclass(slots=True)
class Line:
    """The dispatch to one charger."""

    task: asyncio.Task[None]
    answer: asyncio.Future[Answered | None] | None = None
    again: bool = False


class Commander:
    """Dispatches the commands of one node's chargers."""

    def __init__(self, queue: Queue, settler: Settler, doorbells: Doorbells, publisher: Publisher) -> None:
        self._queue = queue
        self._settler = settler
        self._outcomes = Outcomes(queue, settler, doorbells, publisher)
        self._late = LateAnswers(queue, self._outcomes)
        self._lines: dict[Connection, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._away = Saying(logger)
        self._queued = Batched[str, bool]("look for commands", self._queued_many)

    def ring(self, connection: Connection) -> None:
        """Dispatch what is queued for this charger, now or after what is being sent."""
        line = self._lines.get(connection)
        if line is not None:
            line.again = True
        elif connection.may_be_commanded:
            task = asyncio.create_task(self._dispatch(connection), name=f"commands {connection.id}")
            self._lines[connection] = Line(task)

    def is_dispatching(self, connection: Connection) -> bool:
        """Whether a command of this charger is on its way: taken, sent, or its outcome not written down yet."""
        return connection in self._lines

    @property
    def dispatching(self) -> int:
        """Chargers that a command is on its way to."""
        return len(self._lines)

    def ready(self, connection: Connection) -> None:
        """The charger may be commanded now: ring for it if anything is queued."""
        self._start(self._look(connection), f"ready {connection.id}")

    def ask_for_boot(self, connection: Connection) -> None:
        """The charger speaks although it never booted: queue the trigger for its BootNotification."""
        self._start(self._queue_boot(connection), f"boot of {connection.id}")

    async def _queue_boot(self, connection: Connection) -> None:
        try:
            await self._queue.add(trigger(connection.id, BOOT_TRIGGER))
        except (NotFound, TooMany, *POSTGRES_AWAY) as error:
            logger.warning("%s is not asked to boot: %s", connection.id, error, extra={"charger": connection.id})
            return
        self.ring(connection)

    async def _look(self, connection: Connection) -> None:
        try:
            if await self._queued.ask(connection.id):
                self.ring(connection)
            self._away.over("queues are looked at again")
        except POSTGRES_AWAY as error:
            said = "the queue of %s is not looked at: %s"
            self._away.met(said, connection.id, error or type(error).__name__, extra={"charger": connection.id})

    async def _queued_many(self, charger_ids: Sequence[str]) -> list[bool]:
        waiting = await self._queue.waiting(charger_ids)
        return [charger_id in waiting for charger_id in charger_ids]

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answered(self, connection: Connection, answer: Answered) -> None:
        """The charger answered a CALL of ours, perhaps late."""
        line = self._lines.get(connection)
        if not answer.late and line is not None and line.answer is not None and not line.answer.done():
            line.answer.set_result(answer)
            self._late.answered(connection.id, answer.call.message_id)
        else:
            self._late.heard(connection, answer)

    def strayed(self, connection: Connection, answer: Answered, keep: Keep) -> None:
        """The charger answered a CALL that this socket knows nothing of; `keep` has it kept once it is known whose."""
        self._late.heard(connection, answer, keep)

    async def gone(self, connection: Connection) -> None:
        """The socket is closed: nothing more is sent, and what is SENT is settled, now or when PostgreSQL is back."""
        line = self._lines.get(connection)
        if line is None:
            return
        line.again = False
        if line.answer is not None and not line.answer.done():
            line.answer.set_result(None)
        await asyncio.wait({line.task}, timeout=GONE_S)

    async def welcome(self, connections: Sequence[Connection]) -> None:
        """New owners settle what earlier ones left SENT."""
        for row in await self._queue.give_up_older([(one.id, one.epoch) for one in connections]):
            await self._outcomes.inherited(row)

    async def ring_waiting(self, connections: Iterable[Connection]) -> None:
        """Ring for those of these chargers that have something queued: doorbells may have been lost."""
        by_id = {one.id: one for one in connections}
        for charger_id in await self._queue.waiting(list(by_id)):
            self.ring(by_id[charger_id])

    async def _dispatch(self, connection: Connection) -> None:
        try:
            while await self._next(connection):
                pass
        except Exception:
            # What is SENT is settled by the sweeper; the next ring starts anew.
            logger.exception("%s: its commands are not dispatched", connection.id, extra={"charger": connection.id})
        finally:
            line = self._lines.pop(connection)
            if line.again and connection.is_open:
                self.ring(connection)

    async def _next(self, connection: Connection) -> bool:
        """Take, send and settle one command; False when there is none."""
        line = self._lines[connection]
        line.again = False
        # Before it is taken, so that what is SENT is written at once.
        if not await _has_its_ear(connection) or connection.is_leaving:
            return False
        message_id = str(uuid4())
        line.answer = asyncio.get_running_loop().create_future()
        watch, began_ns = Stopwatch(), tracing.now_ns()
        row = await self._take(line, connection, message_id)
        if row is None:
            return line.again
        count_wait(row)
        with spans.command(connection.id, connection.version, row, message_id, began_ns):
            return await self._carry_out(connection, line, line.answer, row, message_id, watch)

    async def _carry_out(
        self,
        connection: Connection,
        line: Line,
        future: asyncio.Future[Answered | None],
        row: Any,
        message_id: str,
        watch: Stopwatch,
    ) -> bool:
        """Send and settle what was taken; False when there is nothing more to take."""
        adapted = await self._adapt(connection, row, message_id)
        if adapted is None:
            return True
        try:
            sent = await self._prepare(connection, row, adapted, message_id)
        except Exception as error:
            await self._outcomes.stumbled(connection.id, connection.epoch, message_id, error)
            return True
        if sent is None:
            return False
        watch.lap(TAKEN)
        was_answered = await self._send(connection, future, row, sent, message_id, adapted.flags)
        # What was not answered may wait to be repeated.
        return row["more"] or line.again or not was_answered

    async def _adapt(self, connection: Connection, row: Any, message_id: str) -> Adapted | None:
        """The command as this charger stands it; None when it can't be sent, and is settled."""
        try:
            adapted = connection.quirks.outbound(connection.version, row["action"], row["payload"])
        except Exception as error:  # the same payload would only do it again
            await self._outcomes.stumbled(connection.id, connection.epoch, message_id, error, is_sure=True)
            return None
        if isinstance(adapted, Refused):
            await self._outcomes.refused(row, message_id, _refusal(adapted))
            return None
        return adapted

    async def _prepare(self, connection: Connection, row: Any, adapted: Adapted, message_id: str) -> Sent | None:
        """All that has to be done before it is written; None when it can't be now, and is given back."""
        action, version = row["action"], connection.version
        new = password_hash(version, action, adapted.payload)
        password = None if new is None else await self._expect(connection, new)
        if (new is None or password is not None) and await _has_its_ear(connection):
            trace = row.get("traceparent")
            return Sent(row["id"], connection.id, version, connection.epoch, action, adapted.payload, password, trace)
        await self._outcomes.unwritten(row, message_id)
        return None

    async def _take(self, line: Line, connection: Connection, message_id: str) -> Any:
        """The next command, SENT; None when there is none, or what was taken can't be sent and is put right."""
        try:
            return await self._queue.take(connection.id, connection.epoch, message_id, sendable(connection))
        except POSTGRES_AWAY as error:
            said = "commands of %s wait for PostgreSQL: %s"
            self._away.met(said, connection.id, error or type(error).__name__, extra={"charger": connection.id})
            await self._outcomes.lost(connection.id, message_id)
        except Exception as error:  # it was taken, and can't be read
            await self._outcomes.stumbled(connection.id, connection.epoch, message_id, error, is_sure=True)
        line.again = True
        return None

    async def _expect(self, connection: Connection, new: bytes) -> Pending | None:
        """The new password is good before its command leaves; None when that can't be had: then nothing is sent."""
        what = f"a password of {connection.id}"
        return await patiently(what, lambda: self._settler.expect(connection.id, connection.epoch, new))

    async def _send(
        self,
        connection: Connection,
        future: asyncio.Future[Answered | None],
        row: Any,
        sent: Sent,
        message_id: str,
        flags: tuple[str, ...],
    ) -> bool:
        """Write it and settle it; whether it was answered."""
        try:
            opened = open_call(connection, sent.action, sent.payload, message_id, flags)
        except Exception as error:
            await self._outcomes.stumbled(connection.id, connection.epoch, message_id, error)
            return False
        self._outcomes.show(sent.command_id, sent.charger_id, sent.action, State.SENT)
        watch = Stopwatch()
        with tracing.span(f"CALL {sent.action}", {"ocpp.message.id": message_id}, tracing.Kind.CLIENT):
            answer = await exchange(connection, opened, future)
            spans.said(answer)
        if isinstance(answer, Answered):
            watch.lap(EXCHANGED)
            connection.deaf_for = 0
            await _object(connection, answer)
            await self._outcomes.answered(sent, answer)
            watch.lap(TOLD)
            return True
        self._late.remember(message_id, sent)
        await self._outcomes.silent(row, message_id, answer)
        await connection.was_not_answered()
        return False


async def _has_its_ear(connection: Connection) -> bool:
    """Whether a CALL may be written now; some chargers want their own answered first."""
    if connection.quirks.one_message_at_a_time:
        try:
            async with asyncio.timeout(connection.call_timeout):
                await connection.idle()
        except TimeoutError:
            return False
    return connection.is_open


async def _object(connection: Connection, answer: Answered) -> None:
    """Tell a charger of 2.1 that its answer breaks the schema (type 5); the answer is taken all the same."""
    action = answer.call.action
    if connection.version is not Version.V21 or answer.code:
        return
    found = violations(connection.version, action, answer.payload, "response")
    if found:
        said = f"{found[0].field or 'the payload'}: {found[0].message}"
        frame = connection.conversation.refuse_result(answer.call.message_id, found[0].code, said)
        if frame is not None:
            await connection.write(frame)


def sendable(connection: Connection) -> Sendable:
    """What the charger may be sent in its present state (the table after TR-32)."""
    registration = connection.registration
    if registration is Registration.ACCEPTED:
        return Sendable(None)
    every = sorted(TO_CHARGER[connection.version])
    allowed = [action for action in every if may_send(registration, action, BOOT_TRIGGER)]
    return Sendable(allowed, only_boot=registration is Registration.NONE)


def _refusal(refused: Refused) -> dict[str, Any]:
    """As an error of the command: it was never sent."""
    return {"code": "NotSent", "description": refused.sentence, "details": {"quirk": refused.rule}}
