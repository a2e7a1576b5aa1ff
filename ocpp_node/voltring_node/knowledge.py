"""What a group of messages must know before it can be decided, and what is known.

`Wanted` is asked of PostgreSQL once for the whole group; `Known` holds the answer and follows the facts of the
group's earlier messages, so that a start and its first reading may stand in one commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_core.domain.authorization import Concurrency, KnownToken
from voltring_core.domain.chargers import Standing
from voltring_core.domain.consequences import SentCommand as SentCommand
from voltring_core.domain.messages import IdToken
from voltring_core.domain.reports import Report
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.values import value
from voltring_node.facts import AttachedFact, CommandFact, Fact, GoneFact, RecordFact, ReportFact, TransactionFact


@value
class Wanted:
    """What one message must know."""

    token: str | None = None
    """An id token."""
    elsewhere: bool = False
    """Where the token charges now, if it may do so at one place only."""
    stopped: bool = False
    """The token of the named transaction, too: another one is shown to stop it."""
    transaction: str | None = None
    """A transaction by the charger's own id."""
    start_key: bytes | None = None
    """A 1.6 transaction by its start."""
    active: bool = False
    """The running transactions of the charger."""
    new_id: bool = False
    """A fresh 1.6 transaction id."""
    around: tuple[int, datetime] | None = None
    """What a start at this EVSE and time may have to do with: stops without a start that are later, and sessions of
    the EVSE that were going on then and are over."""
    standing: bool = False
    """How operators have the charger now."""
    commands: frozenset[str] = frozenset()
    """The latest commands of these actions that were sent to the charger. Asked for only by messages that may come of
    one: never by readings, statuses and updates as they go on."""
    report: tuple[str, int] | None = None
    """A report that is being received: the action and request id of its parts."""
    records: frozenset[str] = frozenset()
    """What holds at the charger, of these kinds."""


@dataclass(frozen=True, slots=True)
class Record:
    """What holds at a charger under one key of a kind."""

    content: Mapping[str, Any]
    evse_id: int | None = None
    state: str | None = None
    command_id: UUID | None = None


