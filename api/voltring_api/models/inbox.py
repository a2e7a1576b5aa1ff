"""What nobody could assign, with its evidence, and what an operator does with it."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from voltring_api.models.base import Input, Instant, Output
from voltring_api.models.transaction import Transaction

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Said(Output):
    """A message of it, as the charger sent it."""

    kind: str = Field(examples=["Ended"])
    seq_no: int | None
    at: Instant = Field(description="The charger's time.")
    received_at: Instant
    offline: bool
    payload: Any


class Comparison(Output):
    """One comparison with a session."""

    about: str = Field(description="What was compared.", examples=["token"])
    fits: bool
    says: str = Field(examples=["the same id token"])


class Candidate(Output):
    """A session of the same charger that may be meant. Nothing is ever chosen by itself."""

    transaction: Transaction
    reasons: list[Comparison]


class InboxItem(Output):
    """A stop, or another message, that belongs to no known session."""

    id: UUID
    charger_id: str
    why: list[str] = Field(description="What is wrong with it.", examples=[["unknown_transaction"]])
    heard_at: Instant
    transaction: Transaction = Field(description="It, as a session without what is not known.")
    said: list[Said] = Field(description="What the charger sent, the oldest first, at most 20 messages.")
    candidates: list[Candidate] = Field(description="What fits best first, at most 10.")


class Attach(Input):
    """It belongs to this session."""

    transaction_id: UUID
    note: Note = Field(description="Why; kept in the audit log.")


class Dismiss(Input):
    """It belongs to no session."""

    note: Note = Field(description="Why; kept in the audit log.")


class Resolved(Output):
    """What became of an item of the inbox."""

    id: UUID
    resolution: str = Field(examples=["attached"])
    attached_to: UUID | None
