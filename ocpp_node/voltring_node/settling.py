"""Settling a command: the charger's answer and what it means, in one PostgreSQL transaction."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.commands import State, judge
from voltring_core.ocpp import schemas
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import SQL
from voltring_node import reading
from voltring_node.deciding import Needs
from voltring_node.facts import Fact, Place
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.table import MEANINGS
from voltring_node.writing import UNWRITABLE
from voltring_node.writing_station import write_station

logger = logging.getLogger("voltring.settling")


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that was written to a charger's socket."""

    command_id: UUID
    charger_id: str
    version: Version
    epoch: int
    action: str
    payload: Any


async def settle(pool: asyncpg.Pool, sent: Sent, answer: Answered) -> Any:
    """Write down how a command ended and what its answer means; the command's row, None when it was settled before.

    An answer whose meaning can't be kept still settles its command.
    """
    now = datetime.now(UTC)
    try:
        async with pool.acquire() as connection, connection.transaction():
            row = await _finish(connection, sent, answer)
            if row is not None and not answer.code:
                await _keep_meaning(connection, sent, answer, now)
            return row
    except (*UNWRITABLE, KeyError, TypeError, AttributeError) as error:
        logger.error("the answer to %s of %s can't be kept: %r", sent.action, sent.charger_id, error)
        return await _finish(pool, sent, answer)


async def _finish(connection: Any, sent: Sent, answer: Answered) -> Any:
    if answer.code:
        error = {"code": answer.code, "description": answer.description, "details": answer.payload}
        state, response = State.CALLERROR, None
    else:
        error, state, response = None, judge(answer.payload), answer.payload
    return await connection.fetchrow(
        SQL["finish"], sent.command_id, answer.call.message_id, state.value, response, error
    )


async def _keep_meaning(connection: asyncpg.Connection, sent: Sent, answer: Answered, now: datetime) -> None:
    meaning = MEANINGS.get(sent.action)
    if meaning is None:
        return
    needs = Needs(records={(sent.charger_id, kind) for kind in meaning.records})
    known = await reading.know(connection, needs)
    is_valid = schemas.is_valid(sent.version, sent.action, answer.payload, "response")
    said = CommandAnswer(
        sent.charger_id, sent.version, sent.command_id, sent.action, sent.payload, answer.payload, is_valid, now
    )
    place = Place(sent.charger_id, sent.epoch, now)
    facts: list[Fact] = list(meaning.read(said, known))
    await write_station(connection, [(place, fact) for fact in facts])
