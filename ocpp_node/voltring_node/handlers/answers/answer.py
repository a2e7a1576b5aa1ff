"""An answer on its way to its meaning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_core.ocpp.versions import Version
from voltring_node.facts import Fact
from voltring_node.knowledge import Known


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """A CALLRESULT, and the command that it answers."""

    charger_id: str
    version: Version
    command_id: UUID
    action: str
    asked: Mapping[str, Any]
    """The payload that was sent."""
    answer: Mapping[str, Any]
    """The payload that came back; not yet checked by its schema."""
    is_valid: bool
    """Whether the answer keeps its schema."""
    at: datetime

    @property
    def status(self) -> str:
        """The answer's own word; empty where it has none."""
        return str(self.answer.get("status", ""))


@dataclass(frozen=True, slots=True)
class Meaning:
    """Who reads an answer, and the kinds of records that must be known for it."""

    read: Callable[[CommandAnswer, Known], tuple[Fact, ...]]
    records: frozenset[str] = frozenset()
