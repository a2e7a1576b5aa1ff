"""How a command leaves: made ready, written to PostgreSQL, its charger's node woken, its outcome waited for.

The row is the truth. Doorbells only shorten the wait: a waiting request reads the row when it is rung for, and
once a second anyway.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from voltring_api import audit
from voltring_api.keys import Principal
from voltring_api.preparing import prepare
from voltring_core.cluster.connection import AWAY
from voltring_core.cluster.doorbells import Doorbells, Results
from voltring_core.cluster.events import EventBus
from voltring_core.domain.commands import FINAL, State, command_class, default_deadline_s, lane
from voltring_core.ending import end
from voltring_core.errors import Conflict, NotFound
from voltring_core.ocpp.intents import Intent
from voltring_core.ocpp.rules.ids import joined_id
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import Commands, NewCommand, Record
from voltring_core.store.queries import load

SQL = load("voltring_api", "dispatch.sql")
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
        api_uid: str,
        stopping: asyncio.Event,
    ) -> None:
        self._pool = pool
        self._commands = commands
        self._doorbells = doorbells
        self._results = results
        self._bus = bus
        self._uid = api_uid
        self._stopping = stopping

    async def version_of(self, charger_id: str) -> Version:
        """What the charger speaks. NotFound; Conflict when it can't be commanded."""
        row = await self._pool.fetchrow(SQL["target"], charger_id)
        if row is None:
            raise NotFound(f"there is no charger {charger_id!r}")
        if row["status"] == "quarantined":
            raise Conflict(f"the charger {charger_id!r} is quarantined: admit it before you command it")
        if row["ocpp_version"] is None:
            raise Conflict(f"the charger {charger_id!r} has never connected, so its OCPP version is not known")
        return Version(row["ocpp_version"])

    async def earlier(self, who: Principal, key: str | None) -> Record | None:
        """The command that this idempotency key made before."""
        return None if key is None else await self._pool.fetchrow(SQL["by_key"], who.name, key)

    async def send(self, charger_id: str, version: Version, wanted: Intent, terms: Terms) -> Sent:
        """Queue a command (or find the one its key made), wake the charger's node, wait if asked to.

        Raises Unprocessable for a wrong payload, Conflict for a key that came with another request.
        """
        ready = await self._ready(charger_id, version, wanted, terms)
        new = self._new(charger_id, version, wanted, ready, terms)
        row, created = await self._commands.queue(new)
        if row["state"] in FINAL:
            return Sent(row, 200)
        # Listening starts before the bell rings, so that no answer is too quick.
        outcome = asyncio.create_task(self._until_final(row, terms.wait_s or 0), name=f"outcome of {row['id']}")
        try:
            await self._doorbells.ring(charger_id)
            if created:
                await self._bus.publish([_event(row)])
            if terms.wait_s is None:
                return Sent(row, 201 if created else 200)
            row = await outcome
        finally:
            await end([outcome])
        return Sent(row, 200 if row["state"] in FINAL else 202)

    async def repeat(self, row: Record, terms: Terms) -> Sent:
        """A command that exists already: wait for it if asked to."""
        if terms.wait_s is None or row["state"] in FINAL:
            return Sent(row, 200)
        row = await self._until_final(row, terms.wait_s)
        return Sent(row, 200 if row["state"] in FINAL else 202)

    async def cancel(self, command_id: UUID, who: Principal) -> Record:
        """Cancel a command that was not sent yet; NotFound or Conflict."""
        row = await self._commands.cancel(command_id)
        await audit.record(self._pool, who, "command.cancel", f"command:{command_id}")
        await self._bus.publish([_event(row)])
        if row["reply_to"]:
            with contextlib.suppress(*AWAY):
                await self._doorbells.answer(row["reply_to"], command_id)
        return row

    async def _ready(self, charger_id: str, version: Version, wanted: Intent, terms: Terms) -> Intent:
        """What may be queued. For a key that comes again it is what was queued then, whatever is known by now."""
        before = await self.earlier(terms.who, terms.idempotency_key)
        if before is not None:
            return Intent(wanted.action, before["payload"])
        return await prepare(self._pool, charger_id, version, wanted, terms.who.name, terms.idempotency_key)

    def _new(self, charger_id: str, version: Version, wanted: Intent, ready: Intent, terms: Terms) -> NewCommand:
        return NewCommand(
            id=uuid4(),
            charger_id=charger_id,
            action=wanted.action,
            payload=ready.payload,
            asked=wanted.payload,
            request_id=joined_id(version, ready.action, ready.payload),
            command_class=command_class(wanted.action),
            lane=lane(wanted.action),
            deadline_s=terms.deadline_s or default_deadline_s(wanted.action),
            created_by=terms.who.name,
            idempotency_key=terms.idempotency_key,
            reply_to=self._uid,
        )

    def _listen(self, command_id: UUID) -> asyncio.Task[None]:
        waiting = self._results.wait(command_id, LOOK_AGAIN_S)
        return asyncio.create_task(waiting, name=f"wait for command {command_id}")

    async def _until_final(self, row: Record, wait_s: float) -> Record:
        """The row as soon as it is final, or as it is when the time is over or the API stops."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        listening = self._listen(row["id"])
        try:
            while row["state"] not in FINAL and loop.time() < until and not self._stopping.is_set():
                await asyncio.wait({listening}, timeout=until - loop.time())
                await end([listening])
                # Listen again before looking, so that a change between the two is not missed.
                listening = self._listen(row["id"])
                row = await self._commands.get(row["id"]) or row
        finally:
            await end([listening])
        return row


def _event(row: Record) -> dict[str, Any]:
    return {
        "type": "command.updated",
        "charger_id": row["charger_id"],
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "command_id": str(row["id"]),
        "action": row["action"],
        "state": State(row["state"]),
    }
