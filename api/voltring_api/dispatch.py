"""How a command leaves: made ready, written to PostgreSQL, its charger's node woken, its outcome waited for.

The row is the truth. Doorbells only shorten the wait: a waiting request reads the row when it is rung for, and
once a second anyway.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from voltring_api import audit
from voltring_api.keys import Principal
from voltring_api.metrics import counted
from voltring_api.preparing import Target, aim, prepare
from voltring_core import tracing
from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.doorbells import Doorbells, Results, Waiting
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.watching import Audience
from voltring_core.domain.commands import FINAL, State, command_class, default_deadline_s, lane
from voltring_core.metrics.commands import COMMAND_WAITERS
from voltring_core.ocpp.intents import Intent
from voltring_core.ocpp.rules.ids import joined_id
from voltring_core.store.commands import Commands, NewCommand, Record

LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a command is to be sent: the client's headers and deadline."""

    who: Principal
    idempotency_key: str | None = None
    wait_s: int | None = None
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A command as it stands now, and the HTTP status that tells how it came about."""

    row: Record
    status: int


class Dispatch:
    """Sends commands of one API replica."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        commands: Commands,
        doorbells: Doorbells,
        results: Results,
        bus: EventBus,
        audience: Audience,
        api_uid: str,
        stopping: asyncio.Event,
    ) -> None:
        self._pool = pool
        self._commands = commands
        self._doorbells = doorbells
        self._results = results
        self._bus = bus
        self._audience = audience
        self._uid = api_uid
        self._stopping = stopping

    async def target(self, charger_id: str, terms: Terms) -> Target:
        """What is known of a charger that is to be commanded. NotFound; Conflict when it can't be."""
        return await aim(self._pool, charger_id, terms.who.name, terms.idempotency_key)

    async def earlier(self, target: Target) -> Record | None:
        """The command that the request's idempotency key made before."""
        return None if target.earlier is None else await self._commands.get(target.earlier)

    async def send(self, target: Target, wanted: Intent, terms: Terms) -> Sent:
        """Queue a command (or find the one its key made), wake the charger's node, wait if asked to.

        Raises Unprocessable for a wrong payload, Conflict for a key that came with another request, TooMany when the
        charger has enough to do.
        """
        ready = await self._ready(target, wanted)
        with tracing.span("queue the command", {"ocpp.action": wanted.action}) as span:
            with counted() as asked:
                row, created = await self._commands.queue(self._new(target, wanted, ready, terms))
                asked.is_new = created
            if span is not None:
                span.note({"voltring.command.id": str(row["id"]), "voltring.command.state": row["state"]})
        for one in row["replaced"] or () if created else ():
            await self._tell({**one, "charger_id": target.charger_id, "state": State.CANCELLED})
        if row["state"] in FINAL:
            return Sent(row, 200)
        # Listening starts before the bell rings, so that no answer is too quick.
        with self._results.listening(row["id"]) as waiting:
            await self._doorbells.ring(target.charger_id, target.owner)
            # Who waits is not kept waiting for what nobody hears; who begins to listen is told to read again.
            if created and (terms.wait_s is None or self._audience.looks.hears(target.charger_id)):
                await self._bus.publish([_event(row)])
            if terms.wait_s is None and created:
                return Sent(row, 201)
            sent = await self._wait(row, terms, waiting)
            asked.ended(sent.row["state"])
            return sent

    async def repeat(self, row: Record, terms: Terms) -> Sent:
        """A command that exists already: wait for it if asked to."""
        if row["state"] in FINAL:
            return Sent(row, 200)
        with self._results.listening(row["id"]) as waiting:
            return await self._wait(row, terms, waiting)

    async def _wait(self, row: Record, terms: Terms, waiting: Waiting) -> Sent:
        """As long as the client wants to; what it is told of is on the disk."""
        if terms.wait_s is not None:
            with COMMAND_WAITERS.track_inprogress():
                row = await self._until_final(row, terms.wait_s, waiting)
        if row["state"] == State.QUEUED:
            await self._commands.settle_down(row["id"])
        return Sent(row, 200 if row["state"] in FINAL or terms.wait_s is None else 202)

    async def cancel(self, command_id: UUID, who: Principal) -> Record:
        """Cancel a command that was not sent yet; NotFound or Conflict."""
        row = await self._commands.cancel(command_id)
        await audit.record(self._pool, who, "command.cancel", f"command:{command_id}")
        await self._tell(row)
        return row

    async def resolve(self, command_id: UUID, state: State, note: str, who: Principal) -> Record:
        """What an operator knows of a command that is UNKNOWN or ACCEPTED; NotFound or Conflict."""
        row = await self._commands.resolve(command_id, state, who.name, note)
        await self._tell(row)
        return row

    async def _tell(self, row: Mapping[str, Any]) -> None:
        """A command has changed here: let those who look or wait know. This is rare, so that it is told whoever looks:
        what is known of that may be out of date."""
        await self._bus.publish([_event(row)])
        if row["reply_to"]:
            with contextlib.suppress(*AWAY):
                await self._doorbells.answer(row["reply_to"], UUID(str(row["id"])))

    async def _ready(self, target: Target, wanted: Intent) -> Intent:
        """What may be queued. For a key that comes again it is what was queued then, whatever is known by now."""
        before = await self.earlier(target)
        if before is not None:
            return Intent(wanted.action, before["payload"])
        return await prepare(self._pool, target, wanted)

    def _new(self, target: Target, wanted: Intent, ready: Intent, terms: Terms) -> NewCommand:
        return NewCommand(
            id=uuid4(),
            charger_id=target.charger_id,
            action=wanted.action,
            payload=ready.payload,
            asked=wanted.payload,
            request_id=joined_id(target.version, ready.action, ready.payload),
            traceparent=tracing.traceparent(),
            command_class=command_class(wanted.action, ready.payload),
            lane=lane(wanted.action),
            deadline_s=terms.deadline_s or default_deadline_s(wanted.action),
            created_by=terms.who.name,
            idempotency_key=terms.idempotency_key,
            reply_to=self._uid,
            # Where its node takes it at once, and who asked waits for that.
            in_haste=target.owner is not None and bool(terms.wait_s),
        )

    async def _until_final(self, row: Record, wait_s: float, waiting: Waiting) -> Record:
        """The row as soon as it is final, or as it is when the time is over or the API stops."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while row["state"] not in FINAL and loop.time() < until and not self._stopping.is_set():
            change = await waiting.change(min(LOOK_AGAIN_S, until - loop.time()))
            row = {**row, **change} if change else await self._commands.get(row["id"]) or row
        return row


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "command.updated",
        "charger_id": row["charger_id"],
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "command_id": str(row["id"]),
        "action": row["action"],
        "state": State(row["state"]),
    }
