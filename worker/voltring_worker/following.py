"""Following the sessions that run, from reading to reading, so that a check of one costs the same after ten hours as
after ten minutes.

What was worked out of a session is kept in memory, and each check goes on from there with what came since: two
statements for a thousand sessions. The whole evidence is folded when a session is seen for the first time (also after
a restart of the worker), when anything but the next reading has come, when what comes out is not what its row says,
and when it is over: then nothing of what is remembered counts.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.messages import EventKind, Sample
from voltring_core.domain.reckoning import Account
from voltring_core.domain.reckoning_points import UNIT_OF
from voltring_core.domain.reckoning_running import Running, Said, account, go_on
from voltring_core.metrics import CHECKED
from voltring_worker.billing_running import bill_running
from voltring_worker.checking import SQL, Checked, keep

logger = logging.getLogger("voltring.reconciler")
MOST = 50_000
"""Sessions; some kilobytes each."""
BILLED_EVERY = timedelta(minutes=1)
"""How old the cost of a running session may be: to price it costs many times what it costs to read it."""
KINDS = {kind.value: kind for kind in EventKind}


@dataclass(frozen=True, slots=True)
class Followed:
    """A running session as it was checked last: its row then, its last event, and when it was billed."""

    row: Any
    flags: Sequence[str]
    running: Running
    event_id: int
    billed_at: datetime

    @property
    def read_at(self) -> datetime:
        """The charger's time of its last reading."""
        lines = (self.running.registers, self.running.powers, self.running.intervals)
        return max(line.last[0] for line in lines if line is not None)

    @property
    def came_at(self) -> datetime:
        """When its last reading came."""
        return self.running.came[-1] if self.running.came else self.running.began_at


class Following:
    """The sessions that are followed."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sessions: dict[UUID, Followed] = {}

    def __len__(self) -> int:
        """How many sessions are followed."""
        return len(self._sessions)

    def __contains__(self, session_id: UUID) -> bool:
        return session_id in self._sessions

    def forget(self, ids: Iterable[UUID] | None = None) -> None:
        """Follow these no longer; without ids none."""
        if ids is None:
            self._sessions.clear()
        for one in ids or ():
            self._sessions.pop(one, None)

    def follow(self, checked: Iterable[Checked], events: dict[UUID, int], now: datetime) -> None:
        """Go on from what was just worked out, where that can be gone on from.

        `events`: the last event of each before its evidence was read; what came since is read again, and noticed.
        """
        for one in checked:
            # Whose row is about to be put right is gone on from once it is.
            if one.running is not None and one.to_mend is None and len(self._sessions) < self._most:
                followed = Followed(one.row, one.row["flags"], one.running, events[one.row["id"]], now)
                self._sessions[one.row["id"]] = followed

    async def check(
        self, connection: asyncpg.Connection, due: Sequence[Any], now: datetime
    ) -> tuple[dict[UUID, Account], list[UUID]]:
        """Check those that can be gone on from; their accounts, which are written, and those that must be checked as a
        whole. `due` are rows of the statement `running`."""
        known = [row for row in due if row["id"] in self._sessions]
        readings = await self._readings(connection, [row["id"] for row in known])
        events = await self._events(connection, [row["id"] for row in known])
        done: dict[UUID, Account] = {}
        for row in known:
            session_id = row["id"]
            then = self._gone_on(row, readings.get(session_id, []), events.get(session_id, []))
            if then is None:
                del self._sessions[session_id]
            else:
                self._sessions[session_id] = then
                done[session_id] = account(then.running, now, with_usage=_is_due(then, now))
        versions = {row["id"]: row["version"] for row in known}
        kept = [(one, versions[one], found, self._sessions[one].running.folded) for one, found in done.items()]
        await keep(connection, sorted(kept, key=itemgetter(0)))
        await self._bill(connection, done, now)
        CHECKED.labels("onwards").inc(len(done))
        return done, [row["id"] for row in due if row["id"] not in done]

    def _gone_on(self, row: Any, readings: list[Any], events: list[Any]) -> Followed | None:
        before = self._sessions[row["id"]]
        if row["session_flags"] != before.flags:
            return None
        running = go_on(before.running, [_said(one) for one in events], [_sample(one) for one in readings])
        if running is None or running.registers.last != (row["register_at"], row["register_wh"]):
            # What the node has counted up to is what the readings say, or somebody has to look closer.
            return None
        return replace(before, running=running, event_id=events[-1]["id"] if events else before.event_id)

    async def _readings(self, connection: asyncpg.Connection, ids: list[UUID]) -> dict[UUID, list[Any]]:
        ones = [self._sessions[one] for one in ids]
        if not ones:
            return {}
        came = [one.came_at for one in ones]
        since = (ids, [one.read_at for one in ones], came, min(came), list(UNIT_OF))
        return _by(await connection.fetch(SQL["read_since"], *since))

    async def _events(self, connection: asyncpg.Connection, ids: list[UUID]) -> dict[UUID, list[Any]]:
        ones = [self._sessions[one].event_id for one in ids]
        return _by(await connection.fetch(SQL["said_since"], ids, ones)) if ones else {}

    async def _bill(self, connection: asyncpg.Connection, done: dict[UUID, Account], now: datetime) -> None:
        """The running cost of those whose cost has become old. One that fails is left to the whole check."""
        due = {one: self._sessions[one] for one in done if _is_due(self._sessions[one], now)}
        failed = await bill_running(connection, [(one.row, done[id_]) for id_, one in due.items()], now)
        for session_id, one in due.items():
            if session_id in failed:
                del self._sessions[session_id], done[session_id]
            else:
                self._sessions[session_id] = replace(one, billed_at=now)


def _is_due(one: Followed, now: datetime) -> bool:
    """Whether its cost has become old; only then what it used is looked at."""
    return now - one.billed_at >= BILLED_EVERY


def _by(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row["transaction_id"], []).append(row)
    return found


def _said(row: Any) -> Said:
    return Said(
        KINDS[row["kind"]],
        row["event_at"],
        row["received_at"],
        row["seq_no"],
        row["offline"],
        row["charging_state"],
        row["brings"],
    )


def _sample(row: Any) -> tuple[datetime, Sample]:
    return row["received_at"], Sample(
        row["sampled_at"],
        row["measurand"],
        row["value"],
        row["unit"],
        "",
        row["phase"],
        row["location"],
        row["context"],
    )
