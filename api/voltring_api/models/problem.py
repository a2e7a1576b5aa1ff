"""The shape of every error, for the OpenAPI description; `problems.py` makes them."""

from pydantic import Field

from voltring_api.models.base import Output


class FieldError(Output):
    """What is wrong with one field."""

    field: str = Field(examples=["payload.connectorId"], description="The field, in dots.")
    message: str = Field(examples=["is missing"])


class Problem(Output):
    """RFC 9457 problem details, as `application/problem+json`."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"], description="What the status means.")
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The payload breaks the schema of OCPP 1.6: payload.type is missing."])
    errors: list[FieldError] | None = Field(default=None, description="By field, where fields are wrong.")
    trace_id: str | None = Field(default=None, description="Where the request is traced: its trace's id.")
    error_id: str | None = Field(default=None, description="With status 500: the id of the line in the server's log.")
