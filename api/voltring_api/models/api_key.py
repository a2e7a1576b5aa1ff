"""An API key: its name stands in the audit log, its role says what it may do."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from voltring_api.models.base import GivenInstant, Input, Instant, Output
from voltring_api.policy import Role

KeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


class NewApiKey(Input):
    """A key to be made."""

    name: KeyName = Field(examples=["billing"])
    role: Role = Role.VIEWER
    expires_at: GivenInstant | None = None


class ApiKeyChange(Input):
    """What can be changed of a key; what is left out stays."""

    name: KeyName | None = None
    role: Role | None = None
    expires_at: GivenInstant | None = Field(default=None, description="null: never.")


class ApiKey(Output):
    """An API key, without the key itself."""

    id: UUID
    name: str
    role: Role
    created_at: Instant
    expires_at: Instant | None


class ApiKeyWithSecret(ApiKey):
    """A key that was just made; `key` is shown this one time."""

    key: str = Field(examples=["vtr_9fK…"])


class Me(Output):
    """Whose key this is."""

    name: str
    role: Role
