"""The body of `POST /drain`: read, checked, and made the order of a drain or its renewal."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voltring_core.domain.draining import Firmware, Order
from voltring_core.domain.window import Grant
from voltring_core.errors import Unprocessable

DAY_S = 86_400.0
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DrainOrder(BaseModel):
    """What may be asked for; what is left out is as it was, or the default at the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str | None = Field(default=None, max_length=200)
    rate: Positive | None = None
    """Closes a second at most."""
    window: int | None = Field(default=None, ge=1, strict=True)
    """Chargers in limbo at most."""
    until_s: Positive | None = None
    """Seconds that the rate is granted for; after them the drain goes on at the floor rate."""
    deadline_s: float | None = Field(default=None, gt=0, le=DAY_S)
    """Seconds from now."""
    firmware: Firmware | None = None
    """What the deadline means: `Defer` gives up and serves again, `Force` closes whoever is left."""
    propagate_s: float | None = Field(default=None, ge=0, le=600)
    """Seconds that the router has at most to learn of it."""
    quiet_s: float | None = Field(default=None, ge=0, le=600)
    """Without a new handshake for so many seconds the router is taken to know."""


def read(body: Mapping[str, Any]) -> DrainOrder:
    """Raises Unprocessable with a sentence."""
    try:
        return DrainOrder.model_validate(body)
    except ValidationError as error:
        errors = [{"field": ".".join(map(str, one["loc"])) or "body", "message": one["msg"]} for one in error.errors()]
        said = "; ".join(f"{one['field']}: {one['message'][0].lower()}{one['message'][1:]}" for one in errors)
        raise Unprocessable(f"the drain can't be ordered: {said}", errors) from None


def merged(asked: DrainOrder, before: Order, now: float, left_s: float | None = None) -> Order:
    """The order as it is now. `left_s`: the seconds that a running drain has left; None at the start."""
    grant = Grant(
        rate=before.grant.rate if asked.rate is None else asked.rate,
        window=before.grant.window if asked.window is None else asked.window,
        until=before.grant.until if asked.until_s is None else now + asked.until_s,
    )
    deadline_s = asked.deadline_s
    if deadline_s is None:
        deadline_s = before.deadline_s if left_s is None else max(left_s, 0.0)
    said = {name: getattr(asked, name) for name in ("reason", "firmware", "propagate_s", "quiet_s")}
    return replace(before, grant=grant, deadline_s=deadline_s, **{n: v for n, v in said.items() if v is not None})


def finite(number: float) -> float | None:
    """For JSON, which has no infinity."""
    return number if math.isfinite(number) else None
