"""Tariffs as operators see them, and whom they are for."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from voltring_api.models.base import Input, Instant, Name, Output
from voltring_core.domain.tariffs import Tariff

RECIPIENTS = ("charger_id", "site_id", "token_group")


class KeptTariff(Tariff):
    """A tariff; it never changes."""

    id: UUID
    created_at: Instant
    created_by: str = Field(description="The name of the API key.")


class NewAssignment(Input):
    """Whom a tariff is to be for: a charger, a site or a group of id tokens; none of them: everybody."""

    tariff_id: UUID
    charger_id: Name | None = None
    site_id: Name | None = None
    token_group: Name | None = Field(default=None, description="The `group_id_token` of id tokens.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in RECIPIENTS) > 1:
            raise ValueError(f"name one of {', '.join(RECIPIENTS)}, or none for everybody")
        return self


class Assignment(Output):
    """Whom a tariff is for; all three null: everybody."""

    id: UUID
    tariff_id: UUID
    charger_id: str | None
    site_id: str | None
    token_group: str | None
    created_at: Instant
    created_by: str
