"""Bending a payload: values replaced, dropped, doubled or added, anywhere in it."""

import json
import re
from random import Random
from typing import Any

from fuzz_payloads import SIGNS

VALUES = (
    "null", "true", "false", "0", "-1", "1.5", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "9" * 25, "9" * 5000,
    "2147483648", "-2147483649", "9223372036854775808", '""', '"x"', '"' + "x" * 3000 + '"', r'"\ud800"',
    r'"\udfff\ud800"', r'"\u0000"', '"\ufeff"', '"\t\n"', '"NaN"', '"-5"', '"Accepted"', '"2026-01-01T00:00:00"',
    '"yesterday"', '"0000-00-00T00:00:00Z"', '"2026-02-30T25:61:61Z"', "[]", "{}", "[null]", "[[]]", "[{}]",
    '{"":null}', '{"vendorId":1}', "[" * 40 + "]" * 40, '{"a":' * 300 + "1" + "}" * 300, "[" * 980 + "]" * 980,
    "[" * 3000 + "]" * 3000,
)  # fmt: skip
# Where a value was replaced stands its number; what JSON can't say can be put there as text.
PLACEHOLDER = re.compile(r'"@(\d{3})"')
Payload = dict[str, Any]


class Bender:
    """Bends payloads."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def bend(self, payload: Payload) -> str:
        """A payload's text with one or some faults; it may be no JSON any more."""
        for _ in range(self._rng.choice((1, 1, 1, 2, 5))):
            payload = self._bend(payload)
        return PLACEHOLDER.sub(lambda found: VALUES[int(found[1]) % len(VALUES)], json.dumps(payload))

    def _bend(self, whole: Payload) -> Payload:
        """A copy of an object that differs in one place; only the way to that place is copied."""
        rng, made = self._rng, dict(whole)
        keys = list(made)
        if not keys or rng.random() < 0.08:
            made[rng.choice(("extra", "", "timestamp", "customData", "status"))] = self._replacement()
            return made
        key = rng.choice(keys)
        value = made[key]
        if isinstance(value, dict) and rng.random() < 0.75:
            made[key] = self._bend(value)
        elif isinstance(value, list) and value and rng.random() < 0.75:
            made[key] = self._bend_list(value)
        elif rng.random() < 0.2:
            del made[key]
        elif isinstance(value, str) and rng.random() < 0.4:
            made[key] = self._bend_text(value)
        else:
            made[key] = self._replacement()
        return made

    def _bend_list(self, items: list[Any]) -> list[Any]:
        rng, made = self._rng, list(items)
        at = rng.randrange(len(made))
        pick = rng.randrange(5)
        if pick == 0:
            return []
        if pick == 1:
            return made * rng.choice((2, 30))
        made[at] = self._bend(made[at]) if isinstance(made[at], dict) and pick < 4 else self._replacement()
        return made

    def _bend_text(self, text: str) -> str:
        rng = self._rng
        pick = rng.randrange(4)
        if pick == 0:
            return text.upper() if rng.random() < 0.5 else text.lower()
        if pick == 1:
            return text + rng.choice(SIGNS) * rng.choice((1, 30, 600))
        return text[: rng.randrange(len(text) + 1)] + (rng.choice(SIGNS) if pick == 2 else "")

    def _replacement(self) -> str:
        return f"@{self._rng.randrange(len(VALUES)):03}"
