"""uvicorn, started and stopped by us: the room's own signals end it, and its streams with it."""

import asyncio
import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from voltring_core.admin import QuietServer

LAST_WORDS_S = 3
"""Seconds that requests have to end; the room stops within 5."""
KEEP_ALIVE_S = 75
"""Longer than load balancers keep an idle connection, so that they close first."""


async def serve(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`, then let requests end for a few seconds."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # nothing here asks who the client is
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LAST_WORDS_S,
    )
    # A live feed's query carries its key; not even a handler that somebody adds later may see it.
    logging.getLogger("uvicorn.access").disabled = True
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve([listener]), name="uvicorn")
    stopping = asyncio.create_task(stop.wait(), name="stop of the server")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
