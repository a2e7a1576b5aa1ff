"""Whether a charger is accepted when it boots, as operators want it."""

from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Input, Output
from voltring_api.models.charger import Registered, Wanted


class RegistrationChange(Input):
    """What the charger's next BootNotification is to be answered with."""

    status: Wanted = Field(examples=["Pending"])


class Registration(Output):
    """How a charger is registered, and how it will be."""

    charger_id: str
    registration: Registered = Field(description="What its latest BootNotification was answered with.")
    registration_wanted: Wanted = Field(description="What the next one is answered with.")
    takes_effect: str = Field(description="When, as a sentence.", examples=["It holds already."])
    command_id: UUID | None = Field(description="The TriggerMessage that asks the charger to boot soon; else null.")
