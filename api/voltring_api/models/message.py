"""A raw OCPP frame, as it came or went, and what became of it."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Number, Output
from voltring_core.domain.kinds import Verdict

Direction = Literal["in", "out"]


class Message(Output):
    """One frame of a charger's conversation. Secrets in it were left out before it was kept."""

    id: str
    charger_id: str
    at: Instant
    direction: Direction = Field(description="in: from the charger.")
    message_type: int | None = Field(description="2 CALL, 3 CALLRESULT, 4 CALLERROR, 5 CALLRESULTERROR, 6 SEND.")
    message_id: str | None
    action: str | None
    frame: str
    reply: str | None = Field(description="What a CALL was answered with: our answer, or the charger's to ours.")
    verdict: str | None = Field(
        description=f"What became of it: {', '.join(Verdict)}; null where nobody judged.", examples=["ok"]
    )
    error_code: str | None = Field(
        description="Of the CALLERROR that it is or was answered with.", examples=["FormatViolation"]
    )
    flags: list[str] = Field(description="What was odd about it.")
    latency_ms: Number = Field(description="Until a CALL was answered, by us or by the charger.")
    transaction_id: UUID | None = Field(description="The session that it belongs to.")
