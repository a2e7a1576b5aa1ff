"""Page cursors: opaque to the client, the sort key of the last row inside.

A cursor names its list, so that one of another list is refused. Because the next page starts after a key and not
after a count, rows that are inserted meanwhile neither repeat nor hide others.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from voltring_api.text import flaw_of_text
from voltring_core.errors import Unprocessable

Reader = Callable[[Any], Any]
LONGEST = 1_024


def encode(name: str, *key: Any) -> str:
    """The cursor after the row with this sort key."""
    return base64.urlsafe_b64encode(orjson.dumps([name, *key])).rstrip(b"=").decode()


def decode(cursor: str | None, name: str, *readers: Reader) -> tuple[Any, ...]:
    """The sort key in a cursor, each part read by its reader; Nones without a cursor.

    Raises Unprocessable when it is not a cursor of this list.
    """
    if cursor is None:
        return (None,) * len(readers)
    try:
        return _read(cursor, name, readers)
    except ValueError:
        said = "is not a cursor of this list: use next_cursor of the page before, with the same filters"
        raise Unprocessable("The cursor is wrong.", [{"field": "cursor", "message": said}]) from None


def _read(cursor: str, name: str, readers: tuple[Reader, ...]) -> tuple[Any, ...]:
    if len(cursor) > LONGEST:
        raise ValueError("too long")
    raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    found = orjson.loads(raw)
    if not isinstance(found, list) or found[:1] != [name] or len(found) != len(readers) + 1:
        raise ValueError("of another list")
    return tuple(reader(part) for reader, part in zip(readers, found[1:], strict=True))


def text(part: Any) -> str:
    """A part that is a string."""
    if not isinstance(part, str) or flaw_of_text(part):
        raise ValueError("not a text")
    return part


def number(part: Any) -> int:
    """A part that fits bigint and is not negative."""
    if not isinstance(part, int) or isinstance(part, bool) or not 0 <= part < 2**63:
        raise ValueError("not a number")
    return part


def identity(part: Any) -> UUID:
    """A part that is a UUID."""
    return UUID(text(part))


def place(part: Any) -> tuple[int, int]:
    """A part that is a row's place in its table: block and line."""
    if not isinstance(part, list) or len(part) != 2:
        raise ValueError("not a place")
    block, line = number(part[0]), number(part[1])
    if block >= 2**32 or line >= 2**16:
        raise ValueError("not a place")
    return block, line


def instant(part: Any) -> datetime:
    """A part that is a time with a zone."""
    found = datetime.fromisoformat(text(part))
    if found.utcoffset() is None or not 1970 <= found.year <= 9998:
        raise ValueError("not a time")
    return found
