"""A remote command: what is asked of a charger, and how it stands."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from voltring_api.models.base import Input, Instant, Output
from voltring_api.redacting import redacted
from voltring_core.domain.commands import LONGEST_DEADLINE, State, shown

Action = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Deadline = Annotated[
    float | None,
    Field(
        ge=1,
        le=LONGEST_DEADLINE,
        description="Seconds within which the charger must get it, or it expires; the action has a default.",
    ),
]
EvseId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NewCommand(Input):
    """Any CSMS-to-charger action of the charger's own OCPP version."""

    action: Action = Field(examples=["TriggerMessage"])
    payload: dict[str, Any] = Field(default={}, examples=[{"requestedMessage": "StatusNotification", "connectorId": 1}])
    deadline_s: Deadline = None


class RemoteStart(Input):
    """Start a session, whatever version the charger speaks."""

    id_token: str = Field(min_length=1, max_length=255, examples=["04A2B3C4"])
    evse_id: EvseId | None = Field(default=None, description="Without it the charger chooses.", examples=[1])
    connector_id: EvseId | None = Field(default=None, description="OCPP starts on an EVSE: taken, and of no effect.")
    deadline_s: Deadline = None


class RemoteStop(Input):
    """Stop a session."""

    transaction_id: UUID | None = Field(default=None, description="Without it: the only session that runs there.")
    deadline_s: Deadline = None


class Reset(Input):
    """Restart a charger."""

    type: Literal["soft", "hard"] = Field(default="soft", description="soft lets sessions end first, hard does not.")
    evse_id: EvseId | None = Field(default=None, description="One EVSE only (OCPP 2.x).")
    deadline_s: Deadline = None


class Unlock(Input):
    """Release a plug."""

    evse_id: EvseId = 1
    connector_id: EvseId = 1
    deadline_s: Deadline = None


class Resolution(Input):
    """What an operator knows of a command that nobody answered."""

    state: Literal["COMPLETED", "FAILED"]
    note: str = Field(
        min_length=1,
        max_length=1000,
        description="How that is known; kept in `outcome.resolution` with your name and the time.",
        examples=["The driver on the phone says that the cable is free."],
    )


class CommandError(Output):
    """The charger's CALLERROR."""

    code: str | None = Field(default=None, examples=["NotSupported"])
    description: str | None = None
    details: Any = None


class Command(Output):
    """A command. `state` is what is known of it: a SENT one may have run, an UNKNOWN one may have run as well."""

    id: UUID
    charger_id: str
    action: str
    payload: dict[str, Any]
    state: State
    command_class: Literal["R", "N"] = Field(
        serialization_alias="class", description="R may be repeated by the CSMS; N runs at most once."
    )
    request_id: int | None = Field(
        description="The number by which what the charger sends later is joined to it; null where there is none."
    )
    response: dict[str, Any] | None = Field(description="The charger's own answer.")
    error: CommandError | None
    created_at: Instant
    deadline_at: Instant
    sent_at: Instant | None
    finished_at: Instant | None = Field(description="When the charger answered, or when it was given up.")
    outcome: dict[str, Any] | None = Field(
        description="What came of it after its answer; a `report_id` is read by `GET /v1/reports/{report_id}`. `reason`"
        " says why it is UNKNOWN or is repeated: `no answer`, `socket lost`, `said nothing` or `owner died`.",
        examples=[
            {"report_id": "5f0c7a52-7f4e-5d0e-9d53-7a0a3d1a0b1c", "state": "Complete", "parts": 4, "missing": []}
        ],
    )
    completed_at: Instant | None = Field(description="When that had come about; the command is COMPLETED or FAILED.")
    attempts: int
    replaced_by: UUID | None = Field(
        default=None, description="The newer command on the same thing that it is CANCELLED in favour of."
    )
    created_by: str = Field(description="The name of the API key.")


def command_of(row: Mapping[str, Any]) -> Command:
    """The command in a row of table `commands`, without secrets."""
    fields = dict(row)
    state = shown(State(fields["state"]), fields["deadline_at"], datetime.now(UTC), fields["attempts"])
    action, response = fields["action"], fields["response"]
    shown_fields = {
        "payload": redacted(action, fields["payload"], "request"),
        "response": None if response is None else redacted(action, response, "response"),
    }
    return Command.model_validate({**fields, **shown_fields, "state": state, "command_class": fields["class"]})
