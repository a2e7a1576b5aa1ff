"""Errors as problem+json (RFC 9457): one shape for all of them, whoever found the fault.

`problem()` makes a response; `HANDLERS` is what the application does with each kind of exception.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
from asyncpg.exceptions._base import DataError as WrongArgument
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from voltring_api.wording import worded
from voltring_core import tracing
from voltring_core.errors import RequestError
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"
PLACES = frozenset({"body", "query", "path", "header"})
logger = logging.getLogger("voltring.api")
away = Saying(logger)
"""Of all requests: nobody tells when it is over, so that after a minute of calm it begins anew."""

Errors = Sequence[Mapping[str, str]]


def problem(
    status: int, detail: str, errors: Errors = (), headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A response that says what is wrong, in one sentence and by field."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body |= {"detail": detail, **({"errors": list(errors)} if errors else {}), **more}
    if (span := tracing.current()) is not None:
        body["trace_id"] = span.trace_id
    return Response(orjson.dumps(body, default=str), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def unavailable(detail: str = "The database is away; try again in a moment.") -> Response:
    """503 with the time after which to try again."""
    return problem(503, detail, headers={"Retry-After": RETRY_AFTER})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    headers = {"Retry-After": RETRY_AFTER} if error.status == 503 else None
    return problem(error.status, sentence(error.message), error.errors, headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"There is nothing at {request.url.path}."
    if error.status_code == 405:
        detail = f"{request.method} is not possible here."
    return problem(error.status_code, detail, headers=error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": field_of(item["loc"]), "message": worded(item)} for item in error.errors()]
    return problem(422, "The request is wrong: " + "; ".join(_told(item) for item in errors[:3]) + ".", errors)


async def _away(_: Request, error: Exception) -> Response:
    away.met("requests are refused, PostgreSQL is away: %s", type(error).__name__)
    return unavailable()


async def _too_slow(_: Request, error: Exception) -> Response:
    return problem(409, "Another request that was quicker has made or changed the same thing.")


async def _unfit(_: Request, error: Exception) -> Response:
    # The models should have caught it; the client is told so all the same, and the log shows which statement.
    logger.warning("PostgreSQL refused a value", exc_info=error)
    return problem(422, "A value is out of the range that can be kept.")


def field_of(location: Sequence[str | int]) -> str:
    """The name of a field in dots, without the part of the request it is in."""
    parts = [str(part) for part in location]
    inner = parts[1:] if len(parts) > 1 and parts[0] in PLACES else parts
    return ".".join(inner)


def _told(item: Mapping[str, str]) -> str:
    return f"{item['field']}: {item['message']}"


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
HANDLERS: dict[int | type[Exception], Handler] = {
    RequestError: _refused,
    HTTPException: _http,
    RequestValidationError: _invalid,
    # An InterfaceError by descent, but the value's fault and not the connection's.
    WrongArgument: _unfit,
    asyncpg.DataError: _unfit,
    asyncpg.UniqueViolationError: _too_slow,
    **dict.fromkeys(AWAY, _away),
}
