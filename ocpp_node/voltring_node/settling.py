"""Settling a command: the charger's answer and what it means, in one PostgreSQL transaction.

An answer always settles its command. What it means is read from whatever the charger sent; what breaks the answer's
schema is flagged in the command's outcome, and so is a meaning that can't be kept.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.commands import MAX_STUMBLES, Reason, State, judge
from voltring_core.domain.devices import Variable
from voltring_core.domain.kinds import StationEventKind
from voltring_core.ocpp import schemas
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import SQL
from voltring_core.store.database import AWAY
from voltring_core.store.queries import load
from voltring_node import reading
from voltring_node.deciding import Needs
from voltring_node.facts import CommandFact, EventFact, Fact, Place
from voltring_node.handlers.answers.answer import CommandAnswer, Meaning
from voltring_node.handlers.answers.mending import mend
from voltring_node.handlers.answers.table import MEANINGS
from voltring_node.knowledge import Known
from voltring_node.passwords import Pending, expect, forget_refused
from voltring_node.storable import clean
from voltring_node.writing_station import write_station

logger = logging.getLogger("voltring.settling")
OWN = load("voltring_node", "settling.sql")
INVALID, NOT_KEPT = "invalid_answer", "meaning_not_kept"
"""Flags of an outcome: the answer breaks its schema; what it means could not be written down."""
SEVERITY = 4
"""Of a command that can't be sent: an error, by OCPP's scale."""
MOST_NAMED = 20
"""Faults of one answer that are named."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that was written to a charger's socket."""

    command_id: UUID
    charger_id: str
    version: Version
    epoch: int
    action: str
    payload: Any
    password: Pending | None = None
    """The one that it sets."""
    traceparent: str | None = None
    """Where its trace goes on."""


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer as it can be kept, and what is to be said of it."""

    raw: dict[str, Any]
    payload: dict[str, Any]
    """With its words as the schema spells them."""
    flags: tuple[str, ...] = ()


class Settler:
    """What a commander needs of PostgreSQL beside the queue."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def settle(self, sent: Sent, answer: Answered) -> Any:
        """As `settle`."""
        return await settle(self._pool, sent, answer)

    async def stumble(self, charger_id: str, epoch: int, message_id: str, why: str, *, is_sure: bool) -> Any:
        """As `stumble`."""
        return await stumble(self._pool, charger_id, epoch, message_id, why, is_sure=is_sure)

    async def expect(self, charger_id: str, epoch: int, new: bytes) -> Pending | None:
        """As `passwords.expect`."""
        return await expect(self._pool, charger_id, epoch, new)

    async def forget_refused(self, charger_id: str, pending: Pending, asked: Any, answer: Answered) -> None:
        """As `passwords.forget_refused`."""
        await forget_refused(self._pool, charger_id, pending, asked, answer)


async def settle(pool: asyncpg.Pool, sent: Sent, answer: Answered) -> Any:
    """Write down how a command ended and what its answer means; the command's row, None when it was settled before.

    Raises what says that PostgreSQL is away (`store.database.AWAY`), nothing else that an answer can cause.
    """
    read = _read(sent, answer)
    meaning = None if answer.code else MEANINGS.get(sent.action)
    if meaning is None and not read.flags:
        return await _finish(pool, sent, answer, read)
    async with pool.acquire() as connection, connection.transaction():
        # The fence before the command: the order in which the recorder locks what a report completes.
        await reading.lock(connection, Needs(chargers={sent.charger_id}))
        row = await _finish(connection, sent, answer, read)
        if row is not None:
            await _keep(connection, sent, read, meaning, datetime.now(UTC))
            row = {**row, "news": None}  # its meaning may have changed more of it
        return row


