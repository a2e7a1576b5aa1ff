"""What a tariff can say. Parsed strictly from JSON, serialised back equal; it never changes once it is made.

Kinds, conditions and costs are named as in OCPP 2.1 (TariffType), so that a charger that shows prices can be told.
Of several components of one kind the first whose conditions hold is paid; the kinds are added up.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from voltring_core.domain.tariffs.currencies import DECIMALS
from voltring_core.errors import Unprocessable

MOST_COMPONENTS = 100
DIGITS = re.compile(r"[0-9]+(\.[0-9]+)?")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Kind(StrEnum):
    """What is paid for."""

    FIXED_FEE = "fixed_fee"
    ENERGY = "energy"
    CHARGING_TIME = "charging_time"
    IDLE_TIME = "idle_time"


OF_KIND = {
    "step_wh": {Kind.ENERGY},
    "step_seconds": {Kind.CHARGING_TIME, Kind.IDLE_TIME},
    "grace_minutes": {Kind.IDLE_TIME},
}
"""The fields that only some kinds have."""


def _number(given: object) -> object:
    # A bool is an int in Python; "1e3" and "1_000" are not how people write prices.
    if isinstance(given, bool) or (isinstance(given, str) and not DIGITS.fullmatch(given)):
        raise ValueError('must be a number such as 0.49 or "0.49"')
    return given


def _text_of_time(given: object) -> object:
    if not isinstance(given, str | datetime):
        raise ValueError('must be a time such as "2026-01-01T00:00:00+01:00"')
    return given


def _in_utc(given: datetime) -> datetime:
    if not 1970 <= given.year <= 9000:
        raise ValueError("must be between the years 1970 and 9000")
    return given.astimezone(UTC)


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _must_rise(name: str, least: Decimal | int | None, most: Decimal | int | None) -> None:
    if least is not None and most is not None and least >= most:
        raise ValueError(f"max_{name} must be more than min_{name}")


GIVEN, SHOWN = BeforeValidator(_number), PlainSerializer(_plain, when_used="json")
"""A JSON number, or a string; a string when serialised."""
Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6), GIVEN, SHOWN]
"""Money in the tariff's currency."""
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4), GIVEN, SHOWN]
Energy = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=3), GIVEN, SHOWN]
"""kWh."""
Moment = Annotated[AwareDatetime, BeforeValidator(_text_of_time), AfterValidator(_in_utc)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Minutes = Annotated[int, Field(strict=True, ge=0, le=527_040)]
Words = Annotated[str, StringConstraints(strict=True, max_length=1000)]
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, strip_whitespace=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conditions(_Part):
    """When a component is paid; what is left out does not matter. All limits: from (included), to (excluded)."""

    start_time_of_day: TimeOfDay | None = Field(default=None, description="Local time at the site.", examples=["22:00"])
    end_time_of_day: TimeOfDay | None = Field(
        default=None, description="Earlier than the start: on the next day.", examples=["06:00"]
    )
    days_of_week: tuple[Day, ...] | None = Field(
        default=None, description="Local days; a night belongs to the day on which it begins.", min_length=1
    )
    min_energy_kwh: Energy | None = Field(default=None, description="From this energy of the session on.")
    max_energy_kwh: Energy | None = None
    min_minutes: Minutes | None = Field(default=None, description="From so long after the start of the session on.")
    max_minutes: Minutes | None = None

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if (self.start_time_of_day is None) != (self.end_time_of_day is None):
            raise ValueError("start_time_of_day and end_time_of_day go together")
        if self.start_time_of_day is not None and self.start_time_of_day == self.end_time_of_day:
            raise ValueError("start_time_of_day equals end_time_of_day: leave both out for the whole day")
        if self.days_of_week is not None and len(set(self.days_of_week)) < len(self.days_of_week):
            raise ValueError("days_of_week names a day twice")
        _must_rise("energy_kwh", self.min_energy_kwh, self.max_energy_kwh)
        _must_rise("minutes", self.min_minutes, self.max_minutes)
        return self


NO_CONDITIONS = Conditions()


class Component(_Part):
    """One price: of the session, of a kWh, of a minute of charging, of a minute of standing plugged in and idle."""

    kind: Kind
    price: Amount = Field(description="For the session, a kWh, or a minute.", examples=["0.49"])
    step_wh: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = Field(
        default=None, description="Energy: paid per started so many Wh; null: exactly."
    )
    step_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] | None = Field(
        default=None, description="Time: paid per started so many seconds; null: exactly.", examples=[60]
    )
    grace_minutes: Minutes | None = Field(
        default=None, description="Idle time: so many idle minutes of the session are not paid by this component."
    )
    conditions: Conditions = NO_CONDITIONS

    @field_validator("step_wh", "step_seconds", "grace_minutes")
    @classmethod
    def _fits_the_kind(cls, given: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("kind")
        if given is not None and kind is not None and kind not in OF_KIND[str(info.field_name)]:
            raise ValueError(f"has no meaning for {kind}")
        return given

    @field_validator("conditions")
    @classmethod
    def _fits_a_fee(cls, given: Conditions, info: ValidationInfo) -> Conditions:
        tiers = (given.min_energy_kwh, given.max_energy_kwh, given.min_minutes, given.max_minutes)
        if info.data.get("kind") is Kind.FIXED_FEE and any(tier is not None for tier in tiers):
            raise ValueError("a fixed_fee goes by the time of the start alone, not by energy or minutes")
        return given

    @property
    def step(self) -> int | None:
        """Wh or seconds that are paid as soon as they begin."""
        return self.step_wh if self.kind is Kind.ENERGY else self.step_seconds


class Tax(_Part):
    """A tax on everything that is paid; each of several is on the net."""

    name: Name = Field(examples=["VAT"])
    percent: Percent = Field(examples=["19"])


class Tariff(_Part):
    """What a session costs. Prices, `min_cost` and `max_cost` are net, or with taxes if `prices_include_tax`."""

    name: Name = Field(examples=["Day and night"])
    currency: str = Field(description="ISO 4217.", examples=["EUR"])
    valid_from: Moment = Field(description="Sessions that start at or after this.")
    valid_until: Moment | None = Field(default=None, description="... and before this.")
    prices_include_tax: Annotated[bool, Field(strict=True)] = False
    taxes: tuple[Tax, ...] = Field(default=(), max_length=10)
    components: tuple[Component, ...] = Field(max_length=MOST_COMPONENTS, description="None at all: free.")
    min_cost: Amount | None = Field(default=None, description="Of every session, however short.")
    max_cost: Amount | None = Field(default=None, description="Of a session, however long.")
    text: Words = Field(default="", description="For drivers, in your own words.")

    @field_validator("currency")
    @classmethod
    def _is_known(cls, given: str) -> str:
        if given not in DECIMALS:
            raise ValueError("must be a currency of ISO 4217, such as EUR")
        return given

    @field_validator("valid_until")
    @classmethod
    def _is_later(cls, given: datetime | None, info: ValidationInfo) -> datetime | None:
        begins = info.data.get("valid_from")
        if given is not None and begins is not None and given <= begins:
            raise ValueError("must be later than valid_from")
        return given

    @field_validator("taxes")
    @classmethod
    def _differ(cls, given: tuple[Tax, ...]) -> tuple[Tax, ...]:
        if len({tax.name for tax in given}) < len(given):
            raise ValueError("two taxes have one name")
        return given

    @field_validator("min_cost", "max_cost")
    @classmethod
    def _can_be_paid(cls, given: Decimal | None, info: ValidationInfo) -> Decimal | None:
        currency = info.data.get("currency")
        if given is not None and currency is not None and given != round(given, DECIMALS[currency]):
            raise ValueError(f"has more decimals than {currency}")
        least = info.data.get("min_cost")
        if info.field_name == "max_cost" and None not in (given, least) and given < least:  # type: ignore[operator]
            raise ValueError("must not be less than min_cost")
        return given


def parse(content: object) -> Tariff:
    """The tariff in a JSON value. Raises Unprocessable, which names each field that is wrong, in dots."""
    try:
        return Tariff.model_validate(content)
    except ValidationError as error:
        faults = [
            {"field": ".".join(map(str, one["loc"])) or "tariff", "message": one["msg"].removeprefix("Value error, ")}
            for one in error.errors()
        ]
        said = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:3])
        raise Unprocessable(f"The tariff is wrong: {said}.", faults) from None


def serialise(tariff: Tariff) -> Mapping[str, Any]:
    """The tariff as JSON (decimals as strings); `parse` makes an equal one of it."""
    return tariff.model_dump(mode="json")
