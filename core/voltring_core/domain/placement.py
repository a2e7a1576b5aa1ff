"""Which node the router sends a charger to: HAProxy's consistent hash, bit for bit (charts/voltring/files).

The router hashes the charger's id, as `key` has it, by `hash-type consistent sdbm avalanche`. A node of ordinal i is
the server `id i+1` of weight 256 there, which gives it 4096 points on a ring of 2^32; an id goes to the point that is
nearest, the one below it where two are equally near. Nodes that are not ready have no points.

Checked against HAProxy 2.6; 3.2 has the same ring from 3.2.7 on (before, a server's id was hashed twice). Where
points of two nodes coincide HAProxy goes by the order in which they came up: about one id in 100,000, and here the
lower ordinal's.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

POINTS = 256 * 16
"""Of one node: its weight, and how HAProxy scales weights."""
MASK = 0xFFFFFFFF
ORDINAL_BITS = 16
NAME = re.compile(r"(?P<fleet>.+-)(?P<ordinal>0|[1-9][0-9]*)")
"""Of a node: its pod's, `<fleet>-node-<ordinal>`."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The points of the nodes that are up, in order, and whose they are."""

    points: "array[int]"
    ordinals: "array[int]"

    def home(self, charger_id: str) -> int:
        """The ordinal of the node that the charger is sent to."""
        points, place = self.points, hashed(key(charger_id))
        above = bisect_left(points, place) % len(points)
        below = above - 1
        is_below = (place - points[below]) & MASK <= (points[above] - place) & MASK
        return self.ordinals[below if is_below else above]


@dataclass(frozen=True, slots=True)
class Place:
    """A node among the others."""

    here: int
    """Its own ordinal."""
    up: frozenset[int]
    """The ordinals that the router sends chargers to."""


def place(name: str, ready: Iterable[str], slots: int) -> Place | None:
    """Where the node `name` stands while those named in `ready` take chargers, itself among them or not; None when its
    name has no ordinal. Nodes of other names, and those beyond the router's `slots`, take none."""
    own = NAME.fullmatch(name)
    if own is None:
        return None
    others = [found for one in ready if (found := NAME.fullmatch(one)) and found["fleet"] == own["fleet"]]
    up = frozenset(int(one["ordinal"]) for one in others)
    return Place(int(own["ordinal"]), frozenset(ordinal for ordinal in up if ordinal < slots))


def home(charger_id: str, up: frozenset[int]) -> int | None:
    """The ordinal that the router sends the charger to while these are up; None when none is."""
    return ring(up).home(charger_id) if up else None


def misplaced(charger_ids: Iterable[str], here: int, up: frozenset[int]) -> list[str]:
    """Those of the chargers at node `here` that the router would send elsewhere; nobody when no node is up."""
    if not up:
        return []
    whole = ring(up)
    return [one for one in charger_ids if whole.home(one) != here]


@lru_cache(maxsize=4)
def ring(up: frozenset[int]) -> Ring:
    """The ring of the nodes that are up; at least one."""
    every = sorted(point << ORDINAL_BITS | ordinal for ordinal in up for point in _points(ordinal))
    mask = (1 << ORDINAL_BITS) - 1
    return Ring(array("I", (one >> ORDINAL_BITS for one in every)), array("H", (one & mask for one in every)))


@lru_cache(maxsize=1024)
def _points(ordinal: int) -> "array[int]":
    """In order: many runs that are sorted are sorted together soon."""
    first = (ordinal + 1) * POINTS
    return array("I", sorted(avalanche(first + number) for number in range(POINTS)))


def key(charger_id: str) -> bytes:
    """What the router hashes: the last part of the path, decoded, in small letters (a-z alone)."""
    return charger_id.encode().lower()


def hashed(text: bytes) -> int:
    """`sdbm`, then `avalanche`."""
    value = 0
    for byte in text:
        value = (byte + value * 65599) & MASK
    return avalanche(value)


def avalanche(value: int) -> int:
    """HAProxy's full_hash of 32 bits: Bob Jenkins' integer hash, and a multiplication."""
    value = (value + 0x7ED55D16 + (value << 12)) & MASK
    value = value ^ 0xC761C23C ^ (value >> 19)
    value = (value + 0x165667B1 + (value << 5)) & MASK
    value = ((value + 0xD3A2646C) ^ (value << 9)) & MASK
    value = (value + 0xFD7046C5 + (value << 3)) & MASK
    value = value ^ 0xB55A4F09 ^ (value >> 16)
    return value * 3221225473 & MASK
