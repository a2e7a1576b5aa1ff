"""What the toy fleet consists of (`toy_fleet.py`): pods, processes, their drains, and the router's choice."""

from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b


@dataclass
class ToyDrain:
    reason: str
    rate: float
    window: float
    until: float
    deadline: float
    firmware: str
    began: float
    phase: str = "Cordoned"
    initial: int = 0
    closed: int = 0
    returned: int = 0
    note: str = ""


@dataclass
class ToyNode:
    """A node's process."""

    uid: str
    phase: str = "Serving"
    drain: ToyDrain | None = None
    limbo: set[str] = field(default_factory=set)
    recall: tuple[str, float, float] | None = None
    """Reason, rate, until."""
    errors: float | None = None
    credit: float = 0.0


@dataclass
class ToyPod:
    ordinal: int
    uid: str
    revision: str
    created: float
    machine: str
    node: ToyNode
    ready: float | None = None
    ends: float | None = None
    restarts: int = 0

    @property
    def is_up(self) -> bool:
        return self.ready is not None and self.ends is None


def home(name: str, up: list[int]) -> int:
    """The router's choice: consistent, so that a slot that is away moves its own chargers only."""
    return max(up, key=lambda one: _likes(name, one))


@cache
def _likes(name: str, ordinal: int) -> bytes:
    return blake2b(f"{name}/{ordinal}".encode(), digest_size=8).digest()
