"""What a session would cost: the question and its answer."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from voltring_api.models.base import GivenInstant, Input, Instant, Name, Output
from voltring_api.models.site import TimeZone
from voltring_core.domain.tariffs import Tariff
from voltring_core.domain.tariffs.model import GIVEN, SHOWN

LONGEST = timedelta(days=31)
Length = Annotated[Decimal, Field(ge=0, le=LONGEST // timedelta(minutes=1), decimal_places=3), GIVEN]
"""Minutes."""
Energy = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6), GIVEN]
WHICH = ("tariff_id", "tariff", "charger_id")
LENGTHS = ("start", "energy_kwh", "charging_minutes", "idle_minutes")


class Reading(Input):
    """A reading of the meter."""

    at: GivenInstant
    energy_wh: Energy = Field(description="The meter's register, or the energy since the start: its differences count.")
    idle: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Plugged in and not charging since the reading before."
    )


class QuoteRequest(Input):
    """Which tariff: `tariff_id`, its words in `tariff`, or the one in force for `charger_id` (and `id_token`). Which
    session: `start` with energy and minutes, or `readings`, from the first to the last."""

    tariff_id: UUID | None = None
    tariff: Tariff | None = None
    charger_id: Name | None = None
    id_token: Name | None = Field(default=None, description="With `charger_id`: its group may have its own tariff.")
    time_zone: TimeZone | None = Field(
        default=None, description="Left out: that of the charger's site, else the charger's, else UTC."
    )
    start: GivenInstant | None = None
    energy_kwh: Energy | None = Field(default=None, description="Spread evenly over the charging minutes.")
    charging_minutes: Length | None = None
    idle_minutes: Length | None = Field(default=None, description="After the charging minutes.")
    readings: Annotated[tuple[Reading, ...], Field(min_length=2, max_length=10_000)] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if sum(getattr(self, name) is not None for name in WHICH) != 1:
            raise ValueError(f"name one of {', '.join(WHICH)}")
        if self.id_token is not None and self.charger_id is None:
            raise ValueError("id_token goes with charger_id")
        if self.readings is not None and any(getattr(self, name) is not None for name in LENGTHS):
            raise ValueError(f"readings stand instead of {', '.join(LENGTHS)}")
        if self.readings is None and self.start is None:
            raise ValueError("name start, or readings")
        if self.readings is not None and self.readings[-1].at - self.readings[0].at > LONGEST:
            raise ValueError(f"readings are more than {LONGEST.days} days apart")
        return self

    @property
    def started_at(self) -> datetime:
        """When the session starts."""
        started_at = self.readings[0].at if self.readings is not None else self.start
        assert started_at is not None, "checked"
        return started_at


class Period(Output):
    """A stretch that a line is made of."""

    begins: Instant
    ends: Instant
    quantity: str


class Line(Output):
    """One line. `amount` is `quantity` x `unit_price`, rounded half up once."""

    what: Literal["fixed_fee", "energy", "charging_time", "idle_time", "min_cost", "max_cost"]
    component: int | None = Field(description="Its place in the tariff, from 0; null for min_cost and max_cost.")
    unit: str = Field(description="session, kWh or min.")
    quantity: str = Field(examples=["12.500000"], description="What is paid, with the steps that have begun.")
    used: str = Field(description="What was used.")
    unit_price: str
    amount: str = Field(description="Net, or with taxes if `prices_include_tax`.")
    begins: Instant
    ends: Instant
    periods: list[Period]


class TaxAmount(Output):
    """What is paid of one tax."""

    name: str
    percent: str
    amount: str


class Price(Output):
    """A price; decimals are strings. The lines add up to `total` if `prices_include_tax`, else to `net`."""

    currency: str
    net: str
    tax: str
    total: str
    prices_include_tax: bool
    time_zone: str
    taxes: list[TaxAmount]
    lines: list[Line]


class Quote(Output):
    """What a session would cost, and why."""

    tariff_id: UUID | None
    tariff: Tariff
    found_by: Literal["tariff_id", "words", "token_group", "charger", "site", "everybody"]
    why: str = Field(description="Which tariff this is, and why this one.")
    id_token_is_registered: bool | None = Field(
        description="False: the token is not known, has no group, and its session would wait for a person; null: no"
        " token was asked about."
    )
    started_at: Instant
    ended_at: Instant
    energy_wh: Annotated[Decimal, SHOWN]
    price: Price
    explanation: tuple[str, ...] = Field(description="The price in words, a sentence for each line.")
