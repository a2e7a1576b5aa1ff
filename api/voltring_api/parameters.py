"""Query parameters that a route does not know are refused: a filter with a slip in its name would otherwise show
everything, and look as if it had found it.

What a route knows is what it declares. A request without a query pays nothing for this.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from voltring_api.authentication import EVENTS
from voltring_api.problems import problem

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A route: where it is, how it is asked, and which parameters it declares."""

    path: re.Pattern[str]
    methods: frozenset[str]
    names: tuple[str, ...]


def places(routers: Iterable[APIRouter], prefix: str) -> Iterator[Place]:
    """Every route of the routers, in the order in which they are looked through."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                path, _, _ = compile_path(prefix + route.path)
                yield Place(path, frozenset(route.methods or ()), declared(route))


def declared(route: APIRoute) -> tuple[str, ...]:
    """The names of a route's query parameters, in its own order."""
    found = (field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query))
    return tuple(dict.fromkeys(found))


class KnownParameters:
    """Answers 422 to a query with a parameter that its route does not declare; the live feed takes any."""

    def __init__(self, app: ASGIApp, places: Iterable[Place]) -> None:
        self._app = app
        self._places = tuple(places)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, or refuse."""
        refusal = self._refusal(scope) if scope["type"] == "http" and scope["query_string"] else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path = scope["path"]
        found = next((it for it in self._places if scope["method"] in it.methods and it.path.match(path)), None)
        if found is None or path == EVENTS:
            return None
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        unknown = dict.fromkeys(name for name, _ in given if name not in found.names)
        return _refused(list(unknown), found.names) if unknown else None


def _refused(unknown: list[str], known: tuple[str, ...]) -> Response:
    errors = [{"field": _short(name), "message": said(name, known)} for name in unknown]
    return problem(422, f"The query is wrong: {errors[0]['field']}: {errors[0]['message']}.", errors)


def said(name: str, known: tuple[str, ...]) -> str:
    """What is wrong with a name, and what there is in its place."""
    if not known:
        return "is not known here, which takes no parameters"
    near = get_close_matches(name, known, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"is not known here{hint}; known are {', '.join(known)}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
