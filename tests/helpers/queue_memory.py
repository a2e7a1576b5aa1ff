"""What a test of the queue remembers of one charger, its commands and their owners, to compare each step with."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass
class Taken:
    """A row that an owner has taken."""

    command_id: UUID
    message_id: str
    kind: Any
    attempts: int
    epoch: int
    is_written: bool = False


@dataclass
class Seen:
    """What the machine remembers of the charger and its owners."""

    charger_id: str
    rows: dict[UUID, Any] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=lambda: [0, 0])
    fence: int = 0
    open: list[Taken] = field(default_factory=list)
    """Taken and not known to be over, by owners that may be dead."""
    taken: list[Taken] = field(default_factory=list)
    """Everything that was ever taken."""
    keys: dict[str, UUID] = field(default_factory=dict)
