"""What a charger tells beside its sessions: what happened, what holds, its variables, values of its streams."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Output
from voltring_api.redacting import without_secrets


class StationEvent(Output):
    """Something that happened at a charger, in its own words."""

    id: str
    charger_id: str
    kind: str = Field(examples=["SecurityEvent"])
    at: Instant = Field(description="The charger's time.")
    received_at: Instant
    severity: int | None = Field(description="OCPP's 0 (danger) to 9 (debug); null where it has none.", examples=[2])
    subject: str = Field(description="What it is about, in a word.", examples=["TamperDetectionActivated"])
    evse_id: int | None
    connector_id: int | None
    ocpp_transaction_id: str | None
    command_id: UUID | None
    content: Any


class StationRecord(Output):
    """Something that holds at a charger, in its own words, until it says otherwise."""

    kind: str = Field(examples=["ChargingProfile"])
    key: str = Field(description="Unique among the charger's records of this kind.", examples=["17"])
    evse_id: int | None
    state: str | None = Field(examples=["Reported"])
    content: Any
    source: str = Field(description="The action that told.", examples=["ReportChargingProfiles"])
    command_id: UUID | None
    at: Instant


class Variable(Output):
    """An attribute of a variable: OCPP 2.x's device model, or a configuration key of OCPP 1.6 (component '')."""

    component: str = Field(examples=["OCPPCommCtrlr"])
    component_instance: str
    evse_id: int = Field(description="0: of the station.")
    connector_id: int = Field(description="0: of the EVSE or the station.")
    variable: str = Field(examples=["HeartbeatInterval"])
    instance: str
    attribute: str = Field(examples=["Actual"])
    value: str | None = Field(description="Null when it was not told, and always for what is WriteOnly or a secret.")
    mutability: str | None = Field(examples=["ReadWrite"])
    persistent: bool | None
    constant: bool | None
    characteristics: dict[str, Any] | None = Field(examples=[{"unit": "s", "dataType": "integer"}])
    status: str | None = Field(description="Of the last change that was asked for.", examples=["RebootRequired"])
    source: str = Field(description="The action that told.", examples=["NotifyReport"])
    at: Instant


class StreamValue(Output):
    """A value of a periodic event stream (OCPP 2.1)."""

    at: Instant
    received_at: Instant
    value: str


def event_of(row: Mapping[str, Any]) -> StationEvent:
    """The event in a row of `station_events`."""
    return StationEvent.model_validate({**row, "id": str(row["id"]), "content": without_secrets(row["content"])})


def record_of(row: Mapping[str, Any]) -> StationRecord:
    """The record in a row of `station_records`."""
    return StationRecord.model_validate({**row, "content": without_secrets(row["content"])})
