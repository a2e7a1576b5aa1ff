"""The admin port of a room: /metrics, /healthz, /readyz, /status; and what a room lets be done to it, by POST.

Not for the outside: it listens on loopback unless the deployment says otherwise. Whoever reaches it may look; a POST
wants the token (`VOLTRING_ADMIN_TOKEN`) as `Authorization: Bearer ...`. Errors are problem+json (RFC 9457).
"""

import asyncio
import hmac
import inspect
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from voltring_core.errors import RequestError, SettingsError
from voltring_core.metrics import OfRoom

BODY_LIMIT = 16_384
"""Bytes of a POST."""
Act = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Takes the body of a POST and returns what is answered; raises RequestError."""


class QuietServer(uvicorn.Server):
    """uvicorn without signal handlers of its own: the room decides when to stop."""

    def install_signal_handlers(self) -> None:
        return None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AdminServer:
    """Serves a room's health and metrics, and takes its orders."""

    def __init__(
        self,
        host: str,
        port: int,
        is_ready: Callable[[], Awaitable[bool]],
        status: Callable[[], Any],
        acts: Mapping[str, Act] | None = None,
        token: str | None = None,
        room: str | None = None,
    ) -> None:
        """`port` 0 lets the kernel choose. `status` returns the document, or what it is awaited from. `acts` are POSTs
        by path; without a `token` all of them are forbidden. /metrics has those of `room`; None: of all."""
        self._host = host
        self._port = port
        self._is_ready = is_ready
        self._status = status
        self._acts = dict(acts or {})
        self._token = token
        self._told = REGISTRY if room is None else OfRoom(room)
        self._server: QuietServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, group: asyncio.TaskGroup) -> str:
        """Listen, and return the URL. Raises SettingsError when the port can't be had."""
        config = uvicorn.Config(self.app(), log_config=None, access_log=False, lifespan="off", ws="none")
        server = self._server = QuietServer(config)
        listener = bind(self._host, self._port, "VOLTRING_ADMIN_PORT")
        self._task = group.create_task(server.serve(sockets=[listener]), name="admin port")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{listener.getsockname()[1]}"

    def app(self) -> Starlette:
        """What answers."""
        routes = [
            Route("/metrics", self._metrics),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/status", self._show_status),
            *(Route(path, self._do, methods=["POST"]) for path in self._acts),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._told), media_type=CONTENT_TYPE_LATEST)

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, request: Request) -> Response:
        if await self._is_ready():
            return PlainTextResponse("ready\n")
        # 404 takes a node out of the router's ring and leaves its sockets open.
        return PlainTextResponse("not ready\n", 404)

    async def _show_status(self, request: Request) -> Response:
        told = self._status()
        return _json(await told if inspect.isawaitable(told) else told)

    async def _do(self, request: Request) -> Response:
        if self._token is None:
            return _problem(403, "nobody may do this: VOLTRING_ADMIN_TOKEN is not set")
        if not _shows(request.headers.get("authorization", ""), self._token):
            said = "the header Authorization: Bearer with the node's admin token is missing or wrong"
            return _problem(401, said, {"WWW-Authenticate": "Bearer"})
        body = await _body(request)
        if isinstance(body, Response):
            return body
        try:
            return _json(await self._acts[request.url.path](body))
        except RequestError as error:
            return _problem(error.status, error.message, errors=error.errors)


def _shows(header: str, token: str) -> bool:
    """Whether the header has the token; takes as long for a wrong one as for the right one."""
    scheme, _, given = header.partition(" ")
    is_equal = hmac.compare_digest(given.strip().encode(), token.encode())
    return is_equal and scheme.lower() == "bearer"


async def _body(request: Request) -> Mapping[str, Any] | Response:
    """The JSON object of a POST, {} without a body; a response when it is none."""
    read = bytearray()
    try:
        async for chunk in request.stream():
            read += chunk
            if len(read) > BODY_LIMIT:
                return _problem(413, f"the body is longer than {BODY_LIMIT} bytes", {"Connection": "close"})
        body = orjson.loads(bytes(read)) if read.strip() else {}
    except (orjson.JSONDecodeError, ClientDisconnect):
        return _problem(400, "the body is not JSON")
    return body if isinstance(body, dict) else _problem(400, "the body is not a JSON object")


def _refused(request: Request, error: Exception) -> Response:
    """No such path, or not by this method."""
    assert isinstance(error, HTTPException)
    allowed = (error.headers or {}).get("Allow")
    said = f"{request.url.path} takes {allowed}" if allowed else f"there is no {request.url.path} here"
    return _problem(error.status_code, said, error.headers)


def _failed(request: Request, error: Exception) -> Response:
    return _problem(500, "an error that nobody expected; the log has it")


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content, default=str), media_type="application/json")


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body |= {name: value for name, value in more.items() if value}
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), media_type="application/problem+json")


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A listening TCP socket. Raises SettingsError naming the setting when the port can't be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        raise SettingsError(f"{setting} {port} on {host} can't be used: {error.strerror or error}") from None
    return listener
