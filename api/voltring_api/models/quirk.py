"""A rule that mends what some chargers get wrong; `PATCH /v1/chargers/{id}` sets rules by their names."""

from pydantic import Field

from voltring_api.models.base import Output


class Quirk(Output):
    """One rule."""

    name: str = Field(examples=["lenient_boot"])
    where: str = Field(description="Where it applies.", examples=["before acceptance"])
    takes: str = Field(description="What its argument must be; false switches it off.", examples=["true"])
    does: str = Field(description="What it says of the charger.")
    actions: list[str] = Field(description="The messages that it is about; empty for all.")
