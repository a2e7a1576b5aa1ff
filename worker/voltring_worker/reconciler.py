"""Reconciling: each session's account is worked out from its evidence, again whenever something has changed.

A row's version (`xmin`) tells whether it was written since it was checked. Sessions that are over (and orphans) are
noted in `transactions_changed` by PostgreSQL itself, in the commit that changes them; a note goes with the commit that
has checked them, so that nothing is lost when a worker dies, and nothing is looked for. Those that run are looked
through: each at most every 30 seconds (`following.py` says how that stays cheap), silent ones once a minute.

Before that, stops that name no session are given to theirs (`early_stops.py`). After it, rows of running sessions that
their messages made wrong by their order are put right, each in a transaction of its own.

Several workers may run: each slice is done by the one that holds the lock.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.reckoning_clock import SHORTEST_SILENCE
from voltring_core.metrics import OLDEST_UNCHECKED
from voltring_worker.checking import SQL, Checked, check, mend, note_flags, pass_on
from voltring_worker.early_stops import settle
from voltring_worker.following import Following
from voltring_worker.partitions import SQL as CHORES

logger = logging.getLogger("voltring.reconciler")
RUNNING_EVERY = timedelta(seconds=30)
SILENT_EVERY = timedelta(seconds=60)
AGAIN_AFTER = timedelta(minutes=10)
"""Until a session that is over and could not be checked is tried again by itself."""
NOTES, RUNNING, WHOLE = 100, 1000, 50
"""How many are done in one PostgreSQL transaction: notes; running sessions; of them from their whole evidence."""
SLICES = 50
"""Until the sentence for the log is due."""


@dataclass(slots=True)
class Tally:
    """What one cycle did."""

    checked: int = 0
    corrected: int = 0
    failed: int = 0
    found: Counter[str] = field(default_factory=Counter)

    def sentence(self) -> str:
        """For the log; empty when nothing is worth a word."""
        words = [f"{count} {word}" for word, count in sorted(self.found.items())]
        words += [f"{self.corrected} rows corrected"] if self.corrected else []
        words += [f"{self.failed} could not be checked"] if self.failed else []
        return f"{self.checked} sessions checked: {', '.join(words)}" if words else ""


class Reconciler:
    """One look at a time, by one worker."""

    def __init__(
        self, pool: asyncpg.Pool, running_every: timedelta = RUNNING_EVERY, retention_days: int | None = None
    ) -> None:
        """`running_every`: how often at most a running session is checked; `retention_days`: how long readings are
        kept."""
        self._pool = pool
        self._running_every = running_every
        self._retention = None if retention_days is None else timedelta(days=retention_days - 1)
        self._following = Following()

    async def cycle(self) -> str:
        """Check what has changed; returns the sentence for the log, empty when there is nothing to tell."""
        tally, oldest = Tally(), 0.0
        for number in range(SLICES):
            waited = await self._slice(tally)
            oldest = max(oldest, waited or 0.0)
            if number == 0 or waited is None:
                OLDEST_UNCHECKED.set(oldest)
            if waited is None:
                break
        return tally.sentence()

    async def _slice(self, tally: Tally) -> float | None:
        """One PostgreSQL transaction's worth. Seconds that the oldest of it had waited; None when nothing is left."""
        marks = [row["id"] for row in await self._pool.fetch(SQL["due"], NOTES)]
        begun = {row["id"] for row in await self._pool.fetch(SQL["begun"], RUNNING)}
        is_settled = await settle(self._pool, marks, begun)
        to_mend: list[Checked] = []
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                if not await connection.fetchval(CHORES["be_alone"], "reconciler"):
                    self._following.forget()
                    return None
                now = await connection.fetchval(SQL["now"])
                noted = await connection.fetch(SQL["changed"], marks)
                await self._changed(connection, noted, now, tally)
                every = (self._running_every, SHORTEST_SILENCE, SILENT_EVERY)
                due = await connection.fetch(SQL["running"], *every, RUNNING)
                running = [row for row in due if not row["has_begun"] or row["id"] in begun]
                left = await self._running(connection, running, now, tally, to_mend)
        except BaseException:
            # What was gone on to may not be committed: everything is worked out anew.
            self._following.forget()
            raise
        await self._mend(to_mend, now, tally)
        waited = max((row["waited"] or 0.0 for row in (*noted, *running)), default=0.0)
        return waited if left or is_settled or len(due) == RUNNING or len(marks) == NOTES else None

    async def _mend(self, found: Sequence[Checked], now: datetime, tally: Tally) -> None:
        """Put the rows of running sessions right, after the commit: each for itself, so that no node waits for long."""
        kept_since = None if self._retention is None else now - self._retention
        ones = [one for one in found if kept_since is None or one.row["start_received_at"] >= kept_since]
        for one in ones:
            async with self._pool.acquire() as connection:
                tally.corrected += await mend(connection, one)

    async def _changed(self, connection: asyncpg.Connection, noted: Sequence[Any], now: datetime, tally: Tally) -> None:
        """Those that are noted, if they are there still."""
        ids = [row["id"] for row in noted if row["is_there"]]
        done: set[UUID] = {row["id"] for row in noted} - set(ids)
        for start in range(0, len(ids), WHOLE):
            some = ids[start : start + WHOLE]
            kept_since = None if self._retention is None else now - self._retention
            outcome = await check(connection, some, now, kept_since)
            self._count(outcome.checked, outcome.failed, {row["id"]: row["flags"] for row in noted}, tally)
            done.update(one.row["id"] for one in outcome.checked)
            done.update((*outcome.failed, *outcome.gone))
            if outcome.failed:
                await connection.execute(SQL["look_again"], outcome.failed, AGAIN_AFTER)
        self._following.forget(ids)
        if done:
            await connection.execute(
                SQL["looked_at"], [mark for row in noted if row["id"] in done for mark in row["marks"]]
            )

    async def _running(
        self, connection: asyncpg.Connection, due: Sequence[Any], now: datetime, tally: Tally, to_mend: list[Checked]
    ) -> bool:
        """Those that run; `to_mend` takes those whose rows are wrong. Whether some are left for the next slice."""
        before = {row["id"]: row["flags"] for row in due}
        accounts, others = await self._onwards(connection, due, now)
        for session_id, account in accounts.items():
            tally.found.update(note_flags(account, before[session_id]))
        tally.checked += len(accounts)
        whole = others[: 2 * WHOLE]
        events = {row["id"]: row["last"] for row in await connection.fetch(SQL["last_events"], whole)}
        for start in range(0, len(whole), WHOLE):
            outcome = await check(connection, whole[start : start + WHOLE], now)
            self._count(outcome.checked, outcome.failed, before, tally)
            to_mend += [one for one in outcome.checked if one.to_mend is not None]
            self._following.follow(outcome.checked, events, now)
        return len(others) > len(whole)

    async def _onwards(
        self, connection: asyncpg.Connection, due: Sequence[Any], now: datetime
    ) -> tuple[Any, list[UUID]]:
        """Those that can be gone on from. What goes wrong there is tried on the whole evidence, one by one."""
        try:
            async with connection.transaction():
                return await self._following.check(connection, due, now)
        except Exception as error:
            pass_on(error)
            logger.exception("running sessions can't be followed; they are worked out as a whole")
            self._following.forget()
            return {}, [row["id"] for row in due]

    def _count(
        self, checked: Sequence[Checked], failed: Sequence[UUID], before: dict[UUID, list[str]], tally: Tally
    ) -> None:
        tally.checked += len(checked) + len(failed)
        tally.failed += len(failed)
        for one in checked:
            tally.corrected += one.is_corrected
            tally.found.update(note_flags(one.account, before[one.row["id"]]))
