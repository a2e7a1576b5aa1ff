"""What a watchdog has seen."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Output
from voltring_core.domain.watchdogs import SEVERITY, Rule


class AlarmState(StrEnum):
    """Whether its rule still holds."""

    OPEN = "open"
    CLEARED = "cleared"


class Alarm(Output):
    """A rule that holds, or held; it is cleared by itself when it no longer does."""

    id: UUID
    rule: Rule
    severity: int = Field(description="OCPP's 0 (danger) to 9 (debug).", examples=[4])
    charger_id: str
    transaction_id: UUID | None
    evse_id: int | None
    subject: str = Field(description="What it is about; one alarm of a rule is open for each subject.")
    detail: dict[str, Any] = Field(description="The evidence.", examples=[{"since": "2026-03-01T12:00:00+00:00"}])
    raised_at: Instant
    cleared_at: Instant | None = Field(description="Null while it is open.")


def alarm_of(row: Mapping[str, Any]) -> Alarm:
    """The alarm in a row of `alarms`."""
    return Alarm.model_validate({**row, "severity": SEVERITY[Rule(row["rule"])]})
