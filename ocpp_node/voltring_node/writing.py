"""Writing a decided group: rows of many chargers in one statement per table."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.store.database import RawJson
from voltring_core.store.queries import load
from voltring_node import journal, readings
from voltring_node.deciding import Decided
from voltring_node.facts import AttachedFact, BootFact, Message, ReadingsFact, StatusFact, TransactionFact
from voltring_node.knowledge import Known
from voltring_node.storable import clean
from voltring_node.writing_station import write_station

SQL = load("voltring_node", "recording.sql")
EVENTS = "transaction_id charger_id kind seq_no event_at received_at trigger_reason offline payload".split()
TRANSACTION = (
    "id charger_id ocpp_version ocpp_transaction_id state start_key charging_state evse_id connector_id id_token"
    " id_token_type started_at ended_at start_received_at end_received_at meter_start_wh meter_stop_wh register_wh"
    " register_at energy_wh energy_before_wh segment_start_wh power_w soc_percent stop_reason"
    " remote_start_id reservation_id last_seq_no stop_id_token".split()
)
PROGRESS = (
    "meter_start_wh register_wh register_at energy_wh energy_before_wh segment_start_wh power_w"
    " soc_percent last_seq_no".split()
)
_REST = attrgetter(*(name for name in TRANSACTION if name not in PROGRESS))
# What PostgreSQL says of a row that it will never take.
UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, OverflowError)
ACTIVE = TransactionState.ACTIVE
COMMON = (TransactionFact, AttachedFact, ReadingsFact, StatusFact, BootFact)


class Overtaken(Exception):
    """Somebody else has written a session of the group since it was read: the group is to be decided again."""


async def write(connection: asyncpg.Connection, group: Sequence[Decided], known: Known) -> list[Transaction]:
    """Write everything a group brings, within the caller's transaction; `known` is what was read in it.

    Returns the transactions of which only readings moved on: their rows hold them as they are here. Raises Overtaken.
    """
    now = datetime.now(UTC)
    by_kind: dict[type, list[Any]] = defaultdict(list)
    for one in group:
        for fact in one.facts:
            by_kind[type(fact)].append((one.asked.message, fact))
    of_sessions: list[tuple[Message, TransactionFact]] = by_kind.pop(TransactionFact, [])
    measured: list[tuple[Message, ReadingsFact]] = by_kind.pop(ReadingsFact, [])
    sessions = {fact.transaction.id: fact.transaction for _, fact in of_sessions}
    moved = await _put_transactions(connection, sessions, known)
    if AttachedFact in by_kind:
        await _attach(connection, [fact for _, fact in by_kind.pop(AttachedFact)])
    events = [_event_row(message, fact) for message, fact in of_sessions if fact.said]
    await _copy(connection, "transaction_events", EVENTS, events)
    lines = "".join([readings.lines(message, fact) for message, fact in measured])
    await _copy_lines(connection, "meter_values", readings.COLUMNS, lines)
    read = {fact.transaction.id for _, fact in measured if fact.transaction and fact.transaction.state is not ACTIVE}
    if late := read - sessions.keys():
        await connection.execute(SQL["note_late"], sorted(late))
    await _put_statuses(connection, by_kind.pop(StatusFact, []))
    await _put_boots(connection, by_kind.pop(BootFact, []))
    if by_kind:
        # As they came: what holds at a station may be told by facts of several kinds.
        others = [(one.asked.message, fact) for one in group for fact in one.facts if not isinstance(fact, COMMON)]
        await write_station(connection, others)
    await _copy(connection, "ocpp_messages", journal.COLUMNS, [journal.row(one, now) for one in group])
    return moved


async def _copy(connection: asyncpg.Connection, table: str, columns: list[str], rows: list[Any]) -> None:
    if rows:
        await connection.copy_records_to_table(table, columns=columns, records=rows)


async def _copy_lines(connection: asyncpg.Connection, table: str, columns: list[str], lines: str) -> None:
    if lines:
        # At once, as `_copy` does: a node that froze between the statement and its rows would keep the fences locked
        # for ever, since no timeout of PostgreSQL ends a COPY that waits. (A view: asyncpg takes bytes for a path.)
        await connection.copy_to_table(table, columns=columns, source=memoryview(lines.encode()))


async def _unnest(connection: asyncpg.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement that takes its rows as one array per column."""
    if rows:
        await connection.execute(SQL[statement], *(list(column) for column in zip(*rows, strict=True)))


