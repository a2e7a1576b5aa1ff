"""Sending what operators want: one command at a time for each charger, at most once where it matters.

A doorbell (or a fresh connection) starts the dispatch of a charger: take the next row (QUEUED -> SENT, committed),
write the frame, wait for the answer, write it down, ring the API replica that may be waiting; until nothing is
queued. Nothing here is kept in memory that PostgreSQL does not know.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import State, after_silence, command_class, lane, may_send
from voltring_core.domain.messages import Registration
from voltring_core.errors import NotFound
from voltring_core.metrics import COMMANDS
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.quirks import Adapted, Refused
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time
from voltring_core.store.batched import Batched
from voltring_core.store.commands import NewCommand
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.queue import Queue, Sendable
from voltring_node.calling import call
from voltring_node.connection import Connection
from voltring_node.passwords import Pending, password_hash
from voltring_node.publishing import Publisher
from voltring_node.settling import Sent, Settler

logger = logging.getLogger("voltring.commanding")
WRITE_TRIES = 8
LATE_KEPT = 4096
ASK_BOOT_S = 60.0
BOOT_TRIGGER = {"requestedMessage": "BootNotification"}
OURSELVES = "voltring"
"""Who asked for a command that no operator asked for."""


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
        self._doorbells = doorbells
        self._publisher = publisher
        self._lines: dict[Connection, Line] = {}
        self._late: dict[str, Sent] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._queued = Batched[str, bool]("look for commands", self._queued_many)

    def ring(self, connection: Connection) -> None:
        """Dispatch what is queued for this charger, now or after what is being sent."""
        line = self._lines.get(connection)
        if line is not None:
            line.again = True
        elif connection.may_be_commanded:
            task = asyncio.create_task(self._dispatch(connection), name=f"commands {connection.id}")
            self._lines[connection] = Line(task)

    def ready(self, connection: Connection) -> None:
        """The charger may be commanded now: ring for it if anything is queued."""
        self._start(self._look(connection), f"ready {connection.id}")

    def ask_for_boot(self, connection: Connection) -> None:
        """The charger speaks although it never booted: queue the trigger for its BootNotification."""
        self._start(self._queue_boot(connection), f"boot of {connection.id}")

    async def _queue_boot(self, connection: Connection) -> None:
        wanted: dict[str, Any] = {"requestedMessage": "BootNotification"}
        action = "TriggerMessage"
        new = NewCommand(
            uuid4(),
            connection.id,
            action,
            wanted,
            command_class(action),
            lane(action),
            ASK_BOOT_S,
            created_by=OURSELVES,
        )
        try:
            await self._queue.add(new)
        except (NotFound, *POSTGRES_AWAY) as error:
            logger.warning("%s is not asked to boot: %s", connection.id, error)
            return
        self.ring(connection)

    async def _look(self, connection: Connection) -> None:
        try:
            if await self._queued.ask(connection.id):
                self.ring(connection)
        except POSTGRES_AWAY as error:
            logger.warning("the queue of %s is not looked at: %s", connection.id, error)

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
        elif (sent := self._late.pop(answer.call.message_id, None)) is not None:
            self._start(self._finish(sent, answer), f"late answer {connection.id}")

    async def gone(self, connection: Connection) -> None:
        """The socket is closed: what is SENT is settled, nothing more is sent."""
        line = self._lines.get(connection)
        if line is None:
            return
        line.again = False
        if line.answer is not None and not line.answer.done():
            line.answer.set_result(None)
        await asyncio.gather(line.task, return_exceptions=True)

    async def welcome(self, connections: Sequence[Connection]) -> None:
        """New owners settle what earlier ones left SENT."""
        for row in await self._queue.give_up_older([(one.id, one.epoch) for one in connections]):
            await self._tell(row)

    async def ring_waiting(self, connections: Iterable[Connection]) -> None:
        """Ring for those of these chargers that have something queued: doorbells may have been lost."""
        by_id = {one.id: one for one in connections}
        for charger_id in await self._queue.waiting(list(by_id)):
            self.ring(by_id[charger_id])

    async def _dispatch(self, connection: Connection) -> None:
        try:
            while await self._next(connection):
                pass
        except POSTGRES_AWAY as error:
            logger.warning("commands of %s wait for PostgreSQL: %s", connection.id, error)
        finally:
            line = self._lines.pop(connection)
            if line.again and connection.is_open:
                self.ring(connection)

    async def _next(self, connection: Connection) -> bool:
        """Take, send and settle one command; False when there is none."""
        line = self._lines[connection]
        line.again = False
        if not connection.is_open:
            return False
        message_id = str(uuid4())
        line.answer = asyncio.get_running_loop().create_future()
        row = await self._queue.take(connection.id, connection.epoch, message_id, sendable(connection))
        if row is None:
            return line.again
        if not connection.is_open:
            # Nothing was written, so even a command of class N may wait for the next socket.
            await self._patiently(row["id"], lambda: self._queue.give_back(row["id"], message_id))
            return False
        adapted = connection.quirks.outbound(connection.version, row["action"], row["payload"])
        if isinstance(adapted, Refused):
            error = _refusal(adapted)
            refused = await self._patiently(row["id"], lambda: self._queue.refuse(row["id"], message_id, error))
            await self._tell(refused)
            return True
        password = None
        new = password_hash(connection.version, row["action"], adapted.payload)
        if new is not None:
            password = await self._expect(connection, row["id"], new)
            if password is None:
                await self._patiently(row["id"], lambda: self._queue.give_back(row["id"], message_id))
                return False
        await self._send(connection, line.answer, row, adapted, message_id, password)
        return True

    async def _expect(self, connection: Connection, command_id: UUID, new: bytes) -> Pending | None:
        """The new password is good before its command leaves; None when that can't be had: then nothing is sent."""
        pending: Pending | None = await self._patiently(
            command_id, lambda: self._settler.expect(connection.id, connection.epoch, new)
        )
        return pending if connection.is_open else None

    async def _send(
        self,
        connection: Connection,
        future: asyncio.Future[Answered | None],
        row: Any,
        adapted: Adapted,
        message_id: str,
        password: Pending | None,
    ) -> None:
        self._show(row["id"], connection.id, row["action"], State.SENT)
        sent = Sent(
            row["id"], connection.id, connection.version, connection.epoch, row["action"], adapted.payload, password
        )
        answer = await call(connection, future, row["action"], adapted.payload, message_id, adapted.flags)
        if answer is not None:
            connection.deaf_for = 0
            await _object(connection, answer)
            await self._finish(sent, answer)
        else:
            self._remember(message_id, sent)
            await self._give_up(row, message_id)
            await connection.was_not_answered()

    async def _finish(self, sent: Sent, answer: Answered) -> None:
        settled = await self._patiently(sent.command_id, lambda: self._settler.settle(sent, answer))
        if settled is not None and (password := sent.password) is not None:
            await self._patiently(
                sent.command_id,
                lambda: self._settler.forget_refused(sent.charger_id, password, sent.payload, answer),
            )
        await self._tell(settled)
        await self._patiently(
            sent.command_id, lambda: self._queue.forget_secrets(sent.command_id, sent.action, sent.payload)
        )

    async def _give_up(self, row: Any, message_id: str) -> None:
        state = after_silence(row["class"], row["attempts"])
        await self._tell(await self._patiently(row["id"], lambda: self._queue.give_up(row["id"], message_id, state)))
        if state is State.UNKNOWN:
            payload = row["payload"]
            await self._patiently(row["id"], lambda: self._queue.forget_secrets(row["id"], row["action"], payload))

    async def _patiently(self, command_id: UUID, write: Callable[[], Awaitable[Any]]) -> Any:
        """Write an outcome, with patience; if PostgreSQL stays away the sweeper settles the command."""
        for attempt in range(WRITE_TRIES):
            try:
                return await write()
            except POSTGRES_AWAY as error:
                logger.warning("the outcome of command %s waits for PostgreSQL: %s", command_id, error)
                await asyncio.sleep(min(0.1 * 2**attempt, 5.0))
        return None

    def _remember(self, message_id: str, sent: Sent) -> None:
        self._late[message_id] = sent
        if len(self._late) > LATE_KEPT:
            del self._late[next(iter(self._late))]

    async def _tell(self, row: Any) -> None:
        """Let operators know what became of a command."""
        if row is None:
            return
        COMMANDS.labels(row["state"]).inc()
        self._show(row["id"], row["charger_id"], row["action"], State(row["state"]))
        if row["reply_to"]:
            try:
                await self._doorbells.answer(row["reply_to"], row["id"])
            except REDIS_AWAY as error:
                logger.warning("the API is not told of command %s: %s", row["id"], error)

    def _show(self, command_id: UUID, charger_id: str, action: str, state: State) -> None:
        self._publisher.put(
            {
                "type": "command.updated",
                "charger_id": charger_id,
                "at": write_time(datetime.now(UTC)),
                "command_id": str(command_id),
                "action": action,
                "state": state.value,
            }
        )


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
