"""What is wrong with a value is said in one voice, whatever pydantic calls it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from voltring_api.wording import worded


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def refuse(value: str) -> str:
    raise ValueError("must be something else")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int = 0


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")
    whole: Annotated[int, Field(ge=1, le=500)] = 1
    rate: Annotated[float, Field(gt=0, lt=9, allow_inf_nan=False)] = 1
    price: Annotated[Decimal, Field(max_digits=4, decimal_places=2)] = Decimal(1)
    text: Annotated[str, StringConstraints(min_length=1, max_length=3, pattern="^a+$")] = "a"
    own: Annotated[str, AfterValidator(refuse)] = "x"
    truth: bool = True
    colour: Colour = Colour.RED
    word: Literal["on", "off"] = "on"
    id: UUID = UUID(int=1)
    at: AwareDatetime = datetime.fromisoformat("2026-01-01T00:00:00Z")
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    part: Part = Part()
    parts: dict[str, int] = {}


WRONG: list[tuple[str, Any, str]] = [
    ("whole", "x", "must be a whole number"),
    ("whole", 1.5, "must be a whole number"),
    ("whole", None, "must be a whole number"),
    ("whole", 0, "must be at least 1"),
    ("whole", 501, "must be at most 500"),
    ("rate", "x", "must be a number"),
    ("rate", float("nan"), "must be a number"),
    ("rate", 0, "must be more than 0.0"),
    ("rate", 9, "must be less than 9.0"),
    ("price", "x", "must be a number"),
    ("price", "0.123", "must have at most 2 decimals"),
    ("price", "12345", "must have at most 4 digits"),
    ("price", "1234", "must have at most 2 digits before the point"),
    ("text", 1, "must be a text"),
    ("text", "", "must have 1 character or more"),
    ("text", "aaaa", "must have at most 3 characters"),
    ("text", "b", "must be of the form ^a+$"),
    ("own", "x", "must be something else"),
    ("truth", "perhaps", "must be true or false"),
    ("colour", "green", "must be 'red' or 'blue'"),
    ("word", "x", "must be 'on' or 'off'"),
    ("id", "x", "must be an id such as 123e4567-e89b-12d3-a456-426614174000"),
    ("at", "x", "must be a time with its zone, such as 2026-05-04T10:00:00Z"),
    ("at", "2026-01-01T00:00:00", "must be a time with its zone, such as 2026-05-04T10:00:00Z"),
    ("items", 1, "must be a list"),
    ("items", [], "must have 1 item or more"),
    ("items", [1, 2, 3], "must have at most 2 items"),
    ("part", 1, "must be an object"),
    ("part", {"other": 1}, "is not known here"),
    ("parts", 1, "must be an object"),
    ("nothing", 1, "is not known here"),
]


@pytest.mark.parametrize(("field", "value", "said"), WRONG)
def test_a_value_is_refused_in_the_words_of_this_api(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate({field: value})
    assert [worded(fault) for fault in refused.value.errors()] == [said]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Input should be a frozen thing", "must be a frozen thing"),
        ("URL scheme is odd", "uRL scheme is odd"),
        ("Unheard of", "unheard of"),
    ],
)
def test_what_nobody_has_worded_yet_is_brought_near(message: str, said: str) -> None:
    assert worded({"type": "quite_new", "msg": message}) == said
