"""A charging session and what the meter said during it."""

from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from voltring_api.models.base import Instant, Number, Output
from voltring_core.domain.billing import Billing


class TransactionState(StrEnum):
    """Active, Ended, or Orphan: a stop whose start is not known."""

    ACTIVE = "Active"
    ENDED = "Ended"
    ORPHAN = "Orphan"


class EnergyMethod(StrEnum):
    """The registers at both ends, the first and the last reading, the sum of intervals, or, never billed, power."""

    REGISTERS = "registers"
    READINGS = "readings"
    INTERVALS = "intervals"
    POWER = "power"


class SessionFacts(Output):
    """What a session is, wherever it is shown. Times are the charger's; energy in Wh."""

    id: UUID
    charger_id: str
    ocpp_version: str
    ocpp_transaction_id: str = Field(description="What the charger calls it; a number in OCPP 1.6.")
    state: TransactionState
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    started_at: Instant | None
    ended_at: Instant | None
    meter_start_wh: Number
    meter_stop_wh: Number
    energy_wh: Number
    stop_reason: str | None
    stop_id_token: str | None = Field(
        default=None, description="The token that was shown to stop it; null where none was."
    )
    resolution: Literal["attached", "dismissed"] | None = Field(
        default=None,
        description="What a person made of it where nobody could assign it; its timeline says who and why.",
    )
    attached_to: UUID | None = Field(default=None, description="The session that it was made part of.")


class Transaction(SessionFacts):
    """A charging session, and what a check against all its evidence found. Power in W."""

    charging_state: str | None = Field(examples=["Charging"])
    power_w: Number
    soc_percent: Number
    remote_start_id: int | None
    reservation_id: int | None
    flags: list[str] = Field(description="What was odd about it, e.g. `offline`, `start_missing`.")
    updated_at: Instant
    energy_method: EnergyMethod | None = Field(
        default=None, description="By what its energy is reckoned; null: nothing says how much it was."
    )
    energy_by_method_wh: dict[EnergyMethod, Number] = Field(
        default={},
        description="Wh by each way to work it out that the evidence allows; that of `energy_method` counts.",
    )
    difference_wh: Number = Field(
        default=None,
        description="The largest difference between two of them. `energy_mismatch` is flagged when what the methods"
        " can't have seen does not explain it.",
    )
    exported_wh: Number = Field(default=None, description="What the car gave back; no part of its energy.")
    check_flags: list[str] = Field(
        default=[],
        description="What the check against all its evidence found and what still holds, e.g. `energy_mismatch`,"
        " `implausible_energy`, `meter_fell`, `incomplete`, `seq_conflict`, `readings_stopped`, `clock_skew`,"
        " `not_checked`.",
    )
    missing_seq_nos: list[tuple[int, int]] = Field(
        default=[], description="OCPP 2.x: the first and the last number of each gap.", examples=[[[4, 6]]]
    )
    clock_skew_s: float | None = Field(
        default=None, description="Seconds by which the charger's clock is ahead of ours; behind: negative."
    )
    checked_at: Instant | None = Field(default=None, description="Null until its first check, within seconds.")
    billing: Billing | None = Field(default=None, description="Where its billing stands.")

    @field_validator("energy_by_method_wh", "check_flags", "missing_seq_nos", mode="before")
    @classmethod
    def _not_checked_yet(cls, given: Any, about: ValidationInfo) -> Any:
        empty: dict[str, float] | list[str] = {} if about.field_name == "energy_by_method_wh" else []
        return empty if given is None else given


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
