"""What the models share: strict input, plain output, times in UTC, numbers that JSON can hold."""

import math
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")


class Input(BaseModel):
    """What a client sends: a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True)


class Page(Output, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _within(value: datetime) -> datetime:
    # PostgreSQL and Python disagree about the edges of time; nobody means them.
    if not 1970 <= value.year <= 9000:
        raise ValueError("must be between the years 1970 and 9000")
    return value


def _plain(value: str) -> str:
    if value != value.strip() or not value.isprintable() or "/" in value:
        raise ValueError("must be printable, without a slash and without spaces at its ends")
    if value in {".", ".."}:
        raise ValueError("must be something else than dots: in an address they mean another place")
    return value


Number = Annotated[float | None, AfterValidator(_finite)]
"""A measured value; what can't be a JSON number is null."""
Instant = datetime
"""RFC 3339 in UTC, with Z."""
GivenInstant = Annotated[AwareDatetime, AfterValidator(_within)]
"""A time that a client gives, with its zone."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain)]
"""Something that stands in a path, percent-encoded."""
Description = Annotated[str, StringConstraints(max_length=500)]
