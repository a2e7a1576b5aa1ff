"""What a rule may be given: each kind checks an argument and says in words what it wants."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from voltring_core.ocpp.versions import Version


@dataclass(frozen=True, slots=True)
class Argument:
    """A kind of argument; `wants` ends the sentence `... must be`."""

    wants: str
    fits: Callable[[object], bool]


def _is_zone(given: object) -> bool:
    if not isinstance(given, str):
        return False
    try:
        ZoneInfo(given)
    except (OSError, ValueError, KeyError):  # a folder, no name at all, no such zone
        return False
    return True


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 10_000


def _is_ids(given: object) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(type(one) is int for one in given)


def _is_words(given: object) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(isinstance(one, str) and one for one in given)


def one_of(*words: str) -> Argument:
    """One of some words."""
    return Argument("one of " + ", ".join(f'"{word}"' for word in words), lambda given: given in words)


TRUE = Argument("true", lambda given: given is True)
COUNT = Argument("a whole number from 1 to 10000", _is_count)
IDS = Argument("a list of whole numbers", _is_ids)
WORDS = Argument("a list of words", _is_words)
ZONE = Argument("the IANA name of a time zone, such as Europe/Berlin", _is_zone)
VERSION = one_of(*(version.value for version in Version))
