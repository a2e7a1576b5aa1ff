"""Writing what a charger tells beside its sessions: events, records, variables, reports, outcomes, streams."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson

from voltring_core.domain.commands import State
from voltring_core.domain.devices import Variable
from voltring_core.domain.reports import Report
from voltring_core.ocpp.redaction import is_secret_name, redact_payload
from voltring_core.ocpp.versions import Version
from voltring_core.store.database import RawJson
from voltring_core.store.queries import load
from voltring_node.facts import (
    CommandFact,
    EventFact,
    Fact,
    GoneFact,
    Message,
    Place,
    RecordFact,
    ReportFact,
    SignedFact,
    StreamFact,
    VariablesFact,
    VariablesGoneFact,
)
from voltring_node.storable import clean

SQL = load("voltring_node", "writing_station.sql")
REPORT = "id charger_id action request_id command_id state seqs last_seq started_at updated_at".split()
EVENTS = (
    "received_at charger_id kind at severity subject evse_id connector_id ocpp_transaction_id command_id content"
).split()
VARIABLE = (
    "component component_instance evse_id connector_id variable instance attribute value mutability persistent constant"
).split()
SIGNED = "measurand phase location context encoding signing public_key data".split()
STREAM = "received_at charger_id stream_id at value".split()
F = TypeVar("F")
Found = tuple[Message | Place, Fact]


async def write_station(connection: asyncpg.Connection, facts: Sequence[Found]) -> None:
    """Write these facts, within the caller's transaction."""
    await _copy(connection, "station_events", EVENTS, [_event(place, one) for place, one in _of(EventFact, facts)])
    await _variables(connection, facts)
    await _records(connection, facts)
    await _reports(connection, [(place, one) for place, one in _of(ReportFact, facts)])
    await _outcomes(connection, facts)
    await _signed(connection, facts)
    await _copy(
        connection,
        "stream_values",
        STREAM,
        [
            (place.received_at, place.charger_id, one.stream_id, at, clean(value))
            for place, one in _of(StreamFact, facts)
            for at, value in one.values
        ],
    )


def _of(kind: type[F], facts: Iterable[Found]) -> Iterable[tuple[Message | Place, F]]:
    return ((place, one) for place, one in facts if isinstance(one, kind))


async def _copy(connection: asyncpg.Connection, table: str, columns: list[str], rows: list[Any]) -> None:
    if rows:
        await connection.copy_records_to_table(table, columns=columns, records=rows)