async def stumble(pool: asyncpg.Pool, charger_id: str, epoch: int, message_id: str, why: str, *, is_sure: bool) -> Any:
    """A fault of ours came before the frame of this command was written: it is QUEUED again, the MAX_STUMBLES-th time
    FAILED, at once if it `is_sure` that it would only come again; None when nothing is SENT under that id."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(SQL["stumble"], charger_id, message_id, why, MAX_STUMBLES, is_sure)
        if row is not None and row["state"] == State.FAILED:
            now = datetime.now(UTC)
            said = {"action": row["action"], "fault": why}
            event = EventFact(
                StationEventKind.COMMAND_POISONED, now, said, row["action"], SEVERITY, command_id=row["id"]
            )
            await write_station(connection, [(Place(charger_id, epoch, now), event)])
        return row


def _read(sent: Sent, answer: Answered) -> _Read:
    payload = answer.payload
    if answer.code or schemas.is_valid(sent.version, sent.action, payload, "response"):
        return _Read(payload, payload)
    return _Read(payload, mend(sent.version, sent.action, payload), (INVALID,))


async def _finish(connection: Any, sent: Sent, answer: Answered, read: _Read) -> Any:
    told = redact_payload(sent.version, sent.action, read.raw, "response")
    if answer.code:
        error = {"code": answer.code, "description": answer.description, "details": told}
        state, response = State.CALLERROR, None
    else:
        error, state, response = None, judge(read.payload, sent.action), told
    return await connection.fetchrow(
        SQL["finish"],
        sent.command_id,
        answer.call.message_id,
        state.value,
        response,
        error,
        Reason.SAID_NOTHING.value,
    )


async def _keep(
    connection: asyncpg.Connection, sent: Sent, read: _Read, meaning: Meaning | None, now: datetime
) -> None:
    """Write what the answer means; what can't be written is flagged and takes nothing else with it."""
    place = Place(sent.charger_id, sent.epoch, now)
    try:
        async with connection.transaction():
            facts = () if meaning is None else await _facts(connection, sent, read, meaning, now)
            outcome = await _outcome(connection, sent, read, facts)
            await write_station(connection, [(place, fact) for fact in (*_others(sent, facts), *outcome)])
    except AWAY:
        raise
    except Exception:
        logger.exception(
            "what the answer to %s of %s means can't be kept",
            sent.action,
            sent.charger_id,
            extra={"charger": sent.charger_id},
        )
        lost = replace(read, flags=(*read.flags, NOT_KEPT))
        outcome = await _outcome(connection, sent, lost, ())
        await write_station(connection, [(place, fact) for fact in outcome])


async def _facts(
    connection: asyncpg.Connection, sent: Sent, read: _Read, meaning: Meaning, now: datetime
) -> tuple[Fact, ...]:
    known: Known = await reading.know(connection, Needs(records={(sent.charger_id, kind) for kind in meaning.records}))
    asked = sent.payload if isinstance(sent.payload, Mapping) else {}
    variables: tuple[Variable, ...] = ()
    if meaning.variables is not None:
        names = {clean(name).lower() for name in meaning.variables(asked, read.payload)}
        rows = await connection.fetch(OWN["variables"], sent.charger_id, sorted(names))
        variables = tuple(Variable(**row) for row in rows)
    said = CommandAnswer(
        sent.charger_id,
        sent.version,
        sent.command_id,
        sent.action,
        asked,
        read.payload,
        now,
        variables,
    )
    return meaning.read(said, known)


def _others(sent: Sent, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if not (isinstance(fact, CommandFact) and fact.command_id == sent.command_id))


async def _outcome(
    connection: asyncpg.Connection, sent: Sent, read: _Read, facts: Iterable[Fact]
) -> tuple[CommandFact, ...]:
    """What is said of the command itself, beside what its reports said already."""
    added: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, CommandFact) and fact.command_id == sent.command_id:
            added |= fact.outcome
    if read.flags:
        added["flags"] = list(read.flags)
    if INVALID in read.flags:
        added["faults"] = _faults(sent, read.raw)
    if not added:
        return ()
    before = await connection.fetchval(OWN["outcome"], sent.command_id)
    return (CommandFact(sent.command_id, None, {**(before or {}), **added}),)


def _faults(sent: Sent, payload: dict[str, Any]) -> list[str]:
    """Where an answer breaks its schema, without its values."""
    found = schemas.violations(sent.version, sent.action, payload, "response")
    return [f"{one.field or 'the answer'}: {one.keyword}"[:200] for one in found[:MOST_NAMED]]
