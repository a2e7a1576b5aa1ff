"""One span for each traced request, around everything that stands around it.

A request is traced if its client's `traceparent` says so, and by the dice where it says nothing. The answer names the
trace in `traceresponse` (W3C Trace Context, level 2).
"""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltring_api.metrics import METHODS, route_of
from voltring_api.policy import is_guarded
from voltring_core import tracing
from voltring_core.tracing import Kind, Span

TOLD = b"traceresponse"
FAULT = 500


class Traced:
    """Traces requests to the API, not its pages. A stream's span ends when it begins to flow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request, if it is sampled."""
        if not tracing.is_on() or scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        is_sampled, parent = tracing.asked(Headers(scope=scope).get("traceparent"))
        if not is_sampled:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "other"
        span = tracing.begin(method, Kind.SERVER, parent, {"http.request.method": method})
        is_over = False

        async def watched(message: Message) -> None:
            nonlocal is_over
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (TOLD, span.traceparent.encode())]
                await send(message)
                is_over = True
                _end(span, scope, method, message["status"])
                return
            await send(message)

        try:
            with tracing.within(span):
                await self._app(scope, receive, watched)
        finally:
            if not is_over:
                span.fail("no answer")
                span.end()


def _end(span: Span, scope: Scope, method: str, status: int) -> None:
    if status == HTTPStatus.UNAUTHORIZED:  # who has no key fills nobody's collector: what never ends is never sent
        return
    route = route_of(scope)
    span.rename(f"{method} {route}")
    span.note({"http.route": route, "http.response.status_code": status})
    if charger := scope.get("path_params", {}).get("charger_id"):
        span.note({"ocpp.charger.id": charger})
    if status >= FAULT:
        span.fail(str(status))
    span.end()
