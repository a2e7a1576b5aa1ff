"""Asks every request under `/v1` for a key and for the role that the policy wants, before anything else is read."""

from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from voltring_api.keys import Keys, Principal
from voltring_api.policy import is_guarded, needed_role
from voltring_api.problems import problem, unavailable
from voltring_core.store.database import AWAY

EVENTS = "/v1/events"
TOKEN_PARAMETER = "access_token"  # noqa: S105 - a parameter's name
CHALLENGE = 'Bearer realm="voltring"'


class Authentication:
    """Puts a `Principal` into `scope["principal"]`, or answers 401, 403 or 503 itself."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        if scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        outcome = await self._judge(scope)
        if isinstance(outcome, Response):
            await outcome(scope, receive, send)
            return
        scope["principal"] = outcome
        await self._app(scope, receive, send)

    async def _judge(self, scope: Scope) -> Principal | Response:
        token = _token(scope)
        if token is None:
            return _challenge("An API key is needed: send it as `Authorization: Bearer KEY`.")
        try:
            found = await self._keys.find(token)
        except AWAY:
            return unavailable()
        if found is None:
            return _challenge("This API key is unknown or has expired.", ', error="invalid_token"')
        needed = needed_role(scope["method"], scope["path"])
        if not found.role.covers(needed):
            return problem(403, f"This needs the role {needed}; the key {found.name!r} has the role {found.role}.")
        scope["token"] = token
        return found


def _token(scope: Scope) -> str | None:
    """The key of the request. That of a query is taken out of it, so that nothing behind can log it."""
    from_query = _take_from_query(scope) if scope["path"] == EVENTS else None
    kind, _, token = Headers(scope=scope).get("authorization", "").strip().partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return from_query


def _take_from_query(scope: Scope) -> str | None:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    rest = [(name, value) for name, value in pairs if name != TOKEN_PARAMETER]
    if len(rest) == len(pairs):
        return None
    scope["query_string"] = urlencode(rest).encode("latin-1")
    return next(value for name, value in pairs if name == TOKEN_PARAMETER) or None


def _challenge(detail: str, more: str = "") -> Response:
    return problem(401, detail, headers={"WWW-Authenticate": CHALLENGE + more})
