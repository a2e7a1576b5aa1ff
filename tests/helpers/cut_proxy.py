"""A TCP proxy between a room and a server of its own, which a test cuts and mends.

    async with CutProxy("127.0.0.1", 5432) as proxy:
        room reaches the server at proxy.host, proxy.port
        proxy.cut()          every connection is dropped, new ones are dropped at once
        proxy.hang()         what is open stays open and says nothing any more, new ones likewise
        proxy.mend()         new connections go through again, and those that hung go on

It lives in the test's own event loop: a test that blocks the loop blocks the link.
"""

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

CHUNK = 65_536


class CutProxy:
    """A port of loopback; whoever connects is passed on to `host:port`, or to the UNIX socket `path`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, path: str | None = None) -> None:
        self._target = (host, port)
        self._path = path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False
        self.host, self.port = "127.0.0.1", 0
        self.passed = 0
        """Connections that were let through so far."""

    async def __aenter__(self) -> "CutProxy":
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *exc: Any) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, url: str) -> str:
        """The same URL (postgresql://, redis://) by way of this proxy."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{self.host}:{self.port}").geturl()

    def cut(self) -> None:
        """Drop every connection; new ones are dropped at once."""
        self._is_cut = True
        self._flows.set()
        for writer in self._open:
            writer.transport.abort()

    def hang(self) -> None:
        """Pass nothing on any more, and close nothing: a link that swallows."""
        self._flows.clear()

    def mend(self) -> None:
        """Pass everything on again."""
        self._is_cut = False
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        await self._flows.wait()
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self.passed += 1
        both = {writer, far_writer}
        self._open |= both
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._open -= both
            for one in both:
                one.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path is not None:
            return await asyncio.open_unix_connection(self._path)
        return await asyncio.open_connection(*self._target)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()


def through(url: str) -> CutProxy:
    """A proxy to where this URL points."""
    parts = urlsplit(url)
    return CutProxy(parts.hostname or "127.0.0.1", parts.port or 0)
