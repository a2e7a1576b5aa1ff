"""Checking sessions against all their evidence: fold, reckon, write the account, put the row right, bill.

Each session is checked within a savepoint: one that fails because of a fault of ours is logged, flagged `not_checked`,
and holds up nobody.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import Folded, NothingHeard, differences, fold
from voltring_core.domain.reckoning import NOT_CHECKED, Account, work_out
from voltring_core.domain.reckoning_running import Running, go_along
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.values import changed
from voltring_core.metrics import CHECKED, FLAGGED, FLAGS
from voltring_core.metrics.naming import OTHER
from voltring_core.store.database import AWAY
from voltring_core.store.evidence import load_stored, rated_powers
from voltring_core.store.queries import load
from voltring_worker.billing import bill

logger = logging.getLogger("voltring.reconciler")
SQL = load("voltring_worker", "reconciler.sql")
NO_EVIDENCE = "no_evidence"
"""Nothing that the session itself said can be read: its row is all that there is."""
CORRECTED = (
    "charging_state evse_id connector_id id_token id_token_type started_at ended_at end_received_at meter_start_wh"
    " meter_stop_wh register_wh register_at energy_wh energy_before_wh segment_start_wh power_w soc_percent"
    " stop_reason remote_start_id reservation_id last_seq_no stop_id_token".split()
)


class Overtaken(Exception):
    """Somebody has written the session since it was read: it is checked again."""


class EvidenceGone(Exception):
    """A session's readings are not kept any more, and without them it would come to something else."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A session that was checked. `version`: of the row that the account is of. `to_mend`: what the row of one that
    runs, so that the node writes it as well, should be; None where it is so."""

    row: Any
    version: int
    account: Account
    folded: Folded
    is_corrected: bool
    running: Running | None
    to_mend: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of several: those checked, those that failed, those of which the evidence is gone. Not among them:
    what somebody has written meanwhile."""

    checked: Sequence[Checked]
    failed: Sequence[UUID]
    gone: Sequence[UUID] = ()


def work(
    stored: Transaction, evidence: Evidence, now: datetime, rated_power_w: Decimal | None = None
) -> tuple[Folded, Account, Running | None]:
    """What the evidence comes to, and what to go on from while the session runs. Pure."""
    try:
        folded = fold(evidence)
    except NothingHeard:
        folded = Folded(stored, flags=(NO_EVIDENCE,))
    reckoned = work_out(evidence, folded, now, rated_power_w=rated_power_w)
    return folded, reckoned.account, go_along(evidence, folded, reckoned, rated_power_w=rated_power_w)


def corrected(stored: Transaction, folded: Folded) -> Transaction | None:
    """The session as its row should be; None where it is. What is over is not made to run again: its end was decided
    by somebody, or by what can't be read any more."""
    worked_out = folded.transaction
    is_reopened = worked_out.state is TransactionState.ACTIVE and stored.state is not TransactionState.ACTIVE
    if is_reopened or not differences(stored, worked_out):
        return None
    return changed(worked_out, start_key=stored.start_key, start_received_at=stored.start_received_at)


async def check(
    connection: asyncpg.Connection, ids: Sequence[UUID], now: datetime, kept_since: datetime | None = None
) -> Outcome:
    """Check sessions, in the caller's PostgreSQL transaction. Raises what says that PostgreSQL is away.

    `kept_since`: what was read before may not be there any more.
    """
    rows = {row["id"]: row for row in await connection.fetch(SQL["rows"], ids)}
    loaded, failed = await _load(connection, [one for one in ids if one in rows])
    rated = await rated_powers(connection, {row["charger_id"] for row in rows.values()})
    checked: list[Checked] = []
    gone: list[UUID] = []
    # In one order, as everybody locks who locks several.
    for stored, evidence in sorted(loaded, key=lambda one: one[0].id):
        try:
            async with connection.transaction():
                row = rows[stored.id]
                power = rated.get((stored.charger_id, stored.evse_id))
                found = work(stored, evidence, now, power)
                if kept_since is not None and row["start_received_at"] < kept_since:
                    await _compare(connection, row, found[1])
                checked.append(await _write(connection, row, stored, found, now))
        except EvidenceGone:
            await connection.execute(SQL["evidence_gone"], stored.id, rows[stored.id]["version"])
            gone.append(stored.id)
        except Overtaken:
            logger.info("session %s is checked again: it was written meanwhile", stored.id)
        except Exception as error:
            pass_on(error)
            logger.exception("session %s can't be checked", stored.id)
            failed.append(stored.id)
        await asyncio.sleep(0)  # the sweeper's turn
    if failed:
        await connection.execute(SQL["not_checked"], failed)
        FLAGGED.labels(NOT_CHECKED).inc(len(failed))
    CHECKED.labels("whole").inc(len(checked))
    return Outcome(checked, failed, gone)


