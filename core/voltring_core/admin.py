"""The admin port of a room: /metrics, /healthz, /readyz, /status.

Not for the outside: it listens on loopback unless the deployment says otherwise.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from voltring_core.errors import SettingsError


class QuietServer(uvicorn.Server):
    """uvicorn without signal handlers of its own: the room decides when to stop."""

    def install_signal_handlers(self) -> None:
        return None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AdminServer:
    """Serves a room's health and metrics."""

    def __init__(
        self,
        host: str,
        port: int,
        is_ready: Callable[[], Awaitable[bool]],
        status: Callable[[], dict[str, Any]],
    ) -> None:
        """`port` 0 lets the kernel choose."""
        self._host = host
        self._port = port
        self._is_ready = is_ready
        self._status = status
        self._server: QuietServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, group: asyncio.TaskGroup) -> str:
        """Listen, and return the URL. Raises SettingsError when the port can't be had."""
        routes = [
            Route("/metrics", self._metrics),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/status", self._show_status),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="none")
        server = self._server = QuietServer(config)
        listener = bind(self._host, self._port, "VOLTRING_ADMIN_PORT")
        self._task = group.create_task(server.serve(sockets=[listener]), name="admin port")
        return f"http://{self._host}:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, request: Request) -> Response:
        if await self._is_ready():
            return PlainTextResponse("ready\n")
        # 404 takes a node out of the router's ring and leaves its sockets open.
        return PlainTextResponse("not ready\n", 404)

    async def _show_status(self, request: Request) -> Response:
        return JSONResponse(self._status())


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