async def _put_transactions(
    connection: asyncpg.Connection, transactions: dict[UUID, Transaction], known: Known
) -> list[Transaction]:
    """Those of which only the readings moved on are written by these alone: that is most of them, and much cheaper."""
    moved: list[Transaction] = []
    whole: list[Transaction] = []
    for one in transactions.values():
        before = known.found.get(one.id)
        only_moved = before is not None and _REST(before) == _REST(one)
        (moved if only_moved else whole).append(one)
    rows = [[*(clean(getattr(one, name)) for name in TRANSACTION), ",".join(one.flags)] for one in whole]
    await _unnest(connection, "put_transactions", rows)
    if moved:
        done = await connection.execute(SQL["put_progress"], [_progress(one, known.versions[one.id]) for one in moved])
        if done != f"UPDATE {len(moved)}":
            raise Overtaken("a session was written by somebody else meanwhile")
    return moved


async def _attach(connection: asyncpg.Connection, found: Sequence[AttachedFact]) -> None:
    pairs = [one.orphan_id for one in found], [one.transaction_id for one in found]
    if await connection.execute(SQL["attach"], *pairs) != f"UPDATE {len(found)}":
        raise Overtaken("a stop that waited for its start was decided about by somebody else meanwhile")


def _progress(one: Transaction, version: int) -> str:
    """The fields of PROGRESS, flags and the version as one text: PostgreSQL takes it apart at less cost than arrays."""
    return (
        f"{one.id}\t{one.meter_start_wh}\t{one.register_wh}\t{one.register_at}\t{one.energy_wh}"
        f"\t{one.energy_before_wh}\t{one.segment_start_wh}\t{one.power_w}\t{one.soc_percent}\t{one.last_seq_no}"
        f"\t{','.join(one.flags)}\t{version}"
    )


def _event_row(message: Message, fact: TransactionFact) -> tuple[Any, ...]:
    said = fact.said
    assert said is not None
    return (
        fact.transaction.id,
        message.charger_id,
        said.kind.value,
        said.seq_no,
        said.at,
        message.received_at,
        clean(said.trigger),
        said.offline,
        RawJson(orjson.dumps(message.payload).decode()),
    )


async def _put_statuses(connection: asyncpg.Connection, found: list[tuple[Message, StatusFact]]) -> None:
    # One row per connector: the last word of the group.
    last = {(m.charger_id, f.status.evse_id, f.status.connector_id): (m, f) for m, f in found}
    rows = [
        (
            message.charger_id,
            message.epoch,
            fact.status.evse_id,
            fact.status.connector_id,
            fact.status.status,
            clean(fact.status.error_code),
            clean(fact.status.info),
            clean(fact.status.vendor_error_code),
            fact.at,
        )
        for message, fact in last.values()
    ]
    await _unnest(connection, "put_statuses", rows)


async def _put_boots(connection: asyncpg.Connection, found: list[tuple[Message, BootFact]]) -> None:
    last = {message.charger_id: (message, fact) for message, fact in found}
    rows = [
        (
            message.charger_id,
            message.epoch,
            clean(fact.boot.vendor),
            clean(fact.boot.model),
            clean(fact.boot.serial_number),
            clean(fact.boot.firmware_version),
            clean(fact.boot.reason),
            fact.registration.value,
            message.received_at,
        )
        for message, fact in last.values()
    ]
    await _unnest(connection, "put_boots", rows)
