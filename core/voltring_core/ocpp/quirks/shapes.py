"""What a schema wants at a place in a payload."""

from typing import Any

from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version

Path = tuple[str | int, ...]
Shape = dict[str, Any]


def shape_at(version: Version, action: str, path: Path) -> Shape:
    """The part of a request's schema at a path; follows $ref. Empty where there is none."""
    whole: Any = schema(version, action)
    place: Any = _resolve(whole, whole)
    for part in path:
        if not isinstance(place, dict):
            return {}
        inner = place.get("items") if isinstance(part, int) else place.get("properties", {}).get(part)
        place = _resolve(whole, inner)
    return place if isinstance(place, dict) else {}


def _resolve(whole: Any, place: Any) -> Any:
    while isinstance(place, dict) and "$ref" in place:
        place = whole["definitions"][place["$ref"].rpartition("/")[2]]
    return place


def is_optional(parent: Shape, key: str | int) -> bool:
    """Whether a field may be absent; an item of a list may."""
    return isinstance(key, int) or key not in parent.get("required", ())
