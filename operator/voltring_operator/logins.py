"""A login at Kubernetes and its HTTP session, shared by all who ask at the same time.

Tokens of service accounts are replaced about hourly. A login that is too old, or that was refused, is followed by one
new one, whoever asked for it first; the session of the old one is closed when the last answer by it is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import kopf

AGENT = "voltring-operator"
"""So that audit logs and managedFields say who it was."""
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
LOGIN_AGAIN_S = 300.0


@dataclass(slots=True, eq=False)
class Login:
    """One of them; `users` are the requests that are open."""

    session: aiohttp.ClientSession
    server: str
    since: float
    users: int = 0


class Logins:
    """The one that is good now."""

    def __init__(self, log_in: Callable[[], kopf.ConnectionInfo]) -> None:
        self._log_in = log_in
        self._current: Login | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Login]:
        """For one request. Raises what logging in raises."""
        login = await self._ready()
        login.users += 1
        try:
            yield login
        finally:
            login.users -= 1
            if login is not self._current:
                await _close_unused(login)

    async def refused(self, login: Login) -> None:
        """That one is good no more; another one that was made meanwhile stays."""
        if self._current is login:
            self._current = None
            await _close_unused(login)

    async def close(self) -> None:
        """Close what nobody uses; what is in use is closed when it has its answer."""
        if self._current is not None:
            await self.refused(self._current)

    async def _ready(self) -> Login:
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if self._current is not None and now - self._current.since > LOGIN_AGAIN_S:
                await self.refused(self._current)
            if self._current is None:
                self._current = await self._made(now)
            return self._current

    async def _made(self, now: float) -> Login:
        found = await asyncio.to_thread(self._log_in)
        tls = await asyncio.to_thread(found.as_ssl_context) if found.server.startswith("https") else True
        connector = aiohttp.TCPConnector(ssl=tls)
        headers = {"User-Agent": AGENT} | found.as_http_headers()
        session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=TIMEOUT)
        return Login(session, found.server.rstrip("/"), now)


async def _close_unused(login: Login) -> None:
    if not login.users:
        await login.session.close()
