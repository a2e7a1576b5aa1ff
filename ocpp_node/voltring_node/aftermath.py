"""After the commit: who is told beside those who look (`publishing.py`) — the API that waits for a command which the
charger's next message has resolved, and the asker for connectors' statuses."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.messages import Booted, Registration
from voltring_node.asking import StatusAsker
from voltring_node.counting import count_command
from voltring_node.deciding import Decided
from voltring_node.facts import BootFact, CommandFact, StatusFact

logger = logging.getLogger("voltring.aftermath")


class Aftermath:
    """What committed facts set going."""

    def __init__(self, doorbells: Doorbells, asker: StatusAsker, on_boot: Callable[[str, Booted], None]) -> None:
        """`on_boot` gets the id of a charger that booted, and what it said of itself."""
        self._doorbells = doorbells
        self._asker = asker
        self._on_boot = on_boot
        self._tasks: set[asyncio.Task[None]] = set()

    def committed(self, group: Iterable[Decided]) -> None:
        """Look at what a committed group brought; for nearly all of it, nothing is done."""
        for one in group:
            for fact in one.facts:
                kind = type(fact)
                if kind is StatusFact:
                    self._asker.told(one.asked.message.charger_id)
                elif isinstance(fact, BootFact):
                    is_accepted = fact.registration is Registration.ACCEPTED
                    self._asker.booted(one.asked.message.charger_id, is_accepted=is_accepted)
                    self._on_boot(one.asked.message.charger_id, fact.boot)
                elif isinstance(fact, CommandFact) and fact.state is not None:
                    self._resolved(fact)

    def _resolved(self, fact: CommandFact) -> None:
        assert fact.state is not None
        count_command(fact.action, fact.state.value)
        if fact.reply_to is None:
            return
        task = asyncio.create_task(self._ring(fact.reply_to, fact.command_id), name=f"tell of {fact.command_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ring(self, reply_to: str, command_id: UUID) -> None:
        try:
            await self._doorbells.answer(reply_to, command_id)
        except AWAY as error:
            logger.warning("the API is not told of command %s: %s", command_id, error)
