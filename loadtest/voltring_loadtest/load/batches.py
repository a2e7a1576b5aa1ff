"""What a shard tells the process that started it: a line of JSON every quarter of a second.

Each sample is `(kind, name, milliseconds, bytes, wrong)`: `wrong` is None, or the failure's name. Names have few
values: no charger's id, no number.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

Sample = tuple[str, str, float, int, str | None]
Executed = tuple[str, str]
"""The charger and the action of a command that it got."""
Example = tuple[str, str, str]
"""A failure's name, the charger, what it was: the first few of each name."""


@dataclass(slots=True)
class Batch:
    """Since the last one, and how it stands."""

    at: float = 0.0
    """Unix seconds."""
    connected: int = 0
    accepted: int = 0
    charging: int = 0
    samples: list[Sample] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    """Seconds that chargers were away: from the cut to the accepted boot."""
    executed: list[Executed] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    turned_away: dict[str, int] = field(default_factory=dict)
    """Attempts to connect that were refused where that is no failure, by reason."""
    lag_ms: float = 0.0
    """How late this batch is made: what the load generator itself adds at most."""
    cpu_s: float = 0.0
    """Of the shard, since its start."""

    def encode(self) -> bytes:
        """One line."""
        return (
            orjson.dumps(
                (
                    *(self.at, self.connected, self.accepted, self.charging, self.samples, self.back),
                    *(self.executed, self.examples, self.turned_away, self.lag_ms, self.cpu_s),
                )
            )
            + b"\n"
        )

    @classmethod
    def decode(cls, line: bytes) -> "Batch":
        """Raises ValueError for anything else than a whole line."""
        found: Any = orjson.loads(line)
        if not isinstance(found, list) or len(found) != len(cls.__slots__):
            raise ValueError("not a batch")
        batch = cls(*found)
        batch.samples = [(kind, name, took, size, wrong) for kind, name, took, size, wrong in batch.samples]
        batch.executed = [(who, action) for who, action in batch.executed]
        batch.examples = [(wrong, who, what) for wrong, who, what in batch.examples]
        return batch
