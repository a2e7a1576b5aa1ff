"""The bodies of `POST /drain` and `POST /recall`: read, checked, and made an order or its renewal."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voltring_core.domain.draining import Firmware, Order
from voltring_core.domain.recalling import RecallOrder
from voltring_core.domain.window import Grant
from voltring_core.errors import Unprocessable

DAY_S = 86_400.0
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Paced(BaseModel):
    """What may be asked for; what is left out is as it was, or the default at the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str | None = Field(default=None, max_length=200)
    rate: Positive | None = None
    """Closes a second at most."""
    window: int | None = Field(default=None, ge=1, strict=True)
    """Chargers in limbo at most."""
    until_s: Positive | None = None
    """Seconds that the rate is granted for; after them a drain goes on at the floor rate, a recall waits."""


class DrainOrder(Paced):
    """The body of `POST /drain`."""

    deadline_s: float | None = Field(default=None, gt=0, le=DAY_S)
    """Seconds from now."""
    firmware: Firmware | None = None
    """What the deadline means: `Defer` gives up and serves again, `Force` closes whoever is left."""
    floor_rate: Positive | None = None
    """Closes a second at most once the grant is over, or while nothing is heard of the other nodes."""
    propagate_s: float | None = Field(default=None, ge=0, le=600)
    """Seconds that the router has at most to learn of it."""
    quiet_s: float | None = Field(default=None, ge=0, le=600)
    """Without a new handshake for so many seconds the router is taken to know."""


class RecallAsked(Paced):
    """The body of `POST /recall`."""

    deadline_s: float | None = Field(default=None, ge=0, le=DAY_S)
    """Seconds from now; 0 ends it."""
    steady_s: float | None = Field(default=None, ge=0, le=600)
    """So long the same nodes have been ready before anybody is closed."""


Asked = TypeVar("Asked", bound=Paced)


def read(body: Mapping[str, Any]) -> DrainOrder:
    """Raises Unprocessable with a sentence."""
    return _read(DrainOrder, body, "the drain")


def read_recall(body: Mapping[str, Any]) -> RecallAsked:
    """Raises Unprocessable with a sentence."""
    return _read(RecallAsked, body, "the recall")


def _read(kind: type[Asked], body: Mapping[str, Any], what: str) -> Asked:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        errors = [{"field": ".".join(map(str, one["loc"])) or "body", "message": one["msg"]} for one in error.errors()]
        said = "; ".join(f"{one['field']}: {one['message'][0].lower()}{one['message'][1:]}" for one in errors)
        raise Unprocessable(f"{what} can't be ordered: {said}", errors) from None


def merged(asked: DrainOrder, before: Order, now: float, left_s: float | None = None) -> Order:
    """The order as it is now. `left_s`: the seconds that a running drain has left; None at the start."""
    deadline_s = _deadline(asked.deadline_s, before.deadline_s, left_s)
    said = _said(asked, "reason", "firmware", "propagate_s", "quiet_s")
    grant = _grant(asked, before.grant, now)
    if asked.floor_rate is not None:
        grant = replace(grant, floor=asked.floor_rate)
    return replace(before, grant=grant, deadline_s=deadline_s, **said)


def merged_recall(asked: RecallAsked, before: RecallOrder, now: float, left_s: float | None = None) -> RecallOrder:
    """The order as it is now. `left_s`: the seconds that a running recall has left; None at the start."""
    deadline_s = _deadline(asked.deadline_s, before.deadline_s, left_s)
    said = _said(asked, "reason", "steady_s")
    return replace(before, grant=_grant(asked, before.grant, now), deadline_s=deadline_s, **said)


def _grant(asked: Paced, before: Grant, now: float) -> Grant:
    return Grant(
        rate=before.rate if asked.rate is None else asked.rate,
        window=before.window if asked.window is None else asked.window,
        until=before.until if asked.until_s is None else now + asked.until_s,
        floor=before.floor,
    )


def _deadline(asked_s: float | None, before_s: float, left_s: float | None) -> float:
    if asked_s is not None:
        return asked_s
    return before_s if left_s is None else max(left_s, 0.0)


def _said(asked: Paced, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(asked, name)) is not None}


def finite(number: float) -> float | None:
    """For JSON, which has no infinity."""
    return number if math.isfinite(number) else None
