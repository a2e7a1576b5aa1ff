"""The signed readings of a session, kept beside it byte for byte: what a driver may have checked years later."""

from voltring_core.domain.times import trusted
from voltring_core.domain.transactions import Transaction
from voltring_core.domain.values import changed
from voltring_core.ocpp.signed_values import signed_values
from voltring_node.facts import Message, SignedFact

MARK = "igned"
"""In every frame that holds one, so that all others are not looked through: `SignedData`, `signedMeterValue`, an action
that ends on `-Signed`."""


def kept(message: Message, session: Transaction) -> tuple[SignedFact, ...]:
    """The signed readings of a message whose frame has the MARK. Those of no session stay with the meter values."""
    found = signed_values(message.payload)
    dated = tuple(changed(one, at=trusted(one.at, message.received_at)[0]) for one in found)
    return (SignedFact(session.id, dated),) if dated else ()