async def _unnest(connection: asyncpg.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        await connection.execute(SQL[statement], *(list(column) for column in zip(*rows, strict=True)))


def _json(content: Any) -> RawJson:
    """JSON that may be kept: without secrets, and without NULs, which have no place in PostgreSQL's text."""
    told = redact_payload(Version.V21, "", content) if isinstance(content, Mapping) else content
    return RawJson(orjson.dumps(told, default=str).decode().replace("\\u0000", "\\u2400"))


def _event(place: Message | Place, one: EventFact) -> tuple[Any, ...]:
    return (
        place.received_at,
        place.charger_id,
        one.kind.value,
        one.at,
        one.severity,
        clean(one.subject),
        one.evse_id,
        one.connector_id,
        clean(one.ocpp_transaction_id),
        one.command_id,
        _json(one.content),
    )


async def _variables(connection: asyncpg.Connection, facts: Sequence[Found]) -> None:
    # One row per attribute: the last word of the group.
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for place, fact in _of(VariablesFact, facts):
        for one in fact.variables:
            values = [clean(getattr(_without_secret(one), name)) for name in VARIABLE]
            characteristics = None if one.characteristics is None else _json(one.characteristics)
            where = (place.charger_id, place.epoch, place.received_at, fact.source)
            rows[place.charger_id, *values[:7]] = (*where, *values, characteristics, clean(one.status))
    await _unnest(connection, "put_variables", [rows[key] for key in sorted(rows)])
    gone = [(place.charger_id, place.epoch, one.before) for place, one in _of(VariablesGoneFact, facts)]
    await _unnest(connection, "forget_variables", gone)
    fresh = [row[:2] for row in gone] + [
        (place.charger_id, place.epoch) for place, fact in _of(VariablesFact, facts) if fact.is_all
    ]
    await _unnest(connection, "model_is_fresh", fresh)


def _without_secret(one: Variable) -> Variable:
    """What is secret by its name has no value that may be kept, and a URL no credentials."""
    if one.value is None:
        return one
    if is_secret_name(one.variable):
        return replace(one, value=None, mutability="WriteOnly")
    told = redact_payload(Version.V21, "", {"url": one.value})["url"] if "@" in one.value else one.value
    return one if told is one.value else replace(one, value=told)


async def _records(connection: asyncpg.Connection, facts: Sequence[Found]) -> None:
    """In the order of the facts, as far as one key is concerned: what is put and then goes is gone."""
    put: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    gone: list[tuple[Any, ...]] = []
    for place, fact in facts:
        if isinstance(fact, RecordFact):
            put[place.charger_id, fact.kind, clean(fact.key)] = _record(place, fact)
        elif isinstance(fact, GoneFact):
            for key in fact.keys if fact.keys is not None else (None,):
                gone.append((place.charger_id, place.epoch, fact.kind.value, clean(key), fact.before))
                put = {at: row for at, row in put.items() if not _goes(at, row, place, fact, key)}
    await _unnest(connection, "forget_records", gone)
    await _unnest(connection, "put_records", [put[key] for key in sorted(put)])


def _goes(at: tuple[str, str, str], row: tuple[Any, ...], place: Message | Place, fact: GoneFact, key: Any) -> bool:
    if at[:2] != (place.charger_id, fact.kind) or key not in (None, at[2]):
        return False
    return fact.before is None or row[2] < fact.before


def _record(place: Message | Place, one: RecordFact) -> tuple[Any, ...]:
    return (
        place.charger_id,
        place.epoch,
        place.received_at,
        one.kind.value,
        clean(one.key),
        one.evse_id,
        clean(one.state),
        _json(one.content),
        one.source,
        one.command_id,
    )


async def _signed(connection: asyncpg.Connection, facts: Sequence[Found]) -> None:
    """What was said before is the same row."""
    rows = {
        (fact.transaction_id, one.digest): (
            fact.transaction_id,
            one.digest,
            place.received_at,
            one.at,
            *(clean(getattr(one, name)) for name in SIGNED),
        )
        for place, fact in _of(SignedFact, facts)
        for one in fact.values
    }
    await _unnest(connection, "put_signed", list(rows.values()))


async def _reports(connection: asyncpg.Connection, found: list[tuple[Message | Place, ReportFact]]) -> None:
    last: dict[Any, Report] = {one.report.id: one.report for _, one in found}
    rows = [
        [",".join(map(str, one.seqs)) if name == "seqs" else getattr(one, name) for name in REPORT]
        for one in last.values()
    ]
    await _unnest(connection, "put_reports", rows)
    parts = [(one.report.id, one.seq_no, place.received_at, _json(one.content)) for place, one in found]
    await _unnest(connection, "put_report_parts", parts)


async def _outcomes(connection: asyncpg.Connection, facts: Sequence[Found]) -> None:
    """One row for each command: its last state of the group, and all that was said of it."""
    came: dict[UUID, tuple[State | None, dict[str, Any], datetime]] = {}
    for place, one in _of(CommandFact, facts):
        state, outcome, at = came.get(one.command_id, (None, {}, place.received_at))
        if one.state is not None:
            state, at = one.state, place.received_at
        came[one.command_id] = state, {**outcome, **one.outcome}, at
    rows = [(key, state and state.value, _json(outcome), at) for key, (state, outcome, at) in came.items()]
    await _unnest(connection, "put_outcomes", rows)
