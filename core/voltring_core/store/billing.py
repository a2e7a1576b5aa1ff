"""The books of sessions: their accounts' bills and the records that were issued.

Everything here is done under the lock on the session's account, in the transaction of the caller: who bills, who
releases and who credits come one after the other, and each sees what the one before did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_core.domain.billing import CdrKind, Issued, Judged, Ruling, Step, record_id
from voltring_core.domain.billing_records import issued_of, written
from voltring_core.store.queries import load

SQL = load("voltring_core.store", "billing.sql")
Connection = Any
"""An asyncpg.Connection within a transaction."""
Record = Any
"""A row (an asyncpg.Record), read by column name."""


@dataclass(frozen=True, slots=True)
class Book:
    """A session's account and the records that were issued for it, locked until the transaction ends."""

    account: Record
    records: Sequence[Record]

    @property
    def issued(self) -> tuple[Issued, ...]:
        """The records, as the domain knows them."""
        return tuple(issued_of(row) for row in self.records)

    @property
    def judged(self) -> Judged:
        """What a person decided."""
        ruling = self.account["ruling"]
        return Judged(None if ruling is None else Ruling(ruling), frozenset(self.account["in_spite_of"]))

    def content_of(self, record: UUID) -> Mapping[str, Any]:
        """The content of one of the records."""
        content: Mapping[str, Any] = next(row["content"] for row in self.records if row["id"] == record)
        return content


async def open_book(connection: Connection, session_id: UUID) -> Book | None:
    """The book of a session, locked; a new one where it has none. None when there is no such session."""
    account = await connection.fetchrow(SQL["open_book"], session_id)
    if account is None:
        await connection.execute(SQL["new_book"], session_id)
        account = await connection.fetchrow(SQL["open_book"], session_id)
    if account is None:
        return None
    return Book(account, await connection.fetch(SQL["issued"], session_id))


async def issue(
    connection: Connection, session: Mapping[str, Any], step: Step, about: Mapping[str, Any], now: datetime
) -> Record:
    """Insert a record; its row. `about` as in `billing_records.written`; `session` has its id, charger and token.

    Raises asyncpg.UniqueViolationError when the revision was issued already: then nothing of the caller's transaction
    counts, and it is to be decided again.
    """
    bill = step.bill
    corrects = step.of.id if step.kind is CdrKind.CREDIT and step.of is not None else None
    whose = (corrects, session["charger_id"], session["id_token"])
    amounts = (bill.currency, bill.energy_wh, bill.net, bill.tax, bill.total)
    identity = record_id(session["id"], step.revision)
    key = (identity, session["id"], step.revision, step.kind.value)
    return await connection.fetchrow(SQL["issue"], *key, *whose, *amounts, written(step, about, now), now)
