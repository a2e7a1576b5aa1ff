"""The OpenAPI description: what FastAPI finds in the routes, and what it can't know.

It can't know that errors are problem+json, that every path under `/v1` needs a key, and which role the policy asks.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from voltring_api.models.problem import FieldError, Problem
from voltring_api.policy import is_guarded, needed_role
from voltring_api.problems import MEDIA_TYPE

SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer KEY`."},
}
SAID = {
    401: "No API key, or one that is not known.",
    403: "The key's role is not enough; the answer names the one that is.",
    404: "There is no such thing.",
    409: "The present state does not allow this; the answer says why.",
    413: "The body is too large.",
    422: "The request is wrong; the answer names the fields.",
    429: "Too much of this waits already; the answer says what to do.",
    503: "A part of the system is away; try again after `Retry-After` seconds.",
}
TAGS = [
    {"name": "fleet", "description": "Everything in numbers."},
    {"name": "chargers", "description": "Who they are, whether they are here, what they say."},
    {"name": "messages", "description": "Every OCPP frame, with its answer and what became of it."},
    {
        "name": "stations",
        "description": "What chargers tell beside their sessions: settings, reports, events, what holds.",
    },
    {"name": "commands", "description": "What is asked of chargers, and what they answer."},
    {"name": "transactions", "description": "Charging sessions and their meter values."},
    {"name": "id tokens", "description": "Who may charge."},
    {"name": "sites", "description": "Where chargers stand, and which clock their prices go by."},
    {"name": "tariffs", "description": "What sessions cost, for whom, and why."},
    {"name": "billing", "description": "Charge detail records, invoices, and what waits for a person."},
    {"name": "alarms", "description": "What watchdogs have seen, as long as it holds and after."},
    {"name": "inbox", "description": "What belongs to no known session, for an operator to attach or dismiss."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "API keys", "description": "Who may use this API."},
]
DESCRIPTION = """
The REST API of Voltring, an open, sharded OCPP charging station management system.

Send your API key as `Authorization: Bearer KEY`. Roles: **viewer** reads, **operator** also commands and changes
chargers and id tokens, **admin** also deletes and manages API keys. Times are RFC 3339 in UTC, energy is in Wh and
power in W. Lists return `items` and `next_cursor`. Errors are `application/problem+json`. A field or a query
parameter that is not known is refused (422), so that no slip goes unnoticed.
"""


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, beside those that every route has."""
    return {status: _problem(status) for status in statuses}


def outcomes(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that sends a command, beside 201 for a new one."""
    return {
        200: {"model": model, "description": "A repeated request's command, or one that is done within `wait`."},
        202: {"model": model, "description": "Not done within `wait`; look at `Location` later."},
    }


def stream() -> dict[int | str, dict[str, Any]]:
    """The answer of a route that streams events."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    return {200: {"description": "Server-sent events.", "content": content}}


def describe(app: FastAPI) -> None:
    """Have the application serve the completed description."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(
                get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=TAGS)
            )
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def complete(found: dict[str, Any]) -> dict[str, Any]:
    """Add the key, the roles and the errors that every route under `/v1` has."""
    components = found.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    for model in (FieldError, Problem):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method.upper(), path)
    return found


def _complete(operation: dict[str, Any], method: str, path: str) -> None:
    if not is_guarded(path):
        return
    operation["security"] = [{"key": []}]
    told = operation.get("description", "").strip()
    operation["description"] = f"{told}\n\nRole: **{needed_role(method, path)}**.".strip()
    general = (401, 403, 422, 503, *((413,) if "requestBody" in operation else ()))
    for status in general:
        operation["responses"].setdefault(str(status), _problem(status))
    # FastAPI's own shape of a validation error is not ours.
    if "HTTPValidationError" in str(operation["responses"].get("422", "")):
        operation["responses"]["422"] = _problem(422)


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": SAID[status], "content": {MEDIA_TYPE: {"schema": schema}}}
