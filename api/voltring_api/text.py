"""What no text and no JSON value may hold, wherever it comes from: PostgreSQL could not keep it.

NUL characters, lone surrogates, numbers beyond 64 bits, and nesting that would exhaust a stack.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

DEEPEST = 64
LARGEST = 2**63


def flaw_of_text(text: str) -> str | None:
    """Why a string can't be used, or None."""
    if "\x00" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair"
    return None


def flaw_of_encoded(raw: bytes) -> str | None:
    """Why a percent-encoded path or query can't be used, or None."""
    plain = unquote_to_bytes(raw)
    if b"\x00" in plain:
        return "holds a NUL character"
    try:
        plain.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    return None


def flaw_of_json(value: Any) -> tuple[str, str] | None:
    """The first field of a JSON value that can't be used, in dots, and why; None when all is well."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        path, item, depth = waiting.pop()
        if depth > DEEPEST:
            return path, f"is nested deeper than {DEEPEST} levels"
        if flaw := _flaw_of_scalar(item):
            return path or "body", flaw
        for name, child in _children(item):
            if flaw := flaw_of_text(name):
                return path or "body", f"has a name that {flaw}"
            waiting.append((f"{path}.{name}" if path else name, child, depth + 1))
    return None


def _flaw_of_scalar(item: Any) -> str | None:
    if isinstance(item, str):
        return flaw_of_text(item)
    if isinstance(item, int | float) and abs(item) >= LARGEST:
        return "is a number beyond 64 bits"
    return None


def _children(item: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(item, dict):
        yield from item.items()
    elif isinstance(item, list):
        yield from ((str(index), child) for index, child in enumerate(item))
