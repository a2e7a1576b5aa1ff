"""An answer on its way to its meaning."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_core.domain.devices import Variable
from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.versions import Version
from voltring_node.facts import CommandFact, Fact, RecordFact
from voltring_node.handlers.answers.shapes import mapping, word
from voltring_node.knowledge import Known, Record


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
    """The payload that came back; it may break its schema anywhere."""
    at: datetime
    variables: tuple[Variable, ...] = ()
    """What is known of the variables that the answer is about."""

    @property
    def status(self) -> str:
        """The answer's own word; empty where it has none."""
        return word(self.answer.get("status"))

    @property
    def is_accepted(self) -> bool:
        """Whether the answer says `Accepted`."""
        return self.status == "Accepted"

    def held(self, known: Known, kind: RecordKind) -> Mapping[str, Record]:
        """What holds at this charger of a kind, by key."""
        return known.held(self.charger_id, kind)

    def record(
        self,
        kind: RecordKind,
        key: str,
        content: Mapping[str, Any],
        evse_id: int | None = None,
        state: str = "Accepted",
    ) -> RecordFact:
        """What holds from now on because of this command; its content without secrets."""
        told = redact_payload(self.version, self.action, content)
        return RecordFact(kind, key, told, self.action, evse_id, state, self.command_id)

    def outcome(self, **outcome: Any) -> CommandFact:
        """What the answer says of the command beyond its status."""
        return CommandFact(self.command_id, None, outcome)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Who reads an answer, and what must be known for it."""

    read: Callable[[CommandAnswer, Known], tuple[Fact, ...]]
    records: frozenset[RecordKind] = frozenset()
    """The kinds of records."""
    variables: Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[str]] | None = None
    """From request and answer to the names of variables."""


def restated(record: Record, key: str, kind: RecordKind, said: CommandAnswer, state: str, **more: Any) -> RecordFact:
    """A record that holds on in another state; it stays that of the command that made it."""
    content = {**mapping(record.content), **more}
    return RecordFact(kind, key, content, said.action, record.evse_id, state, record.command_id)
