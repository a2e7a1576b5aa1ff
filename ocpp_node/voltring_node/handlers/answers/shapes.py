"""Reading what may have any shape: an answer is kept whatever the charger made of its schema.

Each reader takes any JSON value and returns its own kind; what is not of that kind reads as nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_NAME = 500
"""Characters of a name or an id: more is none (the longest of the specifications has 255)."""


def mapping(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> Sequence[Any]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else ()


def items(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The objects of an array."""
    return tuple(one for one in listing(value) if isinstance(one, Mapping))


def word(value: Any) -> str:
    """A name, an id, a status; empty where there is none."""
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else ""


def words(value: Any) -> tuple[str, ...]:
    """The names of an array."""
    return tuple(one for one in map(word, listing(value)) if one)
