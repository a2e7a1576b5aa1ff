"""Frames by grammar and mutation: official examples, then everything that can go wrong on the way to us.

One `Frames` is one endless, seeded row of texts. Half of them are whole frames whose payload keeps its schema or
nearly so; the others are broken as frames, as JSON, or as text.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from fuzz_bending import VALUES, Bender
from fuzz_payloads import SIGNS, Payloads

from voltring_core.ocpp.actions import FROM_CHARGER, TO_CHARGER, UNCONFIRMED
from voltring_core.ocpp.versions import Version

EXAMPLES = 6  # payloads of each action at a time; frames are mutations of them
FRESH = 0.1  # how often one of them is replaced by a new one
LONGEST = 20_000  # characters of what is mutated as text
STRANGE_IDS = (
    '""',
    "0",
    "-1",
    "1.0",
    "-0.0",
    "1e400",
    "1E5",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "9" * 400,
    "9" * 5000,
    "0.30000000000000000004",
    r'"\ud800"',
    r'"\udc00x"',
    r'"\ud83d\ude00"',
    r'"\u0000"',
    r'"\\\ud800"',
    '"\\"]"',
    '"' + "i" * 300 + '"',
    '"' + "\U0001f600" * 40 + '"',
    "null",
    "true",
    "[]",
    "{}",
    "NaN",
    "-Infinity",
)
KINDS = ("0", "1", "3", "4", "5", "6", "7", "-2", "2.0", '"2"', "null", "true", "[2]", "{}", "1e400", "2e0", "NaN", "")
ACTIONS = ("", "heartbeat", "HeartbeatRequest", "Heartbeat ", "Reset", "\0", "X" * 400, "-Signed", "Heartbeat-Signed")
WEIGHTS = (30, 40, 12, 13, 5)
MOSTLY_WHOLE = (45, 46, 4, 2, 3)
"""For a real node, which closes a socket for 20 malformed frames in a minute."""
Payload = dict[str, Any]


class Frames:
    """The frames of one version from one seed."""

    def __init__(self, version: Version, seed: int, weights: tuple[int, ...] = WEIGHTS) -> None:
        """`weights` of what is valid, bent, misplaced, mangled, an answer."""
        self.version = version
        self._rng = rng = Random(f"{version.value} {seed}")
        self._examples: list[tuple[str, Payloads, list[Payload]]] = []
        for action in sorted(FROM_CHARGER[version]):
            made = Payloads(rng, version, action)
            self._examples.append((action, made, [made.make() for _ in range(EXAMPLES)]))
        self._bender = Bender(rng)
        self._number = 0
        self._ways: list[Callable[[], str]] = [self._valid, self._bent, self._misplaced, self._mangled, self._answer]
        self._weights = weights

    def next(self) -> str:
        """The next frame."""
        (way,) = self._rng.choices(self._ways, self._weights)
        return way()

    def _id(self) -> str:
        self._number += 1
        if self._rng.random() < 0.12:
            return self._rng.choice(STRANGE_IDS)
        return f'"{self._number}"' if self._rng.random() < 0.9 else str(self._number)

    def _example(self) -> tuple[str, Payload]:
        action, fresh, payloads = self._rng.choice(self._examples)
        at = self._rng.randrange(len(payloads))
        if self._rng.random() < FRESH:
            payloads[at] = fresh.make()
        return action, payloads[at]

    def _frame(self, action: str, payload: str) -> str:
        kind = 6 if action in UNCONFIRMED and self._rng.random() < 0.8 else 2
        return f"[{kind},{self._id()},{json.dumps(action)},{payload}]"

    def _valid(self) -> str:
        action, payload = self._example()
        return self._frame(action, json.dumps(payload, ensure_ascii=self._rng.random() < 0.5))

    def _bent(self) -> str:
        action, payload = self._example()
        return self._frame(action, self._bender.bend(payload))

    def _misplaced(self) -> str:
        """The elements of the array are wrong: type, id, action, payload, length."""
        rng = self._rng
        action, payload = self._example()
        elements = ["2", self._id(), json.dumps(action), json.dumps(payload)]
        pick = rng.randrange(7)
        if pick == 0:
            elements[0] = rng.choice(KINDS)
        elif pick == 1:
            elements[1] = rng.choice(STRANGE_IDS)
        elif pick == 2:
            elements[2] = rng.choice(
                (json.dumps(rng.choice(ACTIONS + tuple(TO_CHARGER[self.version]))), rng.choice(VALUES))
            )
        elif pick == 3:
            elements[3] = rng.choice(VALUES)
        elif pick == 4:
            elements = elements[: rng.randrange(4)]
        elif pick == 5:
            elements.append(rng.choice(VALUES))
        else:
            rng.shuffle(elements)
        space = rng.choice(("", "", " ", "\n\t"))
        return f"{space}[{(space + ',' + space).join(elements)}]{space}"

    def _mangled(self) -> str:
        """Something that may be no JSON any more."""
        rng = self._rng
        text = (self._valid() if rng.random() < 0.7 else self._misplaced())[:LONGEST]
        pick = rng.randrange(9)
        at = rng.randrange(len(text) + 1)
        if pick == 0:
            return text[:at]
        if pick == 1:
            return (
                text[:at]
                + rng.choice(('"', "\\", "[", "]", "{", "}", ",", ":", "\0", "\ufeff", "\x1b", "\u2028"))
                + text[at:]
            )
        if pick == 2:
            return text[:at] + text[at + rng.randrange(1, 9) :]
        if pick == 3:
            other = rng.randrange(len(text) + 1)
            return text[:at] + text[other:]
        if pick == 4:
            return "\ufeff" + text
        if pick == 5:  # a key that comes twice
            return text[:-2] + "," * text.endswith("{}]") + ',"status":1,"status":null,"timestamp":[]}]'
        if pick == 6:
            return "".join(rng.choices(SIGNS + '[]{},:"0123456789.eE-+\\tfn', k=rng.randrange(80)))
        if pick == 7:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(60))).decode(errors="replace")
        return text + text

    def _answer(self) -> str:
        """An answer to nothing, or to what the driver asked."""
        rng = self._rng
        return rng.choice(
            (
                f"[3,{self._id()},{{}}]",
                f"[3,{self._id()},{rng.choice(VALUES)}]",
                f'[4,{self._id()},"NotSupported","",{{}}]',
                f"[4,{self._id()},{rng.choice(VALUES)},{rng.choice(VALUES)},{rng.choice(VALUES)}]",
                f'[5,{self._id()},"FormatViolation","",{{}}]',
                f"[6,{self._id()},{rng.choice(VALUES)},{rng.choice(VALUES)}]",
                "",
                " ",
            )
        )
