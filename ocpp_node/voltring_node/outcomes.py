"""What became of commands: written down however long PostgreSQL is away, told to those who wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from voltring_core import tracing
from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import Reason, State, after_silence
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.wire import write_time
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY as POSTGRES_AWAY
from voltring_core.store.queue import Queue
from voltring_node import spans
from voltring_node.counting import count_command
from voltring_node.publishing import Publisher
from voltring_node.settling import Sent, Settler

logger = logging.getLogger("voltring.outcomes")
LONGEST_PAUSE = 5.0
waits = Saying(logger)
"""Of all outcomes of this process: what they wait for is one PostgreSQL."""
T = TypeVar("T")


async def patiently(what: str, write: Callable[[], Awaitable[T]]) -> T:
    """Write until PostgreSQL takes it. What is known of a command is worth the wait: without it the sweeper could only
    say UNKNOWN. A charger has one command at a time, so that no more than that waits."""
    pause = 0.1
    while True:
        try:
            written = await write()
        except POSTGRES_AWAY as error:
            if isinstance(error, ValueError):  # asyncpg's, of a value that can't be sent: it never will be
                raise
            waits.met("the outcome of %s waits for PostgreSQL: %s", what, error or type(error).__name__)
        else:
            waits.over("outcomes are written down again")
            return written
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


class Outcomes:
    """Writes down and tells, for the chargers of one node."""

    def __init__(self, queue: Queue, settler: Settler, doorbells: Doorbells, publisher: Publisher) -> None:
        self._queue = queue
        self._settler = settler
        self._doorbells = doorbells
        self._publisher = publisher

    async def answered(self, sent: Sent, answer: Answered) -> None:
        """The charger's answer, in time or late."""
        what = f"command {sent.command_id}"
        with tracing.span("record the answer"):
            settled = await patiently(what, lambda: self._settler.settle(sent, answer))
        if settled is not None and (password := sent.password) is not None:
            await patiently(what, lambda: self._settler.forget_refused(sent.charger_id, password, sent.payload, answer))
        await self.tell(settled)
        await self._forget_secrets(sent.command_id, sent.action, sent.payload)

    async def silent(self, row: Any, message_id: str, reason: Reason) -> None:
        """No answer came: it is queued again if it may be repeated."""
        state = after_silence(row["class"], row["attempts"])
        what = f"command {row['id']}"
        await self.tell(await patiently(what, lambda: self._queue.give_up(row["id"], message_id, state, reason)))
        if state is State.UNKNOWN:
            await self._forget_secrets(row["id"], row["action"], row["payload"])

    async def refused(self, row: Any, message_id: str, error: Mapping[str, Any]) -> None:
        """Its vendor's quirks do not let it go: it was never written."""
        what = f"command {row['id']}"
        await self.tell(await patiently(what, lambda: self._queue.refuse(row["id"], message_id, error)))

    async def unwritten(self, row: Any, message_id: str) -> None:
        """Nothing was written, so that even a command of class N may wait for the next socket."""
        await patiently(f"command {row['id']}", lambda: self._queue.give_back(row["id"], message_id))

    async def lost(self, charger_id: str, message_id: str) -> None:
        """Whether anything was taken is not known: PostgreSQL went away before it said so."""
        await patiently(f"a take for {charger_id}", lambda: self._queue.give_back_lost(charger_id, message_id))

    async def stumbled(
        self, charger_id: str, epoch: int, message_id: str, error: Exception, *, is_sure: bool = False
    ) -> None:
        """A fault of ours came before the frame was written. `is_sure`: it would only come again."""
        logger.error(
            "%s: its command is not sent because of a fault", charger_id, exc_info=error, extra={"charger": charger_id}
        )
        why = type(error).__name__  # what it says may hold what is secret
        what = f"a fault for {charger_id}"
        row = await patiently(what, lambda: self._settler.stumble(charger_id, epoch, message_id, why, is_sure=is_sure))
        await self.tell(row)

    async def tell(self, row: Any) -> None:
        """Let operators know what became of a command; nothing, if it was settled before."""
        if row is None:
            return
        spans.settled(row)
        if row["reply_to"]:
            try:
                await self._doorbells.answer(row["reply_to"], row["id"], row.get("news"))
            except REDIS_AWAY as error:
                said = "the API is not told of command %s: %s"
                logger.warning(said, row["id"], error, extra={"charger": row["charger_id"]})
        count_command(row["action"], row["state"])
        self.show(row["id"], row["charger_id"], row["action"], State(row["state"]))

    async def inherited(self, row: Any) -> None:
        """An earlier owner left it SENT, and it was given up."""
        await self.tell(row)
        if row["state"] == State.UNKNOWN:
            await self._forget_secrets(row["id"], row["action"], row["payload"])

    def show(self, command_id: UUID, charger_id: str, action: str, state: State) -> None:
        """Put it on the live feed, if anybody looks."""
        if not self._publisher.audience.looks.hears(charger_id):
            return
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

    async def _forget_secrets(self, command_id: UUID, action: str, payload: Any) -> None:
        what = f"command {command_id}"
        await patiently(what, lambda: self._queue.forget_secrets(command_id, action, payload))
