"""What stands around every request, from outside in: unexpected errors, security headers, unusable input.

Plain ASGI, because a command's round trip is a few milliseconds and each layer counts.
"""

import json
import logging
import uuid

import orjson
from starlette.datastructures import MutableHeaders
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
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


DOCS_CSP = f"{CSP}; img-src 'self' data:"  # Swagger UI's own stylesheet holds its icons


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
                headers = MutableHeaders(scope=message)
                for name, value in defaults.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, adding)


def _headers_of(path: str) -> dict[str, str]:
    if is_guarded(path):
        return HEADERS | {"Cache-Control": "no-store"}
    return HEADERS | {"Content-Security-Policy": DOCS_CSP} if path == "/docs" else HEADERS


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
            body = await _read(receive)
        except ClientDisconnect:
            return  # half a request is none, even if what came of it would be valid
        if body is None:
            await problem(413, f"The body is larger than {LARGEST_BODY} bytes.")(scope, receive, send)
        elif refusal := _wrong_body(body):
            await refusal(scope, receive, send)
        else:
            _declare_json(scope)
            await self._app(scope, _replay(body, receive), send)


def _wrong_address(scope: Scope) -> Response | None:
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    flaw = flaw_of_encoded(path) or flaw_of_text(scope["path"])
    if flaw:
        return problem(422, f"The path {flaw}.", [{"field": "path", "message": flaw}])
    if flaw := flaw_of_encoded(scope["query_string"]):
        return problem(422, f"The query {flaw}.", [{"field": "query", "message": flaw}])
    return None


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too long."""
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


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
