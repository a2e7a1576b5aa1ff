"""`voltring replay`: works sessions out again from what was heard of them, and shows where that is not what is stored.

It only reads. A running session may differ for as long as nobody has worked it out; one that is over must not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import click

from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import Difference, Folded, NothingHeard, differences, fold
from voltring_core.domain.times import read_time
from voltring_core.domain.transactions import Transaction
from voltring_core.store.cli import with_database
from voltring_core.store.evidence import SQL, load_stored

BATCH = 200
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
LEAST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A session as it is stored, and what its evidence comes to; None where nothing was heard of the session itself."""

    stored: Transaction
    messages: int
    folded: Folded | None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where the two are not the same."""
        return () if self.folded is None else differences(self.stored, self.folded.transaction)

    @property
    def holds(self) -> bool:
        """Whether the session is what its messages come to."""
        return self.folded is not None and not self.differences


def work_out(stored: Transaction, evidence: Evidence) -> Replayed:
    """A session worked out again."""
    try:
        return Replayed(stored, len(evidence.heard), fold(evidence))
    except NothingHeard:
        return Replayed(stored, len(evidence.heard), None)


async def replay_sessions(connection: asyncpg.Connection, session_ids: Iterable[UUID]) -> list[Replayed]:
    """Sessions worked out again, all of one moment; those that there are."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return [work_out(*found) for found in await load_stored(connection, session_ids)]


async def replay_since(connection: asyncpg.Connection, since: datetime) -> AsyncIterator[Replayed]:
    """All sessions of which something was heard since then for the first time, the oldest first."""
    place = since, LEAST
    while rows := await connection.fetch(SQL["page"], *place, BATCH):
        found = {one.stored.id: one for one in await replay_sessions(connection, [row["id"] for row in rows])}
        for row in rows:
            if row["id"] in found:
                yield found[row["id"]]
        place = rows[-1]["start_received_at"], rows[-1]["id"]


def _time(context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    found = read_time(text)
    if text is not None and found is None:
        raise click.BadParameter(f"{text!r} is no time such as 2026-03-01 or 2026-03-01T12:00:00Z", context, option)
    return found


@click.command()
@click.argument("session", type=click.UUID, required=False)
@click.option("--all", "is_all", is_flag=True, help="All sessions instead of one.")
@click.option("--since", callback=_time, help="With --all: those first heard of since this time (UTC).")
def replay(session: UUID | None, is_all: bool, since: datetime | None) -> None:
    """Work sessions out again from their messages and show where what is stored differs (exit status 1)."""
    if (session is None) is not is_all:
        raise click.UsageError("name one session, or say --all")
    if since is not None and not is_all:
        raise click.UsageError("--since goes with --all")
    work = _one(session) if session is not None else _many(since or BEGINNING)
    raise SystemExit(asyncio.run(with_database(work)))


def _one(session: UUID) -> Callable[[str], Awaitable[int]]:
    async def work(dsn: str) -> int:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            other = await connection.fetchval(SQL["attached_to"], session)
            found = await replay_sessions(connection, [session])
        finally:
            await connection.close()
        if other is not None:
            click.echo(f"Session {session} is part of session {other}: replay that one.")
            return 0
        if not found:
            click.echo(f"voltring: there is no session {session}", err=True)
            return 2
        click.echo(told(found[0]))
        return 0 if found[0].holds else 1

    return work


def _many(since: datetime) -> Callable[[str], Awaitable[int]]:
    async def work(dsn: str) -> int:
        connection = await asyncpg.connect(dsn, timeout=10)
        looked = differ = 0
        try:
            async for one in replay_since(connection, since):
                looked += 1
                if not one.holds:
                    differ += 1
                    click.echo(told(one))
        finally:
            await connection.close()
        click.echo(
            f"{differ} of {_sessions(looked)} differ." if differ else f"{_sessions(looked)}, and nothing differs."
        )
        return 1 if differ else 0

    return work


def _sessions(number: int) -> str:
    return "1 session" if number == 1 else f"{number} sessions"


def told(one: Replayed) -> str:
    """What became of a replay, in one sentence, or with a table of what differs."""
    stored = one.stored
    name = f"Session {stored.id} ({stored.charger_id}, OCPP {stored.ocpp_version}, id {stored.ocpp_transaction_id})"
    if one.folded is None:
        return f"{name} can't be worked out: no message of it is kept."
    if one.holds:
        return f"{name} is stored as its {_messages(one.messages)} to."
    rows = [("field", "stored", "worked out")]
    rows += [(found.field, _shown(found.stored), _shown(found.worked_out)) for found in one.differences]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows]
    return "\n".join([f"{name} is not stored as its {_messages(one.messages)} to:", *lines])


def _messages(number: int) -> str:
    return "1 message comes" if number == 1 else f"{number} messages come"


def _shown(word: object) -> str:
    if word is None:
        return "-"
    if isinstance(word, datetime):
        return word.astimezone(UTC).isoformat()
    return ", ".join(map(str, word)) or "-" if isinstance(word, tuple) else str(word)
