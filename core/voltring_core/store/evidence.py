"""The evidence of sessions as PostgreSQL has it: their messages, their readings, what their rows alone know, and what
their EVSEs can give."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from voltring_core.domain import authorization
from voltring_core.domain.evidence import AssumedEnd, Evidence, Heard
from voltring_core.domain.messages import EventKind, Metered, Sample, TransactionReported
from voltring_core.domain.metering import POWER, canonical
from voltring_core.domain.session import EARLY_STOP, STOP_IN_DOUBT
from voltring_core.domain.transactions import (
    ASSUMED,
    ID_REUSED,
    START_REPLAYED,
    UNKNOWN_TRANSACTION,
    Transaction,
    TransactionState,
    is_assumed,
)
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.versions import Version
from voltring_core.store.queries import load as load_statements

logger = logging.getLogger("voltring.evidence")
SQL = load_statements("voltring_core.store", "evidence.sql")
DECIDED = frozenset({ID_REUSED, START_REPLAYED, EARLY_STOP, STOP_IN_DOUBT, UNKNOWN_TRANSACTION}) | authorization.DECIDED
"""Flags of a session that come of other sessions, or of what was registered when its messages came."""
FIELDS = tuple(one.name for one in fields(Transaction))
NUL, SHOWN_NUL = r"\u0000", r"\u2400"
"""As JSON writes it, and how rows show it: no text of PostgreSQL's can hold it."""
ACTIONS_16 = {EventKind.STARTED: "StartTransaction", EventKind.ENDED: "StopTransaction"}


async def load(connection: asyncpg.Connection, session_ids: Iterable[UUID]) -> dict[UUID, Evidence]:
    """What was heard of sessions; those that there are. An attached orphan's messages are its session's."""
    return {found.id: evidence for found, evidence in await load_stored(connection, session_ids)}


async def load_stored(
    connection: asyncpg.Connection, session_ids: Iterable[UUID]
) -> list[tuple[Transaction, Evidence]]:
    """Sessions as they are stored, each with what was heard of it."""
    ids = list(session_ids)
    rows = await connection.fetch(SQL["sessions"], ids)
    versions = {row["id"]: Version(row["ocpp_version"]) for row in rows}
    heard: dict[UUID, list[tuple[datetime, TransactionReported | Metered]]] = {one: [] for one in versions}
    for row in await connection.fetch(SQL["events"], ids):
        said = _said(row, versions[row["session_id"]])
        if said is not None:
            heard[row["session_id"]].append((row["received_at"], said))
    for session_id, received_at, metered in _metered(await connection.fetch(SQL["readings"], ids)):
        heard[session_id].append((received_at, metered))
    return [(found, evidence_of(found, heard[found.id])) for found in map(transaction_of, rows)]


async def rated_powers(
    connection: asyncpg.Connection, chargers: Iterable[str]
) -> Mapping[tuple[str, int | None], Decimal]:
    """W that EVSEs give at most, where chargers say so; what is 0 or in no power says nothing."""
    found = {}
    for row in await connection.fetch(SQL["rated"], list(chargers)):
        watts, unit = canonical(row["most"], row["unit"], POWER)
        if watts and unit == "W":
            found[row["charger_id"], row["evse_id"]] = watts
    return found


def transaction_of(row: Any) -> Transaction:
    """A session's row, with all its columns."""
    words = {name: row[name] for name in FIELDS}
    words |= {"state": TransactionState(words["state"]), "flags": tuple(words["flags"])}
    return Transaction(**words)


def evidence_of(found: Transaction, heard: Iterable[tuple[datetime, TransactionReported | Metered]]) -> Evidence:
    """What was heard of a session, each with its time of receipt, and what its row alone knows."""
    in_turn = sorted(heard, key=itemgetter(0))
    return Evidence(
        found.id,
        found.charger_id,
        found.ocpp_version,
        found.ocpp_transaction_id,
        tuple(Heard(number, received_at, said) for number, (received_at, said) in enumerate(in_turn)),
        _assumed_end(found),
        tuple(word for word in found.flags if word in DECIDED),
    )


def _assumed_end(found: Transaction) -> AssumedEnd | None:
    if not is_assumed(found) or found.ended_at is None or found.end_received_at is None:
        return None
    word = next(word for word in found.flags if word in ASSUMED)
    return AssumedEnd(word, found.ended_at, found.end_received_at)


def _said(row: Any, version: Version) -> TransactionReported | None:
    """What an event said; None for what this version of the product can't read any more."""
    try:
        payload = orjson.loads(row["payload"].replace(NUL, SHOWN_NUL))
        if version.is_2x:
            said = v2x.READ["TransactionEvent"](payload)
        else:
            said = v16.READ[ACTIONS_16[EventKind(row["kind"])]](payload)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        logger.warning("an event of session %s can't be read: %r", row["session_id"], error)
        return None
    assert isinstance(said, TransactionReported)
    return said


def _metered(rows: Iterable[Any]) -> Iterator[tuple[UUID, Any, Metered]]:
    """Readings by the message that they came in: those of one time of receipt."""
    for (session_id, received_at), group in groupby(rows, key=itemgetter("transaction_id", "received_at")):
        several = list(group)
        samples = tuple(_sample(row) for row in several)
        yield session_id, received_at, Metered(several[0]["evse_id"] or 0, None, samples)


def _sample(row: Any) -> Sample:
    return Sample(
        row["sampled_at"],
        row["measurand"],
        row["value"],
        row["unit"],
        row["raw"],
        row["phase"],
        row["location"],
        row["context"],
    )
