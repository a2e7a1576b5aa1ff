"""A signed reading of a session, as the charger gave it."""

from pydantic import Field

from voltring_api.models.base import Instant, Output


class SignedMeterValue(Output):
    """A signed reading. Its data is as it came; nothing of it was decoded or checked here."""

    at: Instant = Field(description="The charger's time.")
    received_at: Instant
    measurand: str = Field(examples=["Energy.Active.Import.Register"], description="The register it is for.")
    phase: str | None
    location: str | None
    context: str | None = Field(examples=["Transaction.End"])
    encoding: str | None = Field(
        examples=["OCMF"],
        description="As the charger names it, or as the data shows it (OCMF, XML, hex); null where neither does.",
    )
    signing: str | None = Field(description="The charger's word for how it is signed.")
    public_key: str | None = Field(description="Where it came with the reading.")
    data: str = Field(description="What the charger sent, byte for byte.")
