"""A charging session and what the meter said during it."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Number, Output


class TransactionState(StrEnum):
    """Active, Ended, or Orphan: a stop whose start is not known."""

    ACTIVE = "Active"
    ENDED = "Ended"
    ORPHAN = "Orphan"


class Transaction(Output):
    """A charging session. Times are the charger's; energy in Wh, power in W."""

    id: UUID
    charger_id: str
    ocpp_version: str
    ocpp_transaction_id: str = Field(description="What the charger calls it; a number in OCPP 1.6.")
    state: TransactionState
    charging_state: str | None = Field(examples=["Charging"])
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    started_at: Instant | None
    ended_at: Instant | None
    meter_start_wh: Number
    meter_stop_wh: Number
    energy_wh: Number
    power_w: Number
    soc_percent: Number
    stop_reason: str | None
    remote_start_id: int | None
    reservation_id: int | None
    flags: list[str] = Field(description="What was odd about it, e.g. `offline`, `start_missing`.")
    updated_at: Instant


class MeterValue(Output):
    """One sampled value, in its canonical unit."""

    at: Instant = Field(description="The charger's time.")
    received_at: Instant
    measurand: str = Field(examples=["Energy.Active.Import.Register"])
    phase: str | None
    location: str | None
    context: str | None
    unit: str = Field(examples=["Wh"])
    value: Number = Field(description="Null when what the charger sent is not a number.")
    raw: str = Field(description="What the charger sent.")
