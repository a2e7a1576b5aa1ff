"""What a charger that shows costs is told in the answer to TransactionEvent: 2.x `totalCost`, with taxes (I02, I03).

At the end the final cost, in 2.0.1 and 2.1; while it runs the cost so far, in 2.1 alone: in 2.0.1 `totalCost` is the
final cost, and the cost so far goes by CostUpdated. Left out it says nothing, 0 says that the session was free; so
what is not certain is left out. `costs.py` finds out, before the message is decided.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from voltring_core.domain.billing_reasons import HOLDING
from voltring_core.domain.messages import EventKind, TransactionReported
from voltring_core.domain.transactions import TransactionState
from voltring_core.domain.values import value
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Fact, Message, TransactionFact


@value
class Cost:
    """What a session costs, in all (`is_final`) or so far."""

    session_id: UUID
    total: Decimal
    is_final: bool


def has_place(message: Message) -> bool:
    """Whether the answer to a TransactionEvent may say a cost.

    Nobody stands at the charger for what was queued offline. Who works out the cost himself (2.1 `costDetails`) is not
    contradicted, unless it says that it could not (I12).
    """
    said = message.said
    if not isinstance(said, TransactionReported) or said.transaction_id is None or said.offline:
        return False
    if said.kind is not EventKind.ENDED and (said.kind is not EventKind.UPDATED or message.version is not Version.V21):
        return False
    own = message.payload.get("costDetails")
    return own is None or bool(own.get("failureToCalculate"))


def told(message: Message, facts: Iterable[Fact]) -> dict[str, Any]:
    """The part of the answer that says the cost; {} where none is certain for the session as it is now."""
    cost = message.advice
    if not isinstance(cost, Cost):
        return {}
    found = (one.transaction for one in facts if isinstance(one, TransactionFact))
    session = next((one for one in found if one.id == cost.session_id), None)
    if session is None:
        return {}
    state = TransactionState.ENDED if cost.is_final else TransactionState.ACTIVE
    if session.state is not state or any(word in HOLDING for word in session.flags):
        return {}
    return {"totalCost": float(cost.total)}
