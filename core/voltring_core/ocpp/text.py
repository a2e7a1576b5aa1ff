"""JSON as chargers write it: what strict JSON forbids and still can be read is read, and ids keep their writing.

A charger repeats for ever what it gets no answer to, so half a surrogate pair, a raw control character in a string,
NaN, a number beyond every range and a byte order mark are no reason to give up. What comes out can always be
written again: strings hold no surrogates, integers fit 64 bits, floats are finite.
"""

import json
import re
from math import isfinite
from typing import Any

import orjson

PADDING = "\0 \r\n\t"
"""What firmware written in C leaves behind a text."""
BYTE_ORDER_MARK = "\ufeff"
# Every escape of a text in its order, so that an escaped backslash never passes for the start of the next one. The
# second group is half a surrogate pair; the first, a whole one, goes before it.
ESCAPE = re.compile(
    r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
REPLACEMENT = "\ufffd"
# The first two elements of a frame, where the second is a number or a string that may be written back as it is.
HEAD = re.compile(
    rf'{BYTE_ORDER_MARK}?\s*\[\s*-?\d[\d.eE+-]*\s*,\s*(-?\d[\d.eE+-]*|"(?:[^"\\\x00-\x1f]|\\.)*")\s*[,\]]'
)
MAX_DEPTH = 128
INT64, UINT64 = -(2**63), 2**64


class Written:
    """A message id that no Python value holds unchanged, as the charger wrote it: 1.0, 2 to the 70th, 1e400."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Written({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def load(text: str) -> Any:
    """Read a text. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = ESCAPE.sub(_whole, _encodable(text).removeprefix(BYTE_ORDER_MARK).rstrip(PADDING))
    try:
        return json.loads(
            mended, strict=False, parse_constant=lambda name: None, parse_float=_finite, parse_int=_integer
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def cut_deep(value: Any, text: str) -> bool:
    """Take out, in place, what lies deeper than any message needs; whether there was anything.

    Only a vendor's own data can be so deep, and what is deeper than 254 can't be written again (orjson).
    """
    return text.count("{") + text.count("[") > MAX_DEPTH and _cut_below(value, MAX_DEPTH)


def _cut_below(value: Any, depth: int) -> bool:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    deeper = [(key, item) for key, item in inner if isinstance(item, dict | list)]
    if depth == 0:
        for key, _ in deeper:
            value[key] = None
        return bool(deeper)
    return sum(_cut_below(item, depth - 1) for _, item in deeper) > 0


def keep_id(value: Any, text: str) -> Any:
    """The second element of a frame so that it can be echoed unchanged (TR-15); `value` is what `load` made of it."""
    is_exact = type(value) is int or (isinstance(value, str) and REPLACEMENT not in value)
    if is_exact or not isinstance(value, str | float | None):
        return value
    head = HEAD.match(_encodable(text))
    if head is None or (isinstance(value, str) and not ESCAPE.search(head[1])):
        return value
    return Written(head[1])


def _encodable(text: str) -> str:
    """Without the raw surrogates that no UTF-8 holds; a whole pair becomes its character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape[2] else escape[0]


def _finite(digits: str) -> float | None:
    """A number beyond every range says nothing, like NaN."""
    number = float(digits)
    return number if isfinite(number) else None


def _integer(digits: str) -> int | float | None:
    if len(digits) > len(str(UINT64)):
        return _finite(digits)
    number = int(digits)
    return number if INT64 <= number < UINT64 else float(number)
