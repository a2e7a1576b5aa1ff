"""Random payloads that keep a JSON schema: what a charger may say, and what it hardly ever says.

Small and our own, because OCPP's schemas use little of the language, and because every example has to come from a
`random.Random`, so that a seed gives it again.
"""

from random import Random
from typing import Any

from voltring_core.ocpp.schemas import Kind, schema
from voltring_core.ocpp.versions import Version

TIMES = (
    "2026-01-01T12:00:00Z",
    "2026-01-01T12:00:00.123Z",
    "2026-06-30T23:59:59.999999999+05:30",
    "2026-01-01T00:00:00-12:00",
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-23:59",
    "2024-02-29T00:00:00Z",
)
LETTERS = "abcXYZ0189 -_.:/*"
SIGNS = LETTERS + "\"\\'%<>&\t\n\r\0\x7f\u00e4\u20ac\u2028\ufffd\ufeff\uffff\U0001f600\U0010ffff"
NUMBERS_AS_TEXT = ("0", "-1", "1.5", "1e3", "1e-9999", "1e9999", "NaN", "Infinity", " 7 ", "7 kWh", "0x10", "9" * 30)
PLACES = ("connectorId", "evseId")  # from 0 on, say the texts of 1.6 and 2.0.1 where their schemas say nothing
INT32 = 2**31 - 1
MAX_DEPTH = 12


class Payloads:
    """Makes payloads of one schema."""

    def __init__(self, rng: Random, version: Version, action: str, kind: Kind = "request") -> None:
        whole = schema(version, action, kind)
        assert whole is not None, (version, action, kind)
        self._rng = rng
        self._whole = whole

    def make(self) -> dict[str, Any]:
        """A payload; how many of the optional fields it has differs from one to the next."""
        self._optional = self._rng.choice((0.0, 0.15, 0.5, 1.0))
        made = self._value(self._whole, 0)
        assert isinstance(made, dict)
        return made

    def _value(self, place: dict[str, Any], depth: int) -> Any:
        while "$ref" in place:
            place = self._whole["definitions"][place["$ref"].rpartition("/")[2]]
        if "enum" in place:
            return self._rng.choice(place["enum"])
        kind = place.get("type")
        if kind == "object" or (kind is None and "properties" in place):
            return self._object(place, depth)
        if kind == "array":
            return self._array(place, depth)
        if kind == "string":
            return self._string(place)
        if kind == "boolean":
            return self._rng.random() < 0.5
        if kind in ("integer", "number"):
            return self._number(place, kind)
        return self._anything(depth)

    def _object(self, place: dict[str, Any], depth: int) -> dict[str, Any]:
        rng, required = self._rng, place.get("required", ())
        chance = self._optional * 0.7**depth if depth < MAX_DEPTH else 0.0
        made = {}
        for name, inner in place.get("properties", {}).items():
            if name in required or (rng.random() < chance and (name != "customData" or rng.random() < 0.1)):
                value = self._value(inner, depth + 1)
                made[name] = abs(value) if name in PLACES and isinstance(value, int) else value
        if place.get("additionalProperties", True) and place.get("properties") and rng.random() < 0.5:
            made["more"] = self._anything(depth)
        return made

    def _array(self, place: dict[str, Any], depth: int) -> list[Any]:
        least = place.get("minItems", 0)
        most = min(place.get("maxItems", 4), 4) if self._rng.random() < 0.97 else min(place.get("maxItems", 30), 30)
        count = self._rng.randint(least, max(least, most)) if depth < MAX_DEPTH else least
        return [self._value(place["items"], depth + 1) for _ in range(count)]

    def _string(self, place: dict[str, Any]) -> str:
        rng, form = self._rng, place.get("format")
        if form == "date-time":
            return rng.choice(TIMES)
        if form == "uri":
            return rng.choice(("https://example.org/x?y=1#z", "ftp://u:p@[::1]:21/a%20b", "urn:a:b"))
        longest = place.get("maxLength", 40)
        if rng.random() < 0.2:
            fitting = [one for one in NUMBERS_AS_TEXT if len(one) <= longest]
            return rng.choice(fitting) if fitting else ""
        length = rng.choice((0, 1, min(8, longest), min(20, longest), longest if longest <= 300 else 60))
        signs = SIGNS if rng.random() < 0.3 else LETTERS
        return "".join(rng.choices(signs, k=min(length, longest)))

    def _number(self, place: dict[str, Any], kind: str) -> int | float:
        rng = self._rng
        least, most = place.get("minimum", -INT32), place.get("maximum", INT32)
        edges = [one for one in (least, most, 0, 1, 2, 100) if least <= one <= most]
        number = rng.choice(edges) if rng.random() < 0.6 else rng.uniform(least, most)
        if kind == "integer":
            return max(least, min(most, int(number)))
        # 1.6 allows one decimal, which is no binary number: 0.1 * 3 is not 0.3.
        return round(max(least, min(most, number)), 1) if "multipleOf" in place else number

    def _anything(self, depth: int) -> Any:
        rng = self._rng
        pick = rng.randrange(9 if depth < 4 else 6)
        if pick == 6:
            return [self._anything(depth + 1) for _ in range(rng.randrange(3))]
        if pick > 6:
            return {f"k{number}": self._anything(depth + 1) for number in range(rng.randrange(3))}
        return (None, True, rng.randint(-(2**53), 2**53), rng.random() * 1e6, "text", "\0\U0001f600")[pick]
