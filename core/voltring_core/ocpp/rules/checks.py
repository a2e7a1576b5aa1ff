"""The small questions that rules of several blocks ask of a value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from voltring_core.domain.times import read_time
from voltring_core.ocpp.rules.facts import Asked, Fault

_HEX = re.compile(r"[0-9A-Fa-f]*\Z")
FILE_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp"})


def at_least(payload: Mapping[str, Any], least: int, *names: str, at: str = "") -> Iterator[Fault]:
    """The numbers of these fields, where they are given, are `least` or more."""
    for name in names:
        if name in payload and payload[name] < least:
            yield Fault(f"{at}{name}", f"is {payload[name]}: give {least} or more")


def filled(payload: Mapping[str, Any], *names: str, at: str = "") -> Iterator[Fault]:
    """The texts of these fields, where they are given, are not empty."""
    for name in names:
        if name in payload and not payload[name].strip():
            yield Fault(f"{at}{name}", "is empty: fill it in")


def in_order(payload: Mapping[str, Any], first: str, second: str, at: str = "") -> Iterator[Fault]:
    """Two times, where both are given, are one after the other."""
    begin, end = read_time(payload.get(first)), read_time(payload.get(second))
    if begin is not None and end is not None and begin >= end:
        yield Fault(f"{at}{second}", f"is not later than {first}: give a later time, or leave it out")


def repeated(keys: Iterable[object]) -> Iterator[int]:
    """The places of what came before in the same list."""
    seen = set()
    for place, key in enumerate(keys):
        if key in seen:
            yield place
        seen.add(key)


def one_of(value: str, known: frozenset[str] | None, field: str, what: str) -> Iterator[Fault]:
    """A value is among those that the charger lists, if it lists any."""
    if known is not None and value not in known:
        yield Fault(
            field, f"is {value}, and this charger knows only these {what}: {', '.join(sorted(known)) or 'none'}"
        )


def is_hex(text: str) -> bool:
    """Whether every character is a hexadecimal digit, and there is one."""
    return bool(text) and _HEX.match(text) is not None


def split_url(text: str) -> SplitResult | None:
    """The parts of a URL with a host, else None."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and text == text.strip() else None


def file_url(asked: Asked, text: str, field: str, *, upload: bool = False) -> Iterator[Fault]:
    """A URL that a charger can fetch from or send to (SE-16; 2.1 N01 for uploads)."""
    parts = split_url(text)
    if parts is None or parts.scheme not in FILE_SCHEMES:
        yield Fault(field, f"is no URL of a file server: begin it with one of {', '.join(sorted(FILE_SCHEMES))}://")
        return
    yield from one_of(parts.scheme, asked.station.file_schemes, field, "schemes")
    if upload and (parts.fragment or parts.query.endswith("/")):
        yield Fault(field, "has a fragment, or a query that ends in `/`: an upload needs a URL without them")
