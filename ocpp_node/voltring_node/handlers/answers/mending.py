"""Words of an answer that are spelt wrong: `accepted`, `NOT_SUPPORTED`. All else is left to those who read it."""

from copy import deepcopy
from typing import Any

from voltring_core.ocpp.schemas import schema, violations
from voltring_core.ocpp.versions import Version


def mend(version: Version, action: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its words as the schema spells them; the same object when there is nothing to mend."""
    found = violations(version, action, answer, "response")
    wrong = [fault.path for fault in found if fault.keyword == "enum"]
    mended = deepcopy(answer) if wrong else answer
    for *way, last in wrong:
        parent: Any = mended
        for part in way:
            parent = parent[part]
        word = _spelt(_words(version, action, (*way, last)), parent[last])
        if word is not None:
            parent[last] = word
    return mended


def _words(version: Version, action: str, path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The words that a place of the schema may hold."""
    whole = schema(version, action, "response") or {}
    place: Any = whole
    for part in path:
        place = _resolved(whole, place)
        place = place.get("items", {}) if isinstance(part, int) else place.get("properties", {}).get(part, {})
    return tuple(_resolved(whole, place).get("enum", ()))


def _resolved(whole: Any, place: Any) -> Any:
    while "$ref" in place:
        place = whole["definitions"][place["$ref"].rpartition("/")[2]]
    return place


def _spelt(words: tuple[str, ...], told: Any) -> str | None:
    if not isinstance(told, str):
        return None
    return next((word for word in words if _bare(word) == _bare(told)), None)


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
