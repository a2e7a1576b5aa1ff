"""What the lists of messages can be narrowed to: the same words for all of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from voltring_api.models.base import GivenInstant
from voltring_api.models.message import Direction
from voltring_api.resources.paging import must_rise
from voltring_core.domain.kinds import Verdict

ANY_ERROR = "any"


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of a request."""

    direction: Direction | None
    action: str | None
    message_type: int | None
    verdict: Verdict | None
    error: str | None
    flag: str | None
    message_id: str | None
    q: str | None
    since: datetime | None
    until: datetime | None

    def values(self) -> dict[str, Any]:
        """The values of the statements' filters."""
        return {
            "direction": self.direction,
            "action": self.action,
            "message_type": self.message_type,
            "verdict": self.verdict,
            "failed": None if self.error is None else True,
            "error_code": None if self.error == ANY_ERROR else self.error,
            "flag": self.flag,
            "message_id": self.message_id,
            "q": self.q or None,
            "since": self.since,
            "until": self.until,
        }


async def _asked(
    direction: Annotated[Direction | None, Query(description="in: from the charger.")] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    message_type: Annotated[int | None, Query(ge=2, le=6, description="2 CALL ... as OCPP-J has it.")] = None,
    verdict: Annotated[Verdict | None, Query(description="What became of it.")] = None,
    error: Annotated[
        str | None,
        Query(max_length=64, description="`any`: with an error code; else with this one.", examples=["any"]),
    ] = None,
    flag: Annotated[str | None, Query(max_length=100, description="One of its flags.")] = None,
    message_id: Annotated[str | None, Query(max_length=100)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the frame or of our answer.")] = None,
    since: Annotated[GivenInstant | None, Query(description="Received at this time or later.")] = None,
    until: Annotated[GivenInstant | None, Query(description="Received before this time.")] = None,
) -> Asked:
    must_rise(since, until)
    return Asked(direction, action, message_type, verdict, error or None, flag, message_id, q, since, until)


Filters = Annotated[Asked, Depends(_asked)]
OfTransaction = Annotated[UUID | None, Query(description="Of this session.")]
