"""What every list shares: how many, from where, from when until when, and the cursor of the next page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_core.errors import Unprocessable

Row = TypeVar("Row")
T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1024)]
LIMIT = 50


def must_rise(since: datetime | None, until: datetime | None) -> None:
    """Unprocessable for a stretch of time that ends before it begins: nothing could ever be in it."""
    if since is not None and until is not None and since > until:
        said = "must not be later than until"
        raise Unprocessable(f"The query is wrong: since: {said}.", [{"field": "since", "message": said}])


def page(
    rows: Sequence[Row],
    limit: int,
    make: Callable[[Row], T],
    name: str,
    key: Callable[[Row], tuple[Any, ...]],
    *,
    rest: tuple[Any, ...] | None = None,
) -> Page[T]:
    """A page of at most `limit` from rows that were asked for one more: the one too many says that there is a next.

    `rest` is a key to go on from when there may be more although too few rows came.
    """
    shown = rows[:limit]
    after = key(shown[-1]) if len(rows) > limit else rest
    following = None if after is None else cursors.encode(name, *after)
    return Page(items=[make(row) for row in shown], next_cursor=following)
