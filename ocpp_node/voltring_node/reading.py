"""Asking PostgreSQL what a group of messages must know: one statement per kind, none where nothing is asked."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg

from voltring_core.domain.authorization import Concurrency, KnownToken
from voltring_core.domain.chargers import Admission, Standing
from voltring_core.domain.commands import State
from voltring_core.domain.messages import Registration, TokenStatus
from voltring_core.domain.reports import Report, ReportState
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_node.deciding import Key, Needs
from voltring_node.knowledge import Known, Record, SentCommand
from voltring_node.remembering import Remembered
from voltring_node.storable import clean
from voltring_node.writing import SQL, TRANSACTION
from voltring_node.writing_station import REPORT

STATES = {state.value: state for state in TransactionState}
STATE = TRANSACTION.index("state")


async def lock(connection: asyncpg.Connection, needs: Needs) -> int:
    """Be alone with the group's chargers until the commit; the version that rows written here will have, 0 for none."""
    if not needs.chargers:
        return 0
    version: int = await connection.fetchval(SQL["lock"], list(needs.chargers))
    return version


async def repeats(connection: asyncpg.Connection, needs: Needs, now: datetime) -> dict[Key, str | None]:
    """The replies given before to messages in the same words."""
    if not needs.keys:
        return {}
    chargers, keys = zip(*needs.keys, strict=True)
    rows = await connection.fetch(SQL["repeats"], list(keys), list(chargers), now)
    return {(row["charger_id"], row["natural_key"]): row["reply"] for row in rows}


async def know(
    connection: asyncpg.Connection,
    needs: Needs,
    remembered: Remembered | None = None,
    concurrency: Concurrency = Concurrency.ALLOWED,
) -> Known:
    """Tokens, transactions and fresh ids. What is remembered of a transaction is not read again; `concurrency` is that
    of tokens that have none of their own."""
    known = Known()
    if needs.transactions or needs.starts or needs.active or needs.around:
        await _sessions(connection, needs, known, remembered or Remembered())
    if needs.tokens:
        await _tokens(connection, needs, known, concurrency)
    if needs.standings:
        for row in await connection.fetch(SQL["standings"], list(needs.standings)):
            known.standings[row["id"]] = Standing(Admission(row["status"]), Registration(row["registration_wanted"]))
    await _what_came_of_commands(connection, needs, known)
    if needs.fresh_ids:
        rows = await connection.fetch(SQL["fresh_ids"], needs.fresh_ids)
        known.fresh_ids = [row["id"] for row in reversed(rows)]
    return known


async def _tokens(connection: asyncpg.Connection, needs: Needs, known: Known, concurrency: Concurrency) -> None:
    """The tokens that are shown, those of the sessions that they are shown to stop or to have begun, and where they
    charge already."""
    sessions = [one for one in (known.transaction(*each) for each in needs.stopped) if one is not None]
    names = (name for one in sessions for name in (one.id_token, one.stop_id_token))
    wanted = needs.tokens | {name.lower() for name in names if name}
    for row in await connection.fetch(SQL["tokens"], [clean(token) for token in wanted]):
        known.tokens[row["key"]] = _token(row, concurrency)
    once = [(charger, one) for charger, token in needs.elsewhere if (one := _once_only(known, token))]
    if once:
        rows = [(charger, key, one.concurrent, one.group_id_token) for charger, (key, one) in once]
        for row in await connection.fetch(SQL["charging"], *_columns(rows)):
            known.charging.setdefault(row["key"], {})[row["id"]] = row["charger_id"]


def _once_only(known: Known, token: str) -> tuple[str, KnownToken] | None:
    """A token that may charge at one place only, with its key."""
    found = known.tokens.get(token)
    return None if found is None or found.concurrent is Concurrency.ALLOWED else (token, found)


async def _sessions(connection: asyncpg.Connection, needs: Needs, known: Known, remembered: Remembered) -> None:
    versions = []
    if needs.transactions:
        ids = [(charger, clean(ocpp_id)) for charger, ocpp_id in needs.transactions]
        versions += await connection.fetch(SQL["versions_by_id"], *_columns(ids))
    if needs.starts or needs.active or needs.around:
        starts = _columns(needs.starts) if needs.starts else ([], [])
        around = _columns(needs.around) if needs.around else ([], [], [])
        versions += await connection.fetch(SQL["versions_of_starts"], *starts, list(needs.active), *around)
    known.versions.update((row[0], row[1]) for row in versions)
    known.resolved.update(row[0] for row in versions if row[2])
    unknown = []
    for session_id, version in known.versions.items():
        transaction = remembered.take(session_id, version)
        if transaction is None:
            unknown.append(session_id)
        else:
            _hold(known, transaction)
    if unknown:
        for row in await connection.fetch(SQL["transactions"], unknown):
            _hold(known, _transaction(row))


def _hold(known: Known, transaction: Transaction) -> None:
    known.found[transaction.id] = transaction
    known.put(transaction)


async def _what_came_of_commands(connection: asyncpg.Connection, needs: Needs, known: Known) -> None:
    """Commands that messages may belong to, reports that are being received, records."""
    if needs.commands:
        for row in await connection.fetch(SQL["commands"], *_columns(needs.commands)):
            known.commands.setdefault(row["charger_id"], []).append(_command(row))
    if needs.reports:
        for row in await connection.fetch(SQL["reports"], *_columns(needs.reports)):
            report = _report(row)
            known.reports[report.charger_id, report.action, report.request_id] = report
    if needs.records:
        for row in await connection.fetch(SQL["records"], *_columns(needs.records)):
            record = Record(row["content"], row["evse_id"], row["state"], row["command_id"])
            known.records.setdefault((row["charger_id"], row["kind"]), {})[row["key"]] = record


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _report(row: Any) -> Report:
    values = {name: row[name] for name in REPORT}
    return Report(**{**values, "state": ReportState(row["state"]), "seqs": tuple(row["seqs"])})


def _command(row: Any) -> SentCommand:
    return SentCommand(
        row["id"],
        row["action"],
        row["request_id"],
        row["payload"],
        State(row["state"]),
        row["sent_at"],
        row["epoch"],
        row["answer"],
        row["outcome"] or {},
        row["reply_to"],
    )


def _token(row: Any, concurrency: Concurrency) -> KnownToken:
    own = row["concurrent"]
    return KnownToken(
        row["id_token"],
        TokenStatus(row["status"]),
        row["group_id_token"],
        row["expires_at"],
        concurrency if own is None else Concurrency(own),
    )


def _transaction(row: Any) -> Transaction:
    """The columns of the statement are the fields of the class, in their order."""
    words = [*row]
    words[STATE] = STATES[words[STATE]]
    words[-1] = tuple(words[-1])
    return Transaction(*words)