async def keep(connection: asyncpg.Connection, accounts: Iterable[tuple[UUID, int, Account, Folded]]) -> None:
    """Write accounts, each with the id and version of its session's row; what billing keeps in them stays."""
    rows = [
        (
            session_id,
            version,
            account.energy_wh,
            account.method and account.method.value,
            "{" + ",".join(f'"{method.value}":{energy:f}' for method, energy in account.by_method.items()) + "}",
            account.difference_wh,
            ",".join(account.flags),
            orjson.dumps(folded.missing_seq_nos).decode(),
            account.clock_skew_s,
            account.exported_wh,
        )
        for session_id, version, account, folded in accounts
    ]
    if rows:
        await connection.execute(SQL["keep_accounts"], *(list(column) for column in zip(*rows, strict=True)))


def note_flags(account: Account, before: Collection[str]) -> tuple[str, ...]:
    """Count the flags that were not there before; returns them."""
    new = tuple(word for word in account.flags if word not in before)
    for word in new:
        FLAGGED.labels(word if word in FLAGS else OTHER).inc()
    return new


async def _load(
    connection: asyncpg.Connection, ids: Sequence[UUID]
) -> tuple[list[tuple[Transaction, Evidence]], list[UUID]]:
    """The evidence of sessions; where it can't be had for all at once, one by one, and those of which it can't."""
    try:
        async with connection.transaction():
            return await load_stored(connection, ids), []
    except Exception as error:
        pass_on(error)
        if len(ids) == 1:
            logger.exception("the evidence of session %s can't be read", ids[0])
            return [], list(ids)
    loaded, failed = [], []
    for one in ids:
        found, lost = await _load(connection, [one])
        loaded += found
        failed += lost
    return loaded, failed


async def _compare(connection: asyncpg.Connection, row: Mapping[str, Any], account: Account) -> None:
    """Raises EvidenceGone where less is found than there was: nobody is billed anew by what is left."""
    before = await connection.fetchrow(SQL["kept_account"], row["id"])
    if before is not None and (before["energy_wh"], before["energy_method"]) != (account.energy_wh, account.method):
        raise EvidenceGone


async def _write(
    connection: asyncpg.Connection,
    row: Mapping[str, Any],
    stored: Transaction,
    found: tuple[Folded, Account, Running | None],
    now: datetime,
) -> Checked:
    folded, account, running = found
    version, right = row["version"], corrected(stored, folded)
    is_running = right is not None and right.state is TransactionState.ACTIVE
    if right is not None and not is_running:
        version = await put_right(connection, right, version)
        row = await connection.fetchrow(SQL["rows"], [stored.id])
    await keep(connection, [(stored.id, version, account, folded)])
    await bill(connection, row, account, folded, now)
    is_corrected = right is not None and not is_running
    return Checked(row, version, account, folded, is_corrected, running, right if is_running else None)


async def mend(connection: asyncpg.Connection, one: Checked) -> bool:
    """Write a running session as it should be, in a transaction of its own: a node that wants to write it waits no
    longer than that. False when it was written since it was checked: what it comes to then is looked at anew."""
    assert one.to_mend is not None
    try:
        async with connection.transaction():
            fresh = await put_right(connection, one.to_mend, one.version)
            await connection.execute(SQL["mended"], one.to_mend.id, one.version, fresh)
    except Overtaken:
        return False
    return True


async def put_right(connection: asyncpg.Connection, right: Transaction, version: int) -> int:
    """Write a session as it should be; the new version of its row. Raises Overtaken."""
    words = [getattr(right, name) for name in CORRECTED]
    done = await connection.execute(SQL["correct"], right.id, version, right.state.value, *words, list(right.flags))
    if done != "UPDATE 1":
        raise Overtaken
    fresh: int = await connection.fetchval(SQL["own_note"], right.id)
    return fresh


def pass_on(error: Exception) -> None:
    """Raise what says that PostgreSQL is away; a value that it can't take is a fault of ours."""
    if isinstance(error, AWAY) and not isinstance(error, ValueError):
        raise error
