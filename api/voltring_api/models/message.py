"""A raw OCPP frame, as it came or went."""

from typing import Literal

from pydantic import Field

from voltring_api.models.base import Instant, Output


class Message(Output):
    """One frame of a charger's conversation."""

    id: str
    at: Instant
    direction: Literal["in", "out"] = Field(description="in: from the charger.")
    message_type: int | None = Field(description="2 CALL, 3 CALLRESULT, 4 CALLERROR, 5 CALLRESULTERROR, 6 SEND.")
    message_id: str | None
    action: str | None
    frame: str
    reply: str | None = Field(description="Our answer to a CALL of the charger.")
    flags: list[str] = Field(description="What was odd about it.")
