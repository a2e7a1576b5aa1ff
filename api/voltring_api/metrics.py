"""How many requests there are and how long they take, by route; and the commands among them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltring_api.policy import is_guarded
from voltring_core.domain.commands import State
from voltring_core.errors import TooMany
from voltring_core.metrics.api import REQUEST_SECONDS, REQUESTS, REQUESTS_OPEN
from voltring_core.metrics.commands import COMMAND_SECONDS, QUEUED

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
ANSWERED = frozenset({State.ACCEPTED, State.REJECTED, State.CALLERROR, State.COMPLETED})


class Measured:
    """Observes each request once, when its response starts; a stream's length is not its latency."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, took = 0, 0.0

        async def watched(message: Message) -> None:
            nonlocal status, took
            if message["type"] == "http.response.start":
                status, took = message["status"], time.perf_counter() - began
                await send(message)
                return
            await send(message)
            # Counting takes a while as well: the client does not wait for it.
            if status:
                _count(scope, status, took)
                status = 0

        with REQUESTS_OPEN.track_inprogress():
            await self._app(scope, receive, watched)


def _count(scope: Scope, status: int, took: float) -> None:
    route = route_of(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(took)


def route_of(scope: Scope) -> str:
    """The route's template, never the path itself: chargers' ids would make a label each."""
    template = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return "other"
    # FastAPI's versions differ in whether an included route knows its prefix.
    known = not is_guarded(scope["path"]) or template.startswith("/v1")
    return str(template if known else f"/v1{template}")


@dataclass(slots=True)
class Asked:
    """A command that was asked for, from that moment on."""

    is_new: bool = False
    _at: float = field(default_factory=time.monotonic)

    def ended(self, state: str) -> None:
        """Nobody waits any more: it counts where the charger has answered."""
        if self.is_new and state in ANSWERED:
            COMMAND_SECONDS.observe(time.monotonic() - self._at)


@contextmanager
def counted() -> Iterator[Asked]:
    """Count what is queued within: queued, repeated, refused."""
    asked = Asked()
    try:
        yield asked
    except TooMany:
        QUEUED.labels("refused").inc()
        raise
    QUEUED.labels("queued" if asked.is_new else "repeated").inc()
