"""How many requests there are and how long they take, by route."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltring_api.policy import is_guarded
from voltring_core.metrics import REQUEST_SECONDS, REQUESTS

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


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

        await self._app(scope, receive, watched)


def _count(scope: Scope, status: int, took: float) -> None:
    route = _route(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(took)


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: chargers' ids would make a label each."""
    template = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return "other"
    # FastAPI's versions differ in whether an included route knows its prefix.
    known = not is_guarded(scope["path"]) or template.startswith("/v1")
    return str(template if known else f"/v1{template}")
