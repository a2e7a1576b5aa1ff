"""An id token: a card, an app's token, a contract, and whether it may charge."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from voltring_api.models.base import Description, GivenInstant, Input, Instant, Name, Output

Kind = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]
Status = Literal["Accepted", "Blocked", "Expired", "Invalid"]
Concurrent = Literal["allowed", "refused", "refused_in_group"]


class IdTokenValues(Input):
    """What is kept of an id token; PUT replaces all of it."""

    type: Kind = Field(default="ISO14443", description="As OCPP 2.x has it: ISO14443, ISO15693, eMAID, Central ...")
    status: Status = Field(default="Accepted", description="What a charger that asks is told.")
    group_id_token: Name | None = Field(default=None, description="Tokens of one group may stop each other's sessions.")
    expires_at: GivenInstant | None = Field(default=None, description="From then on it is Expired.")
    concurrent: Concurrent | None = Field(
        default=None,
        description="Whether it may charge at two places at once, or two tokens of its group may; a start that may not "
        "is answered ConcurrentTx. Null: as the installation has it (VOLTRING_CONCURRENT_SESSIONS).",
    )
    description: Description = ""


class NewIdToken(IdTokenValues):
    """An id token to be created."""

    id_token: Name = Field(examples=["04A2B3C4"], description="Compared without case, as OCPP has it.")


class IdToken(Output):
    """An id token."""

    id_token: str
    type: str
    status: Status
    group_id_token: str | None
    expires_at: Instant | None
    concurrent: Concurrent | None
    description: str
    created_at: Instant
    updated_at: Instant
