"""Text as PostgreSQL can keep it."""

from typing import Any

NUL, SHOWN_NUL = "\0", "\N{SYMBOL FOR NULL}"


def clean(value: Any) -> Any:
    """The value; in a text a NUL is shown by its symbol."""
    return value.replace(NUL, SHOWN_NUL) if isinstance(value, str) and NUL in value else value
