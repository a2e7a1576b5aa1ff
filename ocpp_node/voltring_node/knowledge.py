"""What a group of messages must know before it can be decided, and what is known.

`Wanted` is asked of PostgreSQL once for the whole group; `Known` holds the answer and follows the facts of the
group's earlier messages, so that a start and its first reading may stand in one commit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission
from voltring_core.domain.messages import IdToken
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_node.facts import Fact, TransactionFact


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one message must know."""

    token: str | None = None
    """An id token."""
    transaction: str | None = None
    """A transaction by the charger's own id."""
    start_key: bytes | None = None
    """A 1.6 transaction by its start."""
    active: bool = False
    """The running transactions of the charger."""
    new_id: bool = False
    """A fresh 1.6 transaction id."""
    admission: bool = False
    """Whether the charger is registered or quarantined, as operators have it now."""


@dataclass(slots=True)
class Known:
    """What is known while a group is decided."""

    tokens: dict[str, KnownToken] = field(default_factory=dict)
    """By the token in lower case."""
    by_ocpp_id: dict[tuple[str, str], Transaction] = field(default_factory=dict)
    by_start_key: dict[tuple[str, bytes], Transaction] = field(default_factory=dict)
    by_charger: dict[str, dict[UUID, Transaction]] = field(default_factory=dict)
    fresh_ids: list[int] = field(default_factory=list)
    admissions: dict[str, Admission] = field(default_factory=dict)

    def token(self, token: IdToken) -> KnownToken | None:
        """A registered token; compared without case."""
        return self.tokens.get(token.value.lower())

    def transaction(self, charger_id: str, ocpp_id: str) -> Transaction | None:
        """The newest transaction of that id; ids are the charger's own."""
        return self.by_ocpp_id.get((charger_id, ocpp_id))

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

    def learn(self, facts: Iterable[Fact]) -> None:
        """Follow the facts of a message that was decided."""
        for fact in facts:
            if isinstance(fact, TransactionFact):
                self.put(fact.transaction)

    def put(self, transaction: Transaction) -> None:
        """Hold a transaction as it is now."""
        charger = transaction.charger_id
        known = self.by_ocpp_id.get((charger, transaction.ocpp_transaction_id))
        if known is None or known.id == transaction.id or _newer(transaction, known):
            self.by_ocpp_id[charger, transaction.ocpp_transaction_id] = transaction
        if transaction.start_key is not None:
            self.by_start_key[charger, transaction.start_key] = transaction
        self.by_charger.setdefault(charger, {})[transaction.id] = transaction


def _newer(one: Transaction, other: Transaction) -> bool:
    if one.start_received_at is None or other.start_received_at is None:
        return other.start_received_at is None
    return one.start_received_at >= other.start_received_at
