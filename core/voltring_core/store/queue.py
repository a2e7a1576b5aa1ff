"""The nodes' side of the table `commands`: the queue of each charger, and every step of what is taken from it
(docs/adr/0001). Every method raises what PostgreSQL raises when it is away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.commands import MAX_ATTEMPTS, Reason, State
from voltring_core.store.commands import SQL, Commands, NewCommand, Record, forget_secrets


@dataclass(frozen=True, slots=True)
class Sendable:
    """What may be sent now: these actions (None: all), and of those only the trigger of a boot if `only_boot`."""

    actions: list[str] | None
    only_boot: bool = False


class Queue:
    """Takes commands of chargers, and writes down what became of them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, new: NewCommand) -> None:
        """Queue a command. Raises NotFound when the charger does not exist, TooMany when too many wait for it."""
        await Commands(self._pool).queue(new)

    async def waiting(self, charger_ids: Sequence[str]) -> set[str]:
        """Which of these chargers have commands that may be sent."""
        return {row["charger_id"] for row in await self._pool.fetch(SQL["waiting"], list(charger_ids))}

    async def take(self, charger_id: str, epoch: int, message_id: str, may: Sendable) -> Record | None:
        """The charger's next command, which is SENT now, durably; None when there is none, `epoch` does not own, or the
        one before is SENT still. When this raises, `give_back_lost` is to be called: it may be SENT all the same."""
        return await self._pool.fetchrow(SQL["take"], charger_id, epoch, message_id, may.actions, may.only_boot)

    async def give_back(self, command_id: UUID, message_id: str) -> None:
        """Nothing was written: as if the command had never been taken."""
        await self._pool.execute(SQL["give_back"], command_id, message_id)

    async def give_back_lost(self, charger_id: str, message_id: str) -> bool:
        """As `give_back`, where the result of `take` was lost; False when nothing was taken."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.fetch(SQL["await_takes"], charger_id)
            return await connection.fetchrow(SQL["give_back_lost"], charger_id, message_id) is not None

    async def refuse(self, command_id: UUID, message_id: str, error: Mapping[str, Any]) -> Record | None:
        """REJECTED, without having been written; None when it was settled before."""
        return await self._pool.fetchrow(SQL["refuse"], command_id, message_id, error)

    async def give_up(self, command_id: UUID, message_id: str, state: State, reason: Reason) -> Record | None:
        """No answer came: QUEUED again, or UNKNOWN; None when it was settled before."""
        return await self._pool.fetchrow(SQL["give_up"], command_id, message_id, state.value, reason.value)

    async def give_up_older(self, owned: Sequence[tuple[str, int]]) -> list[Record]:
        """Settle what owners before these (charger, epoch) left SENT; the commands that changed."""
        chargers, epochs = [one[0] for one in owned], [one[1] for one in owned]
        given_up = (SQL["give_up_older"], chargers, epochs, MAX_ATTEMPTS, Reason.OWNER_DIED.value)
        return list(await self._pool.fetch(*given_up))

    async def of_message(self, charger_id: str, message_id: str) -> Record | None:
        """The command of this charger that was sent under this id once, with `id`, `action` and `payload`."""
        return await self._pool.fetchrow(SQL["of_message"], charger_id, message_id)

    async def forget_secrets(self, command_id: UUID, action: str, payload: Mapping[str, Any]) -> None:
        """Replace the secrets in the payload of a command that is over."""
        await forget_secrets(self._pool, command_id, action, payload)
