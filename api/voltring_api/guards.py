"""What stands around every request, from outside in: unexpected errors, security headers, unusable input.

Plain ASGI, because a command's round trip is a few milliseconds and each layer counts.
"""

import json
import logging
import uuid
from typing import TypeAlias

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltring_api.policy import is_guarded
from voltring_api.problems import problem
from voltring_api.text import flaw_of_encoded, flaw_of_json, flaw_of_text

logger = logging.getLogger("voltring.api")
LARGEST_BODY = 1_048_576
"""Bytes; a full local authorization list fits."""
CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
DOCS_CSP = f"{CSP}; img-src 'self' data:"  # Swagger UI's own stylesheet holds its icons
RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]


def _raw(csp: str, **more: str) -> RawHeaders:
    headers = {"content-security-policy": csp, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    return tuple((name.replace("_", "-").encode(), value.encode()) for name, value in (headers | more).items())


OF_API = _raw(CSP, cache_control="no-store")
OF_DOCS, OF_PAGES = _raw(DOCS_CSP), _raw(CSP)


class Unexpected:
    """Answers 500 with an id that is also in the log, where no other part answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch over one request."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http":
                raise
            error_id = uuid.uuid4().hex
            # The path alone: a query may hold what must not be logged.
            where = {"error_id": error_id, "method": scope["method"], "path": scope["path"]}
            logger.exception("unexpected error", extra=where)
            if started:
                raise
            detail = f"Something unexpected happened; the log knows it as {error_id}."
            await problem(500, detail, error_id=error_id)(scope, receive, send)


class SecurityHeaders:
    """Adds what a browser needs to know to every response; answers of the API are not to be stored."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers as the response starts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        defaults = _headers_of(scope["path"])

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [header for header in defaults if header[0] not in names]
            await send(message)

        await self._app(scope, receive, adding)


def _headers_of(path: str) -> RawHeaders:
    if is_guarded(path):
        return OF_API
    return OF_DOCS if path == "/docs" else OF_PAGES


class UsableInput:
    """Refuses with 422 what can't be kept: NUL, lone surrogates, not UTF-8, not JSON; with 413 what is too long.

    Everything sent here is JSON, whatever its Content-Type says: `curl -d` alone says "form".
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the address and the body, and hand both on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := _wrong_address(scope):
            await refusal(scope, receive, send)
            return
        if scope["method"] in ("GET", "HEAD", "OPTIONS", "DELETE") or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            body = await whole_body(receive)
        except ClientDisconnect:
            return  # half a request is none, even if what came of it would be valid
        if body is None:
            await problem(413, f"The body is larger than {LARGEST_BODY} bytes.")(scope, receive, send)
        elif refusal := _wrong_body(body):
            await refusal(scope, receive, send)
        else:
            _declare_json(scope)
            await self._app(scope, replayed(body, receive), send)


def _wrong_address(scope: Scope) -> Response | None:
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    flaw = flaw_of_encoded(path) or flaw_of_text(scope["path"])
    if flaw:
        return problem(422, f"The path {flaw}.", [{"field": "path", "message": flaw}])
    if flaw := flaw_of_encoded(scope["query_string"]):
        return problem(422, f"The query {flaw}.", [{"field": "query", "message": flaw}])
    return None


async def whole_body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too long. Raises ClientDisconnect where only half of it came."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > LARGEST_BODY:
            return None
    return b"".join(parts)


def _wrong_body(body: bytes) -> Response | None:
    if not body:
        return None
    try:
        flaw = flaw_of_json(orjson.loads(body))
    except json.JSONDecodeError as error:
        flaw = ("body", f"is not JSON: {error}")
    if flaw is None:
        return None
    field, message = flaw
    return problem(422, f"The request is wrong: {field} {message}.", [{"field": field, "message": message}])


def _declare_json(scope: Scope) -> None:
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    scope["headers"] = [*others, (b"content-type", b"application/json")]


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what `receive` gives."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