@dataclass(slots=True)
class Known:
    """What is known while a group is decided."""

    tokens: dict[str, KnownToken] = field(default_factory=dict)
    """By the token in lower case."""
    charging: dict[str, dict[UUID, str]] = field(default_factory=dict)
    """Sessions that run by a token or by its group, with their chargers: of tokens that may charge at one place only;
    by the token in lower case."""
    shown: dict[str, dict[UUID, str]] = field(default_factory=dict)
    """... and sessions whose messages in this group name a token."""
    by_ocpp_id: dict[tuple[str, str], Transaction] = field(default_factory=dict)
    by_start_key: dict[tuple[str, bytes], Transaction] = field(default_factory=dict)
    found: dict[UUID, Transaction] = field(default_factory=dict)
    """Transactions as PostgreSQL has them."""
    versions: dict[UUID, int] = field(default_factory=dict)
    """The versions of their rows (`xmin`)."""
    resolved: set[UUID] = field(default_factory=set)
    """Stops without a start that were attached to a session, or dismissed."""
    by_charger: dict[str, dict[UUID, Transaction]] = field(default_factory=dict)
    fresh_ids: list[int] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    commands: dict[str, list[SentCommand]] = field(default_factory=dict)
    """By charger, the latest first."""
    reports: dict[tuple[str, str, int], Report] = field(default_factory=dict)
    """By charger, action and request id."""
    records: dict[tuple[str, str], dict[str, Record]] = field(default_factory=dict)
    """By charger and kind, then by key."""

    def token(self, token: IdToken) -> KnownToken | None:
        """A registered token; compared without case."""
        return self.tokens.get(token.value.lower())

    def charging_by(self, token: IdToken) -> list[tuple[UUID, str, Transaction | None]]:
        """The sessions that run by a token, or by its group where that counts as one: id and charger, and the session
        itself as far as it is known. Empty for a token that may charge anywhere."""
        known = self.token(token)
        if known is None or known.concurrent is Concurrency.ALLOWED:
            return []
        found = dict(self.charging.get(token.value.lower(), {}))
        for other in self._counted_with(known):
            found |= self.shown.get(other, {})
        sessions = [(one, charger, self.by_charger.get(charger, {}).get(one)) for one, charger in found.items()]
        return [one for one in sessions if one[2] is None or one[2].state is TransactionState.ACTIVE]

    def _counted_with(self, token: KnownToken) -> list[str]:
        own = token.id_token.lower()
        if token.concurrent is not Concurrency.REFUSED_IN_GROUP or token.group_id_token is None:
            return [own]
        group = token.group_id_token.lower()
        return [own, *(name for name, one in self.tokens.items() if (one.group_id_token or "").lower() == group)]

    def transaction(self, charger_id: str, ocpp_id: str) -> Transaction | None:
        """The newest transaction of that id; ids are the charger's own."""
        return self.by_ocpp_id.get((charger_id, ocpp_id))

    def all_of(self, session: Transaction) -> list[Transaction]:
        """The sessions of the same charger under the same id, this one among them."""
        known = self.by_charger.get(session.charger_id, {}).values()
        return [one for one in known if one.ocpp_transaction_id == session.ocpp_transaction_id]

    def started_by(self, charger_id: str, start_key: bytes) -> Transaction | None:
        """The transaction that this 1.6 start made before."""
        return self.by_start_key.get((charger_id, start_key))

    def active(self, charger_id: str, evse_id: int | None = None) -> list[Transaction]:
        """The running transactions of a charger, or of one of its EVSEs."""
        return [
            one
            for one in self.by_charger.get(charger_id, {}).values()
            if one.state is TransactionState.ACTIVE and evse_id in (None, one.evse_id)
        ]

    def orphans(self, charger_id: str) -> list[Transaction]:
        """The stops of a charger that belong to no start."""
        known = self.by_charger.get(charger_id, {}).values()
        return [one for one in known if one.state is TransactionState.ORPHAN and one.id not in self.resolved]

    def over(self, charger_id: str, evse_id: int | None) -> list[Transaction]:
        """The sessions of an EVSE that are over, as far as they were asked for."""
        known = self.by_charger.get(charger_id, {}).values()
        return [one for one in known if one.state is TransactionState.ENDED and one.evse_id == evse_id]

    def command(self, charger_id: str, actions: Iterable[str], request_id: int | None = None) -> SentCommand | None:
        """The latest command of these actions, with this request id where one is given."""
        wanted = frozenset(actions)
        found = (one for one in self.commands.get(charger_id, ()) if one.action in wanted)
        return next((one for one in found if request_id in (None, one.request_id)), None)

    def report(self, charger_id: str, action: str, request_id: int) -> Report | None:
        """The latest report of this number that is being received, or was of late."""
        return self.reports.get((charger_id, action, request_id))

    def held(self, charger_id: str, kind: str) -> Mapping[str, Record]:
        """What holds of a kind, by key."""
        return self.records.get((charger_id, kind), {})

    def learn(self, charger_id: str, facts: Iterable[Fact]) -> None:
        """Follow the facts of a message that was decided."""
        for fact in facts:
            if isinstance(fact, TransactionFact):
                self.put(fact.transaction)
                if fact.said is not None and fact.said.token is not None:
                    self._show(fact.transaction)
            elif isinstance(fact, AttachedFact):
                self.resolved.add(fact.orphan_id)
            elif isinstance(fact, ReportFact):
                report = fact.report
                self.reports[charger_id, report.action, report.request_id] = report
            elif isinstance(fact, RecordFact):
                kept = Record(fact.content, fact.evse_id, fact.state, fact.command_id)
                self.records.setdefault((charger_id, fact.kind), {})[fact.key] = kept
            elif isinstance(fact, GoneFact):
                self._forget(charger_id, fact)
            elif isinstance(fact, CommandFact):
                self.commands[charger_id] = [
                    _after(one, fact) if one.id == fact.command_id else one for one in self.commands.get(charger_id, ())
                ]

    def _show(self, transaction: Transaction) -> None:
        if transaction.id_token is not None:
            self.shown.setdefault(transaction.id_token.lower(), {})[transaction.id] = transaction.charger_id

    def _forget(self, charger_id: str, fact: GoneFact) -> None:
        held = self.records.get((charger_id, fact.kind), {})
        for key in fact.keys if fact.keys is not None else ():
            held.pop(key, None)

    def put(self, transaction: Transaction) -> None:
        """Hold a transaction as it is now."""
        charger = transaction.charger_id
        known = self.by_ocpp_id.get((charger, transaction.ocpp_transaction_id))
        if known is None or known.id == transaction.id or _newer(transaction, known):
            self.by_ocpp_id[charger, transaction.ocpp_transaction_id] = transaction
        if transaction.start_key is not None:
            self.by_start_key[charger, transaction.start_key] = transaction
        self.by_charger.setdefault(charger, {})[transaction.id] = transaction


def _after(command: SentCommand, fact: CommandFact) -> SentCommand:
    return replace(command, state=fact.state or command.state, outcome={**command.outcome, **fact.outcome})


def _newer(one: Transaction, other: Transaction) -> bool:
    if one.start_received_at is None or other.start_received_at is None:
        return other.start_received_at is None
    return one.start_received_at >= other.start_received_at
